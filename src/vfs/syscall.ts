import type { FileSystemStatistics, Stat, Timespec, U64 } from './attributes.ts';
import type { LockType } from './filesystem.ts';

/**
 * The system-call table: calls as data. The simulated kernel, the host's kernel, the POSIX model, the generator, the
 * printer and the file format of counterexamples all work from it.
 *
 * A call that makes a descriptor has an optional `into`: the number to give to it, as if dup3(2) had moved it there (what
 * was open there is closed first); without it the lowest free number from 3 on. So a program keeps its meaning when calls
 * are removed from it. Mappings of memory and file handles have numbers of their own, from 0 on, in the same way: what they
 * stand for (an address, bytes that only the kernel understands) differs from one kernel to the next. A number that stands for
 * nothing: load and store give EFAULT, munmap EINVAL, msync ENOMEM, open_by_handle_at EBADF.
 */

/** Bytes to write: themselves, or `length` bytes of the endless text `patternByte(seed), patternByte(seed + 1), ...`. */
export type Data = Uint8Array | { readonly seed: number; readonly length: number };

/** A time for utimensat(2): a moment, UTIME_NOW or UTIME_OMIT. */
export type TimeArgument = Timespec | 'now' | 'omit';

interface ArgumentTypes {
  fd: number;
  /** A mapping of the process, made by mmap. */
  map: number;
  /** A file handle that the process keeps, made by name_to_handle_at. */
  handle: number;
  pid: number;
  path: string;
  /** Content of a symbolic link. */
  text: string;
  /** Name of an extended attribute. */
  xattr: string;
  data: Data;
  datas: readonly Data[];
  sizes: readonly number[];
  offset: number;
  size: number;
  number: number;
  boolean: boolean;
  id: number;
  mode: number;
  rdev: number;
  openFlags: number;
  atFlags: number;
  accessMode: number;
  whence: number;
  renameFlags: number;
  fallocMode: number;
  xattrFlags: number;
  flockOperation: number;
  lockType: LockType;
  time: TimeArgument;
  signal: number;
  protection: number;
  mapFlags: number;
  msyncFlags: number;
  advice: number;
  caches: number;
}

export type ArgumentKind = keyof ArgumentTypes;

/** A directory entry as getdents64(2) gives it; `offset` is d_off, opaque. */
export interface DirectoryEntry {
  readonly name: string;
  readonly ino: U64;
  readonly type: number;
  readonly offset: U64;
}

/** What F_GETLK answers; type 'unlock' where nothing stands in the way. */
export interface LockAnswer {
  readonly type: LockType;
  readonly start: number;
  /** 0: to the end of the file, whatever it grows to. */
  readonly length: number;
  readonly pid: number;
}

interface ResultTypes {
  /** 0. */
  none: 0;
  fd: number;
  map: number;
  handle: number;
  pid: number;
  count: number;
  offset: number;
  mask: number;
  data: Uint8Array;
  text: string;
  stat: Stat;
  statfs: FileSystemStatistics;
  entries: readonly DirectoryEntry[];
  /** With size 0 the number of bytes that the value takes, as getxattr(2) has it. */
  value: Uint8Array | number;
  names: readonly string[] | number;
  lock: LockAnswer;
}

export type ResultKind = keyof ResultTypes;

interface Row {
  readonly arguments: Readonly<Record<string, ArgumentKind>>;
  readonly optional?: Readonly<Record<string, ArgumentKind>>;
  readonly result: ResultKind;
}

const table = <const Rows extends Record<string, Row>>(rows: Rows): Rows => rows;

const at = { dirfd: 'fd' } as const;
const into = { into: 'fd' } as const;

