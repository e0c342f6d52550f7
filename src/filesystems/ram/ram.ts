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
  type Negotiated,
  type NodeId,
  O_EXCL,
  O_TRUNC,
  type Opened,
  S_IFDIR,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  SEEK_DATA,
  type StatxAnswer,
  type U64,
  type Wishes,
  type WriteOptions,
} from '../../vfs/index.ts';
import { HandleTable } from '../handle-table.ts';
import { DOTDOT_OFFSET } from './directory.ts';
import type { Inode } from './inode.ts';
import type { InodeTable } from './inode-table.ts';
import type { RamOptions } from './options.ts';
import { PAGE_SIZE } from './page-pool.ts';
import { Tree } from './tree.ts';
import { checkXattrName, ExtendedAttributes } from './xattr.ts';

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
  readonly #tree: Tree;
  readonly #inodes: InodeTable;
  /** With write-back a write out of the kernel's cache changes no times: the kernel tells them itself. */
  #kernelKeepsTimes = false;

  constructor(clock: Clock, options: RamOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#tree = new Tree(clock, options);
    this.#inodes = this.#tree.inodes;
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

  init({ writebackCache }: Negotiated): void {
    this.#kernelKeepsTimes = writebackCache;
  }

  lookup(parent: NodeId, name: string): Answer<Entry> {
    return this.#referenced(this.#tree.find(parent, name));
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
    return this.#referenced(this.#tree.make(parent, name, { mode: type | (mode & 0o7777), rdev }, context));
  }

  mkdir(parent: NodeId, name: string, mode: number, context: Context): Answer<Entry> {
    return this.#referenced(this.#tree.make(parent, name, { mode: S_IFDIR | (mode & 0o7777) }, context));
  }

  symlink(parent: NodeId, name: string, target: string, context: Context): Answer<Entry> {
    return this.#referenced(this.#tree.make(parent, name, { mode: S_IFLNK | 0o777, target }, context));
  }

  link(node: NodeId, newParent: NodeId, newName: string): Answer<Entry> {
    return this.#referenced(this.#tree.link(node, newParent, newName));
  }

  unlink(parent: NodeId, name: string): Answer<void> {
    return this.#tree.remove(parent, name, false);
  }

  rmdir(parent: NodeId, name: string): Answer<void> {
    return this.#tree.remove(parent, name, true);
  }

  rename(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Answer<void> {
    return this.#tree.rename(parent, name, newParent, newName, flags, context);
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
    // With write-back the kernel keeps the times, and says it where a truncation changes them (fuse_do_setattr, fs/fuse/dir.c).
    const isTimed = size === undefined || !this.#kernelKeepsTimes || size !== inode.data?.size;
    if (size !== undefined) {
      if (inode.data === undefined) return inode.directory === undefined ? errno.EINVAL : errno.EISDIR;
      if (size > this.#options.maxFileSize) return errno.EFBIG;
      inode.data.truncate(size);
      if (isTimed) inode.modified(now);
    }
    // With handleKillprivV2 a SETATTR of nothing (with write-back, of the ctime, which goes along always) is all that tells
    // of a chown(-1, -1), or of a user's fallocate.
    const empty = [mode, uid, gid, size, atime, mtime].every((change) => change === undefined);
    if (empty || changes.killPrivileges) inode.dropPrivileges();
    if (mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
    if (uid !== undefined) inode.uid = uid;
    if (gid !== undefined) inode.gid = gid;
    if (atime !== undefined) inode.atime = atime === 'now' ? now : atime;
    if (mtime !== undefined) inode.mtime = mtime === 'now' ? now : mtime;
    inode.ctime = ctime ?? (isTimed ? now : inode.ctime);
    return inode.attributes();
  }

  statfs(): Answer<FileSystemStatistics> {
    const { total, free } = this.#tree.pool;
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
    if (existing === undefined)
      return this.#created(this.#tree.make(parent, name, { mode: S_IFREG | (mode & 0o7777) }, context));
    if (flags & O_EXCL) return errno.EEXIST;
    const opened = this.open(existing.node, flags, context);
    return opened instanceof Errno ? opened : { entry: reference(existing), opened };
  }

  tmpfile(parent: NodeId, mode: number, flags: number, context: Context): Answer<Created> {
    const linkable = (flags & O_EXCL) === 0;
    return this.#created(this.#tree.makeUnnamed(parent, { mode: S_IFREG | (mode & 0o7777) }, linkable, context));
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
    if (!(options.fromCache && this.#kernelKeepsTimes)) inode.modified(this.#clock.now());
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

  #referenced(inode: Inode | Errno): Entry | Errno {
    return inode instanceof Errno ? inode : reference(inode);
  }

  #created(inode: Inode | Errno): Created | Errno {
    return inode instanceof Errno ? inode : { entry: reference(inode), opened: this.#opened(inode) };
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
}

function reference(inode: Inode): Entry {
  inode.lookups += 1;
  return inode.entry();
}
