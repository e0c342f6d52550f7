import type { Clock, Timers } from '../env/index.ts';
import type { Timespec } from '../vfs/index.ts';

/** Start of virtual time unless another is given: 2025-01-01T00:00:01Z. */
const START = 1_735_689_601_000;

interface Timer {
  readonly at: number;
  readonly label: string;
  readonly callback: () => void;
  /** The kernel's own: no promise can follow from it. */
  readonly quiet: boolean;
}

/** Virtual time: it stands still unless it is moved. */
export class VirtualClock implements Clock, Timers {
  /** Nanoseconds since the start. The first reading is not 0, which the caches take for "expired" (as Linux' jiffies). */
  nanoseconds = 1_000_000_000;
  /** What `nanoseconds` count from, seconds since 1970. */
  readonly #epoch: number;
  /** By how many nanoseconds the clock was set. */
  #jumped = 0;
  // Earliest last; of those at the same time the first made is the later in the array.
  readonly #timers: Timer[] = [];
  #made = 0;

  /** `start`: milliseconds since 1970. */
  constructor(start = START) {
    if (!(Number.isFinite(start) && start >= 0))
      throw new RangeError(`start of virtual time: expected milliseconds since 1970, from 0 on, given ${start}`);
    this.#epoch = Math.floor(start / 1000) - 1;
    this.nanoseconds += Math.round((start % 1000) * 1e6);
  }

  now(): Timespec {
    const nanoseconds = this.nanoseconds + this.#jumped;
    const seconds = Math.floor(nanoseconds / 1e9);
    return { sec: this.#epoch + seconds, nsec: nanoseconds - seconds * 1e9 };
  }

  /** Somebody sets the clock: the time of day moves by so many milliseconds, and monotonic time and timers do not notice. */
  jump(milliseconds: number): void {
    this.#jumped += Math.round(milliseconds * 1e6);
  }

  /** Milliseconds since 1970, as Date has them. */
  milliseconds(): number {
    return this.#epoch * 1000 + Math.floor((this.nanoseconds + this.#jumped) / 1e6);
  }

  monotonic(): number {
    return this.nanoseconds;
  }

  after(milliseconds: number, callback: () => void): () => void {
    return this.#add(milliseconds, callback, false);
  }

  /** The same for the simulated kernel itself. */
  afterQuietly(milliseconds: number, callback: () => void): () => void {
    return this.#add(milliseconds, callback, true);
  }

  #add(milliseconds: number, callback: () => void, quiet: boolean): () => void {
    const delay = milliseconds > 0 ? Math.round(milliseconds * 1e6) : 0;
    this.#made += 1;
    const timer: Timer = { at: this.nanoseconds + delay, label: `timer.${this.#made}`, callback, quiet };
    const timers = this.#timers;
    let i = timers.length;
    while (i > 0 && timers[i - 1].at <= timer.at) i -= 1;
    timers.splice(i, 0, timer);
    return () => {
      const found = timers.indexOf(timer);
      if (found >= 0) timers.splice(found, 1);
    };
  }

  advance(nanoseconds: number): void {
    this.nanoseconds += nanoseconds;
  }

  /** When the next timer is due, in `nanoseconds`; Infinity where there is none. */
  get nextTimer(): number {
    const { length } = this.#timers;
    return length === 0 ? Number.POSITIVE_INFINITY : this.#timers[length - 1].at;
  }

  /** Takes out the next timer if its time has come. */
  takeDue(): Timer | undefined {
    return this.nextTimer <= this.nanoseconds ? this.#timers.pop() : undefined;
  }
}
