import { alphabet, type Operation, programOfOperations } from './alphabet.ts';
import { chart, freshGround, type Ground } from './crashing.ts';
import { type CrashFinding, findingFrom } from './finding.ts';
import { type Broken, type CrashCount, type CrashLimits, crashEverywhere } from './points.ts';
import { preparedGround } from './prepared.ts';
import { shrinkCrash } from './shrink.ts';
import type { CrashSubject } from './subject.ts';

export interface SweepOptions {
  /** Operations of a program, at most. */
  readonly length: number;
  /** Outcomes of one power failure that are tried in order; beyond it as many are drawn. Default: the subject's. */
  readonly outcomes?: number;
  readonly seed?: number;
  /** Milliseconds after which no new program is begun; needs `now`. */
  readonly time?: number;
  readonly now?: () => number;
  readonly signal?: AbortSignal;
  /** Lets the event loop turn; called now and then between programs. */
  readonly yield?: () => Promise<void>;
  readonly onProgress?: (done: number, all: number) => void;
  readonly onFinding?: (finding: CrashFinding) => void;
}

export interface SweepReport extends Readonly<CrashCount> {
  readonly subject: string;
  readonly length: number;
  /** Programs that were run to every power failure. */
  readonly programs: number;
  /** Programs of which an operation fails, so that a shorter one says the same. */
  readonly passedOver: number;
  /** Programs that gave results which POSIX does not allow, and were left there. */
  readonly diverged: number;
  /** All programs of the length were run. */
  readonly complete: boolean;
  /** Programs that broke a promise. */
  readonly broken: number;
  /** The first of each promise, shrunk. */
  readonly findings: readonly CrashFinding[];
}

/**
 * Every program of up to so many operations, every place at which the power may fail in it, and every state that may be left:
 * bounded black-box testing as CrashMonkey does (Mohan et al., OSDI 2018).
 */
export async function sweepCrashes(subject: CrashSubject, options: SweepOptions): Promise<SweepReport> {
  const { length, seed = 0, time = Infinity, now = () => 0, signal } = options;
  const limits = { outcomes: options.outcomes ?? subject.outcomes, seed };
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  const findings = new Map<string, CrashFinding>();
  const { ground, broken: atOnce } = await preparedGround(subject);
  if (atOnce !== undefined) {
    const finding = await shrinkCrash(findingFrom(atOnce, [], { seed, run: 0 }), await freshGround(subject), limits);
    findings.set(finding.violation.promise, finding);
    options.onFinding?.(finding);
  }
  const begin = now();
  const all = Array.from({ length }, (_, i) => alphabet.length ** (i + 1)).reduce((sum, n) => sum + n, 0);
  let [done, programs, passedOver, diverged, broken] = [0, 0, 0, 0, 0];
  const isOver = (): boolean => signal?.aborted === true || now() - begin > time;
  for (const operations of programsUpTo(length)) {
    if (isOver() || ground === undefined) break;
    done += 1;
    const charted = await chart(ground, programOfOperations(operations));
    if (charted.diverged) diverged += 1;
    if (hasFailure(operations, charted.results)) {
      passedOver += 1;
      continue;
    }
    programs += 1;
    const found = await crashEverywhere(charted, limits, count);
    if (found !== undefined) {
      broken += 1;
      const { promise } = found.violation;
      if (!findings.has(promise)) {
        const finding = await shrunk(subject, ground, found, { seed, run: done }, limits);
        findings.set(promise, finding);
        options.onFinding?.(finding);
      }
    }
    if (done % 16 === 0) {
      options.onProgress?.(done, all);
      await options.yield?.();
    }
  }
  const report = { subject: subject.name, length, programs, passedOver, diverged, broken, ...count };
  return { ...report, complete: done === all, findings: [...findings.values()] };
}

/** The finding with as few calls as show it; on a fresh filesystem, if they show it there. */
async function shrunk(
  subject: CrashSubject,
  ground: Ground,
  broken: Broken,
  found: Pick<CrashFinding, 'seed' | 'run'>,
  limits: CrashLimits,
): Promise<CrashFinding> {
  const fresh = await freshGround(subject);
  const count: CrashCount = { points: 0, sampled: 0, outcomes: 0 };
  const alone = await crashEverywhere(await chart(fresh, broken.cut.chart.program), limits, count);
  if (alone?.violation.promise === broken.violation.promise)
    return await shrinkCrash(findingFrom(alone, [], found), fresh, limits);
  return await shrinkCrash(findingFrom(broken, [], { ...found, prepared: true }), ground, limits);
}

function* programsUpTo(length: number, before: readonly Operation[] = []): Generator<readonly Operation[]> {
  for (let n = 1; n <= length; n++) yield* programsOf(n, before);
}

function* programsOf(length: number, before: readonly Operation[]): Generator<readonly Operation[]> {
  if (length === 0) yield before;
  else for (const next of alphabet) yield* programsOf(length - 1, [...before, next]);
}

/** Whether a call of an operation, not of the syncs at the end, fails. */
function hasFailure(operations: readonly Operation[], results: readonly unknown[]): boolean {
  const calls = operations.reduce((sum, operation) => sum + operation.calls.length, 0);
  return results.slice(0, calls).some((result) => typeof result === 'number' && result < 0);
}
