import type { Random } from '../env/index.ts';
import { sequenceNumber } from './hash.ts';

/** A seeded sequence of numbers; not for secrets. */
export class SeededRandom implements Random {
  readonly #seed: number;
  #counter = 0;

  constructor(seed: number) {
    this.#seed = seed | 0;
  }

  uint32(): number {
    this.#counter = (this.#counter + 1) | 0;
    return sequenceNumber(this.#seed, this.#counter);
  }

  /** A number from 0 up to but not including 1, as Math.random gives it. */
  fraction(): number {
    return (this.uint32() * 0x200000 + (this.uint32() >>> 11)) / 2 ** 53;
  }
}
