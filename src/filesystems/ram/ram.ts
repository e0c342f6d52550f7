import type { Clock } from '../../env/index.ts';
import {
  type Answer,
  type AttributeChanges,
  type Attributes,
  type Context,
  type Created,
  type DirentPlusSink,
  type DirentSink,
  direntType,
  type Entry,
  Errno,
  errno,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  type FileSystem,
  type FileSystemStatistics,
  type Handle,
  NAME_MAX,
  type NodeId,
  nameLength,
  O_EXCL,
  O_TRUNC,
  type Opened,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  ROOT_NODE,
  S_IFCHR,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  SEEK_DATA,
  type StatxAnswer,
  type U64,
  type Wishes,
  type WriteOptions,
} from '../../vfs/index.ts';
import { HandleTable } from '../handle-table.ts';
import { type Directory, DOTDOT_OFFSET } from './directory.ts';
import type { Inode, InodeStart } from './inode.ts';
import { InodeTable } from './inode-table.ts';
import type { RamOptions } from './options.ts';
import { PAGE_SIZE, PagePool } from './page-pool.ts';
import { dropName, exchange, move, validRenameFlags } from './rename.ts';
import { checkXattrName, ExtendedAttributes } from './xattr.ts';

/** A character of UTF-16 is at most three bytes of UTF-8: a name this long needs no counting. */
const SURELY_SHORT = Math.floor(NAME_MAX / 3);

const tooLong = (name: string): boolean => name.length > SURELY_SHORT && nameLength(name) > NAME_MAX;

const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;

/**
 * A POSIX filesystem in memory. Times are stamped from the clock once per operation; atime is set at creation and by
 * utimensat(2) only, as on a mount with `noatime`, because reads out of the kernel's cache never get here.
 *
 * What the kernel has decided (permissions, type errors of unlink and rmdir, ...) is not checked again, but where it
 * erred the tree stays sound.
 */
export class RamFileSystem implements FileSystem {
  static readonly wishes: Wishes = {
    atomicOTrunc: true,
    autoInvalData: true,
    cacheSymlinks: true,
    exportSupport: true,
    handleKillprivV2: true,
    parallelDirops: true,
  };

  readonly name = 'ram';
  readonly mode: 'sync' | 'async' = 'sync';
  readonly wishes: Wishes = RamFileSystem.wishes;

  readonly #handles = new HandleTable<Inode>();
  readonly #clock: Clock;
  readonly #options: RamOptions;
  readonly #pool: PagePool;
  readonly #inodes: InodeTable;

  constructor(clock: Clock, options: RamOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#pool = new PagePool(Math.floor(options.size / PAGE_SIZE));
    this.#inodes = new InodeTable(this.#pool, Math.max(options.inodes, 1), options.reuseNodes);
    const mode = S_IFDIR | (options.mode & 0o7777);
    const root = this.#inodes.make({ mode, uid: 0, gid: 0, now: clock.now(), parent: undefined });
    if (root?.node !== ROOT_NODE) throw new Error(`ram: expected the first inode to be node ${ROOT_NODE}`);
    root.nlink = 2;
  }

  /** References and handles end; what has no name goes. */
  destroy(): void {
    for (const inode of this.#inodes.all()) {
      inode.lookups = 0;
      inode.opens = 0;
      this.#inodes.freeIfUnused(inode);
    }
    this.#handles.clear();
  }

  // Names

  lookup(parent: NodeId, name: string): Answer<Entry> {
    const at = this.#inodes.get(parent);
    if (at === undefined) return errno.ESTALE;
    const found = name === '.' ? at : at.directory?.get(name);
    if (found !== undefined) return this.#referenced(found);
    if (at.directory === undefined) return errno.ENOTDIR;
    if (name === '..')
      return this.#inodes.get(at.directory.parent.node) === at.directory.parent
        ? this.#referenced(at.directory.parent)
        : errno.ESTALE;
    return tooLong(name) ? errno.ENAMETOOLONG : errno.ENOENT;
  }

