import fc from 'fast-check';
import { holds, judge, type Level } from '../../history/index.ts';
import { hashText } from '../../sim/index.ts';
import { Draw } from '../arbitrary/draw.ts';
import type { CheckOptions } from '../campaign.ts';
import { seededRandom } from '../seed.ts';
import type { Settings, Target } from '../target.ts';
import { type ConcurrentFinding, findingOf, levelsFor } from './finding.ts';
import { generateConcurrent } from './generate.ts';
import { type ConcurrentSetting, longestTimeout, runConcurrent } from './run.ts';
import { shrinkConcurrent } from './shrink.ts';

export interface ConsistencyOptions
  extends Pick<CheckOptions, 'seed' | 'runs' | 'time' | 'now' | 'yield' | 'signal' | 'onProgress'> {
  /** What is asked for. */
  readonly level: Level;
  /** Kernels on one filesystem, 1 to 8. Default 1. */
  readonly clients?: number;
  /** Processes, spread over the kernels; 1 to 80. Default 4. */
  readonly processes?: number;
  /** Calls of each process, about. Default 20. */
  readonly calls?: number;
  /** How the kernels are mounted. Left out: drawn for one kernel, the defaults for several. */
  readonly settings?: Settings;
  /** Called with the first run that breaks the level, made small; or that does not come to an end. */
  readonly onFinding?: (finding: ConcurrentFinding) => void;
}

export interface ConsistencyReport {
  readonly target: string;
  readonly level: Level;
  readonly clients: number;
  readonly seed: number;
  readonly runs: number;
  /** Calls of all histories. */
  readonly calls: number;
  /** Runs that broke the level, that did not end, that could not be decided. */
  readonly broken: number;
  readonly stuck: number;
  readonly undecided: number;
  /** The strongest level that all runs kept; undefined: none. */
  readonly strongest: Level | undefined;
  /** The first run that did not end, else the first that broke the level. */
  readonly finding: ConcurrentFinding | undefined;
}

const PROCESSES = 4;
const CALLS = 20;
/** Milliseconds that some calls wait for, without caches; with them also a bit less and more than these keep. */
const PAUSES = [1, 100];

/**
 * Runs generated programs whose processes' calls overlap, and judges what they gave.
 *
 * @example const { finding } = await checkConsistency(target, { level: { kind: 'linearizable' }, runs: 100 });
 */
export async function checkConsistency(target: Target, options: ConsistencyOptions): Promise<ConsistencyReport> {
  const { level, clients = 1, signal, now = () => 0, time = Infinity } = options;
  const { runs = options.time === undefined ? 100 : Infinity } = options;
  const seed = (options.seed ?? 0) >>> 0;
  const start = now();
  const counts = { runs: 0, calls: 0, broken: 0, stuck: 0, undecided: 0 };
  let kept: readonly Level[] = levelsFor(level, options.settings);
  let finding: ConcurrentFinding | undefined;
  while (counts.runs < runs && now() - start < time && !signal?.aborted) {
    const draw = new Draw(new fc.Random(seededRandom(seed, counts.runs)));
    const settings = options.settings ?? (clients === 1 ? target.settings?.(draw) : undefined);
    const timeout = Math.min(10, longestTimeout(settings)) * 1000;
    const pauses = timeout === 0 ? PAUSES : [...PAUSES, timeout * 0.7, timeout * 1.5];
    const { processes = PROCESSES, calls = CALLS } = options;
    const program = generateConcurrent(draw, { without: target.without, clients, processes, calls, pauses });
    const choice = { seed: hashText(seed, `run ${counts.runs}`), order: 'random' as const, reorder: draw.chance(60) };
    const setting: ConcurrentSetting = settings === undefined ? choice : { ...choice, settings };
    const { history, stuck } = await runConcurrent(target, program, setting);
    counts.calls += history.operations.length;
    const found = findingOf({ level, program, setting, seed, run: counts.runs }, history, stuck);
    if (found === undefined && judge(history, level).kind === 'undecided') counts.undecided += 1;
    if (found !== undefined) counts[stuck.length > 0 ? 'stuck' : 'broken'] += 1;
    if (stuck.length === 0) kept = kept.filter((other) => holds(history, other));
    if (found !== undefined && (finding === undefined || (finding.stuck.length === 0 && stuck.length > 0))) {
      finding = await shrinkConcurrent(target, found);
      options.onFinding?.(finding);
    }
    counts.runs += 1;
    options.onProgress?.({ runs: counts.runs, calls: counts.calls, findings: counts.broken + counts.stuck });
    await options.yield?.();
  }
  return { target: target.name, level, clients, seed, ...counts, strongest: kept[0], finding };
}
