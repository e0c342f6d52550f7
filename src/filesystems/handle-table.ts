import type { Handle } from '../vfs/index.ts';

/** What is open, by handle. Handles start at 1 and come back soon after they are closed. */
export class HandleTable<T> {
  readonly #slots: (T | undefined)[] = [undefined];
  readonly #closed: Handle[] = [];

  open(value: T): Handle {
    const fh = this.#closed.pop() ?? this.#slots.length;
    this.#slots[fh] = value;
    return fh;
  }

  get(fh: Handle): T | undefined {
    return this.#slots[fh];
  }

  /** What was open, undefined where the handle was not. */
  close(fh: Handle): T | undefined {
    const value = this.#slots[fh];
    if (value === undefined) return undefined;
    this.#slots[fh] = undefined;
    this.#closed.push(fh);
    return value;
  }

  /** Everything that is open. */
  *values(): Generator<T> {
    for (const value of this.#slots) if (value !== undefined) yield value;
  }

  clear(): void {
    this.#slots.length = 1;
    this.#closed.length = 0;
  }
}
