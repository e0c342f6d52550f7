import { existsSync } from 'node:fs';
import {
  classesUnder,
  type FaultChoice,
  type FaultClass,
  type FaultTotals,
  faultClasses,
  type Target,
} from '../check/index.ts';
import { checkSupport, type FaultPlan, FaultPlanError, type FaultSupport, showUnfired } from '../fault/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { readPlan } from './plan.ts';
import { UsageError } from './usage.ts';

const isClass = (word: string): word is FaultClass => (faultClasses as readonly string[]).includes(word);

/** What --faults says: a file with a plan, all classes, or a list of them. @throws UsageError with the nearest name */
export function faultChoice(words: readonly string[]): FaultChoice {
  if (words.length === 1 && (/[./]/.test(words[0]) || existsSync(words[0]))) return { plan: readPlan(words[0]) };
  const names = words.flatMap((list) => list.split(',')).filter((name) => name !== '');
  if (names.length === 1 && names[0] === 'all') return { classes: faultClasses };
  for (const name of names)
    if (!isClass(name))
      throw new UsageError(
        `--faults: expected a file with a plan (./plan.yaml), "all", or classes of ${faultClasses.join(', ')}, given "${name}"${didYouMean(name, faultClasses)}`,
      );
  if (names.length === 0)
    throw new UsageError('--faults: expected a file with a plan, "all", or a list of classes, given nothing');
  return { classes: names.filter(isClass) };
}

/** The faults of a choice that there can be for a target. @throws UsageError where its programs cannot run under them */
export function faultsFor({ name, faultsOf, faultSupport }: Target, choice: FaultChoice): FaultChoice {
  if (faultsOf === undefined)
    throw new UsageError(
      `--faults: expected a target in the simulated kernel (ram, loopback:memfs, hello, ./module.js) or --daemon, given "${name}"`,
    );
  if ('plan' in choice) {
    refusePlan(choice.plan, faultSupport);
    return choice;
  }
  const possible = classesUnder(faultSupport);
  if (choice.classes === faultClasses) return { classes: possible };
  for (const wanted of choice.classes)
    if (!possible.includes(wanted))
      throw new UsageError(
        `--faults: expected classes of ${possible.join(', ')} ${faultSupport?.place}, given "${wanted}"; the others need more than a link`,
      );
  return choice;
}

function refusePlan(plan: FaultPlan, support: FaultSupport | undefined): void {
  try {
    if (support !== undefined) checkSupport(plan, support);
  } catch (error) {
    if (error instanceof FaultPlanError) throw new UsageError(`--faults: ${error.message}`);
    throw error;
  }
}

const counted = (number: number, noun: string): string =>
  `${number.toLocaleString('en-US')} ${noun}${number === 1 ? '' : 's'}`;

/** What the faults of a campaign came to: how many, of which rules none, and what was not judged because of them. */
export function showFaults({ injected, programs, lost, rules }: FaultTotals): readonly string[] {
  const lines = [`${counted(injected, 'fault')} injected in ${counted(programs, 'program')}`];
  for (const [why, count] of Object.entries(lost))
    lines.push(`${counted(count, 'program')} not judged to the end: ${why}`);
  return [...lines, ...showUnfired(rules)];
}
