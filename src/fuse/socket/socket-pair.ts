import { closeSync } from 'node:fs';
import { checked, libc } from './libc.ts';

const AF_UNIX = 1;
/** Keeps the borders of messages, as /dev/fuse does. */
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_SNDBUF = 7;
const SO_RCVTIMEO = 20;
const SO_SNDTIMEO = 21;
const SO_SNDBUFFORCE = 32;

/** Bytes under way at once; the largest message is a WRITE, or the reply to a READ, of 1 MiB. */
const WISHED_BUFFER = 4 << 20;
/** What the kernel counts for a message beside its bytes. */
const OVERHEAD = 32;

/** A pair of connected sockets. Both are closed by whoever made them. */
export interface SocketPair {
  /** Reads and writes give up with EAGAIN after `SLICE` milliseconds. */
  readonly ours: number;
  readonly theirs: number;
  /** Bytes of the largest message that either end can send. */
  readonly largestMessage: number;
}

/** How long a read or a write of our end waits, milliseconds. */
export const SLICE = 50;

/** @throws an Error that says what to do where koffi cannot be loaded */
export function socketPair(): SocketPair {
  const ends = Buffer.alloc(8);
  checked('socketpair', libc().socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  const [ours, theirs] = [ends.readInt32LE(0), ends.readInt32LE(4)];
  try {
    const buffers = [ours, theirs].map(enlarge);
    for (const option of [SO_RCVTIMEO, SO_SNDTIMEO]) setSlice(ours, option);
    return { ours, theirs, largestMessage: Math.min(...buffers) - OVERHEAD };
  } catch (error) {
    closeSync(ours);
    closeSync(theirs);
    throw error;
  }
}

/** Makes room for messages; without root no more than net.core.wmem_max. Gives the bytes that there are. */
function enlarge(fd: number): number {
  const c = libc();
  const value = Buffer.alloc(4);
  value.writeInt32LE(WISHED_BUFFER, 0);
  if (c.setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, value, 4) < 0)
    checked('setsockopt SO_SNDBUF', c.setsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, 4));
  const size = Buffer.alloc(4);
  size.writeInt32LE(4, 0);
  checked('getsockopt SO_SNDBUF', c.getsockopt(fd, SOL_SOCKET, SO_SNDBUF, value, size));
  return value.readInt32LE(0);
}

function setSlice(fd: number, option: number): void {
  const timeval = Buffer.alloc(16);
  timeval.writeBigInt64LE(BigInt(Math.floor(SLICE / 1000)), 0);
  timeval.writeBigInt64LE(BigInt((SLICE % 1000) * 1000), 8);
  checked('setsockopt', libc().setsockopt(fd, SOL_SOCKET, option, timeval, 16));
}
