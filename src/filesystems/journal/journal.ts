import type { Clock } from '../../env/index.ts';
import {
  type Answer,
  type AttributeChanges,
  type Attributes,
  type Context,
  type Created,
  type DirentPlusSink,
  type DirentSink,
  type Entry,
  Errno,
  errno,
  errnoFrom,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  type FileSystem,
  type FileSystemStatistics,
  type Handle,
  NAME_MAX,
  type Negotiated,
  type NodeId,
  nameFromBytes,
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
import { RamFileSystem } from '../ram/ram.ts';
import { checkXattrName } from '../ram/xattr.ts';
import { readBlob } from './blob.ts';
import { BLOCK_SIZE } from './block-disk.ts';
import { DOTDOT_OFFSET } from './directory.ts';
import type { Inode } from './inode.ts';
import { InodeTable } from './inode-table.ts';
import type { JournalOptions } from './options.ts';
import type { Transactions } from './transactions.ts';
import { type NewInode, Tree } from './tree.ts';
import type { Volume } from './volume.ts';
import { removeXattr, setXattr, xattrsOf } from './xattrs.ts';

const STATX_BASIC_STATS = 0x7ff;
const STATX_BTIME = 0x800;

/** Blocks that a change of one inode touches: it, the orphan list, bitmaps where its attributes move. */
const ONE_INODE = 8;

/**
 * A small journalled filesystem on a disk. What it promises after a power cut, or the end of its process:
 *
 * - Changes of metadata (names, sizes, attributes, space) are in transactions, and what is found afterwards is the state
 *   after some change: all changes before it, none behind it. A write(2) or fallocate(2) of many blocks is several changes.
 * - After fsync, fdatasync, fsync of a directory or syncfs, every change before it, of whatever file, is there, and so are
 *   the bytes of every file as they were then.
 * - Without them a transaction ends when it is large (`journalSize`), or when a request comes `commit` seconds after its
 *   first change.
 * - A file's new blocks are on the disk before the transaction that gives them to the file (ext4's data=ordered): no file
 *   shows bytes that were never written to it. Bytes that a file had may be overwritten before the commit, each sector for
 *   itself.
 * - A file without a name goes with its last user, or at the next start.
 *
 * When the disk fails while metadata is half changed or written, nothing can be changed any more (EROFS), and fsync fails
 * (EIO) from then on; the disk keeps the last committed state.
 */
export class JournalFileSystem implements FileSystem {
  readonly name = 'journal';
  readonly mode = 'sync';
  readonly wishes: Wishes = RamFileSystem.wishes;

  readonly #handles = new HandleTable<Inode>();
  readonly #clock: Clock;
  readonly #warn: (message: string) => void;
  readonly #transactions: Transactions;
  readonly #table: InodeTable;
  readonly #tree: Tree;
  /** With write-back a write out of the kernel's cache changes no times: the kernel tells them itself. */
  #kernelKeepsTimes = false;

  constructor(volume: Volume, clock: Clock, options: JournalOptions, warn: (message: string) => void) {
    this.#clock = clock;
    this.#warn = warn;
    this.#transactions = volume.transactions;
    this.#table = new InodeTable(volume);
    this.#tree = new Tree(this.#table, clock, options);
    if (volume.isNew) this.#tree.makeRoot();
    const orphans = this.#table.reclaimOrphans();
    if (orphans > 0) warn(`journal: ${orphans} file(s) without a name were left behind, and went`);
  }

  init({ writebackCache }: Negotiated): void {
    this.#kernelKeepsTimes = writebackCache;
  }

  /** References and handles end; what has no name goes, and everything is brought to its place on the disk. */
  destroy(): void {
    this.#handles.clear();
    if (this.#transactions.failed) return;
    for (const inode of [...this.#table.cached()]) {
      inode.lookups = 0;
      inode.opens = 0;
      this.#table.freeIfUnused(inode);
    }
    this.#transactions.settle();
  }

  // Names

  lookup(parent: NodeId, name: string): Answer<Entry> {
    return referenced(this.#tree.find(parent, name));
  }

  forget(node: NodeId, lookups: number): void {
    const inode = this.#table.get(node);
    if (inode === undefined) return;
    inode.lookups = Math.max(0, inode.lookups - lookups);
    this.#freeIfUnused(inode);
  }

  mknod(parent: NodeId, name: string, mode: number, rdev: number, context: Context): Answer<Entry> {
    const type = mode & S_IFMT || S_IFREG;
    if (type === S_IFDIR || type === S_IFLNK) return errno.EPERM;
    return this.#make(parent, name, { mode: type | (mode & 0o7777), rdev }, context);
  }

  mkdir(parent: NodeId, name: string, mode: number, context: Context): Answer<Entry> {
    return this.#make(parent, name, { mode: S_IFDIR | (mode & 0o7777) }, context);
  }

  symlink(parent: NodeId, name: string, target: string, context: Context): Answer<Entry> {
    return this.#make(parent, name, { mode: S_IFLNK | 0o777, target }, context);
  }

  link(node: NodeId, newParent: NodeId, newName: string): Answer<Entry> {
    return this.#whole(() => referenced(this.#tree.link(node, newParent, newName)));
  }

  unlink(parent: NodeId, name: string): Answer<void> {
    return this.#whole(() => this.#tree.remove(parent, name, false));
  }

  rmdir(parent: NodeId, name: string): Answer<void> {
    return this.#whole(() => this.#tree.remove(parent, name, true));
  }

  rename(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Answer<void> {
    return this.#whole(() => this.#tree.rename(parent, name, newParent, newName, flags, context));
  }

  readlink(node: NodeId): Answer<string> {
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    if (!inode.isSymlink) return errno.EINVAL;
    if (inode.size === 0) return '';
    return nameFromBytes(readBlob((block) => this.#transactions.readData(block), inode.map.pointers[0], inode.size));
  }

  // Attributes

  getattr(node: NodeId): Answer<Attributes> {
    return this.#table.get(node)?.attributes() ?? errno.ESTALE;
  }

  statx(node: NodeId): Answer<StatxAnswer> {
    const inode = this.#table.get(node);
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
    return this.#whole(() => {
      this.#transactions.begin(ONE_INODE + this.#table.freeingCost);
      const inode = this.#table.get(node);
      if (inode === undefined) return errno.ESTALE;
      const now = this.#clock.now();
      if (changes.size !== undefined) {
        if (inode.data === undefined) return inode.directory === undefined ? errno.EINVAL : errno.EISDIR;
        if (changes.size > Number.MAX_SAFE_INTEGER) return errno.EFBIG;
        // With write-back the kernel keeps the times, and says it where a truncation changes them (fuse_do_setattr).
        const isTimed = !this.#kernelKeepsTimes || changes.size !== inode.data.size;
        inode.data.truncate(changes.size);
        if (isTimed) inode.modified(now);
        inode.set(isTimed ? changes : { ...changes, ctime: changes.ctime ?? inode.ctime }, now);
      } else inode.set(changes, now);
      this.#table.changed(inode);
      return inode.attributes();
    });
  }

  statfs(): Answer<FileSystemStatistics> {
    const { total, free } = this.#table.allocator;
    return {
      bsize: BLOCK_SIZE,
      frsize: BLOCK_SIZE,
      blocks: total,
      bfree: free,
      bavail: free,
      files: this.#table.limit,
      ffree: this.#table.free,
      namelen: NAME_MAX,
    };
  }

  // Files

  create(parent: NodeId, name: string, mode: number, flags: number, context: Context): Answer<Created> {
    return this.#whole(() => {
      const existing = this.#table.get(parent)?.directory?.get(name);
      if (existing === undefined)
        return this.#created(this.#tree.make(parent, name, { mode: S_IFREG | (mode & 0o7777) }, context));
      if (flags & O_EXCL) return errno.EEXIST;
      const opened = this.open(existing.node, flags, context);
      return opened instanceof Errno ? opened : { entry: reference(existing), opened };
    });
  }

  tmpfile(parent: NodeId, mode: number, flags: number, context: Context): Answer<Created> {
    const linkable = (flags & O_EXCL) === 0;
    return this.#whole(() =>
      this.#created(this.#tree.makeUnnamed(parent, { mode: S_IFREG | (mode & 0o7777) }, linkable, context)),
    );
  }

  open(node: NodeId, flags: number, context: Context): Opened | Errno {
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    if (inode.directory !== undefined) return errno.EISDIR;
    const { data } = inode;
    if (flags & O_TRUNC && data !== undefined)
      this.#whole(() => {
        data.truncate(0);
        this.#modified(inode, context.uid !== 0);
      });
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
    const file = inode.data;
    if (data.length === 0) return 0;
    const room = Number.MAX_SAFE_INTEGER - offset;
    if (room <= 0) return errno.EFBIG;
    return this.#whole(() => {
      const written = file.write(room < data.length ? data.subarray(0, room) : data, offset);
      // The kernel takes no notice of how much of its cache was written (fuse_writepage_end).
      if (written === 0 || (options.fromCache && written < data.length)) return errno.ENOSPC;
      if (options.killPrivileges) inode.dropPrivileges();
      if (!(options.fromCache && this.#kernelKeepsTimes)) inode.modified(this.#clock.now());
      this.#table.changed(inode);
      return written;
    });
  }

  release(_node: NodeId, fh: Handle): Errno | undefined {
    return this.#close(fh);
  }

  /** Whatever the file: the transaction that has its changes has those of others too. */
  fsync(): Answer<void> {
    return this.#whole(() => this.#transactions.commit());
  }

  fallocate(_node: NodeId, fh: Handle, mode: number, offset: number, length: number, context: Context): Answer<void> {
    const inode = this.#handles.get(fh);
    if (inode?.data === undefined) return errno.EBADF;
    const { data } = inode;
    if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) return errno.EOPNOTSUPP;
    if (offset < 0 || length <= 0) return errno.EINVAL;
    const end = offset + length;
    if (end > Number.MAX_SAFE_INTEGER) return errno.EFBIG;
    const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
    const punch = (mode & FALLOC_FL_PUNCH_HOLE) !== 0;
    if (punch && (!keepSize || mode & FALLOC_FL_ZERO_RANGE)) return errno.EOPNOTSUPP;
    return this.#whole(() => {
      if (punch) data.punch(offset, end);
      else {
        if (!data.preallocate(offset, end)) return errno.ENOSPC;
        if (mode & FALLOC_FL_ZERO_RANGE) data.zero(offset, end);
        if (!keepSize) data.growTo(end);
      }
      this.#modified(inode, context.uid !== 0);
      return undefined;
    });
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
    const { data } = inode;
    if (source === data && Math.abs(offsetIn - offsetOut) < length) return errno.EINVAL;
    const wanted = Math.min(length, source.size - offsetIn);
    if (wanted <= 0) return 0;
    const room = Number.MAX_SAFE_INTEGER - offsetOut;
    if (room <= 0) return errno.EFBIG;
    return this.#whole(() => {
      const copied = data.copyFrom(source, offsetIn, offsetOut, Math.min(wanted, room));
      if (copied === 0) return errno.ENOSPC;
      this.#modified(inode, context.uid !== 0);
      return copied;
    });
  }

  // Directories

  opendir(node: NodeId): Answer<Opened> {
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    return inode.directory === undefined ? errno.ENOTDIR : this.#opened(inode);
  }

  readdir(_node: NodeId, fh: Handle, offset: U64, sink: DirentSink): Answer<void> {
    const directory = this.#handles.get(fh)?.directory;
    if (directory === undefined) return errno.EBADF;
    for (const { name, node, type, offset: next } of directory.listing(Number(offset)))
      if (!sink.add(name, node, type, next)) break;
    return undefined;
  }

  readdirplus(_node: NodeId, fh: Handle, offset: U64, sink: DirentPlusSink): Answer<void> {
    const directory = this.#handles.get(fh)?.directory;
    if (directory === undefined) return errno.EBADF;
    for (const { name, node, offset: next } of directory.listing(Number(offset))) {
      const inode = this.#table.get(node);
      if (inode === undefined) return errno.EUCLEAN;
      if (!sink.add(name, inode.entry(), next)) break;
      if (next > DOTDOT_OFFSET) inode.lookups += 1;
    }
    return undefined;
  }

  releasedir(_node: NodeId, fh: Handle): Answer<void> {
    return this.#close(fh);
  }

  fsyncdir(): Answer<void> {
    return this.fsync();
  }

  /** Brings everything to its place, too: the log is empty. */
  syncfs(): Answer<void> {
    return this.#whole(() => this.#transactions.settle());
  }

  // Extended attributes

  setxattr(node: NodeId, name: string, value: Uint8Array, flags: number): Answer<void> {
    return this.#xattrChange(node, name, (inode) => setXattr(this.#table, inode, name, value, flags));
  }

  getxattr(node: NodeId, name: string): Answer<Uint8Array> {
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    return xattrsOf(this.#table, inode).get(name) ?? checkXattrName(name) ?? errno.ENODATA;
  }

  /** Only root sees trusted ones (simple_xattr_list, fs/xattr.c). */
  listxattr(node: NodeId, context: Context): Answer<readonly string[]> {
    const inode = this.#table.get(node);
    if (inode === undefined) return errno.ESTALE;
    const names = xattrsOf(this.#table, inode).names();
    return context.uid === 0 ? names : names.filter((name) => !name.startsWith('trusted.'));
  }

  removexattr(node: NodeId, name: string): Answer<void> {
    return this.#xattrChange(node, name, (inode) => removeXattr(this.#table, inode, name));
  }

  // What the operations share

  /** A change that is done whole: where the disk fails in the middle, what is in memory is no state to go on from. */
  #whole<T>(change: () => T): T {
    const { touched, failed } = this.#transactions;
    try {
      return change();
    } catch (error) {
      if (this.#transactions.touched !== touched) this.#transactions.fail();
      throw error;
    } finally {
      if (this.#transactions.failed && !failed)
        this.#warn('journal: the disk failed: nothing can be changed until the next start');
    }
  }

  #make(parent: NodeId, name: string, what: NewInode, context: Context): Entry | Errno {
    return this.#whole(() => referenced(this.#tree.make(parent, name, what, context)));
  }

  #xattrChange(node: NodeId, name: string, change: (inode: Inode) => Errno | undefined): Errno | undefined {
    return this.#whole(() => {
      this.#transactions.begin(ONE_INODE + this.#table.allocator.bitmapBlocks);
      const inode = this.#table.get(node);
      if (inode === undefined) return errno.ESTALE;
      const error = checkXattrName(name) ?? change(inode);
      if (error !== undefined) return error;
      inode.ctime = this.#clock.now();
      this.#table.changed(inode);
      return undefined;
    });
  }

  #modified(inode: Inode, dropPrivileges: boolean): void {
    if (dropPrivileges) inode.dropPrivileges();
    inode.modified(this.#clock.now());
    this.#table.changed(inode);
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
    this.#freeIfUnused(inode);
    return undefined;
  }

  /** Nobody waits for the outcome: where the disk fails, the next start does it. */
  #freeIfUnused(inode: Inode): void {
    if (this.#transactions.failed) return;
    try {
      this.#whole(() => this.#table.freeIfUnused(inode));
    } catch (error) {
      const why = errnoFrom(error);
      if (why === undefined) throw error;
      this.#warn(`journal: inode ${inode.node} is not freed until the next start: ${why}`);
    }
  }
}

function referenced(inode: Inode | Errno): Entry | Errno {
  return inode instanceof Errno ? inode : reference(inode);
}

function reference(inode: Inode): Entry {
  inode.lookups += 1;
  return inode.entry();
}
