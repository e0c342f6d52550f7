import { setTimeout as delay } from 'node:timers/promises';

/** What the promise resolves with; `late` if that takes longer than a number of milliseconds. */
export async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T | 'late'> {
  const timer = new AbortController();
  try {
    return await Promise.race([promise, delay(milliseconds, 'late' as const, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}
