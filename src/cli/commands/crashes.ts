import { setImmediate as turn } from 'node:timers/promises';
import {
  type CrashCampaignReport,
  type CrashFinding,
  type CrashSubject,
  checkCrashes,
  counterexampleFileName,
  crashToText,
  type SweepReport,
  showCrashFinding,
  sweepCrashes,
} from '../../check/index.ts';
import { type CrashPromise, crashPromises } from '../../vfs/index.ts';
import { openCrashSubject } from '../crash-subject.ts';
import { ProgressLine } from '../progress.ts';
import type { CounterexampleFolder } from '../save.ts';
import { exitCode, UsageError, wholeNumber } from '../usage.ts';

/** What `estale check --crashes` takes besides what every check takes. */
export const crashOptions = {
  crashes: { type: 'boolean' },
  sweep: { type: 'string' },
  promise: { type: 'string' },
  outcomes: { type: 'string' },
} as const;

export interface CrashWords {
  readonly crashes?: boolean;
  readonly sweep?: string;
  readonly promise?: string;
  readonly outcomes?: string;
}

interface Limits {
  readonly seed: number;
  readonly runs: number | undefined;
  readonly time: number | undefined;
}

interface How {
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly folder: CounterexampleFolder;
  readonly without: readonly string[];
}

const LONGEST = 3;
const MOST_OUTCOMES = 1_000_000;
/** Operations of a program of the sweep, unless it is said. */
const SWEEP = 1;

export function refuseWithoutCrashes(words: CrashWords): void {
  for (const name of ['sweep', 'promise', 'outcomes'] as const)
    if (words[name] !== undefined) throw new UsageError(`--${name}: expected with --crashes`);
}

/** Sweeps short programs, then crashes generated ones; gives the exit code. */
export async function runCrashes(word: string, words: CrashWords, limits: Limits, how: How): Promise<number> {
  const subject = await openCrashSubject(word, promiseOf(words.promise), how.without);
  const length = words.sweep === undefined ? SWEEP : wholeNumber('sweep', words.sweep, 0, LONGEST);
  const say = how.json ? () => {} : console.log;
  say(`crashing ${subject.name} at every ${subject.point}, promise ${subject.promise}, seed ${limits.seed}`);
  const outcomes = words.outcomes === undefined ? undefined : wholeNumber('outcomes', words.outcomes, 1, MOST_OUTCOMES);
  const saved: string[] = [];
  const progress = new ProgressLine();
  const onFinding = (finding: CrashFinding): void => {
    progress.clear();
    const path = save(subject, finding, how.folder);
    if (path !== undefined) saved.push(path);
    say(`\n${showCrashFinding(finding)}${path === undefined ? '' : `\nsaved: ${path}`}`);
  };
  const common = { now: () => performance.now(), yield: () => turn(), signal: how.signal, onFinding };
  const { seed, runs, time } = limits;
  let swept: SweepReport | undefined;
  let generated: CrashCampaignReport | undefined;
  try {
    if (length > 0) {
      const onProgress = (done: number, all: number): void => progress.update(done / all, `${subject.name}: sweep`);
      const begin = performance.now();
      swept = await sweepCrashes(subject, { ...common, length, outcomes, seed, onProgress });
      progress.clear();
      say(showSweep(swept, performance.now() - begin));
    }
    // A longer sweep is asked for by itself.
    if (words.sweep === undefined || runs !== undefined) {
      const onProgress = (done: number): void =>
        progress.update(runs && done / runs, `${subject.name}: ${done} programs`);
      generated = await checkCrashes(subject, { ...common, seed, runs, time, onProgress });
      progress.clear();
      say(showGenerated(generated));
    }
  } catch (error) {
    if (error instanceof UsageError || !(error instanceof Error)) throw error;
    throw new UsageError(`--crashes: ${subject.name} cannot be crashed: ${error.stack}`);
  } finally {
    progress.clear();
  }
  if (how.json) console.log(JSON.stringify({ sweep: swept, generated, saved }, undefined, 2));
  if (saved.length > 0) say(`again: estale replay ${saved[0]}`);
  const found = (swept?.findings.length ?? 0) + (generated?.findings.length ?? 0);
  return found > 0 ? exitCode.found : exitCode.nothingFound;
}

function promiseOf(text: string | undefined): CrashPromise | undefined {
  if (text === undefined) return undefined;
  const found = crashPromises.find((name) => name === text);
  if (found === undefined) throw new UsageError(`--promise: expected ${crashPromises.join(' or ')}, given "${text}"`);
  return found;
}

function save(
  { name, promise }: CrashSubject,
  finding: CrashFinding,
  folder: CounterexampleFolder,
): string | undefined {
  const file = counterexampleFileName(name, { signature: `crash ${finding.violation.promise}` });
  return folder.write(file, crashToText({ ...finding, target: name, promise }));
}

const thousands = (number: number): string => number.toLocaleString('en-US');

function outcome(findings: readonly unknown[]): string {
  if (findings.length === 0) return 'no promise broken';
  return `${findings.length} promise${findings.length === 1 ? '' : 's'} broken`;
}

function showSweep(report: SweepReport, ms: number): string {
  const { length, programs, passedOver, diverged, points, outcomes, sampled, complete, findings, broken } = report;
  const parts = [
    `sweep of length ${length}: ${outcome(findings)}${broken > 0 ? ` by ${thousands(broken)} programs` : ''}`,
    `${thousands(programs)} programs (${thousands(passedOver)} more fail by themselves), ${thousands(points)} power failures, ${thousands(outcomes)} outcomes in ${(ms / 1000).toFixed(1)} s`,
    sampled === 0
      ? 'every outcome was looked at'
      : `of ${thousands(sampled)} power failures only a part of the outcomes was looked at`,
  ];
  if (!complete) parts.push('not all programs were run');
  if (diverged > 0) parts.push(wrongResults(diverged));
  return parts.join('; ');
}

export function showGenerated({ runs, points, outcomes, diverged, findings, seed }: CrashCampaignReport): string {
  const parts = [
    `generated programs: ${outcome(findings)}`,
    `${thousands(runs)} programs, ${thousands(points)} power failures, ${thousands(outcomes)} outcomes, drawn; seed ${seed}`,
  ];
  if (diverged > 0) parts.push(wrongResults(diverged));
  return parts.join('; ');
}

const wrongResults = (programs: number): string =>
  `${thousands(programs)} programs were left where a call answered wrongly without any crash (estale check tells more)`;
