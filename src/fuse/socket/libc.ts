import { loadKoffi } from '../../env/node/koffi.ts';
import { errnoName, type Timespec } from '../../vfs/index.ts';

type Bytes = Uint8Array | null;

/** The functions of the C library that set a link up; its traffic is node:fs. -1 is an error, and `errno()` says which. */
interface Libc {
  socketpair(domain: number, type: number, protocol: number, into: Bytes): number;
  setsockopt(fd: number, level: number, option: number, value: Bytes, size: number): number;
  getsockopt(fd: number, level: number, option: number, into: Bytes, size: Bytes): number;
  poll(fds: Bytes, count: number, milliseconds: number): number;
  sendmsg(fd: number, message: Bytes, flags: number): number | bigint;
  clock_gettime(clock: number, into: Bytes): number;
  syscall(number: number, a: number, b: number, c: number): number | bigint;
  errno(): number;
  /** Where bytes lie in memory, for structures that point to them. */
  address(bytes: Uint8Array): bigint;
}

const i = 'int';
const p = 'const void *';
const out = 'void *';
const n = 'int64_t';

const types: Record<Exclude<keyof Libc, 'errno' | 'address'>, readonly [result: string, ...args: string[]]> = {
  socketpair: [i, i, i, i, out],
  setsockopt: [i, i, i, i, p, i],
  getsockopt: [i, i, i, i, out, out],
  poll: [i, out, n, i],
  sendmsg: [n, i, p, i],
  clock_gettime: [i, i, out],
  syscall: [n, n, n, n, n],
};

let loaded: Libc | undefined;

/** The C library of this process. @throws an Error that says what to do where koffi cannot be loaded */
export function libc(): Libc {
  if (loaded !== undefined) return loaded;
  const koffi = loadKoffi('a link to a FUSE daemon');
  const library = koffi.load(null);
  const functions = Object.entries(types).map(([name, [result, ...args]]) => [name, library.func(name, result, args)]);
  loaded = { ...Object.fromEntries(functions), errno: () => koffi.errno(), address: koffi.address } as Libc;
  return loaded;
}

/** @throws an Error that names the call and the errno, where the result of one is negative */
export function checked(what: string, result: number | bigint): number {
  if (result < 0) throw new Error(`${what}: ${errnoName(libc().errno())}`);
  return Number(result);
}

const EINTR = 4;
const POLLIN = 1;
const POLL_SIZE = 8;

/** Waits, `milliseconds` at most, until there is something to read from any of the descriptors, or it ended; says from which. */
export function readable(descriptors: readonly number[], milliseconds: number): readonly boolean[] {
  const fds = Buffer.alloc(POLL_SIZE * descriptors.length);
  for (const [at, fd] of descriptors.entries()) {
    fds.writeInt32LE(fd, POLL_SIZE * at);
    fds.writeInt16LE(POLLIN, POLL_SIZE * at + 4);
  }
  const count = libc().poll(fds, descriptors.length, milliseconds);
  if (count < 0 && libc().errno() !== EINTR) checked('poll', count);
  return descriptors.map((_, at) => count > 0 && fds.readInt16LE(POLL_SIZE * at + 6) !== 0);
}

const CLOCK_REALTIME = 0;
const CLOCK_REALTIME_COARSE = 5;
const timespec = Buffer.alloc(16);

/** The host's time of day, as its kernel has it. */
export const timeOfDay = (): Timespec => clockTime(CLOCK_REALTIME);

/** The same at the last tick: what files are stamped with (current_time, fs/inode.c). */
export const timeOfTick = (): Timespec => clockTime(CLOCK_REALTIME_COARSE);

function clockTime(clock: number): Timespec {
  checked('clock_gettime', libc().clock_gettime(clock, timespec));
  return { sec: Number(timespec.readBigInt64LE(0)), nsec: Number(timespec.readBigInt64LE(8)) };
}

const SYS_pidfd_open = 434;
const SYS_pidfd_getfd = 438;

/** A descriptor for a process: it can be read from once the process has ended (pidfd_open(2)). */
export function pidfdOpen(pid: number): number {
  return checked(`pidfd_open of process ${pid}`, libc().syscall(SYS_pidfd_open, pid, 0, 0));
}

/** A copy of another process' descriptor (pidfd_getfd(2)). */
export function pidfdGetfd(pidfd: number, fd: number): number {
  return checked(`pidfd_getfd of descriptor ${fd}`, libc().syscall(SYS_pidfd_getfd, pidfd, fd, 0));
}

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;

/** Sends a descriptor through a socket (SCM_RIGHTS, unix(7)), with one byte of data. */
export function sendDescriptor(socket: number, fd: number): void {
  const c = libc();
  const data = Buffer.alloc(8);
  const iovec = Buffer.alloc(16);
  iovec.writeBigUInt64LE(c.address(data), 0);
  iovec.writeBigUInt64LE(1n, 8);
  const control = Buffer.alloc(24);
  control.writeBigUInt64LE(20n, 0);
  control.writeInt32LE(SOL_SOCKET, 8);
  control.writeInt32LE(SCM_RIGHTS, 12);
  control.writeInt32LE(fd, 16);
  const message = Buffer.alloc(56);
  message.writeBigUInt64LE(c.address(iovec), 16);
  message.writeBigUInt64LE(1n, 24);
  message.writeBigUInt64LE(c.address(control), 32);
  message.writeBigUInt64LE(24n, 40);
  checked('sendmsg', c.sendmsg(socket, message, 0));
}
