import type { ReorderFault } from '../plan/faults.ts';

/** Milliseconds after which what waits to be overtaken goes on. */
const LONGEST = 1000;

interface Held {
  readonly pid: number | undefined;
  readonly across: boolean;
  left: number;
  readonly release: () => void;
}

/** Messages of one direction that wait to be overtaken. */
export class Reordering {
  readonly #held = new Set<Held>();
  readonly #after: (ms: number, callback: () => void) => () => void;

  constructor(after: (ms: number, callback: () => void) => () => void) {
    this.#after = after;
  }

  /** Keeps a message until enough others have passed, or its time is over; then `release` is called, once. */
  hold(fault: ReorderFault, pid: number | undefined, release: () => void): void {
    const held: Held = {
      pid,
      across: fault.across === 'others',
      left: fault.window,
      release: () => {
        if (!this.#held.delete(held)) return;
        cancel();
        release();
      },
    };
    const cancel = this.#after(fault.ms ?? LONGEST, held.release);
    this.#held.add(held);
  }

  /** A message of a process has passed. */
  passed(pid: number | undefined): void {
    for (const held of [...this.#held]) {
      if (held.across && held.pid === pid) continue;
      held.left -= 1;
      if (held.left <= 0) held.release();
    }
  }
}
