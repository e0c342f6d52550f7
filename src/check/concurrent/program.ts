import type { Call } from '../../vfs/index.ts';
import type { ProgramProcess, ProgramStep } from '../program.ts';

export interface ConcurrentProcess extends ProgramProcess {
  /** The kernel it runs on, from 0 on. */
  readonly client: number;
}

export interface ConcurrentStep extends ProgramStep {
  /** Virtual milliseconds that the process waits before the call. */
  readonly pause: number;
}

/** What several processes do: first the setup, a call at a time; then each process its own calls, side by side with the others. */
export interface ConcurrentProgram {
  readonly version: 1;
  readonly processes: readonly ConcurrentProcess[];
  readonly setup: readonly ProgramStep[];
  readonly steps: readonly ConcurrentStep[];
}

/** The same with these steps, and of the processes those that they or the setup need. */
export function withConcurrentSteps(
  { version, processes, setup: all }: ConcurrentProgram,
  steps: readonly ConcurrentStep[],
  setup: readonly ProgramStep[] = all,
): ConcurrentProgram {
  const used = new Set([...setup, ...steps].map(({ pid }) => pid));
  return { version, processes: processes.filter(({ pid }) => used.has(pid)), setup, steps };
}

/** Every path that the program names. */
export function pathsNamed({ setup, steps }: ConcurrentProgram): readonly string[] {
  const paths = (call: Call): readonly string[] => {
    if ('newPath' in call) return [call.path, call.newPath];
    return 'path' in call ? [call.path] : [];
  };
  return [...new Set([...setup, ...steps].flatMap(({ call }) => paths(call)))].filter((path) => path !== '/').sort();
}
