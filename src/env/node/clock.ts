import type { Clock } from '../environment.ts';

/** How often, and from which difference on, the clock follows one that was set; milliseconds. */
const CHECK_INTERVAL = 1000;
const STEP = 5;

/** The time of day in nanoseconds: the process's start, which Node knows to the microsecond, and the monotonic time since. */
export function nodeClock(): Clock {
  let origin = performance.timeOrigin;
  let checkAt = CHECK_INTERVAL;
  return {
    now() {
      const elapsed = performance.now();
      if (elapsed >= checkAt) {
        checkAt = elapsed + CHECK_INTERVAL;
        const wall = Date.now();
        if (Math.abs(wall - (origin + elapsed)) > STEP) origin = wall - elapsed;
      }
      // Whole seconds apart from the rest: a double holds no nanoseconds since the epoch.
      const originSeconds = Math.floor(origin / 1000);
      const nanoseconds = Math.floor((origin - originSeconds * 1000 + elapsed) * 1e6);
      const seconds = Math.floor(nanoseconds / 1e9);
      return { sec: originSeconds + seconds, nsec: nanoseconds - seconds * 1e9 };
    },
    monotonic: () => Number(process.hrtime.bigint()),
  };
}
