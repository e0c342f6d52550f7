import { type ConsistencyOptions, checkConsistency, showConcurrentFinding } from '../check/index.ts';
import { turnEventLoop } from '../env/turn-event-loop.ts';
import { type Level, levelNames, parseLevel, showLevel } from '../history/index.ts';
import { keeping, type Problem, showProblem } from './problems.ts';
import { factoryTarget, type Place, type PropertyOptions, type RefinesPosixOptions } from './refines-posix.ts';
import { chosenSeed, replayedFile, variables } from './settings.ts';
import { counted, type Verdict } from './verdict.ts';

export interface LinearizableOptions
  extends Pick<PropertyOptions, 'runs' | 'seed' | 'name'>,
    Pick<ConsistencyOptions, 'clients' | 'processes' | 'calls' | 'settings'>,
    Pick<RefinesPosixOptions, 'without' | 'options' | 'simulation'> {
  /** A weaker level than `linearizable`, as `estale check --consistency` takes it: `close-to-open`, `attribute-cache:1`, ... */
  readonly level?: string;
}

const RUNS = 60;

/** @throws RangeError that lists the levels */
function levelOf(text: string): Level {
  const level = parseLevel(text);
  if (level !== undefined) return level;
  throw new RangeError(`toBeLinearizable: level: expected one of ${levelNames.join(', ')}, given "${text}"`);
}

/**
 * Whether the calls of processes that overlap give what they could have given one after the other. Undefined where ESTALE_REPLAY
 * means another check.
 */
export async function linearizable(
  given: unknown,
  options: LinearizableOptions,
  { signal }: Place,
): Promise<Verdict | undefined> {
  const problems: Problem[] = [];
  const level = levelOf(options.level ?? 'linearizable');
  const target = factoryTarget('toBeLinearizable', given, options, keeping(problems));
  if (target.cluster === undefined)
    throw new TypeError(`toBeLinearizable: expected a filesystem in the simulated kernel, given ${target.name}`);
  if (replayedFile() !== undefined) return undefined;
  const { clients, processes, calls, settings, runs = RUNS } = options;
  const seed = chosenSeed(options.seed);
  const enough = new AbortController();
  const report = await checkConsistency(target, {
    ...{ level, clients, processes, calls, settings, runs, seed },
    yield: turnEventLoop,
    signal: signal === undefined ? enough.signal : AbortSignal.any([enough.signal, signal]),
    onFinding: () => enough.abort(),
  });
  const { finding, undecided } = report;
  const ran = `${counted(report.runs, 'program')}, ${counted(report.calls, 'call')} (${variables.seed}=${seed})`;
  const claim = `${target.name} is ${showLevel(level)}`;
  if (finding === undefined && problems.length === 0) {
    const open = undecided === 0 ? '' : `, ${undecided} of them undecided`;
    return { pass: true, message: `expected not: ${claim}; nothing was found in ${ran}${open}` };
  }
  const wrong = problems.length === 0 ? [] : [`the filesystem's own errors:\n${problems.map(showProblem).join('\n')}`];
  const shown = finding === undefined ? [] : [showConcurrentFinding(finding)];
  return { pass: false, message: [`expected: ${claim}; ${ran}`, ...shown, ...wrong].join('\n\n') };
}
