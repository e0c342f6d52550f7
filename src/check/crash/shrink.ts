import { withoutNeedless } from '../../history/index.ts';
import { type Program, withSteps } from '../program.ts';
import { chart, type Ground } from './crashing.ts';
import { type CrashFinding, findingFrom } from './finding.ts';
import { type CrashCount, type CrashLimits, crashBackwards } from './points.ts';

/** Outcomes that are looked at on the way, about. */
const BUDGET = 20_000;

/**
 * The finding with as few calls in its last program as still break the same promise somewhere: each fewer is crashed everywhere.
 * `ground` is what that program starts from.
 */
export async function shrinkCrash(
  found: CrashFinding,
  ground: Ground,
  limits: CrashLimits,
  pause?: () => Promise<void>,
): Promise<CrashFinding> {
  const { promise } = found.violation;
  const earlier = found.stages.slice(0, -1);
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  let best = found;
  const attempt = async (program: Program): Promise<boolean> => {
    if (count.outcomes >= BUDGET) return false;
    await pause?.();
    const charted = await chart(ground, program);
    if (charted.diverged) return false;
    const broken = await crashBackwards(charted, promise, limits, count);
    if (broken === undefined) return false;
    best = findingFrom(broken, earlier, found);
    return true;
  };
  const { program, step } = found.stages[found.stages.length - 1];
  // What comes after the crash is not needed.
  const until = step === undefined ? program.steps : program.steps.slice(0, step + 1);
  await withoutNeedless(until, (steps) => attempt(withSteps(program, steps)));
  return best;
}
