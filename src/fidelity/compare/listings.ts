import type { U64 } from '../../vfs/index.ts';

/** Places in listings whose order and offsets are not the filesystem's own: they count the entries before them. */
export class Listings {
  readonly #counts = new Map<string, number>();

  /** Some entries of a directory were listed from an offset on. */
  listed(directory: string, from: U64, offsets: readonly U64[]): void {
    const before = Number(this.count(directory, from));
    for (const [i, offset] of offsets.entries()) this.#counts.set(`${directory} ${offset}`, before + i + 1);
  }

  /** How many entries come before an offset; the offset itself where none was listed there. */
  count(directory: string, offset: U64): U64 {
    return this.#counts.get(`${directory} ${offset}`) ?? offset;
  }
}

export const byName = (a: { readonly name: string }, b: { readonly name: string }): number =>
  a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
