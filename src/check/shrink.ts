import type { Call } from '../vfs/index.ts';
import { simplerPrograms } from './arbitrary/simplify.ts';
import { type Program, withSteps } from './program.ts';
import { type Arena, type Failure, runProgram } from './runner.ts';
import { rawKey } from './signature.ts';
import type { Settings } from './target.ts';

export interface Shrunk {
  readonly failure: Failure;
  /** Those without which it does not fail. */
  readonly settings: Settings | undefined;
  /** Programs that were run. */
  readonly runs: number;
  readonly calls: number;
}

/**
 * The simplest program that fails in the same way, as far as `budget` runs reach, with as few settings as it takes:
 * simpler programs are tried in a fixed order, and the first that fails takes the place of the last. `isOver` ends it early.
 */
export async function shrink(
  arena: Arena,
  found: Failure,
  budget: number,
  isOver: () => boolean = () => false,
): Promise<Shrunk> {
  let runs = 0;
  let calls = 0;
  let failure = found;
  let { settings } = arena;
  const attempt = async (
    program: Program,
    same: (failure: Failure) => boolean,
    drawn: Settings | undefined,
  ): Promise<boolean> => {
    runs++;
    const outcome = await runProgram({ ...arena, settings: drawn }, program, false);
    calls += outcome.calls;
    if (outcome.failure === undefined || !same(outcome.failure)) return false;
    failure = outcome.failure;
    settings = drawn;
    return true;
  };
  const simplify = async (): Promise<void> => {
    const key = rawKey(failure);
    for (let progress = true; progress && runs < budget && !isOver(); ) {
      progress = false;
      for (const candidate of simplerPrograms(failure.program)) {
        if (runs >= budget || isOver()) break;
        progress = await attempt(candidate, (other) => rawKey(other) === key, settings);
        if (progress) break;
      }
    }
  };
  const key = rawKey(found);
  for (const fewer of fewerSettings(settings))
    if (await attempt(failure.program, (other) => rawKey(other) === key, fewer)) break;
  await simplify();
  for (const question of plainQuestions(failure)) {
    const { program, divergence } = failure;
    const { pid } = program.steps[program.steps.length - 1];
    const asked = withSteps(program, program.steps.with(-1, { pid, call: question }));
    const same = (other: Failure) => other.call === question && other.divergence.expected === divergence.expected;
    if (!(await attempt(asked, same, settings))) continue;
    await simplify();
    break;
  }
  return { failure, settings, runs, calls };
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
