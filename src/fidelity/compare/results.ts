import { showResult } from '../../check/index.ts';
import type { SysResult, Timespec, U64 } from '../../vfs/index.ts';
import { digest } from './bytes.ts';
import { byName } from './listings.ts';
import type { Names } from './names.ts';

type Item = string | { readonly name: string; readonly ino: U64; readonly type: number; readonly offset: U64 };

const named = (item: Item): { readonly name: string } => (typeof item === 'string' ? { name: item } : item);
const byNameOrText = (a: Item, b: Item): number => byName(named(a), named(b));

/** What counts for two results of a script to be equal. Times of now are one time; inode numbers are numbered as they come up. */
export class Results {
  readonly #names: Names;
  readonly #isNow: (time: Timespec) => boolean;
  readonly #foreign: boolean;
  readonly #inodes = new Map<U64, number>();

  constructor(names: Names, isNow: (time: Timespec) => boolean, foreign = false) {
    this.#names = names;
    this.#isNow = isNow;
    this.#foreign = foreign;
  }

  show(result: SysResult): string {
    if (typeof result === 'number') return showResult(result);
    if (typeof result === 'string') return JSON.stringify(this.#names.plain(result));
    if (result instanceof Uint8Array) return digest(result);
    if (Array.isArray(result)) {
      const items: readonly Item[] = this.#foreign ? [...result].sort(byNameOrText) : result;
      return `[${items.map((item) => this.#item(item)).join(', ')}]`;
    }
    return Object.entries(result)
      .flatMap(([name, value]) => this.#field(name, value))
      .sort()
      .join(', ');
  }

  #item(item: Item): string {
    if (typeof item === 'string') return item;
    if (this.#foreign) return `${item.name} ${item.type}`;
    return `${item.name} ${item.type} ${this.#inode(item.ino)} ${item.offset}`;
  }

  #field(name: string, value: unknown): string[] {
    switch (name) {
      // A device of the host, of which the simulated kernel has none.
      case 'dev':
      // What is free depends on every script before.
      case 'bfree':
      case 'bavail':
      case 'ffree':
        return [];
      case 'ino':
        return this.#foreign ? [] : [`ino ${this.#inode(value as U64)}`];
      case 'mode':
        return [`mode 0${Number(value).toString(8)}`];
      case 'atime':
      case 'mtime':
      case 'ctime':
      case 'btime':
        return [`${name} ${this.#time(value as Timespec)}`];
      default:
        return [`${name} ${value}`];
    }
  }

  #time(time: Timespec): string {
    return this.#isNow(time) ? 'now' : `${time.sec}.${time.nsec}`;
  }

  #inode(ino: U64): number {
    if (ino === 1) return 1;
    const known = this.#inodes.get(ino);
    if (known !== undefined) return known;
    this.#inodes.set(ino, this.#inodes.size + 2);
    return this.#inodes.size + 1;
  }
}
