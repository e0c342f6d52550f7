import type { FaultPlan, InjectedFault, Injection, RuleReport } from '../../fault/index.ts';

/** The faults that one run is under. */
export interface RunFaults {
  readonly plan: FaultPlan;
  /** Strike exactly here, as an earlier run did, whatever the conditions of the plan say. */
  readonly only?: readonly Injection[];
}

/** What the faults of a run came to, as it goes on. */
export interface FaultRun {
  /** Every fault so far, in order. */
  readonly injected: readonly InjectedFault[];
  report(): readonly RuleReport[];
  /** The program's step of this number begins. */
  begin(step: number): void;
  /** Nothing strikes any more; what lasts of earlier faults, stays. */
  stop(): void;
  /** Ends every process, and lets everything arrive that is on its way. */
  settle(): Promise<void> | undefined;
  /** Ends the connection, and gives what is still under way although it must not be: for runs whose calls may never end. */
  heal(): readonly string[];
}

/** What the faults of a run came to in the end. */
export interface FaultOutcome {
  readonly injected: readonly InjectedFault[];
  readonly report: readonly RuleReport[];
  /** Why the run was not judged to its end; undefined where it was. */
  readonly lost: Lost | undefined;
}

/** Why a run is judged no further. */
export type Lost = 'anything is permitted' | 'too many states';
