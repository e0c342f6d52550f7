import type { Allocator } from './allocator.ts';
import { BLOCK_SIZE, viewOf } from './block-disk.ts';
import type { Transactions } from './transactions.ts';

/**
 * Bytes that are written once, to blocks that were free, and never changed: targets of symbolic links, and all extended
 * attributes of an inode together. As nothing points at them before the commit they need not go through the log. More than a
 * block of them is found through a block of pointers.
 */
export const blobBlocks = (size: number): number => Math.ceil(size / BLOCK_SIZE);

/** Blocks that a blob takes, that of the pointers included. */
export const blobCost = (size: number): number => blobBlocks(size) + (size > BLOCK_SIZE ? 1 : 0);

/** Writes a blob; what it takes must be ensured. Answers the block by which it is found. */
export function writeBlob(transactions: Transactions, allocator: Allocator, content: Uint8Array): number {
  const blocks = Array.from({ length: blobBlocks(content.length) }, () => allocator.allocate());
  blocks.forEach((block, i) => {
    const bytes = new Uint8Array(BLOCK_SIZE);
    bytes.set(content.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE));
    transactions.writeData(block, bytes);
  });
  if (blocks.length === 1) return blocks[0];
  const pointers = new Uint8Array(BLOCK_SIZE);
  const view = viewOf(pointers);
  blocks.forEach((block, i) => {
    view.setUint32(4 * i, block, true);
  });
  const root = allocator.allocate();
  transactions.writeData(root, pointers);
  return root;
}

/** The blocks of a blob, that of the pointers first where there is one; its content is in the last `blobBlocks(size)`. */
export function blocksOfBlob(read: (block: number) => Uint8Array, root: number, size: number): readonly number[] {
  if (size <= BLOCK_SIZE) return [root];
  const view = viewOf(read(root));
  return [root, ...Array.from({ length: blobBlocks(size) }, (_, i) => view.getUint32(4 * i, true))];
}

export function readBlob(read: (block: number) => Uint8Array, root: number, size: number): Uint8Array {
  const content = new Uint8Array(size);
  const blocks = blocksOfBlob(read, root, size).slice(-blobBlocks(size));
  blocks.forEach((block, i) => {
    const at = i * BLOCK_SIZE;
    content.set(read(block).subarray(0, Math.min(BLOCK_SIZE, size - at)), at);
  });
  return content;
}
