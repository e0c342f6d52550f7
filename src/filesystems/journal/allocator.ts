import { Bitmap } from './bitmap.ts';
import type { Layout } from './layout.ts';
import type { Participant, Transactions } from './transactions.ts';

/** Gives out blocks. What is freed is given out again only after the commit: until then the state before it may come back. */
export class Allocator implements Participant {
  readonly #transactions: Transactions;
  readonly #bitmap: Bitmap;
  readonly #freed = new Set<number>();
  readonly #usable = (block: number): boolean => !this.#freed.has(block);
  #next: number;
  /** Blocks for data, all together. */
  readonly total: number;
  /** Blocks of the bitmap: what freeing a file may change. */
  readonly bitmapBlocks: number;

  constructor(transactions: Transactions, layout: Layout) {
    this.#transactions = transactions;
    this.#bitmap = new Bitmap(transactions, layout.blockBitmap.start, layout.blocks);
    this.#next = layout.data;
    this.total = layout.blocks - layout.data;
    this.bitmapBlocks = layout.blockBitmap.length;
    transactions.join(this);
  }

  get free(): number {
    return this.#bitmap.free;
  }

  committed(): void {
    this.#freed.clear();
  }

  /** Whether there are `count` blocks to be had. May end the running transaction to get at what it freed. */
  ensure(count: number): boolean {
    if (this.#bitmap.free - this.#freed.size >= count) return true;
    if (this.#bitmap.free < count) return false;
    this.#transactions.commit();
    return true;
  }

  /** A block that `ensure` promised; it is free until `take`. */
  pick(): number {
    const block = this.#bitmap.find(this.#next, this.#usable);
    if (block === undefined) throw new Error('journal: a block was allocated that was not ensured');
    return block;
  }

  take(block: number): void {
    this.#bitmap.set(block);
    this.#next = block + 1;
  }

  allocate(): number {
    const block = this.pick();
    this.take(block);
    return block;
  }

  release(block: number): void {
    this.#bitmap.clear(block);
    this.#freed.add(block);
  }
}
