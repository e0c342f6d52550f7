import type { Attributes, FileSystemStatistics, Timespec, U64 } from './attributes.ts';
import type { Errno } from './errno.ts';

/**
 * The one contract: what a filesystem is, whichever kernel asks. It is inode-level, like libfuse's low-level API.
 *
 * - A *node* is the filesystem's own id of an inode, an integer from 1 to 2^53 - 1; the root is node 1. Each successful
 *   lookup, create, mknod, mkdir, symlink, link, tmpfile (and readdirplus entry but `.` and `..`) gives the kernel one
 *   reference to the node; `forget` takes references back. Until then the node must answer, unlinked or not.
 * - A *generation* tells two inodes apart that had the same node id one after the other.
 * - A *handle* (`fh`) is the filesystem's own id of an open file or directory, an integer from 0 to 2^53 - 1.
 *
 * Every method may return its answer, an `Errno`, or a promise of either; an answer that is no promise goes back without
 * touching the event loop. Throwing a value with a POSIX `code` is the same as returning that errno. Anything else that
 * is thrown is a bug of the filesystem: the caller gets EIO, and it is reported with its stack.
 *
 * A method that is missing answers ENOSYS, and the kernel falls back as Linux does (no `open`: handle 0, no `access`:
 * allowed, no `flush`: nothing to do, no `rename2` flags: EINVAL, and so on).
 */
export type Answer<T> = T | Errno | Promise<T | Errno>;

export type NodeId = number;
export type Handle = number;

/** The node id of the root directory (FUSE_ROOT_ID). */
export const ROOT_NODE: NodeId = 1;

/** Who asks, and whether still. Valid until the method's answer is given: an asynchronous method may keep it until then. */
export interface Context {
  /** Effective ids of the calling process, 0 for requests that the kernel makes by itself. Supplementary groups do not travel. */
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
  /** The caller's umask; it matters only where the filesystem asked for `dontMask`. */
  readonly umask: number;
  /** Aborted when the caller was interrupted (FUSE_INTERRUPT); made on first use. The usual answer then is EINTR. */
  readonly signal: AbortSignal;
}

/** A directory entry that was found or made. Timeouts are seconds; left out, the session's defaults apply. */
export interface Entry {
  readonly node: NodeId;
  readonly generation: U64;
  readonly attributes: Attributes;
  readonly entryTimeout?: number;
  readonly attributeTimeout?: number;
}

/** An open file or directory; the switches are FOPEN_* (include/uapi/linux/fuse.h). */
export interface Opened {
  readonly fh: Handle;
  readonly directIo?: boolean;
  readonly keepCache?: boolean;
  readonly nonseekable?: boolean;
  readonly cacheDirectory?: boolean;
  readonly stream?: boolean;
  readonly noFlush?: boolean;
  readonly parallelDirectWrites?: boolean;
}

export interface Created {
  readonly entry: Entry;
  readonly opened: Opened;
}

/** What setattr(2) calls change; what is left out stays. 'now' is the time of the request. */
export interface AttributeChanges {
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly size?: number;
  readonly atime?: Timespec | 'now';
  readonly mtime?: Timespec | 'now';
  /** Set by the kernel only in write-back mode. */
  readonly ctime?: Timespec;
  /** With handleKillpriv: set-user-id and set-group-id (if group-executable) bits must go. */
  readonly killPrivileges?: boolean;
  readonly lockOwner?: U64;
}

/** One entry as readdir gives it. `offset` is the opaque position *behind* this entry, not 0, stable while the entry exists. */
export interface Dirent {
  readonly name: string;
  readonly ino: U64;
  /** DT_* of the entry: file type bits of the mode shifted right by 12; 0 where unknown. */
  readonly type: number;
  readonly offset: U64;
}

/** Takes directory entries until it is full. */
export interface DirentSink {
  /** False when the entry did not fit: it was not taken, stop. */
  add(name: string, ino: U64, type: number, offset: U64): boolean;
  /**
   * Takes whole entries, already packed as a `PackedDirents` keeps them, from position `offset` (0: the first) on, as many
   * as fit. The fast way for a large directory.
   */
  addPacked(packed: PackedDirents, offset: U64): void;
}

/** The same for readdirplus: each entry carries a looked-up node (a reference each, but for `.` and `..`). */
export interface DirentPlusSink {
  add(name: string, entry: Entry, offset: U64): boolean;
}

/**
 * Directory entries encoded once, in the layout of `struct fuse_dirent` (u64 ino, u64 off, u32 namelen, u32 type, name
 * padded to 8 bytes). Offsets must rise.
 */
export interface PackedDirents {
  readonly bytes: Uint8Array;
  /** For each entry, its offset cookie; rising. */
  readonly offsets: Float64Array;
  /** For each entry, where it ends in `bytes`. */
  readonly ends: Uint32Array;
  readonly count: number;
}

export type LockType = 'read' | 'write' | 'unlock';

