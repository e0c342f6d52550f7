import { findLeak, isLeak, type LeakOptions, leaksOf, leftOver } from '../check/index.ts';
import { oncePerProblem } from '../check/reporter.ts';
import { SimKernel } from '../sim/index.ts';
import { keeping, type Problem } from './problems.ts';
import {
  checkCapabilities,
  directoryOf,
  factoryOf,
  nameOf,
  type Place,
  type PropertyOptions,
} from './refines-posix.ts';
import { chosenSeed, variables } from './settings.ts';
import { watchedKernel } from './simulated-test.ts';
import { counted, judge, type Verdict } from './verdict.ts';

export interface LeaksNothingOptions extends PropertyOptions, LeakOptions {}

const RUNS = 300;

/**
 * Of a test's kernel: whether its processes have closed what they opened, and given back what they held. Of a factory:
 * whether any generated program leaves something behind. Undefined where ESTALE_REPLAY means another filesystem.
 */
export async function leaksNothing(
  given: unknown,
  options: LeaksNothingOptions,
  place: Place,
): Promise<Verdict | undefined> {
  if (given instanceof SimKernel) return kernelLeaksNothing(given);
  const factory = factoryOf('toLeakNothing', given, ' or the kernel of a simulatedTest');
  checkCapabilities('toLeakNothing', options.without);
  const problems: Problem[] = [];
  const { runs = RUNS } = options;
  const report = oncePerProblem(keeping(problems));
  const looking = { ...options, runs, simulation: { ...options.simulation, report } };
  const name = nameOf(factory, options.name);
  return judge({
    name,
    claim: `${name} leaks nothing`,
    problems,
    directory: directoryOf(options, place),
    takes: isLeak,
    again: async (saved) => {
      const settings = saved.conditions?.settings;
      const left = await leaksOf(factory, saved.program, { ...looking, settings });
      return left.length === 0 ? undefined : { ...saved, actual: left.join('; ') };
    },
    search: async (onFinding) => {
      const seed = chosenSeed(options.seed);
      const found = await findLeak(factory, { ...looking, seed });
      if (found !== undefined) onFinding(found);
      return `${counted(found === undefined ? runs : found.run + 1, 'program')} (${variables.seed}=${seed})`;
    },
  });
}

async function kernelLeaksNothing(kernel: SimKernel): Promise<Verdict> {
  const watched = watchedKernel(kernel);
  if (watched === undefined)
    throw new TypeError('toLeakNothing: expected the kernel of a simulatedTest, given one that nobody has watched');
  const left = await leftOver(watched.simulation, watched.handles);
  if (left.length === 0) return { pass: true, message: 'expected something to be left in the filesystem; nothing is' };
  return { pass: false, message: `expected nothing to be left in the filesystem; what is left:\n${left.join('\n')}` };
}
