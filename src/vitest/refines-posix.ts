import {
  type Capability,
  type CheckOptions,
  check,
  isLeak,
  type KnownDivergence,
  probe,
  type SimulatedTargetOptions,
  simulatedTarget,
  type Target,
} from '../check/index.ts';
import { capabilityProblem } from '../check/profile.ts';
import { findAgain } from '../check/replay.ts';
import { oncePerProblem, type ProblemReport } from '../check/reporter.ts';
import type { FileSystemFactory } from '../env/index.ts';
import { turnEventLoop } from '../env/turn-event-loop.ts';
import { CounterexampleDirectory } from './counterexamples.ts';
import { keeping, type Problem } from './problems.ts';
import { chosenSeed, variables } from './settings.ts';
import { counted, judge, type Verdict } from './verdict.ts';

export interface PropertyOptions {
  /** Programs to generate. */
  readonly runs?: number;
  /** 0 to 2^32 - 1, of what is generated; ESTALE_SEED sets it. Default: another each time, always the same under CI=true. */
  readonly seed?: number;
  /** The name that counterexamples are kept by. Default: the target's, or the name of the factory function. */
  readonly name?: string;
  /** The directory of counterexamples, relative to the test file's; `counterexamples` unless given; false: none is kept. */
  readonly save?: string | false;
}

export interface RefinesPosixOptions
  extends PropertyOptions,
    SimulatedTargetOptions,
    Pick<CheckOptions, 'maxCalls' | 'time' | 'faults'> {
  /** Divergences that are accepted. */
  readonly known?: readonly KnownDivergence[];
}

/** What a matcher knows of where it was called. */
export interface Place {
  readonly testFile: string;
  readonly isNot: boolean;
  readonly signal: AbortSignal | undefined;
}

/** A campaign ends after so many findings: the test is to say what they are, not to run out of time. */
const FINDINGS = 3;

const isTarget = (value: unknown): value is Target =>
  typeof value === 'object' && value !== null && 'start' in value && typeof value.start === 'function';

/** The factory that a matcher was given. @throws TypeError that says what is expected in its place */
export function factoryOf(matcher: string, given: unknown, otherwise = ''): FileSystemFactory {
  if (typeof given === 'function') return given as FileSystemFactory;
  const what = given === null ? 'null' : typeof given;
  throw new TypeError(
    `${matcher}: expected a filesystem factory (environment, options) => FileSystem${otherwise}, given ${what}`,
  );
}

/** @throws RangeError where a capability has no such name */
export function checkCapabilities(matcher: string, names: Iterable<string> | undefined): void {
  for (const name of names ?? []) {
    const problem = capabilityProblem(name);
    if (problem !== undefined) throw new RangeError(`${matcher}: without: ${problem}`);
  }
}

/** What counterexamples of a factory are kept by. */
export const nameOf = (factory: FileSystemFactory, name: string | undefined): string =>
  name ?? (factory.name || 'filesystem');

export const directoryOf = (
  { save }: PropertyOptions,
  { testFile, isNot }: Place,
): CounterexampleDirectory | undefined =>
  save === false || isNot ? undefined : new CounterexampleDirectory(testFile, save);

/** The target that a matcher was given, or the one that a factory makes. @throws TypeError, RangeError */
export function factoryTarget(
  matcher: string,
  given: unknown,
  options: PropertyOptions & SimulatedTargetOptions,
  report: ProblemReport,
): Target {
  checkCapabilities(matcher, options.without);
  if (isTarget(given)) {
    const { name = given.name, without = [], model } = options;
    return {
      ...given,
      name,
      without: new Set([...given.without, ...(without as Iterable<Capability>)]),
      model: { ...given.model, ...model },
    };
  }
  const factory = factoryOf(matcher, given, ' or a target');
  return simulatedTarget(nameOf(factory, options.name), factory, {
    ...options,
    simulation: { ...options.simulation, report: oncePerProblem(report) },
  });
}

/** Whether every generated program answers as POSIX says; undefined where ESTALE_REPLAY means another filesystem. */
export async function refinesPosix(
  given: unknown,
  options: RefinesPosixOptions,
  place: Place,
): Promise<Verdict | undefined> {
  const problems: Problem[] = [];
  const target = factoryTarget('toRefinePosix', given, options, keeping(problems));
  const { runs, time, maxCalls, known, faults } = options;
  if (faults !== undefined && target.faultsOf === undefined)
    throw new TypeError(`toRefinePosix: faults: expected a filesystem in the simulated kernel, given ${target.name}`);
  const accepted = new Set(known?.map(({ signature }) => signature));
  return judge({
    name: target.name,
    daemon: target.daemon,
    claim: `${target.name} refines POSIX`,
    problems,
    directory: directoryOf(options, place),
    takes: (saved) => !isLeak(saved) && !accepted.has(saved.signature),
    again: (saved) => findAgain(target, saved),
    refusal: async () => (options.without === undefined && !isTarget(given) ? undeclared(target) : ''),
    search: async (onFinding) => {
      const seed = chosenSeed(options.seed);
      const enough = new AbortController();
      let findings = 0;
      const { calls, ...report } = await check(target, {
        seed,
        runs,
        time,
        maxCalls,
        known,
        faults,
        now: () => performance.now(),
        yield: turnEventLoop,
        signal: place.signal === undefined ? enough.signal : AbortSignal.any([enough.signal, place.signal]),
        onFinding: (finding) => {
          onFinding(finding);
          findings += 1;
          if (findings === FINDINGS) enough.abort();
        },
      });
      return `${counted(report.runs, 'program')}, ${counted(calls, 'call')} (${variables.seed}=${seed})`;
    },
  });
}

/** What the filesystem does not have must be said: a capability that is lost would not be missed else. */
async function undeclared(target: Target): Promise<string> {
  const missing = await probe(target);
  if (missing.length === 0) return '';
  const reasons = missing.map(({ capability, reason }) => `  ${capability}: ${reason}`).join('\n');
  const names = missing.map(({ capability }) => `'${capability}'`).join(', ');
  return (
    `it seems not to have some capabilities. Say what it does not promise:\n\n  without: [${names}]\n\n` +
    `or \`without: []\` to have all of them checked. What was tried:\n${reasons}`
  );
}
