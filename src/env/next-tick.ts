// Captured at load, before anything can replace it.
const { nextTick } = process;

/**
 * Resolves when every promise chain that can run now has run; no timer and no I/O gets in between. process.nextTick runs when
 * the microtasks are drained if it is called by one of them, and before them if not, as in a worker's message.
 */
export async function drainPromises(): Promise<void> {
  await undefined;
  await new Promise<void>((resolve) => nextTick(resolve));
}