/** A byte-range lock, both ends included; an `end` of Infinity is the end of the file whatever it grows to. */
export interface FileLock {
  readonly type: LockType;
  readonly start: number;
  readonly end: number;
  readonly pid: number;
}

export interface IoctlAnswer {
  readonly result: number;
  readonly data: Uint8Array;
}

/** statx(2): the attributes and what only statx has. `mask` says which fields are valid (STATX_*). */
export interface StatxAnswer {
  readonly mask: number;
  readonly attributes: Attributes;
  readonly btime: Timespec;
  /** STATX_ATTR_* and which of them are known. */
  readonly attributeFlags: number;
  readonly attributeMask: number;
}

/** What a filesystem asks of the kernel at INIT; each is a FUSE_* flag of the same name. Left out is off. */
export interface Wishes {
  readonly posixLocks?: boolean;
  readonly flockLocks?: boolean;
  readonly atomicOTrunc?: boolean;
  readonly exportSupport?: boolean;
  readonly dontMask?: boolean;
  readonly autoInvalData?: boolean;
  readonly explicitInvalData?: boolean;
  readonly writebackCache?: boolean;
  readonly parallelDirops?: boolean;
  readonly handleKillpriv?: boolean;
  readonly handleKillprivV2?: boolean;
  readonly posixAcl?: boolean;
  readonly cacheSymlinks?: boolean;
  /** true: READDIRPLUS whenever the method exists; 'auto' (the default): when the kernel finds it worth it; false: never. */
  readonly readdirplus?: boolean | 'auto';
  /** Supplementary groups on creation (CREATE_SUPP_GROUP). */
  readonly createSuppGroup?: boolean;
  readonly directIoAllowMmap?: boolean;
}

/** What was agreed at INIT. Sizes are bytes. */
export interface Negotiated {
  readonly major: number;
  readonly minor: number;
  readonly maxWrite: number;
  readonly maxReadahead: number;
  readonly maxBackground: number;
  readonly congestionThreshold: number;
  /** The kernel keeps size and times of files: a write out of its cache is not to change them. */
  readonly writebackCache: boolean;
  /** Granularity of the filesystem's times, nanoseconds. */
  readonly timeGranularity: number;
  /** Raw INIT flags in force: bits 0-31, and bits 32-63 (flags2). */
  readonly flags: number;
  readonly flags2: number;
}

/** Messages that a filesystem sends to the kernel unasked (fuse_lowlevel_notify_*). Never call one from within a request on the same node. */
export interface Notifier {
  /** Drop cached attributes and, from `offset` on for `length` bytes (0: to the end; offset < 0: none), cached data. */
  invalInode(node: NodeId, offset: number, length: number): void;
  invalEntry(parent: NodeId, name: string, options?: { readonly expireOnly?: boolean }): void;
  /** The entry was removed: like invalEntry, and watchers are told. */
  delete(parent: NodeId, child: NodeId, name: string): void;
  /** Put data into the kernel's page cache. */
  store(node: NodeId, offset: number, data: Uint8Array): void;
  /** Read from the kernel's page cache what it has of a range. */
  retrieve(node: NodeId, offset: number, size: number): Promise<Uint8Array>;
  /** Wake up whoever polls on the handle that `poll` was given. */
  pollWakeup(pollHandle: U64): void;
  /** Every cached entry is to be looked up again (INC_EPOCH). */
  incrementEpoch(): void;
  /** Let the kernel forget these nodes if nobody uses them (PRUNE). */
  prune(nodes: readonly NodeId[]): void;
}

export interface FileSystem {
  /** Short name, as `statfs` types and messages show it. */
  readonly name: string;
  /**
   * 'sync': no method ever returns a promise or uses a timer, so that a device channel may block between requests.
   * 'async': it needs an event loop.
   */
  readonly mode: 'sync' | 'async';
  readonly wishes?: Wishes;

  init?(negotiated: Negotiated, notifier: Notifier): void;
  /** The last call; every reference and handle is void. */
  destroy?(): void;

  lookup(parent: NodeId, name: string, context: Context): Answer<Entry>;
  forget?(node: NodeId, lookups: number): void;
  getattr(node: NodeId, fh: Handle | undefined, context: Context): Answer<Attributes>;
  setattr?(node: NodeId, changes: AttributeChanges, fh: Handle | undefined, context: Context): Answer<Attributes>;
  statx?(node: NodeId, fh: Handle | undefined, flags: number, mask: number, context: Context): Answer<StatxAnswer>;
  access?(node: NodeId, mask: number, context: Context): Answer<void>;
  readlink?(node: NodeId, context: Context): Answer<string>;

