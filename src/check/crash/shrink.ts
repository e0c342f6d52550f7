import { withoutNeedless } from '../../history/index.ts';
import { shorterPrograms } from '../arbitrary/simplify.ts';
import { type Program, withSteps } from '../program.ts';
import { chart, cut, type Ground, restart } from './crashing.ts';
import { everything } from './exploration.ts';
import { type CrashFinding, findingFrom, stageOf } from './finding.ts';
import { type CrashCount, type CrashLimits, crashBackwards } from './points.ts';

/** Outcomes that are looked at on the way, about. */
const BUDGET = 20_000;
/** Programs of so many calls are left as they are where no call can be left out by itself. */
const SHORT = 4;

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
  await shorten(withSteps(program, until), attempt);
  return best;
}

/** Goes on with shorter programs as long as one is still so. */
async function shorten(program: Program, stillSo: (program: Program) => Promise<boolean>): Promise<void> {
  let left = withSteps(program, await withoutNeedless(program.steps, (steps) => stillSo(withSteps(program, steps))));
  for (let progress = true; progress && left.steps.length > SHORT; ) {
    progress = false;
    for (const shorter of shorterPrograms(left)) {
      progress = await stillSo(shorter);
      if (!progress) continue;
      left = shorter;
      break;
    }
  }
}

/**
 * A finding of several programs with two: what comes before the last one is one that ends in a crash which loses nothing, and
 * has as few calls as it takes. The finding as it is, where that does not show the same.
 */
export async function withShortPast(
  found: CrashFinding,
  fresh: Ground,
  limits: CrashLimits,
  pause?: () => Promise<void>,
): Promise<CrashFinding> {
  const { stages, violation } = found;
  const last = stages[stages.length - 1].program;
  const past = stages.slice(0, -1).flatMap(({ program, step }) => program.steps.slice(0, step && step + 1));
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  let best = found;
  const attempt = async (program: Program): Promise<boolean> => {
    if (count.outcomes >= BUDGET) return false;
    await pause?.();
    const before = await chart(fresh, program);
    const failure = await cut(before, before.ends.at(-1) ?? 0);
    const { ground, decided } = await restart(failure, everything);
    if (ground === undefined) return false;
    const broken = await crashBackwards(await chart(ground, last), violation.promise, limits, count);
    if (broken === undefined) return false;
    best = findingFrom(broken, [stageOf({ cut: failure, decided })], found);
    return true;
  };
  const whole = withSteps(stages[0].program, past);
  if (past.length > 0 && (await attempt(whole))) await shorten(whole, attempt);
  return best;
}
