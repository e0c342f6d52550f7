import type { Random } from 'fast-check';

/** Draws from fast-check's random generator, in the few forms that the generator of programs needs. */
export class Draw {
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** 0 to `limit` - 1. */
  below(limit: number): number {
    return this.#random.nextInt(0, limit - 1);
  }

  /** True in `percent` of 100 cases. */
  chance(percent: number): boolean {
    return this.#random.nextInt(0, 99) < percent;
  }

  of<T>(items: readonly T[]): T {
    return items[this.#random.nextInt(0, items.length - 1)];
  }
}

/** Items by weight, drawn in constant time. */
export function weighted<T>(items: readonly (readonly [weight: number, item: T])[]): readonly T[] {
  const table: T[] = [];
  for (const [weight, item] of items) for (let i = 0; i < weight; i++) table.push(item);
  return table;
}
