import type { Timespec } from '../vfs/index.ts';

const difference = (a: Timespec, b: Timespec): number => (a.sec - b.sec) * 1e9 + (a.nsec - b.nsec);

const epoch: Timespec = { sec: 0, nsec: 0 };

/**
 * What is known of one time of an inode: that it lies in [low - slack, high + slackAfter], or nothing. Once it was seen
 * it is exact, until a call updates it.
 */
export class Stamp {
  #low: Timespec = epoch;
  #high: Timespec = epoch;
  #slack = 0;
  #slackAfter = 0;
  #open = true;
  /** The call that updated it last. */
  cause = '';

  /** The time was set to that of a call between `before` and `after`. */
  touch(before: Timespec, after: Timespec, slack: number, cause: string): void {
    this.#low = before;
    this.#high = after;
    this.#slack = slack;
    this.#slackAfter = 0;
    this.#open = false;
    this.cause = cause;
  }

  /** It was set as `touch` says, or it was left. */
  mayTouch(before: Timespec, after: Timespec, slack: number, cause: string): void {
    this.cause = cause;
    if (this.#open) return;
    if (difference(before, this.#low) - slack < -this.#slack) {
      this.#low = before;
      this.#slack = slack;
    }
    if (difference(after, this.#high) > this.#slackAfter) {
      this.#high = after;
      this.#slackAfter = 0;
    }
  }

  /** The time was set to a value, which the filesystem keeps to `granularity` nanoseconds. */
  set(time: Timespec, granularity: number, cause: string): void {
    this.#low = time;
    this.#high = time;
    this.#slack = granularity - 1;
    this.#slackAfter = granularity - 1;
    this.#open = false;
    this.cause = cause;
  }

  /** Anything may stand there now. */
  forget(cause: string): void {
    this.#open = true;
    this.cause = cause;
  }

  /** Judges a time that was seen, and remembers it: negative where it is too early, positive where too late, 0 where right. */
  see(time: Timespec): number {
    if (!this.#open) {
      if (time.sec === this.#low.sec && time.nsec === this.#low.nsec && this.#low === this.#high) return 0;
      if (difference(time, this.#low) < -this.#slack) return -1;
      if (difference(time, this.#high) > this.#slackAfter) return 1;
    }
    this.#open = false;
    this.#low = time;
    this.#high = time;
    this.#slack = 0;
    this.#slackAfter = 0;
    return 0;
  }

  toString(): string {
    if (this.#open) return 'any time';
    const show = ({ sec, nsec }: Timespec) => `${sec}.${String(nsec).padStart(9, '0')}`;
    if (this.#low === this.#high && this.#slack === 0) return show(this.#low);
    const low = this.#slack === 0 ? show(this.#low) : `${show(this.#low)} less ${this.#slack} ns`;
    return `${low} to ${show(this.#high)}`;
  }
}
