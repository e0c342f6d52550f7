import { setImmediate as turn } from 'node:timers/promises';
import {
  type CheckOptions,
  check,
  checkInParallel,
  type Finding,
  keepObjectsYoung,
  type Report,
  type Target,
  type TargetSource,
} from '../check/index.ts';
import { oncePerProblem } from '../check/reporter.ts';
import { ProgressLine, tellProblem } from './progress.ts';

/** How long or how often, and where from. */
export type CampaignLimits = Pick<CheckOptions, 'seed' | 'runs' | 'time' | 'calls' | 'known' | 'faults'>;

/** Threads that check a target. */
export interface CampaignThreads {
  readonly source: TargetSource;
  readonly jobs: number;
  readonly patience?: number;
}

const thousands = (number: number): string => number.toLocaleString('en-US');

const counted = (number: number, noun: string): string => `${thousands(number)} ${noun}${number === 1 ? '' : 's'}`;

/**
 * Checks a target with a progress line, in threads where they are given; `signal` ends it after the program at hand, with what
 * was found until then.
 */
export async function runCampaign(
  target: Target,
  limits: CampaignLimits,
  signal: AbortSignal,
  onFinding?: (finding: Finding) => void,
  threads?: CampaignThreads,
): Promise<Report> {
  keepObjectsYoung();
  const progress = new ProgressLine();
  const start = performance.now();
  const fraction = (runs: number, calls: number): number | undefined => {
    if (limits.calls !== undefined) return calls / limits.calls;
    if (limits.runs !== undefined) return runs / limits.runs;
    return limits.time === undefined ? undefined : (performance.now() - start) / limits.time;
  };
  const options: CheckOptions = {
    ...limits,
    signal,
    onProgress: ({ runs, calls, findings }) =>
      progress.update(fraction(runs, calls), `${target.name}: ${thousands(calls)} calls, ${thousands(findings)} found`),
    onFinding: (finding) => {
      progress.clear();
      onFinding?.(finding);
    },
  };
  try {
    if (threads === undefined)
      return await check(target, { ...options, now: () => performance.now(), yield: () => turn() });
    const { source, ...how } = threads;
    const without = [...target.without];
    return await checkInParallel(source, { ...options, ...how, without, onProblem: oncePerProblem(tellProblem) });
  } finally {
    progress.clear();
  }
}

/** What a campaign did, in a line. */
export function showReport({ target, seed, runs, calls, callsPerSecond, findings, known }: Report): string {
  const kinds = new Set(findings.map(({ kind, signature }) => kind ?? signature)).size;
  const divergences = `${counted(findings.length, 'different divergence')} of ${counted(kinds, 'kind')} found`;
  const found = findings.length === 0 ? 'nothing found' : divergences;
  const accepted = known.length === 0 ? '' : `, ${known.length} known`;
  return `${target}: ${found}${accepted} in ${counted(runs, 'program')}, ${counted(calls, 'checked call')} (${thousands(callsPerSecond)}/s), seed ${seed}`;
}
