import type { Injection } from '../fault/index.ts';
import { type Divergence, Model, type ModelOptions, type TreeNode } from '../model/index.ts';
import type { Call, Kernel, SysResult } from '../vfs/index.ts';
import { besideOf, isEnded } from './beside.ts';
import { notLive, stillUnderWay, withFaults, worldsFor } from './faults/judge.ts';
import type { FaultOutcome, FaultRun, RunFaults } from './faults/run.ts';
import type { Worlds } from './faults/worlds.ts';
import { KernelFailure } from './kernel-failure.ts';
import { divergenceOf, type Leak } from './ledger.ts';
import type { Oracle } from './oracle.ts';
import type { Without } from './profile.ts';
import { OBSERVER, type Program, type ProgramStep, withSteps } from './program.ts';
import { sweep } from './sweep.ts';
import type { Settings, Target } from './target.ts';
import type { Watch } from './watch.ts';

/** A call whose result the model does not allow. */
export interface Failure {
  /** What ran, up to the call that failed; where that was one of the final look at the tree, that look is part of it. */
  readonly program: Program;
  readonly divergence: Divergence;
  /** The last call of the program, and what it gave. */
  readonly call: Call;
  readonly result: unknown;
  /** Where the run was under faults: those that struck. */
  readonly injected?: readonly Injection[];
}

export interface Outcome {
  readonly calls: number;
  readonly failure: Failure | undefined;
  /** Where the run was under faults: what they came to. */
  readonly faults?: FaultOutcome;
}

/** What programs run on. */
export interface Arena {
  readonly target: Target;
  /** What a fresh filesystem of the target holds. */
  readonly tree: TreeNode;
  readonly model: ModelOptions;
  /** How its kernels are set up, where that was drawn. */
  readonly settings?: Settings;
  /** The faults that programs run under. */
  readonly faults?: RunFaults;
  /** Is told how far the run at hand is. */
  readonly watch?: Watch;
}

/** The options of the model for a target: its own, and what it does not promise is not judged. */
export function modelOptions(target: Target): ModelOptions {
  const ignore = new Set(target.model?.ignore ?? []);
  for (const capability of ['ownership', 'modes', 'times'] as const)
    if (target.without.has(capability)) ignore.add(capability);
  return { ...target.model, ignore };
}

/** The model that a program is judged by on a fresh filesystem. */
function newModel(arena: Arena): Model {
  const model = new Model({ ...arena.model, ...arena.target.modelUnder?.(arena.settings) });
  model.adopt(arena.tree);
  return model;
}

/** What a kernel threw instead of answering. */
class Thrown {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/**
 * One program on one kernel, judged call by call. The loop is written once: `run` goes on by itself as long as results
 * are values, and from a promise's `then` where they are not.
 */
class Run {
  readonly #kernel: Kernel;
  readonly #model: Oracle;
  /** What is judged by, where the run is under faults. */
  readonly worlds: Worlds | undefined;
  readonly #faults: FaultRun | undefined;
  readonly #watch: Watch | undefined;
  readonly #program: Program;
  readonly #without: Without;
  readonly #look: boolean;
  #step = 0;
  #sweep: ReturnType<typeof sweep> | undefined = undefined;
  readonly #swept: ProgramStep[] = [];
  #previous: SysResult = 0;
  #calls = 0;

  constructor(kernel: Kernel, arena: Arena, program: Program, look: boolean) {
    this.#kernel = kernel;
    this.#program = program;
    this.#without = arena.target.without;
    this.#look = look;
    this.#watch = arena.watch;
    this.#faults = arena.target.faultsOf?.(kernel);
    this.worlds = this.#faults && worldsFor(arena, this.#faults);
    this.#model = this.worlds ?? newModel(arena);
    for (const process of program.processes) {
      kernel.spawn(process.pid, process, process.umask);
      this.#model.spawn(process.pid, process, process.umask);
    }
    if (look) this.#spawnObserver();
  }

  #spawnObserver(): void {
    if (this.#program.processes.some(({ pid }) => pid === OBSERVER.pid)) return;
    this.#kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    this.#model.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
  }

