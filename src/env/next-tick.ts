// Captured at load, before anything can replace it.
const { nextTick } = process;

/**
 * Resolves when every promise chain that can run now has run; no timer and no I/O gets in between (process.nextTick runs
 * when the microtasks are drained).
 */
export function drainPromises(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}
