import {
  type CrashFinding,
  type CrashSubject,
  type CrashSubjectOptions,
  checkCrashes,
  diskSubject,
  replayCrashes,
  showCrashFinding,
  sweepCrashes,
  usesDisks,
  volatileSubject,
} from '../check/index.ts';
import type { FileSystemFactory } from '../env/index.ts';
import { turnEventLoop } from '../env/turn-event-loop.ts';
import { CrashDirectory, readCrash, type SavedCrash } from './crash-files.ts';
import { checkCapabilities, factoryOf, nameOf, type Place, type PropertyOptions } from './refines-posix.ts';
import { chosenSeed, replayedFile, variables } from './settings.ts';
import { counted, type Verdict } from './verdict.ts';

export interface SurvivesCrashesOptions extends PropertyOptions, CrashSubjectOptions {
  /** Puts a `volatile` filesystem over it: for one that keeps nothing on a disk, to try the check and what is above it. */
  readonly volatile?: boolean;
  /** Every program of up to so many operations is crashed everywhere: 0 to 3, default 1. */
  readonly sweep?: number;
  /** Outcomes of a power failure that are tried in the sweep before others are drawn. */
  readonly outcomes?: number;
}

const RUNS = 100;

/** Whether a filesystem keeps what it promises over power failures; undefined where ESTALE_REPLAY means another check. */
export async function survivesCrashes(
  given: unknown,
  options: SurvivesCrashesOptions,
  { testFile, isNot, signal }: Place,
): Promise<Verdict | undefined> {
  const factory = factoryOf('toSurviveCrashes', given);
  checkCapabilities('toSurviveCrashes', options.without);
  const name = nameOf(factory, options.name);
  const file = replayedFile();
  const only = file === undefined ? undefined : readCrash(file);
  if (file !== undefined && only?.target !== name) return undefined;
  const subject = subjectOf(name, factory, options);
  const directory = options.save === false || isNot ? undefined : new CrashDirectory(testFile, options.save);
  const claim = `${name} survives crashes (${subject.promise})`;
  const saved = only === undefined ? (directory?.of(name) ?? []) : [only];
  const failing = await failingAgain(subject, saved);
  if (failing.length > 0 || only !== undefined)
    return verdict(claim, `${counted(saved.length, 'saved crash')} run again`, failing);
  const seed = chosenSeed(options.seed);
  const found: string[] = [];
  const onFinding = (finding: CrashFinding): void => {
    const where = directory?.save({ ...finding, target: name, promise: subject.promise });
    const again = where === undefined ? '' : `\nsaved: ${where}\nagain: ${variables.replay}=${where}`;
    found.push(`${showCrashFinding(finding)}${again}`);
  };
  const common = { seed, onFinding, signal, yield: turnEventLoop };
  const { sweep: length = 1, outcomes, runs = RUNS } = options;
  const swept = length === 0 ? undefined : await sweepCrashes(subject, { ...common, length, outcomes });
  const crashed = found.length > 0 ? undefined : await checkCrashes(subject, { ...common, runs });
  const points = (swept?.points ?? 0) + (crashed?.points ?? 0);
  const states = (swept?.outcomes ?? 0) + (crashed?.outcomes ?? 0);
  return verdict(
    claim,
    `${counted(points, 'power failure')}, ${counted(states, 'outcome')} (${variables.seed}=${seed})`,
    found,
  );
}

function subjectOf(name: string, factory: FileSystemFactory, options: SurvivesCrashesOptions): CrashSubject {
  if (options.volatile) return volatileSubject(name, factory, options);
  if (usesDisks(factory, options.options)) return diskSubject(name, factory, options);
  throw new TypeError(
    'toSurviveCrashes: expected a filesystem that keeps everything on disks of its environment (env.disk), given one that takes none; `volatile: true` puts a volatile one over it',
  );
}

async function failingAgain(subject: CrashSubject, saved: readonly SavedCrash[]): Promise<string[]> {
  const failing: string[] = [];
  for (const crash of saved) {
    const finding = await replayCrashes(subject, crash);
    if (finding !== undefined) failing.push(`${crash.file} fails\n${showCrashFinding(finding)}`);
  }
  return failing;
}

function verdict(claim: string, ran: string, found: readonly string[]): Verdict {
  if (found.length === 0) return { pass: true, message: `expected not: ${claim}; nothing was found in ${ran}` };
  return {
    pass: false,
    message: [`expected: ${claim}; ${counted(found.length, 'broken promise')} in ${ran}`, ...found].join('\n\n'),
  };
}
