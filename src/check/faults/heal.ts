import type { SimKernel } from '../../sim/index.ts';

/** Events that may happen, at most, until everything that is outstanding has ended. */
const MOST_STEPS = 10_000;

/** Aborts the connection, as whoever cannot wait any longer would, and gives what then still does not end. */
export function heal(kernel: SimKernel): readonly string[] {
  kernel.disconnect();
  for (let step = 0; step < MOST_STEPS && kernel.blocked.length > 0; step++) if (kernel.step() === 'idle') break;
  return kernel.blocked;
}

/** Ends every process and lets everything arrive that is on its way. */
export function settle(kernel: SimKernel): Promise<void> | undefined {
  const retired = kernel.retire();
  const arrive = (): Promise<void> | undefined => kernel.run() ?? undefined;
  return retired instanceof Promise ? retired.then(arrive) : arrive();
}
