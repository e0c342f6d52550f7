import type { Random } from 'fast-check';

/** Limits up to here are drawn from half of what the random generator gives at once. */
const SMALL = 1 << 12;

/**
 * Draws from fast-check's random generator, in the few forms that the generator of programs needs. It is called a dozen
 * times for each system call: hence no rejection, at the price of a bias of at most 1 in 16.
 */
export class Draw {
  readonly #random: Random;
  #spare = 0;
  #hasSpare = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    if (limit > SMALL) return this.#random.nextInt(0, limit - 1);
    if (this.#hasSpare) {
      this.#hasSpare = false;
      return (this.#spare * limit) >>> 16;
    }
    const bits = this.#random.nextInt();
    this.#spare = bits & 0xffff;
    this.#hasSpare = true;
    return ((bits >>> 16) * limit) >>> 16;
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }
}

/** Items by weight, drawn in constant time. */
export function weighted<T>(items: readonly (readonly [weight: number, item: T])[]): readonly T[] {
  const table: T[] = [];
  for (const [weight, item] of items) for (let i = 0; i < weight; i++) table.push(item);
  return table;
}
