import type { Clock } from '../../env/index.ts';
import {
  type Context,
  Errno,
  errno,
  isDirectory,
  type NodeId,
  nameToBytes,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  ROOT_NODE,
  S_IFCHR,
  S_IFDIR,
  S_ISGID,
} from '../../vfs/index.ts';
import { directoryForNew, directoryOf, findName, tooLong } from '../names.ts';
import { dropName, exchange, move, type Place, placesOf, validRenameFlags } from '../ram/rename.ts';
import { blobCost, writeBlob } from './blob.ts';
import { ROOT_POINTERS } from './block-map.ts';
import type { Inode } from './inode.ts';
import type { InodeTable } from './inode-table.ts';
import type { JournalOptions } from './options.ts';

export interface NewInode {
  readonly mode: number;
  readonly rdev?: number;
  /** Of a symbolic link. */
  readonly target?: string;
}

/**
 * Most blocks that a change of names touches, a rename with a whiteout: two blocks of entries and two maps with those that
 * they are allocated from, five inodes, their bitmap, the state.
 */
const MOST_CHANGED = 32;

/** The names that lead to the inodes: every change is one step of one transaction, or is refused before it begins. */
export class Tree {
  readonly #table: InodeTable;
  readonly #clock: Clock;
  readonly #options: JournalOptions;

  constructor(table: InodeTable, clock: Clock, options: JournalOptions) {
    this.#table = table;
    this.#clock = clock;
    this.#options = options;
  }

  /** The root directory of a new filesystem. */
  makeRoot(): void {
    this.#table.transactions.begin(MOST_CHANGED);
    const root = this.#new(undefined, { mode: S_IFDIR | (this.#options.mode & 0o7777) }, { uid: 0, gid: 0 });
    if (root.node !== ROOT_NODE) throw new Error(`journal: expected the first inode to be node ${ROOT_NODE}`);
    root.nlink = 2;
    this.#table.transactions.commit();
  }

