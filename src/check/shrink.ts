import { simplerPrograms } from './arbitrary/simplify.ts';
import { type Program, withSteps } from './program.ts';
import { type Arena, type Failure, runProgram } from './runner.ts';
import { rawKey } from './signature.ts';

export interface Shrunk {
  readonly failure: Failure;
  /** Programs that were run. */
  readonly runs: number;
  readonly calls: number;
}

/**
 * The simplest program that fails in the same way, as far as `budget` runs reach: simpler programs are tried in a fixed
 * order, and the first that fails takes the place of the last.
 */
export async function shrink(arena: Arena, found: Failure, budget: number): Promise<Shrunk> {
  const key = rawKey(found);
  let runs = 0;
  let calls = 0;
  let failure = found;
  const attempt = async (program: Program, same: (failure: Failure) => boolean): Promise<boolean> => {
    runs++;
    const outcome = await runProgram(arena, program, false);
    calls += outcome.calls;
    if (outcome.failure === undefined || !same(outcome.failure)) return false;
    failure = outcome.failure;
    return true;
  };
  const sameKey = (other: Failure) => rawKey(other) === key;
  for (let progress = true; progress && runs < budget; ) {
    progress = false;
    for (const candidate of simplerPrograms(failure.program)) {
      if (runs >= budget) break;
      progress = await attempt(candidate, sameKey);
      if (progress) break;
    }
  }
  // Whether a name is there is asked in many ways; the plainest is lstat.
  const { call, divergence, program } = failure;
  if (divergence.aspect === 'result' && 'path' in call && call.op !== 'lstat' && /ENOENT/.test(divergence.difference)) {
    const asked = withSteps(
      program,
      program.steps.with(-1, {
        pid: program.steps[program.steps.length - 1].pid,
        call: { op: 'lstat', path: call.path },
      }),
    );
    await attempt(asked, (other) => other.divergence.difference === divergence.difference && other.call.op === 'lstat');
  }
  return { failure, runs, calls };
}
