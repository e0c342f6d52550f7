import type { Clock } from '../../env/index.ts';
import type { Timespec } from '../../vfs/index.ts';

/** A clock that somebody sets: the time of day moves, monotonic time does not. */
export class FaultyClock implements Clock {
  readonly #clock: Clock;
  #jumped = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Moves the time of day by so many milliseconds. */
  jump(milliseconds: number): void {
    this.#jumped += Math.round(milliseconds * 1e6);
  }

  now(): Timespec {
    const { sec, nsec } = this.#clock.now();
    if (this.#jumped === 0) return { sec, nsec };
    const nanoseconds = nsec + this.#jumped;
    const seconds = Math.floor(nanoseconds / 1e9);
    return { sec: sec + seconds, nsec: nanoseconds - seconds * 1e9 };
  }

  monotonic(): number {
    return this.#clock.monotonic();
  }
}
