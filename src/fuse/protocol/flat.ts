import type { Attributes, U64 } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { IN_HEADER_SIZE } from './constants.ts';
import { readS64, readU64, writeU64 } from './u64.ts';

/**
 * The layouts that nearly every message has, written by hand: headers, attributes and entries, without an object in
 * between. A test holds them equal to the table's codec.
 */

/** Writes the header of a request of `length` bytes; there are no extensions. */
export function writeInHeader(
  message: Message,
  length: number,
  opcode: number,
  unique: U64,
  nodeid: U64,
  uid: number,
  gid: number,
  pid: number,
): void {
  const { words } = message;
  words[0] = length;
  words[1] = opcode;
  writeU64(words, 2, unique);
  writeU64(words, 4, nodeid);
  words[6] = uid;
  words[7] = gid;
  words[8] = pid;
  words[9] = 0;
}

/** Writes the header of a reply of `length` bytes; `error` is 0 or a positive errno number. */
export function writeOutHeader(message: Message, length: number, error: number, unique: U64): void {
  const { words } = message;
  words[0] = length;
  words[1] = -error;
  writeU64(words, 2, unique);
}

export const requestOpcode = (message: Message): number => message.words[1];

/** Writes attributes as struct fuse_attr at byte `at`, which is a multiple of 4. */
export function writeAttributes(message: Message, at: number, attributes: Attributes): void {
  const { words } = message;
  const i = at >>> 2;
  const { atime, mtime, ctime } = attributes;
  writeU64(words, i, attributes.ino);
  writeU64(words, i + 2, attributes.size);
  writeU64(words, i + 4, attributes.blocks);
  writeU64(words, i + 6, atime.sec);
  writeU64(words, i + 8, mtime.sec);
  writeU64(words, i + 10, ctime.sec);
  words[i + 12] = atime.nsec;
  words[i + 13] = mtime.nsec;
  words[i + 14] = ctime.nsec;
  words[i + 15] = attributes.mode;
  words[i + 16] = attributes.nlink;
  words[i + 17] = attributes.uid;
  words[i + 18] = attributes.gid;
  words[i + 19] = attributes.rdev;
  words[i + 20] = attributes.blksize;
  words[i + 21] = 0;
}

/** Attributes from the struct fuse_attr at byte `at`. Sizes, blocks and seconds beyond 2^53 - 1 are rounded. */
export function readAttributes(message: Message, at: number): Attributes {
  const { words } = message;
  const i = at >>> 2;
  return {
    ino: readU64(words, i),
    size: Number(readU64(words, i + 2)),
    blocks: Number(readU64(words, i + 4)),
    atime: { sec: Number(readS64(words, i + 6)), nsec: words[i + 12] },
    mtime: { sec: Number(readS64(words, i + 8)), nsec: words[i + 13] },
    ctime: { sec: Number(readS64(words, i + 10)), nsec: words[i + 14] },
    mode: words[i + 15],
    nlink: words[i + 16],
    uid: words[i + 17],
    gid: words[i + 18],
    rdev: words[i + 19],
    blksize: words[i + 20],
  };
}

/** Writes a timeout in seconds as whole seconds at word `i` and nanoseconds at word `nsec`. Infinity is the longest there is. */
export function writeTimeout(words: Uint32Array, i: number, nsec: number, seconds: number): void {
  if (seconds === 0) {
    words[i] = 0;
    words[i + 1] = 0;
    words[nsec] = 0;
  } else if (seconds >= Number.MAX_SAFE_INTEGER) {
    words[i] = 0xffffffff;
    words[i + 1] = 0x1fffff;
    words[nsec] = 0;
  } else {
    const whole = Math.floor(seconds);
    writeU64(words, i, whole);
    words[nsec] = Math.min(999_999_999, Math.round((seconds - whole) * 1e9));
  }
}

/** Writes struct fuse_attr_out at byte `at`; the timeout is in seconds. */
export function writeAttrOut(message: Message, at: number, attributes: Attributes, attributeTimeout: number): void {
  const { words } = message;
  const i = at >>> 2;
  writeTimeout(words, i, i + 2, attributeTimeout);
  words[i + 3] = 0;
  writeAttributes(message, at + 16, attributes);
}

/** Writes struct fuse_entry_out at byte `at`; timeouts are in seconds. */
export function writeEntryOut(
  message: Message,
  at: number,
  nodeid: number,
  generation: U64,
  attributes: Attributes,
  entryTimeout: number,
  attributeTimeout: number,
): void {
  const { words } = message;
  const i = at >>> 2;
  writeU64(words, i, nodeid);
  writeU64(words, i + 2, generation);
  writeTimeout(words, i + 4, i + 8, entryTimeout);
  writeTimeout(words, i + 6, i + 9, attributeTimeout);
  writeAttributes(message, at + 40, attributes);
}

/** Writes the GETATTR request of a node, of an open file where `fh` is given; returns its length. */
export function writeGetattr(
  message: Message,
  unique: U64,
  nodeid: U64,
  fh: U64 | undefined,
  uid: number,
  gid: number,
  pid: number,
): number {
  const { words } = message;
  writeInHeader(message, IN_HEADER_SIZE + 16, 3, unique, nodeid, uid, gid, pid);
  words[10] = fh === undefined ? 0 : 1;
  words[11] = 0;
  writeU64(words, 12, fh ?? 0);
  return IN_HEADER_SIZE + 16;
}
