import { BLOCK_SIZE } from './block-disk.ts';
import type { Transactions } from './transactions.ts';

const BITS = BLOCK_SIZE * 8;

/** A bitmap in blocks of metadata: a bit is set where the thing of that number is taken. */
export class Bitmap {
  readonly #transactions: Transactions;
  readonly #start: number;
  readonly #size: number;
  /** How many bits are clear. */
  free: number;

  constructor(transactions: Transactions, start: number, size: number) {
    this.#transactions = transactions;
    this.#start = start;
    this.#size = size;
    this.free = size - this.#count();
  }

  has(number: number): boolean {
    const bytes = this.#transactions.read(this.#block(number));
    return (bytes[(number % BITS) >>> 3] & (1 << (number & 7))) !== 0;
  }

  set(number: number): void {
    this.#transactions.change(this.#block(number))[(number % BITS) >>> 3] |= 1 << (number & 7);
    this.free -= 1;
  }

  clear(number: number): void {
    this.#transactions.change(this.#block(number))[(number % BITS) >>> 3] &= ~(1 << (number & 7));
    this.free += 1;
  }

  /** The first clear bit from `from` on that `usable` allows, from the start again at the end; undefined where none is. */
  find(from: number, usable: (number: number) => boolean): number | undefined {
    return this.#findIn(from, this.#size, usable) ?? this.#findIn(0, from, usable);
  }

  #findIn(from: number, end: number, usable: (number: number) => boolean): number | undefined {
    for (let number = from; number < end; ) {
      const bytes = this.#transactions.read(this.#block(number));
      const byte = bytes[(number % BITS) >>> 3];
      if (byte === 0xff) number = (number & ~7) + 8;
      else if ((byte & (1 << (number & 7))) === 0 && usable(number)) return number;
      else number += 1;
    }
    return undefined;
  }

  #block(number: number): number {
    return this.#start + Math.floor(number / BITS);
  }

  #count(): number {
    let count = 0;
    for (let first = 0; first < this.#size; first += BITS) {
      const bytes = this.#transactions.read(this.#block(first));
      const words = new Uint32Array(bytes.buffer, bytes.byteOffset, BLOCK_SIZE / 4);
      for (const word of words) if (word !== 0) count += ones(word);
    }
    return count;
  }
}

function ones(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count += 1;
  return count;
}
