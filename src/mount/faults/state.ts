import type { FaultPlan, FaultSupport, InjectedFault, RuleReport } from '../../fault/index.ts';

/** The faults of a mount as they are to be now; plain data. */
export interface FaultState {
  readonly plan: FaultPlan;
  /** Whether the plan is in force at all. */
  readonly on: boolean;
}

/** What those who inject say to the thread that mounted. */
export type FaultMessage =
  /** How requests are served: what a plan can ask for depends on it. */
  | { readonly kind: 'serving'; readonly support: FaultSupport }
  | { readonly kind: 'injected'; readonly fault: InjectedFault }
  /** At the end. */
  | { readonly kind: 'report'; readonly report: readonly RuleReport[] };