  run(): Outcome | Promise<Outcome> {
    const { steps } = this.#program;
    for (;;) {
      let pid: number;
      let call: Call;
      if (this.#step < steps.length) {
        ({ pid, call } = steps[this.#step]);
        this.#faults?.begin(this.#step);
        if (!this.#canRun(pid, call)) {
          this.#step++;
          continue;
        }
        if (steps[this.#step + 1]?.beside) {
          const group = besideOf(this.#kernel, this.#model, steps, this.#step);
          if (group.length > 1) {
            const done = this.#runGroup(group);
            if (done instanceof Promise) return done.then((failed) => failed ?? this.run());
            if (done !== undefined) return done;
            continue;
          }
        }
      } else {
        if (!this.#look || this.worlds?.lost !== undefined) return this.#outcome(undefined);
        if (this.#sweep === undefined) this.#faults?.stop();
        this.#sweep ??= sweep(this.#model, this.#without);
        const next = this.#sweep.next(this.#previous);
        if (next.done) return this.#outcome(undefined);
        ({ pid, call } = next.value);
        this.#swept.push(next.value);
      }
      this.#watch?.call(this.#step + this.#swept.length, call.op, this.#calls);
      const before = this.#kernel.now();
      let result: SysResult | Promise<SysResult> | Thrown;
      try {
        result = this.#kernel.call(pid, call);
      } catch (error) {
        result = new Thrown(error);
      }
      if (result instanceof Promise)
        return result.then(
          (value) => this.#judge(pid, call, value, before) ?? this.run(),
          (error) => this.#judge(pid, call, new Thrown(error), before) ?? this.run(),
        );
      const failed = this.#judge(pid, call, result, before);
      if (failed !== undefined) return failed;
    }
  }

  /** Steps of children that were not made, and forks of those that were, are passed over: no program is without meaning. */
  #canRun(pid: number, call: Call): boolean {
    if (!this.#model.runs(pid)) return false;
    return call.op !== 'fork' || !this.#model.knows(call.child);
  }

  /** Calls side by side: judged one after the other, in any order, because none has to do with another. */
  #runGroup(group: readonly ProgramStep[]): Outcome | undefined | Promise<Outcome | undefined> {
    const before = this.#kernel.now();
    const judge = (results: readonly SysResult[]) => this.#judgeGroup(group, results, before);
    const thrown = (error: unknown) => {
      const { pid, call } = group[group.length - 1];
      this.#step += group.length - 1;
      return this.#judge(pid, call, new Thrown(error), before);
    };
    this.#watch?.call(this.#step + group.length - 1, group[group.length - 1].call.op, this.#calls);
    try {
      const results = this.#kernel.together?.(group) ?? [];
      return results instanceof Promise ? results.then(judge, thrown) : judge(results);
    } catch (error) {
      return thrown(error);
    }
  }

  #judgeGroup(
    group: readonly ProgramStep[],
    results: readonly SysResult[],
    before: ReturnType<Kernel['now']>,
  ): Outcome | undefined {
    const clock = { before, after: this.#kernel.now(), slack: this.#kernel.timeSlack };
    this.#calls += group.length;
    this.worlds?.share();
    for (const [i, step] of group.entries()) {
      if (isEnded(group, step)) continue;
      const divergence = this.#model.step(step.pid, step.call, results[i], clock);
      if (divergence === undefined) continue;
      // The call that failed is the last of a failing program.
      const [first, ...others] = [...group.filter((other) => other !== step), step];
      const steps = [...this.#program.steps.slice(0, this.#step), { pid: first.pid, call: first.call }];
      for (const { pid, call } of others) steps.push({ pid, call, beside: true });
      return this.#outcome({
        program: withSteps(this.#program, steps),
        divergence,
        call: step.call,
        result: results[i],
      });
    }
    this.worlds?.shared();
    this.#step += group.length;
    return undefined;
  }

  #judge(pid: number, call: Call, result: SysResult | Thrown, before: ReturnType<Kernel['now']>): Outcome | undefined {
    this.#calls++;
    let divergence: Divergence | undefined;
    if (result instanceof Thrown && this.worlds?.permitsSilence(result.error)) return this.#outcome(undefined);
    if (result instanceof Thrown) {
      const text =
        result.error instanceof KernelFailure
          ? result.error.message
          : result.error instanceof Error
            ? `${result.error.name}: ${result.error.message}`
            : String(result.error);
      const difference = result.error instanceof KernelFailure ? result.error.difference : 'the kernel threw';
      divergence = notLive(call, result.error) ?? {
        aspect: 'exception',
        difference,
        expected: 'a result',
        actual: text,
      };
    } else {
      const clock = { before, after: this.#kernel.now(), slack: this.#kernel.timeSlack };
      divergence = this.#model.step(pid, call, result, clock);
      this.#previous = result;
    }
    if (divergence !== undefined) return this.#outcome({ program: this.#ran(), divergence, call, result });
    if (this.#step < this.#program.steps.length) this.#step++;
    return undefined;
  }

  /** The steps that ran, as a program that needs no final look. */
  #ran(): Program {
    const { steps, processes } = this.#program;
    if (this.#sweep === undefined) return withSteps(this.#program, steps.slice(0, this.#step + 1));
    const observed = processes.some(({ pid }) => pid === OBSERVER.pid) ? processes : [...processes, OBSERVER];
    return withSteps({ version: 1, processes: observed, steps }, [...steps, ...this.#swept]);
  }

  #outcome(failure: Failure | undefined): Outcome {
    return { calls: this.#calls, failure };
  }
}

/** Runs a program on a fresh kernel; with `look`, the tree is compared at the end. A value as long as the kernel gives values. */
export function runProgram(
  arena: Arena,
  program: Program,
  look = true,
  trace?: (line: string) => void,
): Outcome | Promise<Outcome> {
  arena.watch?.program();
  const started = arena.target.start(trace, arena.settings, arena.faults);
  return started instanceof Promise
    ? started.then((kernel) => runOn(kernel, arena, program, look))
    : runOn(started, arena, program, look);
}

function runOn(kernel: Kernel, arena: Arena, program: Program, look: boolean): Outcome | Promise<Outcome> {
  let outcome: Outcome | Promise<Outcome>;
  let settle: (found: Outcome) => Outcome | Promise<Outcome>;
  try {
    const run = new Run(kernel, arena, program, look);
    settle = (found) => settled(kernel, arena, program, found, run.worlds);
    outcome = kernel.batch === undefined ? run.run() : kernel.batch(() => run.run());
    if (!(outcome instanceof Promise)) outcome = settle(outcome);
  } catch (error) {
    return closing(kernel, () => {
      throw error;
    });
  }
  if (!(outcome instanceof Promise)) {
    const found = outcome;
    return closing(kernel, () => removed(arena, program, found));
  }
  return outcome
    .then(settle)
    .finally(() => kernel.close())
    .then((found) => removed(arena, program, found));
}

/** That what a program made cannot be removed is a failure of its own, where nothing else failed. */
function removed({ target }: Arena, program: Program, outcome: Outcome): Outcome {
  const last = program.steps.at(-1);
  if (outcome.failure !== undefined || last === undefined || !target.isSpent?.()) return outcome;
  const difference = 'what was made cannot be removed';
  const divergence = { aspect: 'remains', difference, expected: 'an empty tree', actual: difference };
  return { ...outcome, failure: { program, divergence, call: last.call, result: 0 } };
}

/** A program without a divergence must also leave nothing behind, and everything in it must have come to an end. */
function settled(
  kernel: Kernel,
  arena: Arena,
  program: Program,
  outcome: Outcome,
  worlds: Worlds | undefined,
): Outcome | Promise<Outcome> {
  const under = arena.target.faultsOf?.(kernel);
  const told = (found: Outcome): Outcome => (under === undefined ? found : withFaults(found, under, worlds));
  const last = program.steps.at(-1);
  arena.watch?.end(outcome.calls);
  if (outcome.failure !== undefined || last === undefined) return told(outcome);
  under?.stop();
  if (under !== undefined && worlds?.permits('silence', 'locks')) {
    const failure = stillUnderWay(under, program, last.call);
    return told({ ...outcome, failure });
  }
  if (worlds?.permits('held')) return told(outcome);
  const judge = (found: readonly Leak[]): Outcome => {
    if (found.length === 0) return told(outcome);
    return told({ ...outcome, failure: { program, divergence: divergenceOf(found), call: last.call, result: 0 } });
  };
  // What waits for ever cannot be ended: that is left behind too.
  const stuck = (error: unknown): Outcome =>
    judge([{ kind: 'requests', text: error instanceof Error ? error.message : String(error) }]);
  try {
    const leaks = arena.target.leaks?.(kernel) ?? [];
    return leaks instanceof Promise ? leaks.then(judge, stuck) : judge(leaks);
  } catch (error) {
    return stuck(error);
  }
}

function closing(kernel: Kernel, then: () => Outcome | Promise<Outcome>): Outcome | Promise<Outcome> {
  const closed = kernel.close();
  return closed instanceof Promise ? closed.then(then) : then();
}
