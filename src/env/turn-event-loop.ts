// Captured at load, before anything can replace it.
const { setImmediate } = globalThis;

/** Resolves after the event loop has turned: promises, timers that are due and I/O have had their time. */
export function turnEventLoop(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
