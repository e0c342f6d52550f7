import { checkPlan } from './check.ts';
import type { Condition, OneOrMore } from './condition.ts';
import type { OperationName } from './operations.ts';
import type { FaultPlan, FaultsAt, Rule, RuleAt, Where } from './plan.ts';

export interface RuleOptions {
  readonly times?: number;
  readonly enabled?: boolean;
}

/** A plan in the making; each method gives a new one. */
export class FaultPlanBuilder {
  readonly #plan: FaultPlan;

  constructor(plan: FaultPlan) {
    this.#plan = plan;
  }

  /** Adds a rule. The compiler knows which faults there are at the place. */
  rule<W extends Where>(
    name: string,
    where: W,
    when: Condition,
    what: FaultsAt[W],
    options: RuleOptions = {},
  ): FaultPlanBuilder {
    const rule: RuleAt<W> = { name, where, when, what, ...options };
    // A rule at one place is a rule, but the compiler does not see that for a place that is a parameter.
    return new FaultPlanBuilder({ ...this.#plan, rules: [...this.#plan.rules, rule as unknown as Rule] });
  }

  /** Declares a switch, and how it stands at the start. */
  switch(name: string, on = false): FaultPlanBuilder {
    return new FaultPlanBuilder({ ...this.#plan, switches: { ...this.#plan.switches, [name]: on } });
  }

  /** @throws FaultPlanError where the rules do not fit together */
  build(): FaultPlan {
    return checkPlan(this.#plan);
  }
}

/**
 * Begins a plan whose draws belong to `seed`.
 *
 * @example
 * faultPlan(7)
 *   .rule('full', 'filesystem', when.and(when.operation('WRITE'), when.path('/db/**'), when.nth(3)), { kind: 'errno', errno: 'ENOSPC' })
 *   .build()
 */
export function faultPlan(seed = 0): FaultPlanBuilder {
  return new FaultPlanBuilder({ seed, rules: [] });
}

/** All of them hold. Counters and probabilities of one count what all the others let through, if no key is there twice. */
function and(...conditions: readonly Condition[]): Condition {
  const keys = conditions.flatMap((condition) => Object.keys(condition));
  return new Set(keys).size === keys.length ? Object.assign({}, ...conditions) : { all: conditions };
}

/** Conditions of rules. */
export const when = {
  operation: (...names: readonly OperationName[]): Condition => ({ operation: names }),
  path: (...globs: readonly string[]): Condition => ({ path: globs }),
  nth: (n: OneOrMore<number>): Condition => ({ nth: n }),
  every: (n: number): Condition => ({ every: n }),
  probability: (p: number): Condition => ({ probability: p }),
  after: (rule: string): Condition => ({ after: rule }),
  switch: (name: string): Condition => ({ switch: name }),
  /** Milliseconds since the faults were armed. */
  during: (from: number, to?: number): Condition => ({ time: { from, to } }),
  and,
  or: (...conditions: readonly Condition[]): Condition => ({ any: conditions }),
  not: (condition: Condition): Condition => ({ not: condition }),
} as const;
