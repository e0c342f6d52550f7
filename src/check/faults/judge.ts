import type { Divergence } from '../../model/index.ts';
import { StuckError } from '../../sim/index.ts';
import type { Call } from '../../vfs/index.ts';
import type { Program } from '../program.ts';
import type { Arena, Failure, Outcome } from '../runner.ts';
import type { FaultRun } from './run.ts';
import { Worlds } from './worlds.ts';

/** The aspect of a divergence that is a call without an end. */
export const LIVENESS = 'liveness';

/** The states that a run under faults is judged by. */
export function worldsFor({ target, tree, model, settings, faults }: Arena, { injected }: FaultRun): Worlds {
  if (faults === undefined) throw new Error('expected the faults that the kernel was started under, given none');
  const { plan } = faults;
  const options = { ...model, ...target.modelUnder?.(settings) };
  const ignore = new Set(options.ignore);
  // Times are not judged by a clock that jumps.
  if (plan.rules.some(({ where }) => where === 'clock')) ignore.add('times');
  return new Worlds({ options: { ...options, ignore }, tree }, plan, injected, settings?.writebackCache === true);
}

/** The divergence of a call that does not end; undefined where that is not what the kernel says. */
export function notLive({ op }: Call, error: unknown): Divergence | undefined {
  if (!(error instanceof StuckError)) return undefined;
  return { aspect: LIVENESS, difference: 'does not end', expected: `${op} to end`, actual: error.message };
}

/** Calls that are still under way when the faults have stopped and the connection is cut. */
export function stillUnderWay(under: FaultRun, program: Program, call: Call): Failure | undefined {
  const waiting = under.heal();
  if (waiting.length === 0) return undefined;
  const divergence: Divergence = {
    aspect: LIVENESS,
    difference: 'does not end when the connection is cut',
    expected: 'everything to end when faults have stopped and the connection is cut',
    actual: waiting.join('; '),
  };
  return { program, divergence, call, result: 0 };
}

/** The outcome of a run with what the faults came to, and a failure with those that struck. */
export function withFaults(outcome: Outcome, { injected, report }: FaultRun, worlds: Worlds | undefined): Outcome {
  const faults = { injected, report: report(), lost: worlds?.lost };
  const { failure } = outcome;
  const struck = injected
    .filter(({ lasting }) => lasting === undefined)
    .map(({ rule, label, step, inStep }) => ({ rule, label, step, inStep }));
  return { ...outcome, faults, failure: failure && { ...failure, injected: struck } };
}

/** Whether a finding is of a call that does not end. */
export const isNotLive = ({ signature }: { readonly signature: string }): boolean => signature.includes('does not end');
