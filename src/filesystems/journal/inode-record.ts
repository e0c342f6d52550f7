import { crc32 } from 'node:zlib';
import type { Timespec } from '../../vfs/index.ts';
import { viewOf } from './block-disk.ts';
import { type MapRoot, ROOT_POINTERS } from './block-map.ts';
import { INODE_SIZE } from './layout.ts';

/** An inode as the disk keeps it. */
export interface InodeRecord {
  readonly generation: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly nlink: number;
  readonly rdev: number;
  readonly size: number;
  /** Blocks of data, preallocated ones included. */
  readonly blocks: number;
  /** Of a directory: the one above it. */
  readonly parent: number;
  /** The next inode on the list of those without a name, 0 at its end. */
  readonly nextOrphan: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
  readonly btime: Timespec;
  /** Where the extended attributes are, and how many bytes they take; 0 where there are none. */
  readonly xattrBlock: number;
  readonly xattrSize: number;
  readonly map: MapRoot;
}

const words = ['mode', 'uid', 'gid', 'nlink', 'rdev', 'generation', 'blocks', 'parent', 'nextOrphan'] as const;
const moreWords = ['xattrBlock', 'xattrSize'] as const;
const times = ['atime', 'mtime', 'ctime', 'btime'] as const;
const SIZE_AT = 4 * words.length;
const TIMES_AT = SIZE_AT + 8;
const XATTRS_AT = TIMES_AT + 12 * times.length;
const DEPTH_AT = XATTRS_AT + 4 * moreWords.length;
const POINTERS_AT = DEPTH_AT + 4;
const CHECKSUM_AT = INODE_SIZE - 4;

function put64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 2 ** 32, true);
  view.setInt32(at + 4, Math.floor(value / 2 ** 32), true);
}

const get64 = (view: DataView, at: number): number => view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);

/** Writes the record over the bytes of its slot. */
export function encodeInode(record: InodeRecord, slot: Uint8Array): void {
  const view = viewOf(slot);
  words.forEach((name, i) => {
    view.setUint32(4 * i, record[name], true);
  });
  put64(view, SIZE_AT, record.size);
  times.forEach((name, i) => {
    put64(view, TIMES_AT + 12 * i, record[name].sec);
    view.setUint32(TIMES_AT + 12 * i + 8, record[name].nsec, true);
  });
  moreWords.forEach((name, i) => {
    view.setUint32(XATTRS_AT + 4 * i, record[name], true);
  });
  view.setUint32(DEPTH_AT, record.map.depth, true);
  record.map.pointers.forEach((pointer, i) => {
    view.setUint32(POINTERS_AT + 4 * i, pointer, true);
  });
  view.setUint32(CHECKSUM_AT, crc32(slot.subarray(0, CHECKSUM_AT)), true);
}

/** The record in a slot; undefined where its checksum is wrong. */
export function decodeInode(slot: Uint8Array): InodeRecord | undefined {
  const view = viewOf(slot);
  if (view.getUint32(CHECKSUM_AT, true) !== crc32(slot.subarray(0, CHECKSUM_AT))) return undefined;
  const word = (at: number): number => view.getUint32(at, true);
  const [mode, uid, gid, nlink, rdev, generation, blocks, parent, nextOrphan] = words.map((_, i) => word(4 * i));
  const [atime, mtime, ctime, btime] = times.map((_, i) => ({
    sec: get64(view, TIMES_AT + 12 * i),
    nsec: word(TIMES_AT + 12 * i + 8),
  }));
  return {
    ...{ mode, uid, gid, nlink, rdev, generation, blocks, parent, nextOrphan },
    ...{ atime, mtime, ctime, btime },
    size: get64(view, SIZE_AT),
    xattrBlock: word(XATTRS_AT),
    xattrSize: word(XATTRS_AT + 4),
    map: {
      depth: word(DEPTH_AT),
      pointers: Uint32Array.from({ length: ROOT_POINTERS }, (_, i) => word(POINTERS_AT + 4 * i)),
    },
  };
}