export const syscalls = table({
  open: { arguments: { path: 'path', flags: 'openFlags', mode: 'mode' }, optional: { ...at, ...into }, result: 'fd' },
  creat: { arguments: { path: 'path', mode: 'mode' }, optional: into, result: 'fd' },
  close: { arguments: { fd: 'fd' }, result: 'none' },
  dup: { arguments: { fd: 'fd' }, optional: into, result: 'fd' },
  dup2: { arguments: { fd: 'fd', newFd: 'fd' }, result: 'fd' },
  read: { arguments: { fd: 'fd', size: 'size' }, result: 'data' },
  pread: { arguments: { fd: 'fd', size: 'size', offset: 'offset' }, result: 'data' },
  readv: { arguments: { fd: 'fd', sizes: 'sizes' }, result: 'data' },
  write: { arguments: { fd: 'fd', data: 'data' }, result: 'count' },
  pwrite: { arguments: { fd: 'fd', data: 'data', offset: 'offset' }, result: 'count' },
  writev: { arguments: { fd: 'fd', datas: 'datas' }, result: 'count' },
  lseek: { arguments: { fd: 'fd', offset: 'offset', whence: 'whence' }, result: 'offset' },
  truncate: { arguments: { path: 'path', size: 'size' }, result: 'none' },
  ftruncate: { arguments: { fd: 'fd', size: 'size' }, result: 'none' },
  fallocate: { arguments: { fd: 'fd', mode: 'fallocMode', offset: 'offset', size: 'size' }, result: 'none' },
  /** Offsets left out: the descriptor's own, which then moves. */
  copy_file_range: {
    arguments: { fd: 'fd', fdOut: 'fd', size: 'size' },
    optional: { offset: 'offset', offsetOut: 'offset' },
    result: 'count',
  },
  fsync: { arguments: { fd: 'fd' }, result: 'none' },
  fdatasync: { arguments: { fd: 'fd' }, result: 'none' },
  sync: { arguments: {}, result: 'none' },
  syncfs: { arguments: { fd: 'fd' }, result: 'none' },

  stat: { arguments: { path: 'path' }, optional: at, result: 'stat' },
  lstat: { arguments: { path: 'path' }, optional: at, result: 'stat' },
  fstat: { arguments: { fd: 'fd' }, result: 'stat' },
  statx: { arguments: { path: 'path', flags: 'atFlags', mask: 'number' }, optional: at, result: 'stat' },
  access: { arguments: { path: 'path', mode: 'accessMode' }, optional: { ...at, flags: 'atFlags' }, result: 'none' },
  chmod: { arguments: { path: 'path', mode: 'mode' }, optional: at, result: 'none' },
  fchmod: { arguments: { fd: 'fd', mode: 'mode' }, result: 'none' },
  chown: { arguments: { path: 'path', uid: 'id', gid: 'id' }, optional: at, result: 'none' },
  lchown: { arguments: { path: 'path', uid: 'id', gid: 'id' }, optional: at, result: 'none' },
  fchown: { arguments: { fd: 'fd', uid: 'id', gid: 'id' }, result: 'none' },
  utimensat: {
    arguments: { path: 'path', atime: 'time', mtime: 'time', flags: 'atFlags' },
    optional: at,
    result: 'none',
  },
  futimens: { arguments: { fd: 'fd', atime: 'time', mtime: 'time' }, result: 'none' },
  statfs: { arguments: { path: 'path' }, result: 'statfs' },
  fstatfs: { arguments: { fd: 'fd' }, result: 'statfs' },

  mkdir: { arguments: { path: 'path', mode: 'mode' }, optional: at, result: 'none' },
  rmdir: { arguments: { path: 'path' }, optional: at, result: 'none' },
  unlink: { arguments: { path: 'path' }, optional: at, result: 'none' },
  rename: {
    arguments: { path: 'path', newPath: 'path', flags: 'renameFlags' },
    optional: { ...at, newDirfd: 'fd' },
    result: 'none',
  },
  link: {
    arguments: { path: 'path', newPath: 'path', flags: 'atFlags' },
    optional: { ...at, newDirfd: 'fd' },
    result: 'none',
  },
  symlink: { arguments: { target: 'text', path: 'path' }, optional: at, result: 'none' },
  readlink: { arguments: { path: 'path' }, optional: at, result: 'text' },
  mknod: { arguments: { path: 'path', mode: 'mode', rdev: 'rdev' }, optional: at, result: 'none' },
  /** `size` is the buffer's, in bytes, as getdents64(2) has it. No entries: the end. */
  getdents: { arguments: { fd: 'fd', size: 'size' }, result: 'entries' },

  setxattr: {
    arguments: { path: 'path', name: 'xattr', value: 'data', flags: 'xattrFlags' },
    result: 'none',
  },
  lsetxattr: {
    arguments: { path: 'path', name: 'xattr', value: 'data', flags: 'xattrFlags' },
    result: 'none',
  },
  fsetxattr: { arguments: { fd: 'fd', name: 'xattr', value: 'data', flags: 'xattrFlags' }, result: 'none' },
  getxattr: { arguments: { path: 'path', name: 'xattr', size: 'size' }, result: 'value' },
  lgetxattr: { arguments: { path: 'path', name: 'xattr', size: 'size' }, result: 'value' },
  fgetxattr: { arguments: { fd: 'fd', name: 'xattr', size: 'size' }, result: 'value' },
  listxattr: { arguments: { path: 'path', size: 'size' }, result: 'names' },
  llistxattr: { arguments: { path: 'path', size: 'size' }, result: 'names' },
  flistxattr: { arguments: { fd: 'fd', size: 'size' }, result: 'names' },
  removexattr: { arguments: { path: 'path', name: 'xattr' }, result: 'none' },
  lremovexattr: { arguments: { path: 'path', name: 'xattr' }, result: 'none' },
  fremovexattr: { arguments: { fd: 'fd', name: 'xattr' }, result: 'none' },

  flock: { arguments: { fd: 'fd', operation: 'flockOperation' }, result: 'none' },
  /** fcntl(2) F_SETLK, with `wait` F_SETLKW. `size` 0: to the end of the file, whatever it grows to. */
  setlk: {
    arguments: { fd: 'fd', type: 'lockType', whence: 'whence', start: 'offset', size: 'offset', wait: 'boolean' },
    result: 'none',
  },
  getlk: {
    arguments: { fd: 'fd', type: 'lockType', whence: 'whence', start: 'offset', size: 'offset' },
    result: 'lock',
  },

  /** Maps `size` bytes of a file from `offset` on. */
  mmap: {
    arguments: { fd: 'fd', offset: 'offset', size: 'size', protection: 'protection', flags: 'mapFlags' },
    optional: { into: 'map' },
    result: 'map',
  },
  munmap: { arguments: { map: 'map' }, result: 'none' },
  /** `offset` and `size` are within the mapping. */
  msync: { arguments: { map: 'map', offset: 'offset', size: 'size', flags: 'msyncFlags' }, result: 'none' },
  /** The processor reads memory: what is there up to the first page that gives SIGBUS or SIGSEGV; nothing: EFAULT. */
  load: { arguments: { map: 'map', offset: 'offset', size: 'size' }, result: 'data' },
  /** The processor writes memory, as far as there is any. */
  store: { arguments: { map: 'map', offset: 'offset', data: 'data' }, result: 'count' },
  posix_fadvise: { arguments: { fd: 'fd', offset: 'offset', size: 'size', advice: 'advice' }, result: 'none' },
  /** /proc/sys/vm/drop_caches: 1 the page cache, 2 dentries and inodes, 3 both; what is dirty or in use stays. */
  drop_caches: { arguments: { caches: 'caches' }, result: 'none' },
  name_to_handle_at: {
    arguments: { path: 'path', flags: 'atFlags' },
    optional: { ...at, into: 'handle' },
    result: 'handle',
  },
  open_by_handle_at: { arguments: { handle: 'handle', flags: 'openFlags' }, optional: into, result: 'fd' },

  chdir: { arguments: { path: 'path' }, result: 'none' },
  fchdir: { arguments: { fd: 'fd' }, result: 'none' },
  umask: { arguments: { mask: 'mode' }, result: 'mask' },
  /** The child gets the pid `child`, which must be free. */
  fork: { arguments: { child: 'pid' }, result: 'pid' },
  /** Ends the process; a later call of it gives ESRCH. */
  exit: { arguments: { status: 'number' }, result: 'none' },
  kill: { arguments: { pid: 'pid', signal: 'signal' }, result: 'none' },
});

