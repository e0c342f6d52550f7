import type { Call, Credentials } from '../vfs/index.ts';

/** A process that a program starts with; others come from fork. */
export interface ProgramProcess extends Credentials {
  readonly pid: number;
  readonly umask: number;
}

export interface ProgramStep {
  readonly pid: number;
  readonly call: Call;
  /**
   * Begun while the step before is under way, where the kernel can do that, another process makes the call, and the two have
   * nothing to do with each other; else after it.
   */
  readonly beside?: true;
}

/** A program of system calls, as data: it means the same on every kernel. */
export interface Program {
  readonly version: 1;
  readonly processes: readonly ProgramProcess[];
  readonly steps: readonly ProgramStep[];
}

/** The process that looks at the tree before and after a program: root, with a pid that programs do not use. */
export const OBSERVER: ProgramProcess = Object.freeze({
  pid: 90,
  uid: 0,
  gid: 0,
  groups: Object.freeze([]),
  umask: 0o022,
});

/** The program with these steps, and of the processes those that the steps need. */
export function withSteps(program: Program, steps: readonly ProgramStep[]): Program {
  const used = new Set<number>();
  for (const { pid, call } of steps) {
    used.add(pid);
    if (call.op === 'kill') used.add(call.pid);
  }
  return { version: 1, processes: program.processes.filter(({ pid }) => used.has(pid)), steps };
}
