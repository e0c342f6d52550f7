import type { ArgumentKind } from '../../vfs/index.ts';
import { type Program, type ProgramProcess, withSteps } from '../program.ts';
import { argumentsOf, mapped } from './arguments.ts';
import { withoutDetours } from './detours.ts';
import { simplerCalls, withSimplerArgument } from './simpler-calls.ts';

/**
 * Simpler programs than a given one, the boldest first: without some calls, then with fewer processes, then with simpler
 * arguments. Each has a lower cost than the given one, so that shrinking ends.
 */
export function* simplerPrograms(program: Program): Generator<Program> {
  yield* withoutChunks(program);
  yield* withoutBeside(program);
  yield* withoutDetours(program);
  yield* withFewerProcesses(program);
  yield* withSimplerNames(program);
  yield* withSimplerCalls(program);
  yield* withoutPairs(program);
  yield* withoutOneAndSmaller(program);
}

/** Without some calls that follow each other: halves first, then fewer, down to each by itself. */
export function* withoutChunks(program: Program): Generator<Program> {
  const { steps } = program;
  for (let size = steps.length >> 1; size >= 1; size >>= 1)
    for (let end = steps.length; end > 0; end -= size)
      yield withSteps(program, [...steps.slice(0, Math.max(0, end - size)), ...steps.slice(end)]);
}

/** Programs that are shorter by more than a call that is left out; for those of which no call can be left out by itself. */
export function* shorterPrograms(program: Program): Generator<Program> {
  yield* withoutDetours(program);
  yield* withoutPairs(program);
}

/** Programs of more calls have too many pairs. */
const PAIRED = 16;

/** Without two calls of which each takes the other: a lock and its end, what makes a file longer and what makes it shorter. */
function* withoutPairs(program: Program): Generator<Program> {
  const { steps } = program;
  if (steps.length < 3 || steps.length > PAIRED) return;
  for (let second = steps.length - 1; second > 0; second--)
    for (let first = second - 1; first >= 0; first--)
      yield withSteps(program, steps.toSpliced(second, 1).toSpliced(first, 1));
}

/** Programs of fewer calls are short enough. */
const LONG = 7;

/** Without a call, or a detour, and with a number that goes with it: a buffer for one entry less. */
function* withoutOneAndSmaller(program: Program): Generator<Program> {
  const { steps } = program;
  if (steps.length < LONG || steps.length > PAIRED) return;
  const shorter = [...steps.map((_, i) => withSteps(program, steps.toSpliced(i, 1))), ...withoutDetours(program)];
  for (const fewer of shorter)
    for (const [i, step] of fewer.steps.entries())
      for (const call of withSimplerArgument(step.call, numbers))
        yield { ...fewer, steps: fewer.steps.with(i, { ...step, call }) };
}

const numbers: ReadonlySet<ArgumentKind> = new Set(['offset', 'size', 'data']);

/** With a call begun after the one before has ended. */
function* withoutBeside(program: Program): Generator<Program> {
  for (const [i, { pid, call, beside }] of program.steps.entries())
    if (beside) yield { ...program, steps: program.steps.with(i, { pid, call }) };
}

function* withFewerProcesses(program: Program): Generator<Program> {
  const { processes, steps } = program;
  for (const other of processes)
    for (const process of processes) {
      if (process.pid <= other.pid) continue;
      const moved = steps.map((step) => (step.pid === process.pid ? { ...step, pid: other.pid } : step));
      yield withSteps(program, moved);
    }
  const [only] = processes;
  if (
    processes.length === 1 &&
    only.pid !== 1 &&
    steps.every(({ pid, call }) => pid === only.pid && call.op !== 'kill')
  )
    yield { ...program, processes: [{ ...only, pid: 1 }], steps: steps.map(({ call }) => ({ pid: 1, call })) };
  for (const [i, process] of processes.entries())
    for (const simpler of simplerProcesses(process)) yield { ...program, processes: processes.with(i, simpler) };
}

function* simplerProcesses(process: ProgramProcess): Generator<ProgramProcess> {
  if (process.uid !== 0) yield { ...process, uid: 0, gid: 0, groups: [] };
  if (process.groups.length > 0) yield { ...process, groups: process.groups.slice(1) };
  if (process.umask !== 0o022) yield { ...process, umask: 0o022 };
}

const NAMES: readonly string[] = ['a', 'b', 'c', 'd'];

/**
 * The program with one name another everywhere, so that what is one file stays one file; with what lies in a directory
 * lifted out of it; with descriptors numbered from 3, mappings and handles from 0.
 */
function* withSimplerNames(program: Program): Generator<Program> {
  const names = new Set<string>();
  for (const { call } of program.steps)
    for (const [, kind, value] of argumentsOf(call))
      if (kind === 'path' || kind === 'text') for (const name of (value as string).split('/')) names.add(name);
  for (const name of [...names].sort()) {
    if (name === '' || name === '.' || name === '..') continue;
    for (const simpler of NAMES) {
      if (simpler.length > name.length || (simpler.length === name.length && simpler >= name)) break;
      if (names.has(simpler)) continue;
      const rename = (path: string) =>
        path
          .split('/')
          .map((part) => (part === name ? simpler : part))
          .join('/');
      yield mapped(program, (kind, value) => (kind === 'path' || kind === 'text' ? rename(value as string) : value));
      break;
    }
  }
  for (const name of [...names].sort()) {
    if (name === '' || name === '.' || name === '..') continue;
    const lift = (path: string) => (path.startsWith(`/${name}/`) ? path.slice(name.length + 1) : path);
    const lifted = mapped(program, (kind, value) =>
      kind === 'path' || kind === 'text' ? lift(value as string) : value,
    );
    if (program.steps.some(({ call }) => 'path' in call && lift(call.path) !== call.path)) yield lifted;
  }
  yield* withSimplerNumbers(program, 'fd', 3);
  yield* withSimplerNumbers(program, 'map', 0);
  yield* withSimplerNumbers(program, 'handle', 0);
}

function* withSimplerNumbers(program: Program, numbered: ArgumentKind, first: number): Generator<Program> {
  const numbers = new Set<number>();
  for (const { call } of program.steps)
    for (const [key, kind, value] of argumentsOf(call))
      if (kind === numbered && key !== 'newFd') numbers.add(value as number);
  for (const number of [...numbers].sort((a, b) => a - b))
    for (let simpler = first; simpler < number; simpler++)
      if (!numbers.has(simpler)) {
        yield mapped(program, (kind, value) => (kind === numbered && value === number ? simpler : value));
        break;
      }
}

function* withSimplerCalls(program: Program): Generator<Program> {
  const { steps } = program;
  for (const [i, step] of steps.entries())
    for (const call of simplerCalls(step.call)) yield { ...program, steps: steps.with(i, { ...step, call }) };
}
