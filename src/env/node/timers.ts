import type { Timers } from '../environment.ts';

/** Real timers. They do not keep the process alive: what a filesystem waits for ends with its mount. */
export function nodeTimers(): Timers {
  return {
    after(milliseconds, callback) {
      const timer = setTimeout(callback, milliseconds);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}
