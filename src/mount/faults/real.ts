import { nodeEnvironment } from '../../env/index.ts';

/** Lets the thread wait so many milliseconds: nothing else is served meanwhile. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** Real timers; they do not keep a thread alive. */
export const after = (ms: number, callback: () => void): (() => void) => timers.after(ms, callback);

const { timers } = nodeEnvironment();

/** SIGKILL for a process of the host; never for this one, and never for what is no process. */
export function kill(pid: number): void {
  if (pid <= 1 || pid === process.pid) return;
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
