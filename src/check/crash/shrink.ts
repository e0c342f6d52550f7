import { withoutNeedless } from '../../history/index.ts';
import { type Program, withSteps } from '../program.ts';
import { chart, type Ground } from './crashing.ts';
import { type CrashFinding, findingFrom } from './finding.ts';
import { type CrashCount, type CrashLimits, crashEverywhere } from './points.ts';

/** Programs that are run on the way, at most. */
const BUDGET = 150;

/**
 * The finding with as few calls in its last program as still break the same promise somewhere: each fewer is crashed everywhere.
 * `ground` is what that program starts from.
 */
export async function shrinkCrash(found: CrashFinding, ground: Ground, limits: CrashLimits): Promise<CrashFinding> {
  const { promise } = found.violation;
  const earlier = found.stages.slice(0, -1);
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  let best = found;
  let runs = 0;
  const attempt = async (program: Program): Promise<boolean> => {
    if (runs >= BUDGET) return false;
    runs += 1;
    const charted = await chart(ground, program);
    if (charted.diverged) return false;
    const broken = await crashEverywhere(charted, limits, count);
    if (broken?.violation.promise !== promise) return false;
    best = findingFrom(broken, earlier, found);
    return true;
  };
  const { program, step } = found.stages[found.stages.length - 1];
  // What comes after the crash is not needed.
  const until = step === undefined ? program.steps : program.steps.slice(0, step + 1);
  await withoutNeedless(until, (steps) => attempt(withSteps(program, steps)));
  return best;
}
