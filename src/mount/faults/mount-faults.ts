import {
  checkPlan,
  checkSupport,
  type FaultPlan,
  type FaultSupport,
  type InjectedFault,
  type RuleReport,
} from '../../fault/index.ts';
import { didYouMean } from '../../vfs/index.ts';
import type { FaultMessage, FaultState } from './state.ts';

/** A plan on a mount, in the hands of whoever mounted. */
export interface MountFaults {
  readonly plan: FaultPlan;
  /** Whether the plan is in force at all. */
  readonly on: boolean;
  /** What each rule came to so far. How often conditions held is known when the mount has ended. */
  report(): readonly RuleReport[];
  /** Turns rules and switches on or off by their names; without names, the whole plan. @throws RangeError for an unknown name */
  turn(on: boolean, names?: readonly string[]): void;
  /** Puts another plan in force, from the next request on. @throws FaultPlanError where it cannot be meant, or not here */
  set(plan: FaultPlan): void;
}

/** The same, with the side that those who inject see. */
export class FaultDesk implements MountFaults {
  #plan: FaultPlan;
  #on = true;
  #support: FaultSupport | undefined;
  #final: readonly RuleReport[] | undefined;
  readonly #injected = new Map<string, number>();
  readonly #publish: (state: FaultState) => void;
  readonly #onFault: ((fault: InjectedFault) => void) | undefined;

  /** `publish` carries a state to where faults are injected. */
  constructor(plan: FaultPlan, publish: (state: FaultState) => void, onFault?: (fault: InjectedFault) => void) {
    this.#plan = checkPlan(plan);
    this.#publish = publish;
    this.#onFault = onFault;
    publish(this.state);
  }

  get plan(): FaultPlan {
    return this.#plan;
  }

  get on(): boolean {
    return this.#on;
  }

  get state(): FaultState {
    return { plan: this.#plan, on: this.#on };
  }

  said(message: FaultMessage): void {
    switch (message.kind) {
      case 'serving':
        this.#support = message.support;
        return;
      case 'injected':
        this.#injected.set(message.fault.rule, (this.#injected.get(message.fault.rule) ?? 0) + 1);
        this.#onFault?.(message.fault);
        return;
      case 'report':
        this.#final = message.report;
        return;
    }
  }

  report(): readonly RuleReport[] {
    if (this.#final !== undefined) return this.#final;
    return this.#plan.rules.map(({ name, where, what, enabled = true }) => {
      const injected = this.#injected.get(name) ?? 0;
      return { rule: name, where, kind: what.kind, enabled, matched: injected, injected };
    });
  }

  turn(on: boolean, names: readonly string[] = []): void {
    const { rules, switches = {} } = this.#plan;
    const known = [...rules.map(({ name }) => name), ...Object.keys(switches)];
    for (const name of names) if (!known.includes(name)) throw noSuchName('rule or switch', name, known);
    if (names.length === 0) this.#on = on;
    else
      this.#plan = {
        ...this.#plan,
        rules: rules.map((rule) => (names.includes(rule.name) ? { ...rule, enabled: on } : rule)),
        switches: Object.fromEntries(
          Object.entries(switches).map(([name, was]) => [name, names.includes(name) ? on : was]),
        ),
      };
    this.#publish(this.state);
  }

  set(plan: FaultPlan): void {
    const checked = checkPlan(plan);
    if (this.#support !== undefined) checkSupport(checked, this.#support);
    this.#publish({ plan: checked, on: this.#on });
    this.#plan = checked;
  }
}

export function noSuchName(what: string, name: string, known: readonly string[]): RangeError {
  const there = known.join(', ') || 'none';
  return new RangeError(
    `expected the name of a ${what}, given "${name}"${didYouMean(name, known)}; there are: ${there}`,
  );
}