  mknod?(parent: NodeId, name: string, mode: number, rdev: number, context: Context): Answer<Entry>;
  mkdir?(parent: NodeId, name: string, mode: number, context: Context): Answer<Entry>;
  symlink?(parent: NodeId, name: string, target: string, context: Context): Answer<Entry>;
  link?(node: NodeId, newParent: NodeId, newName: string, context: Context): Answer<Entry>;
  unlink?(parent: NodeId, name: string, context: Context): Answer<void>;
  rmdir?(parent: NodeId, name: string, context: Context): Answer<void>;
  /** `flags`: RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT; a filesystem answers EINVAL to what it cannot do. */
  rename?(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Answer<void>;

  open?(node: NodeId, flags: number, context: Context): Answer<Opened>;
  create?(parent: NodeId, name: string, mode: number, flags: number, context: Context): Answer<Created>;
  tmpfile?(parent: NodeId, mode: number, flags: number, context: Context): Answer<Created>;
  /** Fills `into` from its start with data from `offset` on; answers the number of bytes, fewer only at the end of file. */
  read?(node: NodeId, fh: Handle, into: Uint8Array, offset: number, context: Context): Answer<number>;
  /** Writes all of `data`, which is valid until the answer. `flags` are the open file's; answers the number of bytes. */
  write?(
    node: NodeId,
    fh: Handle,
    data: Uint8Array,
    offset: number,
    context: Context,
    options: WriteOptions,
  ): Answer<number>;
  /** On every close(2) of a descriptor; may come several times for one open. Releases the owner's POSIX locks. */
  flush?(node: NodeId, fh: Handle, lockOwner: U64, context: Context): Answer<void>;
  /** On the last close. `flockOwner` is given where flock locks of it are to be released. */
  release?(node: NodeId, fh: Handle, flags: number, context: Context, flockOwner: U64 | undefined): Answer<void>;
  fsync?(node: NodeId, fh: Handle, dataOnly: boolean, context: Context): Answer<void>;
  fallocate?(node: NodeId, fh: Handle, mode: number, offset: number, length: number, context: Context): Answer<void>;
  /** SEEK_DATA or SEEK_HOLE only; ENXIO beyond the end. */
  lseek?(node: NodeId, fh: Handle, offset: number, whence: number, context: Context): Answer<number>;
  copyFileRange?(
    nodeIn: NodeId,
    fhIn: Handle,
    offsetIn: number,
    nodeOut: NodeId,
    fhOut: Handle,
    offsetOut: number,
    length: number,
    context: Context,
  ): Answer<number>;
  ioctl?(
    node: NodeId,
    fh: Handle,
    command: number,
    argument: U64,
    input: Uint8Array,
    outputSize: number,
    flags: number,
    context: Context,
  ): Answer<IoctlAnswer>;
  /** The ready events (POLLIN, ...); with `pollHandle`, promise to call `notifier.pollWakeup` with it when that changes. */
  poll?(node: NodeId, fh: Handle, events: number, pollHandle: U64 | undefined, context: Context): Answer<number>;

  opendir?(node: NodeId, flags: number, context: Context): Answer<Opened>;
  /** Gives entries behind position `offset` (0: from the start) to `sink` until it is full or there are no more. */
  readdir?(node: NodeId, fh: Handle, offset: U64, sink: DirentSink, context: Context): Answer<void>;
  readdirplus?(node: NodeId, fh: Handle, offset: U64, sink: DirentPlusSink, context: Context): Answer<void>;
  releasedir?(node: NodeId, fh: Handle, context: Context): Answer<void>;
  fsyncdir?(node: NodeId, fh: Handle, dataOnly: boolean, context: Context): Answer<void>;

  statfs?(node: NodeId, context: Context): Answer<FileSystemStatistics>;
  syncfs?(node: NodeId, context: Context): Answer<void>;

  setxattr?(node: NodeId, name: string, value: Uint8Array, flags: number, context: Context): Answer<void>;
  /** The whole value; size probes and ERANGE are the session's. ENODATA where there is none. */
  getxattr?(node: NodeId, name: string, context: Context): Answer<Uint8Array>;
  listxattr?(node: NodeId, context: Context): Answer<readonly string[]>;
  removexattr?(node: NodeId, name: string, context: Context): Answer<void>;

  /** The first lock that stands in the way of `lock`, or one of type 'unlock'. */
  getlk?(node: NodeId, fh: Handle, lock: FileLock, owner: U64, context: Context): Answer<FileLock>;
  /** Takes, changes or releases a POSIX lock; EAGAIN where it cannot and `wait` is false. */
  setlk?(node: NodeId, fh: Handle, lock: FileLock, owner: U64, wait: boolean, context: Context): Answer<void>;
  /** flock(2): a lock on the whole file that belongs to the open file. */
  flock?(node: NodeId, fh: Handle, type: LockType, owner: U64, wait: boolean, context: Context): Answer<void>;
}

export interface WriteOptions {
  /** The open file's flags. */
  readonly flags: number;
  /** The data comes out of the page cache: the caller's ids and handle may be another's. */
  readonly fromCache: boolean;
  /** Set-user-id and set-group-id bits must go (handleKillprivV2). */
  readonly killPrivileges: boolean;
  readonly lockOwner: U64 | undefined;
}
