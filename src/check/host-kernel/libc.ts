import { loadKoffi } from '../../env/node/koffi.ts';
import { errnoName } from '../../vfs/index.ts';

type Integer = number | bigint;
type Bytes = Uint8Array | null;

/** The functions of the C library that the host kernel calls; 64-bit Linux. -1 is an error, and `errno()` says which. */
export interface Libc {
  errno(): number;

  openat(dirfd: number, path: Bytes, flags: number, mode: number): number;
  close(fd: number): number;
  dup(fd: number): number;
  read(fd: number, buffer: Bytes, size: Integer): number;
  pread(fd: number, buffer: Bytes, size: Integer, offset: Integer): number;
  readv(fd: number, vector: Bytes, count: number): number;
  write(fd: number, buffer: Bytes, size: Integer): number;
  pwrite(fd: number, buffer: Bytes, size: Integer, offset: Integer): number;
  writev(fd: number, vector: Bytes, count: number): number;
  lseek(fd: number, offset: Integer, whence: number): Integer;
  truncate(path: Bytes, size: Integer): number;
  ftruncate(fd: number, size: Integer): number;
  fallocate(fd: number, mode: number, offset: Integer, size: Integer): number;
  preadv(fd: number, vector: Bytes, count: number, offset: Integer): number;
  pwritev(fd: number, vector: Bytes, count: number, offset: Integer): number;
  copy_file_range(fd: number, offset: Bytes, fdOut: number, offsetOut: Bytes, size: Integer, flags: number): number;
  /** Gives the errno number itself. */
  posix_fadvise(fd: number, offset: Integer, size: Integer, advice: number): number;
  fsync(fd: number): number;
  fdatasync(fd: number): number;
  syncfs(fd: number): number;
  statx(dirfd: number, path: Bytes, flags: number, mask: number, into: Bytes): number;
  faccessat(dirfd: number, path: Bytes, mode: number, flags: number): number;
  fchmodat(dirfd: number, path: Bytes, mode: number, flags: number): number;
  fchmod(fd: number, mode: number): number;
  fchownat(dirfd: number, path: Bytes, uid: number, gid: number, flags: number): number;
  fchown(fd: number, uid: number, gid: number): number;
  utimensat(dirfd: number, path: Bytes, times: Bytes, flags: number): number;
  futimens(fd: number, times: Bytes): number;
  statfs(path: Bytes, into: Bytes): number;
  fstatfs(fd: number, into: Bytes): number;
  mkdirat(dirfd: number, path: Bytes, mode: number): number;
  unlinkat(dirfd: number, path: Bytes, flags: number): number;
  renameat2(dirfd: number, path: Bytes, newDirfd: number, newPath: Bytes, flags: number): number;
  linkat(dirfd: number, path: Bytes, newDirfd: number, newPath: Bytes, flags: number): number;
  symlinkat(target: Bytes, dirfd: number, path: Bytes): number;
  readlinkat(dirfd: number, path: Bytes, into: Bytes, size: Integer): number;
  mknodat(dirfd: number, path: Bytes, mode: number, rdev: Integer): number;
  getdents64(fd: number, into: Bytes, size: Integer): number;
  setxattr(path: Bytes, name: Bytes, value: Bytes, size: Integer, flags: number): number;
  lsetxattr(path: Bytes, name: Bytes, value: Bytes, size: Integer, flags: number): number;
  fsetxattr(fd: number, name: Bytes, value: Bytes, size: Integer, flags: number): number;
  getxattr(path: Bytes, name: Bytes, into: Bytes, size: Integer): number;
  lgetxattr(path: Bytes, name: Bytes, into: Bytes, size: Integer): number;
  fgetxattr(fd: number, name: Bytes, into: Bytes, size: Integer): number;
  listxattr(path: Bytes, into: Bytes, size: Integer): number;
  llistxattr(path: Bytes, into: Bytes, size: Integer): number;
  flistxattr(fd: number, into: Bytes, size: Integer): number;
  removexattr(path: Bytes, name: Bytes): number;
  lremovexattr(path: Bytes, name: Bytes): number;
  fremovexattr(fd: number, name: Bytes): number;
  /** Addresses are integers: the memory is nobody's but the kernel's to touch. */
  mmap(address: Integer, size: Integer, protection: number, flags: number, fd: number, offset: Integer): Integer;
  munmap(address: Integer, size: Integer): number;
  msync(address: Integer, size: Integer, flags: number): number;
  getpagesize(): number;
  memfd_create(name: Bytes, flags: number): number;
  name_to_handle_at(dirfd: number, path: Bytes, handle: Bytes, mount: Bytes, flags: number): number;
  open_by_handle_at(mount: number, handle: Bytes, flags: number): number;
  socketpair(domain: number, type: number, protocol: number, into: Bytes): number;
  sendmsg(socket: number, message: Bytes, flags: number): number;
  recvmsg(socket: number, message: Bytes, flags: number): number;
  flock(fd: number, operation: number): number;
  fcntl(fd: number, command: number, argument: Bytes): number;
  chdir(path: Bytes): number;
  fchdir(fd: number): number;
  umask(mask: number): number;