  forget(node: NodeId, lookups: number): void {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return;
    inode.lookups = Math.max(0, inode.lookups - lookups);
    this.#inodes.freeIfUnused(inode);
  }

  mknod(parent: NodeId, name: string, mode: number, rdev: number, context: Context): Answer<Entry> {
    const type = mode & S_IFMT || S_IFREG;
    if (type === S_IFDIR || type === S_IFLNK) return errno.EPERM;
    const inode = this.#make(parent, name, { mode: type | (mode & 0o7777), rdev }, context);
    return inode instanceof Errno ? inode : this.#referenced(inode);
  }

  mkdir(parent: NodeId, name: string, mode: number, context: Context): Answer<Entry> {
    const inode = this.#make(parent, name, { mode: S_IFDIR | (mode & 0o7777) }, context);
    return inode instanceof Errno ? inode : this.#referenced(inode);
  }

  symlink(parent: NodeId, name: string, target: string, context: Context): Answer<Entry> {
    const inode = this.#make(parent, name, { mode: S_IFLNK | 0o777, target }, context);
    return inode instanceof Errno ? inode : this.#referenced(inode);
  }

  link(node: NodeId, newParent: NodeId, newName: string): Answer<Entry> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    const parent = this.#directoryForNew(newParent, newName);
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
    return this.#referenced(inode);
  }

  unlink(parent: NodeId, name: string): Answer<void> {
    return this.#remove(parent, name, false);
  }

  rmdir(parent: NodeId, name: string): Answer<void> {
    return this.#remove(parent, name, true);
  }

  rename(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Answer<void> {
    if (!validRenameFlags(flags)) return errno.EINVAL;
    const from = this.#directoryOf(parent);
    if (from instanceof Errno) return from;
    const to = this.#directoryOf(newParent);
    if (to instanceof Errno) return to;
    if (badName(newName)) return errno.EINVAL;
    if (tooLong(name) || tooLong(newName)) return errno.ENAMETOOLONG;
    if (to.nlink === 0) return errno.ENOENT;
    const now = this.#clock.now();
    const source = { inode: from, directory: from.directory, name };
    const target = { inode: to, directory: to.directory, name: newName };
    if (flags & RENAME_EXCHANGE) return exchange(source, target, now);

    if (flags & RENAME_WHITEOUT && this.#inodes.free === 0) return errno.ENOSPC;
    const result = move(source, target, (flags & RENAME_NOREPLACE) !== 0, this.#options.maxLinks, now);
    if (result instanceof Errno) return result;
    if (result.replaced !== undefined) this.#inodes.freeIfUnused(result.replaced);
    if (flags & RENAME_WHITEOUT && result.moved) {
      const whiteout = this.#make(parent, name, { mode: S_IFCHR, rdev: 0 }, context);
      if (whiteout instanceof Errno) return whiteout;
    }
    return undefined;
  }

  readlink(node: NodeId): Answer<string> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    return inode.target ?? errno.EINVAL;
  }

  // Attributes

  getattr(node: NodeId): Answer<Attributes> {
    const inode = this.#inodes.get(node);
    return inode === undefined ? errno.ESTALE : inode.attributes();
  }

  statx(node: NodeId): Answer<StatxAnswer> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    return {
      mask: STATX_BASIC_STATS | STATX_BTIME,
      attributes: inode.attributes(),
      btime: inode.btime,
      attributeFlags: 0,
      attributeMask: 0,
    };
  }

  setattr(node: NodeId, changes: AttributeChanges): Answer<Attributes> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    const { mode, uid, gid, size, atime, mtime, ctime } = changes;
    const now = this.#clock.now();
    if (size !== undefined) {
      if (inode.data === undefined) return inode.directory === undefined ? errno.EINVAL : errno.EISDIR;
      if (size > this.#options.maxFileSize) return errno.EFBIG;
      inode.data.truncate(size);
      inode.modified(now);
    }
    if (changes.killPrivileges) inode.dropPrivileges();
    if (mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
    if (uid !== undefined) inode.uid = uid;
    if (gid !== undefined) inode.gid = gid;
    if (atime !== undefined) inode.atime = atime === 'now' ? now : atime;
    if (mtime !== undefined) inode.mtime = mtime === 'now' ? now : mtime;
    if (mode !== undefined || uid !== undefined || gid !== undefined || atime !== undefined || mtime !== undefined)
      inode.ctime = now;
    if (ctime !== undefined) inode.ctime = ctime;
    return inode.attributes();
  }

  statfs(): Answer<FileSystemStatistics> {
    const { total, free } = this.#pool;
    return {
      bsize: PAGE_SIZE,
      frsize: PAGE_SIZE,
      blocks: total,
      bfree: free,
      bavail: free,
      files: this.#inodes.limit,
      ffree: this.#inodes.free,
      namelen: NAME_MAX,
    };
  }

  // Files

  create(parent: NodeId, name: string, mode: number, flags: number, context: Context): Answer<Created> {
    const existing = this.#inodes.get(parent)?.directory?.get(name);
    if (existing !== undefined) {
      if (flags & O_EXCL) return errno.EEXIST;
      const opened = this.open(existing.node, flags, context);
      return opened instanceof Errno ? opened : { entry: this.#referenced(existing), opened };
    }
    const inode = this.#make(parent, name, { mode: S_IFREG | (mode & 0o7777) }, context);
    if (inode instanceof Errno) return inode;
    return { entry: this.#referenced(inode), opened: this.#opened(inode) };
  }

  tmpfile(parent: NodeId, mode: number, flags: number, context: Context): Answer<Created> {
    const directory = this.#directoryOf(parent);
    if (directory instanceof Errno) return directory;
    const inode = this.#newInode(directory, { mode: S_IFREG | (mode & 0o7777) }, context);
    if (inode === undefined) return errno.ENOSPC;
    inode.linkable = (flags & O_EXCL) === 0;
    return { entry: this.#referenced(inode), opened: this.#opened(inode) };
  }

  open(node: NodeId, flags: number, context: Context): Opened | Errno {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    if (inode.directory !== undefined) return errno.EISDIR;
    if (flags & O_TRUNC && inode.data !== undefined) {
      inode.data.truncate(0);
      if (context.uid !== 0) inode.dropPrivileges();
      inode.modified(this.#clock.now());
    }
    return this.#opened(inode);
  }

  read(_node: NodeId, fh: Handle, into: Uint8Array, offset: number): Answer<number> {
    const data = this.#handles.get(fh)?.data;
    return data === undefined ? errno.EBADF : data.read(into, offset);
  }

  write(
    _node: NodeId,
    fh: Handle,
    data: Uint8Array,
    offset: number,
    _context: Context,
    options: WriteOptions,
  ): Answer<number> {
    const inode = this.#handles.get(fh);
    if (inode?.data === undefined) return errno.EBADF;
    if (data.length === 0) return 0;
    const room = this.#options.maxFileSize - offset;
    if (room <= 0) return errno.EFBIG;
    const written = inode.data.write(room < data.length ? data.subarray(0, room) : data, offset);
    if (written === 0) return errno.ENOSPC;
    if (options.killPrivileges) inode.dropPrivileges();
    inode.modified(this.#clock.now());
    return written;
  }

  release(
    _node: NodeId,
    fh: Handle,
    _flags: number,
    _context: Context,
    _flockOwner: U64 | undefined,
  ): Errno | undefined {
    return this.#close(fh);
  }

  fallocate(_node: NodeId, fh: Handle, mode: number, offset: number, length: number, context: Context): Answer<void> {
    const inode = this.#handles.get(fh);
    if (inode?.data === undefined) return errno.EBADF;
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) return errno.EOPNOTSUPP;
    if (offset < 0 || length <= 0) return errno.EINVAL;
    const end = offset + length;
    if (end > this.#options.maxFileSize) return errno.EFBIG;
    const { data } = inode;
    const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    if (mode & FALLOC_FL_PUNCH_HOLE) {
      if (!keepSize || mode & FALLOC_FL_ZERO_RANGE) return errno.EOPNOTSUPP;
      data.punch(offset, end);
    } else {
      if (!data.preallocate(offset, end)) return errno.ENOSPC;
      if (mode & FALLOC_FL_ZERO_RANGE) data.zero(offset, end);
      if (!keepSize && end > data.size) data.size = end;
    }
    if (context.uid !== 0) inode.dropPrivileges();
    inode.modified(this.#clock.now());
    return undefined;
  }

  lseek(_node: NodeId, fh: Handle, offset: number, whence: number): Answer<number> {
    const data = this.#handles.get(fh)?.data;
    if (data === undefined) return errno.EBADF;
    if (offset < 0 || offset >= data.size) return errno.ENXIO;
    return (whence === SEEK_DATA ? data.seekData(offset) : data.seekHole(offset)) ?? errno.ENXIO;
  }

  copyFileRange(
    _nodeIn: NodeId,
    fhIn: Handle,
    offsetIn: number,
    _nodeOut: NodeId,
    fhOut: Handle,
    offsetOut: number,
    length: number,
    context: Context,
  ): Answer<number> {
    const source = this.#handles.get(fhIn)?.data;
    const inode = this.#handles.get(fhOut);
    if (source === undefined || inode?.data === undefined) return errno.EBADF;
    if (source === inode.data && Math.abs(offsetIn - offsetOut) < length) return errno.EINVAL;
    const wanted = Math.min(length, source.size - offsetIn);
    if (wanted <= 0) return 0;
    const room = this.#options.maxFileSize - offsetOut;
    if (room <= 0) return errno.EFBIG;
    const copied = inode.data.copyFrom(source, offsetIn, offsetOut, Math.min(wanted, room));
    if (copied === 0) return errno.ENOSPC;
    if (context.uid !== 0) inode.dropPrivileges();
    inode.modified(this.#clock.now());
    return copied;
  }

  // Directories

  opendir(node: NodeId): Answer<Opened> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    return inode.directory === undefined ? errno.ENOTDIR : this.#opened(inode);
  }

  readdir(_node: NodeId, fh: Handle, offset: U64, sink: DirentSink): Answer<void> {
    const self = this.#handles.get(fh);
    if (self?.directory === undefined) return errno.EBADF;
    const { directory } = self;
    const packed = directory.packed(self, Number(offset));
    if (packed !== undefined) {
      sink.addPacked(packed, offset);
      return undefined;
    }
    for (const { name, inode, offset: next } of directory.listing(self, Number(offset)))
      if (!sink.add(name, inode.node, direntType(inode.mode), next)) break;
    return undefined;
  }

  readdirplus(_node: NodeId, fh: Handle, offset: U64, sink: DirentPlusSink): Answer<void> {
    const self = this.#handles.get(fh);
    if (self?.directory === undefined) return errno.EBADF;
    for (const { name, inode, offset: next } of self.directory.listing(self, Number(offset))) {
      if (!sink.add(name, inode.entry(), next)) break;
      if (next > DOTDOT_OFFSET) inode.lookups += 1;
    }
    return undefined;
  }

  releasedir(_node: NodeId, fh: Handle): Answer<void> {
    return this.#close(fh);
  }

  // Extended attributes

  setxattr(node: NodeId, name: string, value: Uint8Array, flags: number): Answer<void> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    inode.xattrs ??= new ExtendedAttributes();
    const error = checkXattrName(name) ?? inode.xattrs.set(name, value, flags);
    if (error === undefined) inode.ctime = this.#clock.now();
    return error;
  }

  getxattr(node: NodeId, name: string): Answer<Uint8Array> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    return inode.xattrs?.get(name) ?? checkXattrName(name) ?? errno.ENODATA;
  }

  /** Only root sees trusted ones (simple_xattr_list, fs/xattr.c). */
  listxattr(node: NodeId, context: Context): Answer<readonly string[]> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    const names = inode.xattrs?.names() ?? [];
    return context.uid === 0 ? names : names.filter((name) => !name.startsWith('trusted.'));
  }

  removexattr(node: NodeId, name: string): Answer<void> {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    if (!inode.xattrs?.remove(name)) return checkXattrName(name) ?? errno.ENODATA;
    inode.ctime = this.#clock.now();
    return undefined;
  }

  // What the operations share

  protected inode(node: NodeId): Inode | undefined {
    return this.#inodes.get(node);
  }

  #referenced(inode: Inode): Entry {
    inode.lookups += 1;
    return inode.entry();
  }

  #opened(inode: Inode): Opened {
    inode.opens += 1;
    return { fh: this.#handles.open(inode), keepCache: true };
  }

  #close(fh: Handle): Errno | undefined {
    const inode = this.#handles.close(fh);
    if (inode === undefined) return errno.EBADF;
    inode.opens -= 1;
    this.#inodes.freeIfUnused(inode);
    return undefined;
  }

  #directoryOf(node: NodeId): DirectoryInode | Errno {
    const inode = this.#inodes.get(node);
    if (inode === undefined) return errno.ESTALE;
    return isDirectoryInode(inode) ? inode : errno.ENOTDIR;
  }

  /** The directory in which a new name may be made. */
  #directoryForNew(node: NodeId, name: string): DirectoryInode | Errno {
    const parent = this.#directoryOf(node);
    if (parent instanceof Errno) return parent;
    if (parent.directory.get(name) !== undefined) return errno.EEXIST;
    if (parent.nlink === 0) return errno.ENOENT;
    if (badName(name)) return errno.EINVAL;
    return tooLong(name) ? errno.ENAMETOOLONG : parent;
  }

  /** An inode without a name. Owner and group as inode_init_owner (fs/inode.c) gives them. */
  #newInode(parent: Inode, what: Pick<InodeStart, 'mode' | 'rdev' | 'target'>, context: Context): Inode | undefined {
    const inherit = (parent.mode & S_ISGID) !== 0;
    const isDirectory = (what.mode & S_IFMT) === S_IFDIR;
    return this.#inodes.make({
      mode: inherit && isDirectory ? what.mode | S_ISGID : what.mode,
      uid: context.uid,
      gid: inherit ? parent.gid : context.gid,
      now: this.#clock.now(),
      parent,
      rdev: what.rdev,
      target: what.target,
    });
  }

  #make(
    parentNode: NodeId,
    name: string,
    what: Pick<InodeStart, 'mode' | 'rdev' | 'target'>,
    context: Context,
  ): Inode | Errno {
    const parent = this.#directoryForNew(parentNode, name);
    if (parent instanceof Errno) return parent;
    const isDirectory = (what.mode & S_IFMT) === S_IFDIR;
    if (isDirectory && parent.nlink >= this.#options.maxLinks) return errno.EMLINK;
    const inode = this.#newInode(parent, what, context);
    if (inode === undefined) return errno.ENOSPC;
    inode.nlink = isDirectory ? 2 : 1;
    if (isDirectory) parent.nlink += 1;
    parent.directory.add(name, inode);
    parent.modified(inode.btime);
    return inode;
  }

  #remove(parentNode: NodeId, name: string, directory: boolean): Errno | undefined {
    const parent = this.#directoryOf(parentNode);
    if (parent instanceof Errno) return parent;
    const inode = parent.directory.get(name);
    if (inode === undefined) return tooLong(name) ? errno.ENAMETOOLONG : errno.ENOENT;
    if (directory !== (inode.directory !== undefined)) return directory ? errno.ENOTDIR : errno.EISDIR;
    if (inode.directory?.isEmpty === false) return errno.ENOTEMPTY;
    const now = this.#clock.now();
    parent.directory.remove(name);
    parent.modified(now);
    dropName(inode, parent, now);
    this.#inodes.freeIfUnused(inode);
    return undefined;
  }
}

type DirectoryInode = Inode & { readonly directory: Directory };

function isDirectoryInode(inode: Inode): inode is DirectoryInode {
  return inode.directory !== undefined;
}

/** Names that would break the tree; the kernel never sends them. */
function badName(name: string): boolean {
  return name === '' || name === '.' || name === '..' || name.includes('/');
}