export type SyscallName = keyof typeof syscalls;

type Arguments<Kinds> = {
  readonly [Key in keyof Kinds]: Kinds[Key] extends ArgumentKind ? ArgumentTypes[Kinds[Key]] : never;
};
type OptionalOf<R> = R extends { optional: infer Kinds } ? Partial<Arguments<Kinds>> : unknown;

/** The call of a name: `{ op: 'open', path: '/a', flags: O_RDONLY, mode: 0 }`. */
export type CallOf<Name extends SyscallName> = { readonly op: Name } & Arguments<(typeof syscalls)[Name]['arguments']> &
  OptionalOf<(typeof syscalls)[Name]>;

/** Any system call. */
export type Call = { [Name in SyscallName]: CallOf<Name> }[SyscallName];

/** What a call that succeeded gives. */
export type ValueOf<Name extends SyscallName> = ResultTypes[(typeof syscalls)[Name]['result']];

/** What any call gives: a value, or as in the kernel's own ABI a negative errno number. */
export type SysResult = ResultTypes[ResultKind] | number;

/** Whether a result is an error; then `-result` is the errno number. */
export function isError(result: SysResult): result is number {
  return typeof result === 'number' && result < 0;
}

const PATTERN_LIMIT = 1 << 22;
let pattern = new Uint8Array(0);

/** Byte `i` of the endless text that `Data` patterns are cut from: letters, so shifted that no two pages or blocks are alike. */
export function patternByte(i: number): number {
  return 97 + ((i + Math.floor(i / 511) * 7) % 26);
}

/** The bytes of a `Data`. What a pattern gives is shared: do not write into it. */
export function dataBytes(data: Data): Uint8Array {
  if (data instanceof Uint8Array) return data;
  const end = data.seed + data.length;
  if (!(data.seed >= 0) || !(data.length >= 0) || end > PATTERN_LIMIT)
    throw new RangeError(
      `data pattern: expected 0 <= seed, length and seed + length <= ${PATTERN_LIMIT}, given ${data.seed} + ${data.length}`,
    );
  if (end > pattern.length) {
    let size = Math.max(pattern.length, 1 << 16);
    while (size < end) size *= 2;
    pattern = Uint8Array.from({ length: size }, (_, i) => patternByte(i));
  }
  return pattern.subarray(data.seed, end);
}
