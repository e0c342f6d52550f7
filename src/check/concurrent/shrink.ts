import { withoutNeedless } from '../../history/index.ts';
import type { Target } from '../target.ts';
import { type ConcurrentFinding, findingOf } from './finding.ts';
import { withConcurrentSteps } from './program.ts';
import { runConcurrent } from './run.ts';

/** Runs that are spent on one finding, at most. */
const BUDGET = 600;

/**
 * The finding with as few calls, pauses and departures from first-in-first-out as still show it: delta debugging over the
 * steps of the program, then over the order of events that was recorded.
 */
export async function shrinkConcurrent(target: Target, found: ConcurrentFinding): Promise<ConcurrentFinding> {
  let best = found;
  let runs = 0;
  const attempt = async (change: Partial<Pick<ConcurrentFinding, 'program' | 'setting'>>): Promise<boolean> => {
    if (runs >= BUDGET) return false;
    runs += 1;
    const tried = { ...best, ...change };
    const { history, stuck, deviations } = await runConcurrent(target, tried.program, tried.setting);
    const again = findingOf(tried, history, stuck);
    if (again === undefined || again.stuck.length > 0 !== found.stuck.length > 0) return false;
    recorded = deviations;
    best = again;
    return true;
  };
  let recorded = (await runConcurrent(target, found.program, found.setting)).deviations;
  const { program } = best;
  await withoutNeedless(program.steps, (steps) => attempt({ program: withConcurrentSteps(best.program, steps) }));
  await withoutNeedless(program.setup, (setup) =>
    attempt({ program: withConcurrentSteps(best.program, best.program.steps, setup) }),
  );
  const hurried = best.program.steps.map((step) => ({ ...step, pause: 0 }));
  await attempt({ program: withConcurrentSteps(best.program, hurried) });
  const { settings, reorder } = best.setting;
  const base = settings === undefined ? { reorder } : { reorder, settings };
  if (await attempt({ setting: { ...base, deviations: recorded } }))
    await withoutNeedless(recorded, (deviations) => attempt({ setting: { ...base, deviations } }));
  await attempt({ setting: { ...best.setting, reorder: false } });
  return best;
}
