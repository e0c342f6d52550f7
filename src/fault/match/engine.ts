import { hashText } from '../../sim/hash.ts';
import { operationsOf } from '../plan/applies.ts';
import type { FaultKind, FaultPlan, Rule, RuleAt, Where } from '../plan/plan.ts';
import { type Circumstances, compileCondition, type Test } from './condition.ts';
import type { FaultEvent, InjectedFault, RuleReport } from './event.ts';

/** A fault of an earlier run: which rule struck at which event. */
export type Injection = Pick<InjectedFault, 'rule' | 'label' | 'step' | 'inStep' | 'lasting'>;

export interface FaultEngineOptions {
  /** Milliseconds since some fixed moment, virtual in a simulation. */
  readonly now: () => number;
  /** Hears of every fault that is injected. */
  readonly observe?: (fault: InjectedFault) => void;
  /** Numbers of processes are the same in every run, and belong to what an event is. Default true; false on real mounts. */
  readonly stablePids?: boolean;
  /** Strike exactly here, as an earlier run did, whatever the conditions say. */
  readonly only?: readonly Injection[];
}

/** A rule that strikes at an event. */
export interface Strike<W extends Where = Where> {
  readonly rule: RuleAt<W>;
  /** From 0 up to 1; belongs to the seed, the rule, the event and the purpose. */
  draw(purpose: string): number;
  /** An integer from 0 to `below` - 1, likewise. */
  integer(purpose: string, below: number): number;
  /**
   * The fault was injected, at this event or, where its effect lasts, at another. A strike that finds nothing to spoil does
   * not say so, and does not count.
   */
  injected(detail?: string, at?: FaultEvent): void;
}

type Labels = Pick<InjectedFault, 'label' | 'step' | 'inStep'>;

/** The text, and the how-manieth of its like. */
function counted(seen: Map<string, number>, text: string): string {
  const count = (seen.get(text) ?? 0) + 1;
  seen.set(text, count);
  return `${text} #${count}`;
}

/** What an event is found again by. */
const keyOf = ({ rule, label, step, inStep }: Injection): string =>
  step === undefined ? `${rule}\n${label}` : `${rule}\n${step}\n${inStep}`;

interface Armed {
  readonly rule: Rule;
  readonly text: string;
  readonly operations: ReadonlySet<string>;
  readonly test: Test | undefined;
  enabled: boolean;
  matched: number;
  injected: number;
}

/** What strikes an answer that is an error, too. */
const FOR_ANY_ANSWER: ReadonlySet<FaultKind> = new Set([
  'errno',
  'delay',
  'drop',
  'duplicate',
  'reorder',
  'reset',
  'reconnect',
]);

const triggered: readonly Where[] = ['page-cache', 'process', 'clock'];

/** Decides which rules of a plan strike, and keeps what they did. It injects nothing itself. */
export class FaultEngine {
  readonly #options: FaultEngineOptions;
  readonly #start: number;
  readonly #labels = new WeakMap<FaultEvent, Labels>();
  readonly #seen = new Map<string, number>();
  readonly #seenInStep = new Map<string, number>();
  #step: number | undefined;
  readonly #only: ReadonlySet<string> | undefined;
  #plan: FaultPlan = { rules: [] };
  #rules: readonly Armed[] = [];
  #switches = new Map<string, boolean>();
  #on = true;

  constructor(plan: FaultPlan, options: FaultEngineOptions) {
    this.#options = options;
    this.#start = options.now();
    const struck = options.only?.filter(({ lasting }) => lasting === undefined);
    this.#only = struck && new Set(struck.map(keyOf));
    this.load(plan);
  }

  get plan(): FaultPlan {
    return this.#plan;
  }

  /** Milliseconds since the faults were armed. */
  get time(): number {
    return this.#options.now() - this.#start;
  }

  /** Whether the plan says anything about this place. */
  concerns(...places: readonly Where[]): boolean {
    return this.#rules.some(({ rule }) => places.includes(rule.where));
  }