  unshare(flags: number): number;
  setns(fd: number, type: number): number;
  mount(source: Bytes, target: Bytes, type: Bytes, flags: Integer, data: Bytes): number;
  umount2(target: Bytes, flags: number): number;
  pivot_root(newRoot: Bytes, putOld: Bytes): number;
  pipe2(into: Bytes, flags: number): number;
  poll(fds: Bytes, count: Integer, milliseconds: number): number;
  clock_gettime(clock: number, into: Bytes): number;
  setrlimit(resource: number, limits: Bytes): number;
  signal(signal: number, handler: Integer): Integer;
  syscall(number: number, a: Integer, b: Integer, c: Integer): Integer;
}

/** The working directory, in place of a directory's descriptor. */
export const AT_FDCWD = -100;
/** All that stat(2) tells. */
export const STATX_BASIC_STATS = 0x7ff;
// Both have the same number on every architecture (asm-generic/unistd.h).
export const SYS_pidfd_open = 434;
export const SYS_pidfd_getfd = 438;

type Types = Record<Exclude<keyof Libc, 'errno'>, readonly string[]>;

const i = 'int';
const p = 'const void *';
const out = 'void *';
const n = 'int64_t';

/** Argument types; variadic functions too, whose integer arguments travel as other functions' do on 64-bit Linux. */
const types: Types = {
  openat: [i, p, i, i],
  close: [i],
  dup: [i],
  read: [i, out, n],
  pread: [i, out, n, n],
  readv: [i, p, i],
  write: [i, p, n],
  pwrite: [i, p, n, n],
  writev: [i, p, i],
  lseek: [i, n, i],
  truncate: [p, n],
  ftruncate: [i, n],
  fallocate: [i, i, n, n],
  preadv: [i, p, i, n],
  pwritev: [i, p, i, n],
  copy_file_range: [i, out, i, out, n, i],
  posix_fadvise: [i, n, n, i],
  fsync: [i],
  fdatasync: [i],
  syncfs: [i],
  statx: [i, p, i, i, out],
  faccessat: [i, p, i, i],
  fchmodat: [i, p, i, i],
  fchmod: [i, i],
  fchownat: [i, p, i, i, i],
  fchown: [i, i, i],
  utimensat: [i, p, p, i],
  futimens: [i, p],
  statfs: [p, out],
  fstatfs: [i, out],
  mkdirat: [i, p, i],
  unlinkat: [i, p, i],
  renameat2: [i, p, i, p, i],
  linkat: [i, p, i, p, i],
  symlinkat: [p, i, p],
  readlinkat: [i, p, out, n],
  mknodat: [i, p, i, n],
  getdents64: [i, out, n],
  setxattr: [p, p, p, n, i],
  lsetxattr: [p, p, p, n, i],
  fsetxattr: [i, p, p, n, i],
  getxattr: [p, p, out, n],
  lgetxattr: [p, p, out, n],
  fgetxattr: [i, p, out, n],
  listxattr: [p, out, n],
  llistxattr: [p, out, n],
  flistxattr: [i, out, n],
  removexattr: [p, p],
  lremovexattr: [p, p],
  fremovexattr: [i, p],
  mmap: [n, n, i, i, i, n],
  munmap: [n, n],
  msync: [n, n, i],
  getpagesize: [],
  memfd_create: [p, i],
  name_to_handle_at: [i, p, out, out, i],
  open_by_handle_at: [i, out, i],
  socketpair: [i, i, i, out],
  sendmsg: [i, p, i],
  recvmsg: [i, out, i],
  flock: [i, i],
  fcntl: [i, i, out],
  chdir: [p],
  fchdir: [i],
  umask: [i],
  unshare: [i],
  setns: [i, i],
  mount: [p, p, p, n, p],
  umount2: [p, i],
  pivot_root: [p, p],
  pipe2: [out, i],
  poll: [out, n, i],
  clock_gettime: [i, out],
  setrlimit: [i, p],
  signal: [i, n],
  syscall: [n, n, n, n],
};

const wide = new Set([
  ...['read', 'pread', 'readv', 'write', 'pwrite', 'writev', 'lseek', 'copy_file_range', 'readlinkat', 'getdents64'],
  ...['getxattr', 'lgetxattr', 'fgetxattr', 'listxattr', 'llistxattr', 'flistxattr', 'signal', 'syscall'],
  ...['preadv', 'pwritev', 'mmap', 'sendmsg', 'recvmsg'],
]);

let loaded: Libc | undefined;
let address: (bytes: Uint8Array) => bigint;

/** The C library of this process, through koffi; an Error that says what to do where koffi cannot be loaded. */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const koffi = loadKoffi('the host kernel');
  const library = koffi.load(null);
  const functions = Object.entries(types).map(([name, args]) => [
    name,
    library.func(name, wide.has(name) ? n : i, [...args]),
  ]);
  address = koffi.address;
  loaded = { ...Object.fromEntries(functions), errno: () => koffi.errno() } as Libc;
  return loaded;
}

/** What a call of the C library gave, or an Error that names its errno where that is negative. */
export function check<Result extends number | bigint>(result: Result, what: string): Result {
  if (result < 0) throw new Error(`${what}: ${errnoName(libc().errno())}`);
  return result;
}

/** Where bytes lie in memory, for structures that point to them. */
export function addressOf(bytes: Uint8Array): bigint {
  libc();
  return bytes.length === 0 ? 0n : address(bytes);
}
