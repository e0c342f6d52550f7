import type { Conditions } from './conditions.ts';
import { Discoveries } from './discoveries.ts';
import { type FaultChoice, FaultTally, type FaultTotals } from './faults/swarm.ts';
import type { KnownDivergence } from './known.ts';
import type { Program } from './program.ts';
import { shrinkToFinding } from './shrink-to-finding.ts';
import type { Target } from './target.ts';
import { Trials } from './trials.ts';

/** A divergence, shrunk. */
export interface Finding {
  /** What it is counted by: the call, expected and actual. */
  readonly signature: string;
  /** What was done wrong at heart: several signatures may be of one kind. */
  readonly kind?: string;
  /** The smallest program that shows it; its last call fails. */
  readonly program: Program;
  readonly expected: string;
  readonly actual: string;
  /** The seed of the campaign and the number of the run in it. */
  readonly seed: number;
  readonly run: number;
  /** Under what it was found, for replaying it; where it is left out, the target's own. */
  readonly conditions?: Conditions;
  /** How often it showed when it was run again, where runs of the target do not repeat by themselves (serialised). */
  readonly reproduced?: Reproduced;
}

export interface Reproduced {
  readonly times: number;
  readonly of: number;
}

export interface Report {
  readonly target: string;
  readonly seed: number;
  /** Programs that were generated. */
  readonly runs: number;
  /** System calls that were judged, those of shrinking included. */
  readonly calls: number;
  /** Of the time that was measured, 0 where there was none. */
  readonly callsPerSecond: number;
  readonly findings: readonly Finding[];
  /** Known divergences that were met, with a program. */
  readonly known: readonly Finding[];
  /** Where programs ran under faults: what these came to. */
  readonly faults?: FaultTotals;
  /** Where it ended because what a program made could not be removed. */
  readonly isSpent?: true;
}

export interface CheckOptions {
  /** The faults that programs run under: a plan, or classes of which each program draws some. Default: none. */
  readonly faults?: FaultChoice;
  /** 0 to 2^32 - 1; the same seed and runs give the same report. */
  readonly seed?: number;
  /** Programs to generate. Left out: 1000, or with `time` or `calls` no limit. */
  readonly runs?: number;
  /** Milliseconds after which no new program is begun; needs `now`. */
  readonly time?: number;
  /** Milliseconds since some moment. */
  readonly now?: () => number;
  /** Judged calls after which no new program is begun. */
  readonly calls?: number;
  /** Calls of a program, at most; 160 unless given. */
  readonly maxCalls?: number;
  readonly known?: readonly KnownDivergence[];
  readonly onProgress?: (progress: Progress) => void;
  readonly onFinding?: (finding: Finding) => void;
  /** Lets the event loop turn; called now and then between programs. */
  readonly yield?: () => Promise<void>;
  /** Runs spent on shrinking one divergence, at most. */
  readonly shrinkRuns?: number;
  /** Ends the campaign after the program or the shrinking at hand. */
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly runs: number;
  readonly calls: number;
  readonly findings: number;
}

/**
 * Checks a target with generated programs. It goes on after a finding: each new divergence is shrunk, each that was met
 * before is taken out of its program, so that it does not hide what comes behind it.
 *
 * @example const report = await check(target, { seed: 1, runs: 1000 }); expect(report.findings).toEqual([]);
 */
export async function check(target: Target, options: CheckOptions = {}): Promise<Report> {
  const { calls: callLimit = Infinity, time = Infinity, now = () => 0, signal, shrinkRuns, maxCalls } = options;
  const runLimit = runsOf(options);
  const seed = seedOf(options);
  const start = now();
  const trials = await Trials.open(target, { seed, maxCalls, faults: options.faults });
  const faults = options.faults && new FaultTally();
  const discoveries = new Discoveries(options);
  let runs = 0;
  let calls = 0;
  const isEnded = () => signal?.aborted === true || target.isSpent?.() === true;
  /** Shrinking goes on for as long again as was given for looking. */
  const isOver = () => isEnded() || now() - start > 2 * time;
  let lastTurn = now();
  while (runs < runLimit && calls < callLimit && now() - start < time && !isEnded()) {
    const tried = await trials.look(runs, isEnded);
    calls += tried.calls;
    faults?.add(tried.faults);
    for (const failure of tried.failures) {
      if (!discoveries.wants(failure)) continue;
      const shrunk = await shrinkToFinding(trials.at(runs).arena, failure, { seed, run: runs, shrinkRuns, isOver });
      calls += shrunk.calls;
      discoveries.add(shrunk.finding);
      if (signal?.aborted) break;
    }
    runs++;
    if ((runs & 63) === 0 || now() - lastTurn > 50) {
      options.onProgress?.({ runs, calls, findings: discoveries.count });
      await options.yield?.();
      lastTurn = now();
    }
  }
  const isSpent = target.isSpent?.() || undefined;
  return discoveries.report({ target: target.name, seed, runs, calls, faults: faults?.totals, isSpent }, now() - start);
}

export const seedOf = ({ seed = 0 }: Pick<CheckOptions, 'seed'>): number => seed >>> 0;

/** How many programs there are to be at most. */
export const runsOf = ({ runs, time, calls }: Pick<CheckOptions, 'runs' | 'time' | 'calls'>): number =>
  runs ?? (time === undefined && calls === undefined ? 1000 : Infinity);
