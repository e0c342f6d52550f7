// C structures of 64-bit Linux (include/uapi/linux/stat.h, dirent64 of getdents(2), fcntl(2), statfs(2), readv(2)).
import type {
  DirectoryEntry,
  FileSystemStatistics,
  LockAnswer,
  LockType,
  Stat,
  TimeArgument,
  Timespec,
  U64,
} from '../../vfs/index.ts';
import { nameFromBytes } from '../../vfs/index.ts';
import { addressOf } from './libc.ts';

const u64 = (buffer: Buffer, offset: number): U64 => {
  const value = buffer.readBigUInt64LE(offset);
  return value > Number.MAX_SAFE_INTEGER ? value : Number(value);
};
const long = (buffer: Buffer, offset: number): number => Number(buffer.readBigInt64LE(offset));

export const STATX_SIZE = 256;
const STATX_BTIME = 0x800;

const statxTime = (buffer: Buffer, offset: number): Timespec => ({
  sec: long(buffer, offset),
  nsec: buffer.readUInt32LE(offset + 8),
});

/** Linux' 32-bit device number (new_encode_dev, include/linux/kdev_t.h). */
const device = (major: number, minor: number): number =>
  ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;

export function readStatx(buffer: Buffer): Stat {
  const stat = {
    dev: device(buffer.readUInt32LE(136), buffer.readUInt32LE(140)),
    ino: u64(buffer, 32),
    mode: buffer.readUInt16LE(28),
    nlink: buffer.readUInt32LE(16),
    uid: buffer.readUInt32LE(20),
    gid: buffer.readUInt32LE(24),
    rdev: device(buffer.readUInt32LE(128), buffer.readUInt32LE(132)),
    size: Number(buffer.readBigUInt64LE(40)),
    blocks: Number(buffer.readBigUInt64LE(48)),
    blksize: buffer.readUInt32LE(4),
    atime: statxTime(buffer, 64),
    mtime: statxTime(buffer, 112),
    ctime: statxTime(buffer, 96),
  };
  return buffer.readUInt32LE(0) & STATX_BTIME ? { ...stat, btime: statxTime(buffer, 80) } : stat;
}

export const STATFS_SIZE = 120;

export function readStatfs(buffer: Buffer): FileSystemStatistics {
  const [bsize, blocks, bfree, bavail, files, ffree] = [8, 16, 24, 32, 40, 48].map((at) => long(buffer, at));
  return { bsize, blocks, bfree, bavail, files, ffree, namelen: long(buffer, 64), frsize: long(buffer, 72) };
}

/** ST_* flags of a mount (statfs(2)). */
export const statfsFlags = (buffer: Buffer): number => long(buffer, 80);

/** Entries of a getdents64 buffer; `name` is cut out of it, its end not included. */
export function* dirents(buffer: Buffer): Generator<{ at: number; name: Buffer; type: number }> {
  for (let at = 0; at < buffer.length; at += buffer.readUInt16LE(at + 16)) {
    const start = at + 19;
    yield { at, name: buffer.subarray(start, buffer.indexOf(0, start)), type: buffer[at + 18] };
  }
}

export function readDirents(buffer: Buffer): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  for (const { at, name, type } of dirents(buffer))
    entries.push({ name: nameFromBytes(name), type, ino: u64(buffer, at), offset: u64(buffer, at + 8) });
  return entries;
}

const lockTypes = { read: 0, write: 1, unlock: 2 } as const satisfies Record<LockType, number>;

/** struct flock. */
export function lockRequest(type: LockType, whence: number, start: number, size: number): Buffer {
  const buffer = Buffer.alloc(32);
  buffer.writeInt16LE(lockTypes[type], 0);
  buffer.writeInt16LE(whence, 2);
  buffer.writeBigInt64LE(int64(start), 8);
  buffer.writeBigInt64LE(int64(size), 16);
  return buffer;
}

export function readLock(buffer: Buffer): LockAnswer {
  const type = (['read', 'write', 'unlock'] as const)[buffer.readInt16LE(0)] ?? 'unlock';
  return { type, start: long(buffer, 8), length: long(buffer, 16), pid: buffer.readInt32LE(24) };
}

const UTIME_NOW = 0x3fffffff;
const UTIME_OMIT = 0x3ffffffe;

/** struct timespec[2] for utimensat(2). */
export function timesRequest(atime: TimeArgument, mtime: TimeArgument): Buffer {
  const buffer = Buffer.alloc(32);
  [atime, mtime].forEach((time, i) => {
    buffer.writeBigInt64LE(BigInt(typeof time === 'string' ? 0 : time.sec), i * 16);
    const nsec = time === 'now' ? UTIME_NOW : time === 'omit' ? UTIME_OMIT : time.nsec;
    buffer.writeBigInt64LE(BigInt(nsec), i * 16 + 8);
  });
  return buffer;
}

export function readTimespec(buffer: Buffer): Timespec {
  return { sec: long(buffer, 0), nsec: long(buffer, 8) };
}

/** struct iovec[]; the buffers must stay reachable while it is used. */
export function iovec(buffers: readonly Uint8Array[]): Buffer {
  const vector = Buffer.alloc(Math.max(16, buffers.length * 16));
  buffers.forEach((buffer, i) => {
    vector.writeBigUInt64LE(addressOf(buffer), i * 16);
    vector.writeBigUInt64LE(BigInt(buffer.length), i * 16 + 8);
  });
  return vector;
}

/** An integer as off_t: what a number cannot hold exactly is brought into its range. */
export function int64(value: number | bigint): bigint {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value);
  if (value >= 2 ** 63) return 2n ** 63n - 1n;
  return value <= -(2 ** 63) ? -(2n ** 63n) : BigInt(Math.trunc(value));
}
