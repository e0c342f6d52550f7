import type { SyscallName } from '../vfs/index.ts';
import { LIVENESS } from './faults/judge.ts';
import { type Program, withSteps } from './program.ts';
import type { Failure } from './runner.ts';

/** Where a run stopped: when its filesystem was made, in a call, or when everything was given back. */
export type Stop =
  | { readonly at: 'start' }
  /** Behind the last step of the program: in the look at the tree at its end. */
  | { readonly at: 'call'; readonly step: number; readonly op: SyscallName }
  | { readonly at: 'end' };

/** A run that did not come back, and was ended with its thread. */
export interface Hang {
  readonly why: 'silence' | 'memory';
  /** Milliseconds that were waited. */
  readonly patience: number;
  /** How many programs the order at hand had run before; -1: none was begun. */
  readonly attempt: number;
  readonly stop: Stop;
  /** Calls of the run that were judged. */
  readonly judged: number;
}

/** The difference of a call of the program that does not come back. */
export const DOES_NOT_END = 'does not end';

/** What a hang is called in a report. */
export function showHang({ why, patience, attempt, stop }: Hang): string {
  const ended =
    why === 'memory' ? 'it took all the memory of its thread' : `nothing came back for ${patience / 1000} s`;
  return `${ended}; its thread was ended${attempt < 0 ? '' : ` ${placeOf(stop)}`}`;
}

function placeOf(stop: Stop): string {
  if (stop.at === 'start') return 'while the filesystem was made';
  return stop.at === 'end' ? 'while everything was given back' : `in ${stop.op}`;
}

/** The failure of a program that did not come back: up to the call that did not, where it was one of its own. */
export function failureOf(program: Program, hang: Hang): Failure {
  const { stop } = hang;
  const { steps } = program;
  const actual = showHang(hang);
  if (stop.at === 'call' && stop.step < steps.length) {
    const { call } = steps[stop.step];
    const divergence = { aspect: LIVENESS, difference: DOES_NOT_END, expected: `${call.op} to end`, actual };
    return { program: withSteps(program, steps.slice(0, stop.step + 1)), divergence, call, result: undefined };
  }
  const what = phases[stop.at];
  const divergence = { aspect: LIVENESS, difference: `${what} does not end`, expected: `${what} to end`, actual };
  return { program, divergence, call: steps[steps.length - 1].call, result: undefined };
}

const phases: Readonly<Record<Stop['at'], string>> = {
  start: 'making the filesystem',
  call: 'the look at the tree afterwards',
  end: 'giving everything back',
};

/** Whether a hang can be shrunk: it is in a call of the program. */
export const isInCall = ({ stop }: Hang, { steps }: Program): boolean => stop.at === 'call' && stop.step < steps.length;
