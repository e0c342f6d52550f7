/** What a signal does to a process that has installed no handlers (signal(7)). */
export type SignalEffect = 'check' | 'ignored' | 'ends' | 'invalid';

// SIGCHLD, SIGCONT, SIGURG and SIGWINCH; and the ones that stop a process, which nobody would ever continue here.
const ignored = new Set([17, 18, 19, 20, 21, 22, 23, 28]);

/** Signal 0 only checks that the process is there; 64 is the last real-time signal. */
export function signalEffect(signal: number): SignalEffect {
  if (signal === 0) return 'check';
  if (!(signal > 0 && signal <= 64)) return 'invalid';
  return ignored.has(signal) ? 'ignored' : 'ends';
}
