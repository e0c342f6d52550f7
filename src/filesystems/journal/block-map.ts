import type { Allocator } from './allocator.ts';
import { MAP_FAN_OUT, viewOf } from './block-disk.ts';
import type { Transactions } from './transactions.ts';

/** Of a pointer: the block takes space but was not written, and reads as zeros. */
export const UNWRITTEN = 0x80000000;
/** The block of a pointer. */
export const blockOf = (pointer: number): number => pointer % UNWRITTEN;
export const isWritten = (pointer: number): boolean => pointer !== 0 && pointer < UNWRITTEN;

/** Pointers in an inode. */
export const ROOT_POINTERS = 16;

/** The root of a map, as an inode keeps it. */
export interface MapRoot {
  /** Levels of map blocks between the inode and the data. */
  depth: number;
  readonly pointers: Uint32Array;
}

/** Reads a map block. */
export type ReadBlock = (block: number) => Uint8Array;

/** Called with each block of a map: its pointer, and its index or, for a block of the map itself, undefined. */
export type Visit = (pointer: number, index: number | undefined) => void;

const pointersOf = (bytes: Uint8Array): Uint32Array => new Uint32Array(bytes.buffer, bytes.byteOffset, MAP_FAN_OUT);

/** Visits every block of a map. */
export function walkMap(root: MapRoot, read: ReadBlock, visit: Visit): void {
  const walk = (pointers: Uint32Array, level: number, first: number): void => {
    const span = MAP_FAN_OUT ** level;
    pointers.forEach((pointer, i) => {
      if (pointer === 0) return;
      visit(pointer, level === 0 ? first + i : undefined);
      if (level > 0) walk(pointersOf(read(pointer)), level - 1, first + i * span);
    });
  };
  walk(root.pointers, root.depth, 0);
}

/**
 * Which block of the disk holds which block of a file: a tree of pointers, whose depth grows with the file. A pointer of 0 is
 * a hole, however much of the file it stands for.
 */
export class BlockMap {
  readonly #transactions: Transactions;
  readonly #allocator: Allocator;
  readonly root: MapRoot;

  constructor(transactions: Transactions, allocator: Allocator, root: MapRoot) {
    this.#transactions = transactions;
    this.#allocator = allocator;
    this.root = root;
  }

  /** The pointer at an index, 0 for a hole. */
  get(index: number): number {
    let span = MAP_FAN_OUT ** this.root.depth;
    if (index >= ROOT_POINTERS * span) return 0;
    let pointer = this.root.pointers[Math.floor(index / span)];
    for (let rest = index % span; span > 1 && pointer !== 0; rest %= span) {
      span /= MAP_FAN_OUT;
      pointer = viewOf(this.#transactions.read(pointer)).getUint32(4 * Math.floor(rest / span), true);
    }
    return pointer;
  }

  /** How many map blocks it takes to set the pointer at an index. */
  cost(index: number): number {
    const { depth } = this.root;
    let needed = depth;
    while (index >= ROOT_POINTERS * MAP_FAN_OUT ** needed) needed += 1;
    if (needed > depth) {
      // Only what is at the start of the file passes through the blocks by which the map grows.
      if (this.#isEmpty()) return needed;
      return needed - depth + (index < MAP_FAN_OUT ** needed ? needed - 1 : needed);
    }
    let cost = 0;
    let span = MAP_FAN_OUT ** depth;
    let pointer = this.root.pointers[Math.floor(index / span)];
    for (let rest = index % span; span > 1; rest %= span) {
      if (pointer === 0) cost += 1;
      span /= MAP_FAN_OUT;
      if (pointer !== 0)
        pointer = viewOf(this.#transactions.read(pointer)).getUint32(4 * Math.floor(rest / span), true);
    }
    return cost;
  }

  /** Sets the pointer at an index; the map blocks that it takes must be ensured. */
  set(index: number, pointer: number): void {
    this.#growTo(index);
    const { root } = this;
    let span = MAP_FAN_OUT ** root.depth;
    let slot = Math.floor(index / span);
    if (span === 1) {
      root.pointers[slot] = pointer;
      return;
    }
    if (root.pointers[slot] === 0) root.pointers[slot] = this.#newNode();
    let node = root.pointers[slot];
    for (let rest = index % span; ; rest %= span) {
      span /= MAP_FAN_OUT;
      slot = Math.floor(rest / span);
      if (span === 1) break;
      let below = pointersOf(this.#transactions.read(node))[slot];
      if (below === 0) {
        below = this.#newNode();
        pointersOf(this.#transactions.change(node))[slot] = below;
      }
      node = below;
    }
    pointersOf(this.#transactions.change(node))[slot] = pointer;
  }

  /** Takes out the blocks from `first` to before `behind`, and map blocks that are empty then; answers how many of the former. */
  clear(first: number, behind: number): number {
    let cleared = 0;
    const clearIn = (pointers: Uint32Array, level: number, start: number): void => {
      const span = MAP_FAN_OUT ** level;
      const last = Math.min(pointers.length, Math.ceil((behind - start) / span));
      for (let slot = Math.max(0, Math.floor((first - start) / span)); slot < last; slot++) {
        const pointer = pointers[slot];
        if (pointer === 0) continue;
        if (level === 0) {
          this.#allocator.release(blockOf(pointer));
          cleared += 1;
        } else {
          const below = pointersOf(this.#transactions.change(pointer));
          clearIn(below, level - 1, start + slot * span);
          if (below.some((left) => left !== 0)) continue;
          this.#transactions.revoke(pointer);
          this.#allocator.release(pointer);
        }
        pointers[slot] = 0;
      }
    };
    clearIn(this.root.pointers, this.root.depth, 0);
    if (this.#isEmpty()) this.root.depth = 0;
    return cleared;
  }

  /** The first index from `index` on whose block is `accepted`, Infinity where there is none. Holes are passed over. */
  next(index: number, accepted: (pointer: number) => boolean): number {
    const search = (pointers: Uint32Array, level: number, start: number): number => {
      const span = MAP_FAN_OUT ** level;
      for (let slot = Math.max(0, Math.floor((index - start) / span)); slot < pointers.length; slot++) {
        const pointer = pointers[slot];
        if (pointer === 0) continue;
        if (level === 0) {
          if (accepted(pointer)) return start + slot;
          continue;
        }
        const found = search(pointersOf(this.#transactions.read(pointer)), level - 1, start + slot * span);
        if (found < Number.POSITIVE_INFINITY) return found;
      }
      return Number.POSITIVE_INFINITY;
    };
    return search(this.root.pointers, this.root.depth, 0);
  }

  #isEmpty(): boolean {
    return this.root.pointers.every((pointer) => pointer === 0);
  }

  /** What the root pointed at is then below its first pointer. */
  #growTo(index: number): void {
    const { root } = this;
    for (; index >= ROOT_POINTERS * MAP_FAN_OUT ** root.depth; root.depth += 1) {
      if (this.#isEmpty()) continue;
      const node = this.#newNode();
      pointersOf(this.#transactions.change(node)).set(root.pointers);
      root.pointers.fill(0);
      root.pointers[0] = node;
    }
  }

  #newNode(): number {
    const block = this.#allocator.allocate();
    this.#transactions.create(block);
    return block;
  }
}
