import fc from 'fast-check';
import type { FaultPlan, FaultSupport, RuleReport } from '../../fault/index.ts';
import { Draw } from '../arbitrary/draw.ts';
import type { Capability } from '../profile.ts';
import { seededRandom } from '../seed.ts';
import type { Settings } from '../target.ts';
import { drawPlan, type FaultClass } from './classes.ts';
import { notUnderPlan, settingsUnder } from './limits.ts';
import type { FaultOutcome, Lost, RunFaults } from './run.ts';

/** One plan for every program, or classes of which each program draws some. */
export type FaultChoice = { readonly plan: FaultPlan } | { readonly classes: readonly FaultClass[] };

/** What the faults of a campaign came to. */
export interface FaultTotals {
  readonly injected: number;
  /** Programs in which at least one was injected. */
  readonly programs: number;
  /** Programs that were not judged to their end, by the reason. */
  readonly lost: Readonly<Partial<Record<Lost, number>>>;
  /** What each rule came to, over all programs. */
  readonly rules: readonly RuleReport[];
}

/** The faults of one program, and what it is to do without because of them. */
export interface DrawnFaults {
  readonly run: RunFaults;
  readonly without: readonly Capability[];
  settings(drawn: Settings | undefined): Settings | undefined;
}

/** Draws the faults of programs: a function of the campaign's seed and the program's number. */
export class FaultSwarm {
  readonly #choice: FaultChoice;
  readonly #seed: number;
  readonly #support: FaultSupport | undefined;

  /** `support`: what faults there may be, where not all that there are in a simulation. */
  constructor(choice: FaultChoice, seed: number, support?: FaultSupport) {
    this.#choice = choice;
    this.#seed = seed;
    this.#support = support;
  }

  /** The faults of a program: with other draws than the program's own, so that this is the same under any faults. */
  draw(run: number): DrawnFaults {
    const choice = this.#choice;
    const plan =
      'plan' in choice
        ? { ...choice.plan, seed: (choice.plan.seed ?? 0) + run }
        : drawPlan(new Draw(new fc.Random(seededRandom(this.#seed ^ FAULTS, run))), choice.classes, this.#support);
    return { run: { plan }, without: notUnderPlan(plan), settings: (drawn) => settingsUnder(plan, drawn) };
  }
}

/** Counts what the faults of programs came to. */
export class FaultTally {
  readonly #rules = new Map<string, RuleReport>();
  readonly #lost: Partial<Record<Lost, number>> = {};
  #injected = 0;
  #programs = 0;

  add(outcome: FaultOutcome | undefined): void {
    if (outcome === undefined) return;
    const { injected, report, lost } = outcome;
    this.merge({
      injected: injected.length,
      programs: injected.length > 0 ? 1 : 0,
      lost: lost === undefined ? {} : { [lost]: 1 },
      rules: report,
    });
  }

  /** What was counted elsewhere, of other programs. */
  merge({ injected, programs, lost, rules }: FaultTotals): void {
    this.#injected += injected;
    this.#programs += programs;
    for (const [why, count] of Object.entries(lost) as [Lost, number][])
      this.#lost[why] = (this.#lost[why] ?? 0) + count;
    for (const rule of rules) {
      const before = this.#rules.get(rule.rule);
      const matched = rule.matched + (before?.matched ?? 0);
      this.#rules.set(rule.rule, { ...rule, matched, injected: rule.injected + (before?.injected ?? 0) });
    }
  }

  get totals(): FaultTotals {
    const rules = [...this.#rules.values()].sort((a, b) => (a.rule < b.rule ? -1 : 1));
    return { injected: this.#injected, programs: this.#programs, lost: { ...this.#lost }, rules };
  }
}

/** Told apart from the draws of programs by this. */
const FAULTS = 0x6661756c;
