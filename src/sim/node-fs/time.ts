import type { TimeLike } from 'node:fs';
import type { TimeArgument } from '../../vfs/index.ts';
import { invalidType } from './argument-error.ts';

/** toUnixTimestamp: seconds since 1970; a number that is not finite, or negative, is now. */
export function toUnixTimestamp(time: TimeLike, now: () => number): number {
  if (typeof time === 'string' && String(Number(time)) === time) return Number(time);
  if (typeof time === 'number' && !Number.isNaN(time)) return Number.isFinite(time) && time >= 0 ? time : now();
  if (time instanceof Date) return time.getTime() / 1000;
  throw invalidType('time', 'an instance of Date or an Time in seconds', time);
}

/** uv__fs_to_timespec: microseconds, of which the fraction of a negative time counts upwards. */
export function toTimespec(seconds: number): TimeArgument {
  let sec = Math.trunc(seconds);
  let nsec = Math.trunc((seconds - sec) * 1e9);
  nsec -= nsec % 1000;
  if (nsec < 0) {
    nsec += 1e9;
    sec -= 1;
  }
  return { sec, nsec };
}
