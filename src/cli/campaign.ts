import { setImmediate as turn } from 'node:timers/promises';
import { type CheckOptions, check, type Finding, type Report, type Target } from '../check/index.ts';
import { ProgressLine } from './progress.ts';

/** How long or how often, and where from. */
export type CampaignLimits = Pick<CheckOptions, 'seed' | 'runs' | 'time' | 'known'>;

const thousands = (number: number): string => number.toLocaleString('en-US');

/** Checks a target with a progress line; Ctrl-C ends it after the program at hand, with what was found until then. */
export async function runCampaign(
  target: Target,
  limits: CampaignLimits,
  onFinding?: (finding: Finding) => void,
): Promise<{ readonly report: Report; readonly interrupted: boolean }> {
  const progress = new ProgressLine();
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  const start = performance.now();
  const fraction = (runs: number): number | undefined => {
    if (limits.runs !== undefined) return runs / limits.runs;
    return limits.time === undefined ? undefined : (performance.now() - start) / limits.time;
  };
  try {
    const report = await check(target, {
      ...limits,
      now: () => performance.now(),
      yield: () => turn(),
      signal: controller.signal,
      onProgress: ({ runs, calls, findings }) =>
        progress.update(fraction(runs), `${target.name}: ${thousands(calls)} calls, ${thousands(findings)} found`),
      onFinding: (finding) => {
        progress.clear();
        onFinding?.(finding);
      },
    });
    return { report, interrupted: controller.signal.aborted };
  } finally {
    progress.clear();
    process.off('SIGINT', interrupt);
  }
}

/** What a campaign did, in a line. */
export function showReport({ target, seed, runs, calls, callsPerSecond, findings, known }: Report): string {
  const found = findings.length === 0 ? 'nothing found' : `${findings.length} different divergences found`;
  const accepted = known.length === 0 ? '' : `, ${known.length} known ones met`;
  return `${target}: ${found}${accepted} in ${thousands(runs)} programs, ${thousands(calls)} checked calls (${thousands(callsPerSecond)}/s), seed ${seed}`;
}
