import type { Call } from '../vfs/index.ts';
import { simplerPrograms, withoutChunks } from './arbitrary/simplify.ts';
import type { RunFaults } from './faults/run.ts';
import { fewerFaults, movedFaults } from './faults/shrink.ts';
import { type Program, withSteps } from './program.ts';
import { type Arena, type Failure, type Outcome, runProgram } from './runner.ts';
import { rawKey } from './signature.ts';
import type { Settings, Target } from './target.ts';

export interface Shrunk {
  readonly failure: Failure;
  /** Those without which it does not fail. */
  readonly settings: Settings | undefined;
  /** Those without which it does not fail, and where they strike. */
  readonly faults: RunFaults | undefined;
  /** Programs that were run. */
  readonly runs: number;
  readonly calls: number;
}

/** Runs a variant of a failing program, without a look at the tree at its end. */
export type Attempt = (
  program: Program,
  settings: Settings | undefined,
  faults: RunFaults | undefined,
) => Outcome | Promise<Outcome>;

/** What is shrunk: a failure, and what its program ran under. */
export type Shrinkable = Pick<Shrunk, 'failure' | 'settings' | 'faults'>;

/** `shrinkBy`, on this thread. */
export function shrink(arena: Arena, failure: Failure, budget: number, isOver?: () => boolean): Promise<Shrunk> {
  const { settings, faults } = arena;
  const run: Attempt = (program, settings, faults) => runProgram({ ...arena, settings, faults }, program, false);
  return shrinkBy(run, { failure, settings, faults }, budget, isOver, arena.target.otherOrders);
}

/**
 * The simplest program that fails in the same way, as far as `budget` runs reach, and as many again where there are
 * `otherOrders`; with as few settings and faults as it takes. Simpler programs are tried in a fixed order, and the first that
 * fails takes the place of the last. `isOver` ends it early.
 */
export async function shrinkBy(
  run: Attempt,
  found: Shrinkable,
  budget: number,
  isOver: () => boolean = () => false,
  otherOrders?: Target['otherOrders'],
): Promise<Shrunk> {
  let runs = 0;
  let limit = budget;
  let calls = 0;
  let { failure, settings, faults } = found;
  const attempt = async (
    program: Program,
    same: (failure: Failure) => boolean,
    drawn: Settings | undefined,
    struck: RunFaults | undefined,
  ): Promise<boolean> => {
    if (runs >= limit || isOver()) return false;
    runs++;
    const outcome = await run(program, drawn, struck);
    calls += outcome.calls;
    if (outcome.failure === undefined || !same(outcome.failure)) return false;
    failure = outcome.failure;
    settings = drawn;
    faults = struck;
    return true;
  };
  const key = rawKey(failure);
  /** Faults strike where they struck, and nowhere else; then fewer of them, as long as one can be left out. */
  const omit = async (): Promise<boolean> => {
    let progress = false;
    for (let again = faults !== undefined; again && runs < limit && !isOver(); ) {
      again = false;
      for (const fewer of fewerFaults(faults, failure)) {
        if (runs >= limit || isOver()) break;
        again = await attempt(failure.program, (other) => rawKey(other) === rawKey(failure), settings, fewer);
        if (again) break;
      }
      progress ||= again;
    }
    return progress;
  };
  const simplify = async (): Promise<void> => {
    const key = rawKey(failure);
    for (let progress = true; progress && runs < limit && !isOver(); ) {
      progress = false;
      for (const candidate of simplerPrograms(failure.program)) {
        if (runs >= limit || isOver()) break;
        const moved = movedFaults(faults, failure.program, candidate);
        progress = await attempt(candidate, (other) => rawKey(other) === key, settings, moved);
        if (progress) break;
      }
    }
  };
  /** Chance decides anew for each shorter program in what order things happen: it may fail in another one. */
  const reorder = async (): Promise<boolean> => {
    const key = rawKey(failure);
    for (const candidate of withoutChunks(failure.program))
      for (const other of otherOrders?.(settings) ?? []) {
        if (runs >= limit || isOver()) return false;
        const moved = movedFaults(faults, failure.program, candidate);
        if (await attempt(candidate, (again) => rawKey(again) === key, other, moved)) return true;
      }
    return false;
  };
  const plainer = async (): Promise<void> => {
    for (const fewer of fewerSettings(settings))
      if (await attempt(failure.program, (other) => rawKey(other) === key, fewer, faults)) break;
  };
  await omit();
  await plainer();
  await simplify();
  // What one order has used up is not to keep others from being tried.
  if (otherOrders !== undefined) limit += budget;
  while ((await omit()) || (await reorder())) await simplify();
  await plainer();
  for (const question of plainQuestions(failure)) {
    const { program, divergence } = failure;
    const { pid } = program.steps[program.steps.length - 1];
    const asked = withSteps(program, program.steps.with(-1, { pid, call: question }));
    const same = (other: Failure) => other.call === question && other.divergence.expected === divergence.expected;
    if (!(await attempt(asked, same, settings, faults))) continue;
    await simplify();
    while (await omit()) await simplify();
    break;
  }
  return { failure, settings, faults, runs, calls };
}

/** None; each by itself; all but one. */
function fewerSettings(settings: Settings | undefined): readonly (Settings | undefined)[] {
  if (settings === undefined) return [];
  const entries = Object.entries(settings);
  const single = entries.map(([name, value]) => ({ [name]: value }));
  return [undefined, ...single, ...entries.map((_, i) => Object.fromEntries(entries.toSpliced(i, 1)))];
}

/** Whether a path leads somewhere is asked in many ways; the plainest are lstat and stat. */
function plainQuestions({ call, divergence }: Failure): readonly Call[] {
  if (divergence.aspect !== 'result' || !walkErrors.has(divergence.expected) || !('path' in call)) return [];
  const paths = 'newPath' in call ? [call.path, call.newPath] : [call.path];
  return paths.flatMap((path): Call[] => [
    { op: 'lstat', path },
    { op: 'stat', path },
  ]);
}

/** What a walk along a path may come to. */
const walkErrors: ReadonlySet<string> = new Set(['success', 'ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EACCES']);
