import type { Finding } from '../campaign.ts';
import { DOES_NOT_END, failureOf, isInCall, showHang } from '../hang.ts';
import type { ProblemReport } from '../reporter.ts';
import type { Failure, Outcome } from '../runner.ts';
import { type Attempt, type Shrinkable, shrinkBy } from '../shrink.ts';
import type { ShrunkFinding } from '../shrink-to-finding.ts';
import { rawKey } from '../signature.ts';
import type { Hand } from './hand.ts';
import type { Limit } from './limit.ts';
import type { Varied } from './orders.ts';

/** A failure that is to be shrunk. */
export interface Wanted extends Varied {
  readonly failure: Failure;
  /** Whether it is one of a program that did not come back. */
  readonly isHang: boolean;
}

export interface ShrinkingOptions {
  readonly shrinkRuns?: number;
  readonly onProblem: ProblemReport;
}

/** Milliseconds without a sign of life that are enough while a hang is shrunk: what comes of it is tried with all patience. */
const QUICK = 300;
/** How often a thread may hang for the sake of shrinking one that does. */
const HANGS = 40;
const VARIANTS = 1000;

/** Shrinks a failure in a thread. A variant that does not come back ends that, with what was reached before. */
export async function shrinkFailure(
  hand: Hand,
  wanted: Wanted,
  limit: Limit,
  options: ShrinkingOptions,
): Promise<ShrunkFinding> {
  if (wanted.isHang) return shrinkHang(hand, wanted, limit, options.shrinkRuns);
  const { run, failure } = wanted;
  const first = await hand.ask('shrink', { run, failure, shrinkRuns: options.shrinkRuns });
  if (first.kind === 'answer') return first.answer;
  if (!limit.isAborted) {
    options.onProblem(
      `a failure of program ${run} is not shrunk further than to a program that hangs: ${showHang(first.hang)}`,
    );
    const again = await hand.ask('shrink', { run, failure, shrinkRuns: Math.max(0, first.hang.attempt) });
    if (again.kind === 'answer') return again.answer;
  }
  return { finding: await describe(hand, wanted), calls: 0 };
}

/** Shrinks a hang: a variant that hangs costs a thread, and the time to notice it. */
async function shrinkHang(hand: Hand, wanted: Wanted, limit: Limit, shrinkRuns = VARIANTS): Promise<ShrunkFinding> {
  const { run, failure } = wanted;
  let hangs = 0;
  const attempt =
    (patience: number): Attempt =>
    async (program, settings, faults): Promise<Outcome> => {
      const reply = await hand.ask('vary', { run, program, settings, faults }, patience);
      if (reply.kind === 'answer') return reply.answer;
      hangs++;
      const { hang } = reply;
      return { calls: hang.judged, failure: isInCall(hang, program) ? failureOf(program, hang) : undefined };
    };
  let calls = 0;
  let shrunk: Shrinkable = wanted;
  if (failure.divergence.difference === DOES_NOT_END) {
    const isOver = () => hangs >= HANGS || !limit.allowsShrinking;
    const smallest = await shrinkBy(attempt(Math.min(hand.patience, QUICK)), wanted, shrinkRuns, isOver);
    ({ calls } = smallest);
    if (smallest.failure !== failure && !limit.isAborted) {
      const { failure: found, settings, faults } = smallest;
      const again = await attempt(hand.patience)(found.program, settings, faults);
      calls += again.calls;
      if (again.failure !== undefined && rawKey(again.failure) === rawKey(failure))
        shrunk = { failure: again.failure, settings, faults };
    }
  }
  return { finding: await describe(hand, { run, ...shrunk }), calls };
}

async function describe(hand: Hand, { run, failure, settings, faults }: Omit<Wanted, 'isHang'>): Promise<Finding> {
  const reply = await hand.ask('describe', { run, failure, settings, faults });
  if (reply.kind === 'answer') return reply.answer;
  throw new Error(`program ${run}: ${showHang(reply.hang)}`);
}
