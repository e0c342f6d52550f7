import type { Clock } from '../../env/index.ts';
import {
  type Context,
  Errno,
  errno,
  isDirectory,
  type NodeId,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  ROOT_NODE,
  S_IFCHR,
  S_IFDIR,
  S_ISGID,
} from '../../vfs/index.ts';
import { directoryForNew, directoryOf, findName, tooLong } from '../names.ts';
import type { Inode, InodeStart } from './inode.ts';
import { InodeTable } from './inode-table.ts';
import type { RamOptions } from './options.ts';
import { PAGE_SIZE, PagePool } from './page-pool.ts';
import { dropName, exchange, move, placesOf, validRenameFlags } from './rename.ts';

type NewInode = Pick<InodeStart, 'mode' | 'rdev' | 'target'>;

/** The inodes and the names that lead to them: every change of the namespace, with its link counts and times. */
export class Tree {
  readonly pool: PagePool;
  readonly inodes: InodeTable;
  readonly #clock: Clock;
  readonly #options: RamOptions;

  constructor(clock: Clock, options: RamOptions) {
    this.#clock = clock;
    this.#options = options;
    this.pool = new PagePool(Math.floor(options.size / PAGE_SIZE));
    this.inodes = new InodeTable(this.pool, Math.max(options.inodes, 1), options.reuseNodes);
    const mode = S_IFDIR | (options.mode & 0o7777);
    const root = this.inodes.make({ mode, uid: 0, gid: 0, now: clock.now(), parent: undefined });
    if (root?.node !== ROOT_NODE) throw new Error(`ram: expected the first inode to be node ${ROOT_NODE}`);
    root.nlink = 2;
  }

  find(parent: NodeId, name: string): Inode | Errno {
    return findName(this.inodes, parent, name);
  }

  make(parentNode: NodeId, name: string, what: NewInode, context: Context): Inode | Errno {
    const parent = directoryForNew(this.inodes, parentNode, name);
    if (parent instanceof Errno) return parent;
    const directory = isDirectory(what.mode);
    if (directory && parent.nlink >= this.#options.maxLinks) return errno.EMLINK;
    const inode = this.#allocate(parent, what, context);
    if (inode === undefined) return errno.ENOSPC;
    inode.nlink = directory ? 2 : 1;
    if (directory) parent.nlink += 1;
    parent.directory.add(name, inode);
    parent.modified(inode.btime);
    return inode;
  }

  /** An inode without a name; `linkable` if it may get one. */
  makeUnnamed(parentNode: NodeId, what: NewInode, linkable: boolean, context: Context): Inode | Errno {
    const parent = directoryOf(this.inodes, parentNode);
    if (parent instanceof Errno) return parent;
    const inode = this.#allocate(parent, what, context);
    if (inode === undefined) return errno.ENOSPC;
    inode.linkable = linkable;
    return inode;
  }

  link(node: NodeId, newParent: NodeId, newName: string): Inode | Errno {
    const inode = this.inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    const parent = directoryForNew(this.inodes, newParent, newName);
    if (parent instanceof Errno) return parent;
    if (inode.directory !== undefined) return errno.EPERM;
    if (inode.nlink === 0 && !inode.linkable) return errno.ENOENT;
    if (inode.nlink >= this.#options.maxLinks) return errno.EMLINK;
    const now = this.#clock.now();
    inode.nlink += 1;
    inode.linkable = false;
    inode.ctime = now;
    parent.directory.add(newName, inode);
    parent.modified(now);
    return inode;
  }

  /** unlink, or with `directory` rmdir. */
  remove(parentNode: NodeId, name: string, directory: boolean): Errno | undefined {
    const parent = directoryOf(this.inodes, parentNode);
    if (parent instanceof Errno) return parent;
    const inode = parent.directory.get(name);
    if (inode === undefined) return tooLong(name) ? errno.ENAMETOOLONG : errno.ENOENT;
    if (directory !== (inode.directory !== undefined)) return directory ? errno.ENOTDIR : errno.EISDIR;
    if (inode.directory?.isEmpty === false) return errno.ENOTEMPTY;
    const now = this.#clock.now();
    parent.directory.remove(name);
    parent.modified(now);
    dropName(inode, parent, now);
    this.inodes.freeIfUnused(inode);
    return undefined;
  }

  rename(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Errno | undefined {
    if (!validRenameFlags(flags)) return errno.EINVAL;
    const places = placesOf(this.inodes, parent, name, newParent, newName);
    if (places instanceof Errno) return places;
    const { source, target } = places;
    const now = this.#clock.now();
    if (flags & RENAME_EXCHANGE) return exchange(source, target, now);

    if (flags & RENAME_WHITEOUT && this.inodes.free === 0) return errno.ENOSPC;
    const result = move(source, target, (flags & RENAME_NOREPLACE) !== 0, this.#options.maxLinks, now);
    if (result instanceof Errno) return result;
    if (result.replaced !== undefined) this.inodes.freeIfUnused(result.replaced);
    if (!(flags & RENAME_WHITEOUT && result.moved)) return undefined;
    const whiteout = this.make(parent, name, { mode: S_IFCHR, rdev: 0 }, context);
    return whiteout instanceof Errno ? whiteout : undefined;
  }

  /** Owner and group as inode_init_owner (fs/inode.c) gives them. */
  #allocate(parent: Inode, what: NewInode, context: Context): Inode | undefined {
    const inherit = (parent.mode & S_ISGID) !== 0;
    return this.inodes.make({
      mode: inherit && isDirectory(what.mode) ? what.mode | S_ISGID : what.mode,
      uid: context.uid,
      gid: inherit ? parent.gid : context.gid,
      now: this.#clock.now(),
      parent,
      rdev: what.rdev,
      target: what.target,
    });
  }
}