  /** Puts another plan in force. Rules that are in both, unchanged, keep their counts. */
  load(plan: FaultPlan): void {
    const before = new Map(plan.seed === this.#plan.seed ? this.#rules.map((armed) => [armed.text, armed]) : []);
    this.#rules = plan.rules.map((rule) => {
      const text = JSON.stringify({ ...rule, enabled: undefined });
      const enabled = rule.enabled ?? true;
      const known = before.get(text);
      if (known !== undefined) return Object.assign(known, { enabled });
      return {
        rule,
        text,
        operations: new Set(operationsOf(rule.where, rule.what)),
        test: rule.when && compileCondition(rule.when),
        enabled,
        matched: 0,
        injected: 0,
      };
    });
    this.#switches = new Map(Object.entries(plan.switches ?? {}));
    this.#plan = plan;
  }

  /**
   * A step of the run begins. Events are told apart by their step, too, and by what they are in it: the places where an earlier run
   * was struck can then be found again when other steps are taken out, which changes how many there are of a kind.
   */
  begin(step: number): void {
    this.#step = step;
    this.#seenInStep.clear();
  }

  /** Turns the whole plan on or off. */
  turn(on: boolean): void {
    this.#on = on;
  }

  /** The rules at the event's place that strike, in the plan's order. */
  strikes<W extends Where>(event: FaultEvent & { readonly where: W }): readonly Strike<W>[] {
    return this.#strikesAt([event.where], event) as readonly Strike<W>[];
  }

  /** The rules about the kernel's caches, processes and clock that an event sets off. */
  triggers(event: FaultEvent): readonly Strike<'page-cache' | 'process' | 'clock'>[] {
    return this.#strikesAt(triggered, event) as readonly Strike<'page-cache' | 'process' | 'clock'>[];
  }

  /** What each rule came to so far. */
  report(): readonly RuleReport[] {
    return this.#rules.map(({ rule, enabled, matched, injected }) => ({
      rule: rule.name,
      where: rule.where,
      kind: rule.what.kind,
      enabled,
      matched,
      injected,
    }));
  }

  #strikesAt(places: readonly Where[], event: FaultEvent): readonly Strike[] {
    const here = this.#rules.filter(({ rule }) => places.includes(rule.where));
    if (here.length === 0) return here as never[];
    const labels = this.#label(event);
    if (!this.#on) return [];
    const strikes: Strike[] = [];
    for (const armed of here) {
      if (!armed.operations.has(event.operation) || !armed.enabled) continue;
      if (event.failed && !FOR_ANY_ANSWER.has(armed.rule.what.kind)) continue;
      if (armed.injected >= (armed.rule.times ?? Number.POSITIVE_INFINITY)) continue;
      if (!this.#holds(armed, event, labels)) continue;
      armed.matched += 1;
      strikes.push(this.#strike(armed, event, labels));
    }
    return strikes;
  }

  #holds({ rule, test }: Armed, event: FaultEvent, labels: Labels): boolean {
    const { label } = labels;
    if (this.#only !== undefined) return this.#only.has(keyOf({ rule: rule.name, ...labels }));
    const circumstances: Circumstances = {
      now: () => this.time,
      hasStruck: (name) => this.#rules.some((other) => other.rule.name === name && other.injected > 0),
      isOn: (name) => this.#switches.get(name) === true,
      draw: (purpose) => this.#draw(rule, label, purpose),
    };
    return test === undefined || test(event, circumstances);
  }

  #draw(rule: Rule, label: string, purpose: string): number {
    return hashText(this.#plan.seed ?? 0, `${rule.name}\n${label}\n${purpose}`) / 2 ** 32;
  }

  #strike(armed: Armed, event: FaultEvent, { label, inStep }: Labels): Strike {
    const { rule } = armed;
    // What is done stays the same when other steps go.
    const draw = (purpose: string): number => this.#draw(rule, inStep ?? label, purpose);
    return {
      // A rule at one place, seen as a rule at any: the caller asked for the place.
      rule: rule as RuleAt<Where>,
      draw,
      integer: (purpose, below) => Math.floor(draw(purpose) * below),
      injected: (detail = '', at = event) => {
        armed.injected += 1;
        const injection = this.#injection(rule, at, detail);
        this.#options.observe?.(at === event ? injection : { ...injection, lasting: true });
      },
    };
  }

  #injection({ name, where, what }: Rule, event: FaultEvent, detail: string): InjectedFault {
    const { operation, node, pid, offset, length, unique, xid } = event;
    const [path] = event.paths();
    const about = { path, node, pid, offset, length, unique, xid };
    return { rule: name, where, kind: what.kind, operation, ...this.#label(event), ...about, time: this.time, detail };
  }

  /** What the event is, and the how-manieth of its like: taking others out of a run leaves it as it was. */
  #label(event: FaultEvent): Labels {
    const known = this.#labels.get(event);
    if (known !== undefined) return known;
    const { where, operation, node, uid, offset, length, disk, host, port } = event;
    const pid = this.#options.stablePids === false ? undefined : event.pid;
    const target = event.paths()[0] ?? (node === undefined ? (disk ?? `${host}:${port}`) : `node ${node}`);
    const range = offset === undefined ? '' : ` ${offset}+${length}`;
    const who = pid === undefined && uid === undefined ? '' : ` by ${uid}/${pid ?? '-'}`;
    const what = `${where} ${operation} ${target}${range}${who}`;
    const label = counted(this.#seen, what);
    const step = this.#step;
    const labels =
      step === undefined ? { label } : { label, step, inStep: counted(this.#seenInStep, `${where} ${operation}`) };
    this.#labels.set(event, labels);
    return labels;
  }
}
