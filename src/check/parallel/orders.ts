import type { RuleReport } from '../../fault/index.ts';
import type { Finding } from '../campaign.ts';
import type { Conditions } from '../conditions.ts';
import type { RunFaults } from '../faults/run.ts';
import type { FaultTotals } from '../faults/swarm.ts';
import type { Hang } from '../hang.ts';
import type { Capability } from '../profile.ts';
import type { Program } from '../program.ts';
import type { Failure } from '../runner.ts';
import type { Settings } from '../target.ts';
import type { TrialOptions } from '../trials.ts';
import type { TargetSource } from './source.ts';

/** What a thread is started with. */
export interface ThreadTask {
  readonly source: TargetSource;
  /** What the target does without, besides what it says itself. */
  readonly without?: readonly Capability[];
  /** The campaign that it is part of, if any. */
  readonly trials?: TrialOptions;
  readonly pulse: SharedArrayBuffer;
  readonly limit: SharedArrayBuffer;
}

/** A program of the campaign with a failure, its settings and faults. */
export interface FailedRun {
  readonly run: number;
  /** Those that may be wanted: of one kind no more than a campaign shrinks. */
  readonly failures: readonly Failure[];
  /** Which of them is the hang; -1: none. */
  readonly hung: number;
  readonly settings: Settings | undefined;
  readonly faults: RunFaults | undefined;
}

/** What programs of a campaign came to: those from `from` on and before `to`. */
export interface Looked {
  readonly from: number;
  readonly to: number;
  readonly calls: number;
  readonly faults: FaultTotals | undefined;
  readonly failed: readonly FailedRun[];
  /** Whether the hang that was told came to be a failure. */
  readonly hung: boolean;
}

/** What came of a program that was run by itself. */
export interface Ran {
  readonly calls: number;
  readonly failure: Failure | undefined;
  readonly rules: readonly RuleReport[];
}

/** What a thread can be asked, and what it answers. */
export interface Orders {
  /** Why the target does not have a capability; undefined where it does. */
  probe: { readonly order: { readonly capability: Capability }; readonly answer: string | undefined };
  /** Programs of the campaign: those from `from` on and before `to`. */
  look: {
    readonly order: {
      readonly from: number;
      readonly to: number;
      /** They were begun in time before. */
      readonly late: boolean;
      /** Where the program `from` did not come back when it was run before. */
      readonly hang?: Hang;
    };
    readonly answer: Looked;
  };
  /** A failure of a program of the campaign: shrunk, by at most so many runs. */
  shrink: {
    readonly order: { readonly run: number; readonly failure: Failure; readonly shrinkRuns: number | undefined };
    readonly answer: { readonly finding: Finding; readonly calls: number };
  };
  /** The same, as it is. */
  describe: { readonly order: Varied & { readonly failure: Failure }; readonly answer: Finding };
  /** A variant of a program of the campaign. */
  vary: { readonly order: Varied & { readonly program: Program }; readonly answer: Ran };
  /** A program of its own. */
  replay: {
    readonly order: {
      readonly program: Program;
      readonly conditions: Conditions | undefined;
      readonly faults: RunFaults | undefined;
      /** Each call is told, with what is below it. */
      readonly verbose: boolean;
    };
    readonly answer: Ran;
  };
}

/** Settings and faults in the place of those that belong to a program of the campaign. */
export interface Varied {
  readonly run: number;
  readonly settings: Settings | undefined;
  readonly faults: RunFaults | undefined;
}

export type OrderKind = keyof Orders;
export type Order = { [Kind in OrderKind]: { readonly kind: Kind } & Orders[Kind]['order'] }[OrderKind];
export type Answer<Kind extends OrderKind = OrderKind> = Orders[Kind]['answer'];

/** What a thread says. */
export type Message =
  | { readonly kind: 'ready'; readonly name: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  | { readonly kind: 'failed'; readonly error: Error }
  | { readonly kind: 'problem'; readonly problem: string; readonly error: Error | undefined }
  | { readonly kind: 'line'; readonly line: string };
