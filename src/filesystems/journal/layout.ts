import { crc32 } from 'node:zlib';
import { BLOCK_SIZE, type BlockDisk, viewOf } from './block-disk.ts';

/**
 * Where things are on the disk, in blocks, in this order: superblock, log header, log, block bitmap, inode bitmap, state
 * (head of the orphan list, next generation), inode table, data. All of it follows from four numbers of the superblock.
 */
export interface Layout {
  readonly blocks: number;
  /** Slots of the inode table; the first is of no inode. */
  readonly inodes: number;
  /** Sets this filesystem's log apart from what an earlier one left on the disk. */
  readonly id: number;
  readonly log: { readonly header: number; readonly start: number; readonly length: number };
  readonly blockBitmap: { readonly start: number; readonly length: number };
  readonly inodeBitmap: { readonly start: number; readonly length: number };
  readonly state: number;
  readonly inodeTable: { readonly start: number; readonly length: number };
  /** The first block that can be allocated. */
  readonly data: number;
}

export const INODE_SIZE = 256;
export const INODES_PER_BLOCK = BLOCK_SIZE / INODE_SIZE;
export const SUPERBLOCK = 0;

const MAGIC = new TextEncoder().encode('estalejn');
const VERSION = 1;
const CHECKSUM_AT = 60;
const BITS_PER_BLOCK = BLOCK_SIZE * 8;

/** Blocks of the smallest log: two transactions of one call each, whatever it changes (see MOST_CHANGED in tree.ts). */
export const LEAST_LOG_BLOCKS = 96;
/** A block pointer has 31 bits. */
const MOST_BLOCKS = 2 ** 31 - 1;

export function layoutOf(blocks: number, inodes: number, logLength: number, id: number): Layout {
  const logStart = 2;
  const blockBitmap = { start: logStart + logLength, length: Math.ceil(blocks / BITS_PER_BLOCK) };
  const inodeBitmap = { start: blockBitmap.start + blockBitmap.length, length: Math.ceil(inodes / BITS_PER_BLOCK) };
  const state = inodeBitmap.start + inodeBitmap.length;
  const inodeTable = { start: state + 1, length: Math.ceil(inodes / INODES_PER_BLOCK) };
  return {
    blocks,
    inodes,
    id,
    log: { header: 1, start: logStart, length: logLength },
    blockBitmap,
    inodeBitmap,
    state,
    inodeTable,
    data: inodeTable.start + inodeTable.length,
  };
}

export interface NewLayout {
  readonly inodes: number | undefined;
  /** Bytes of the log. */
  readonly journalSize: number | undefined;
  readonly id: number;
}

/** @throws where the disk is too small or too large */
export function newLayout(disk: BlockDisk, { inodes, journalSize, id }: NewLayout): Layout {
  const { blocks } = disk;
  const wanted = journalSize === undefined ? Math.min(Math.floor(blocks / 16), 1024) : journalSize / BLOCK_SIZE;
  // A transaction that frees a file may change every block of the bitmap.
  const least = LEAST_LOG_BLOCKS + 4 * Math.ceil(blocks / BITS_PER_BLOCK);
  const layout = layoutOf(
    blocks,
    1 + (inodes ?? Math.max(16, Math.floor(blocks / 4))),
    Math.max(least, Math.floor(wanted)),
    id,
  );
  if (blocks > MOST_BLOCKS || layout.data >= blocks || layout.inodes < 2)
    throw new Error(
      `journal: expected a disk of ${(layout.data + 1) * BLOCK_SIZE} to ${MOST_BLOCKS * BLOCK_SIZE} bytes for ${layout.inodes - 1} inodes (at least 1) and a log of ${layout.log.length} blocks, given ${blocks * BLOCK_SIZE} bytes`,
    );
  return layout;
}

export function encodeSuperblock({ blocks, inodes, log, id }: Layout): Uint8Array {
  const bytes = new Uint8Array(BLOCK_SIZE);
  const view = viewOf(bytes);
  bytes.set(MAGIC);
  [VERSION, BLOCK_SIZE, blocks, inodes, log.length, id].forEach((value, i) => {
    view.setUint32(8 + 4 * i, value, true);
  });
  view.setUint32(CHECKSUM_AT, crc32(bytes.subarray(0, CHECKSUM_AT)), true);
  return bytes;
}

/**
 * What the superblock says; undefined where its block is all zeros: a disk that was never formatted.
 *
 * @throws Error that names what is wrong with it
 */
export function decodeSuperblock(disk: BlockDisk): Layout | undefined {
  if (disk.blocks === 0) throw new Error(`journal: expected a disk of ${BLOCK_SIZE} bytes at least`);
  const bytes = disk.read(SUPERBLOCK);
  if (bytes.every((byte) => byte === 0)) return undefined;
  const refuse = (what: string, expected: unknown, given: unknown): never => {
    throw new Error(
      `journal: the disk holds something else: superblock: ${what}: expected ${expected}, found ${given}; zero its first ${BLOCK_SIZE} bytes to format it`,
    );
  };
  if (MAGIC.some((byte, i) => bytes[i] !== byte))
    refuse(
      'magic',
      [...MAGIC].map((byte) => byte.toString(16)).join(' '),
      Buffer.from(bytes.subarray(0, 8)).toString('hex'),
    );
  const view = viewOf(bytes);
  const checksum = crc32(bytes.subarray(0, CHECKSUM_AT));
  if (view.getUint32(CHECKSUM_AT, true) !== checksum) refuse('checksum', checksum, view.getUint32(CHECKSUM_AT, true));
  const [version, blockSize, blocks, inodes, logLength, id] = Array.from({ length: 6 }, (_, i) =>
    view.getUint32(8 + 4 * i, true),
  );
  if (version !== VERSION) refuse('version', VERSION, version);
  if (blockSize !== BLOCK_SIZE) refuse('block size', BLOCK_SIZE, blockSize);
  if (blocks > disk.blocks) refuse('blocks', `up to the ${disk.blocks} of the disk`, blocks);
  return layoutOf(blocks, inodes, logLength, id);
}