  find(parent: NodeId, name: string): Inode | Errno {
    return findName(this.#table, parent, name);
  }

  make(parentNode: NodeId, name: string, what: NewInode, context: Context): Inode | Errno {
    this.#table.transactions.begin(MOST_CHANGED);
    const refused = this.#ensureName(parentNode, name, what.target);
    if (refused !== undefined) return refused;
    const parent = directoryForNew(this.#table, parentNode, name);
    if (parent instanceof Errno) return parent;
    const directory = isDirectory(what.mode);
    if (directory && parent.nlink >= this.#options.maxLinks) return errno.EMLINK;
    if (this.#table.free === 0) return errno.ENOSPC;
    const inode = this.#new(parent, what, context);
    inode.nlink = directory ? 2 : 1;
    if (directory) parent.nlink += 1;
    parent.directory.add(name, inode);
    parent.modified(inode.btime);
    this.#table.changed(parent);
    return inode;
  }

  /** An inode without a name; `linkable` if it may get one. */
  makeUnnamed(parentNode: NodeId, what: NewInode, linkable: boolean, context: Context): Inode | Errno {
    this.#table.transactions.begin(MOST_CHANGED);
    const parent = directoryOf(this.#table, parentNode);
    if (parent instanceof Errno) return parent;
    if (this.#table.free === 0) return errno.ENOSPC;
    const inode = this.#new(parent, what, context);
    inode.linkable = linkable;
    this.#table.orphan(inode);
    return inode;
  }

  link(node: NodeId, newParent: NodeId, newName: string): Inode | Errno {
    this.#table.transactions.begin(MOST_CHANGED);
    const refused = this.#ensureName(newParent, newName);
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    const parent = directoryForNew(this.#table, newParent, newName);
    if (parent instanceof Errno) return parent;
    if (inode.directory !== undefined) return errno.EPERM;
    if (inode.nlink === 0 && !inode.linkable) return errno.ENOENT;
    if (inode.nlink >= this.#options.maxLinks) return errno.EMLINK;
    if (refused !== undefined) return refused;
    const now = this.#clock.now();
    if (inode.nlink === 0) this.#table.adopt(inode);
    inode.nlink += 1;
    inode.linkable = false;
    inode.ctime = now;
    parent.directory.add(newName, inode);
    parent.modified(now);
    this.#changed(inode, parent);
    return inode;
  }

  /** unlink, or with `directory` rmdir. */
  remove(parentNode: NodeId, name: string, directory: boolean): Errno | undefined {
    this.#table.transactions.begin(MOST_CHANGED);
    const parent = directoryOf(this.#table, parentNode);
    if (parent instanceof Errno) return parent;
    const inode = parent.directory.get(name);
    if (inode === undefined) return tooLong(name) ? errno.ENAMETOOLONG : errno.ENOENT;
    if (directory !== (inode.directory !== undefined)) return directory ? errno.ENOTDIR : errno.EISDIR;
    if (inode.directory?.isEmpty === false) return errno.ENOTEMPTY;
    const now = this.#clock.now();
    parent.directory.remove(name);
    parent.modified(now);
    dropName(inode, parent, now);
    this.#changed(parent);
    this.#dropped(inode);
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
    this.#table.transactions.begin(MOST_CHANGED);
    const refused = this.#ensureName(newParent, newName);
    const places = placesOf(this.#table, parent, name, newParent, newName);
    if (places instanceof Errno) return places;
    if (refused !== undefined) return refused;
    const { source, target } = places;
    return flags & RENAME_EXCHANGE ? this.#exchange(source, target) : this.#move(source, target, flags, context);
  }

  #exchange(source: Place<Inode>, target: Place<Inode>): Errno | undefined {
    const refused = exchange(source, target, this.#clock.now());
    if (refused !== undefined) return refused;
    const swapped = [source.directory.get(source.name), target.directory.get(target.name)];
    this.#changed(source.inode, target.inode, ...swapped.filter((inode) => inode !== undefined));
    return undefined;
  }

  #move(source: Place<Inode>, target: Place<Inode>, flags: number, context: Context): Errno | undefined {
    const whiteout = (flags & RENAME_WHITEOUT) !== 0;
    if (whiteout && this.#table.free === 0) return errno.ENOSPC;
    const noReplace = (flags & RENAME_NOREPLACE) !== 0;
    const result = move(source, target, noReplace, this.#options.maxLinks, this.#clock.now());
    if (result instanceof Errno || !result.moved) return result instanceof Errno ? result : undefined;
    const moved = target.directory.get(target.name);
    this.#changed(source.inode, target.inode, ...(moved === undefined ? [] : [moved]));
    if (whiteout) {
      // In the place of the name that went: there is space for it.
      const inode = this.#new(source.inode, { mode: S_IFCHR, rdev: 0 }, context);
      inode.nlink = 1;
      source.directory.add(source.name, inode);
    }
    if (result.replaced !== undefined) this.#dropped(result.replaced);
    return undefined;
  }

  /** Its last name may have been that which went. */
  #dropped(inode: Inode): void {
    if (inode.nlink > 0) {
      this.#changed(inode);
      return;
    }
    this.#table.orphan(inode);
    this.#table.freeIfUnused(inode);
  }

  #changed(...inodes: readonly Inode[]): void {
    for (const inode of inodes) this.#table.changed(inode);
  }

  /**
   * Space for a new name, and for the target of a symbolic link, if the directory is one and has not got the name: it may end
   * the running transaction, so it comes before everything else.
   */
  #ensureName(parent: NodeId, name: string, target?: string): Errno | undefined {
    const directory = this.#table.get(parent)?.directory;
    if (directory === undefined || directory.get(name) !== undefined) return undefined;
    const cost = directory.cost(name) + (target === undefined ? 0 : blobCost(nameToBytes(target).length));
    return this.#table.allocator.ensure(cost) ? undefined : errno.ENOSPC;
  }

  /** Owner and group as inode_init_owner (fs/inode.c) gives them. */
  #new(parent: Inode | undefined, what: NewInode, { uid, gid }: Pick<Context, 'uid' | 'gid'>): Inode {
    const inherit = parent !== undefined && (parent.mode & S_ISGID) !== 0;
    const now = this.#clock.now();
    const pointers = new Uint32Array(ROOT_POINTERS);
    const target = what.target === undefined ? undefined : nameToBytes(what.target);
    if (target !== undefined && target.length > 0)
      pointers[0] = writeBlob(this.#table.transactions, this.#table.allocator, target);
    return this.#table.make({
      mode: inherit && isDirectory(what.mode) ? what.mode | S_ISGID : what.mode,
      uid,
      gid: inherit ? parent.gid : gid,
      nlink: 0,
      rdev: what.rdev ?? 0,
      size: target?.length ?? 0,
      blocks: 0,
      parent: parent?.node ?? ROOT_NODE,
      nextOrphan: 0,
      ...{ atime: now, mtime: now, ctime: now, btime: now },
      ...{ xattrBlock: 0, xattrSize: 0 },
      map: { depth: 0, pointers },
    });
  }
}
