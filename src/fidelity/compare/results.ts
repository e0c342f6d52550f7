import { showResult } from '../../check/index.ts';
import type { SysResult, Timespec, U64 } from '../../vfs/index.ts';
import { digest } from './bytes.ts';
import type { Names } from './names.ts';

/** What counts for two results of a script to be equal. Times of now are one time; inode numbers are numbered as they come up. */
export class Results {
  readonly #names: Names;
  readonly #isNow: (time: Timespec) => boolean;
  readonly #inodes = new Map<U64, number>();

  constructor(names: Names, isNow: (time: Timespec) => boolean) {
    this.#names = names;
    this.#isNow = isNow;
  }

  show(result: SysResult): string {
    if (typeof result === 'number') return showResult(result);
    if (typeof result === 'string') return JSON.stringify(this.#names.plain(result));
    if (result instanceof Uint8Array) return digest(result);
    if (Array.isArray(result)) return `[${result.map((item) => this.#item(item)).join(', ')}]`;
    return Object.entries(result)
      .flatMap(([name, value]) => this.#field(name, value))
      .sort()
      .join(', ');
  }

  #item(
    item: string | { readonly name: string; readonly ino: U64; readonly type: number; readonly offset: U64 },
  ): string {
    if (typeof item === 'string') return item;
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
        return [`ino ${this.#inode(value as U64)}`];
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
