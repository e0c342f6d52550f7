import type { Injection, Rule } from '../../fault/index.ts';
import type { Program } from '../program.ts';
import type { Failure } from '../runner.ts';
import type { RunFaults } from './run.ts';

/** The faults at `struck` and nowhere else, with the rules that it takes; undefined where there are none. */
function exactly({ plan }: RunFaults, struck: readonly Injection[]): RunFaults | undefined {
  if (struck.length === 0) return undefined;
  const names = new Set(struck.map(({ rule }) => rule));
  // When they strike is said by the list.
  const rules = plan.rules
    .filter(({ name }) => names.has(name))
    .map(({ name, where, what }) => ({ name, where, what }) as Rule);
  return { plan: { seed: plan.seed, rules }, only: struck };
}

/**
 * Fewer faults than a failing run had, the fewest first: none, either half, all but one. Where the run was not yet under its
 * own list of faults, that list comes too.
 */
export function* fewerFaults(
  faults: RunFaults | undefined,
  { injected: struck = [] }: Failure,
): Generator<RunFaults | undefined> {
  if (faults === undefined) return;
  yield undefined;
  if (struck.length > 3) {
    const half = struck.length >> 1;
    yield exactly(faults, struck.slice(half));
    yield exactly(faults, struck.slice(0, half));
  }
  for (let i = 0; i < struck.length && struck.length > 1; i++) yield exactly(faults, struck.toSpliced(i, 1));
  if (faults.only === undefined || faults.only.length > struck.length) yield exactly(faults, struck);
}

/**
 * The faults of a program for a simpler one: steps before and behind those that changed take theirs with them, and so do
 * steps that only changed. Those of steps that are gone, are gone.
 */
export function movedFaults(faults: RunFaults | undefined, before: Program, after: Program): RunFaults | undefined {
  if (faults?.only === undefined || before.steps.length === after.steps.length) return faults;
  const [old, now] = [before.steps, after.steps];
  const least = Math.min(old.length, now.length);
  let head = 0;
  while (head < least && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < least - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const only = faults.only.flatMap((one): Injection[] => {
    const { step = 0 } = one;
    if (step < head) return [one];
    return step >= old.length - tail ? [{ ...one, step: step + now.length - old.length }] : [];
  });
  return { ...faults, only };
}
