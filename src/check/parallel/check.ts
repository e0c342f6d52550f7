import { type CheckOptions, type Finding, type Report, runsOf, seedOf } from '../campaign.ts';
import { Discoveries } from '../discoveries.ts';
import { FaultTally } from '../faults/swarm.ts';
import { showHang } from '../hang.ts';
import type { Capability } from '../profile.ts';
import { type ProblemReport, reportOnStandardError } from '../reporter.ts';
import { Hand, type HandOptions } from './hand.ts';
import { type Level, Limit } from './limit.ts';
import type { Looked, Orders } from './orders.ts';
import { shrinkFailure, type Wanted } from './shrink.ts';
import type { TargetSource } from './source.ts';

export interface ParallelOptions
  extends Omit<CheckOptions, 'now' | 'yield'>,
    Pick<HandOptions, 'patience' | 'onProblem'> {
  /** Threads that run programs; 1 unless given. */
  readonly jobs?: number;
  /** What the target does without, besides what it says itself. */
  readonly without?: readonly Capability[];
}

/** Programs that a thread is given at once: many calls for one message, and few of them to wait for. */
const BLOCK = 16;
/** More than most have: what is under way when there are enough calls is to be little. */
const CALLS_OF_A_PROGRAM = 500;
/** Milliseconds: 24 days. Node takes a longer one for none. */
const LONGEST_TIMER = 2 ** 31 - 1;
/** Milliseconds that a call is given to come back when the campaign is aborted. */
const ABORTED_PATIENCE = 1000;

/**
 * Does what `check` does, in threads of its own: with the same seed and runs it gives the same report, however many they are.
 * This thread only supervises them. A program that gives no sign of life is ended with its thread, and reported as a call
 * that does not end.
 *
 * @throws what the target's module throws, and what is thrown in a thread that is not a finding
 */
export async function checkInParallel(source: TargetSource, options: ParallelOptions = {}): Promise<Report> {
  const supervisor = new Supervisor(source, options);
  try {
    return await supervisor.run();
  } finally {
    await supervisor.end();
  }
}

class Supervisor {
  readonly #options: ParallelOptions;
  readonly #limit = new Limit();
  readonly #hands: readonly Hand[];
  readonly #seed: number;
  readonly #runLimit: number;
  readonly #block: number;
  readonly #discoveries: Discoveries;
  readonly #faults: FaultTally | undefined;
  readonly #onProblem: ProblemReport;
  readonly #timers: NodeJS.Timeout[] = [];
  readonly #abort = () => {
    this.#limit.narrow('aborted');
    for (const hand of this.#hands) hand.hurry(ABORTED_PATIENCE);
    this.#changed();
  };
  /** Programs up to here are given to threads. */
  #given = 0;
  /** Programs up to here are looked through. */
  #settled = 0;
  /** What came of programs behind those, by the number of the first. */
  readonly #ahead = new Map<number, Looked>();
  /** Failures to shrink, in the order of their programs; those that are shrunk and not yet reported, too. */
  readonly #wanted: (Wanted & { begun?: true; finding?: Finding })[] = [];
  /** Orders under way, and those of them that look at programs. */
  #busy = 0;
  #looking = 0;
  #waiting: (() => void)[] = [];
  #name = '';
  #start: number | undefined;
  #runs = 0;
  #calls = 0;

  constructor(source: TargetSource, options: ParallelOptions) {
    const { jobs = 1, patience, onProblem = reportOnStandardError, faults, maxCalls } = options;
    this.#options = options;
    this.#seed = seedOf(options);
    this.#runLimit = runsOf(options);
    const share = Math.min(this.#runLimit, (options.calls ?? Number.POSITIVE_INFINITY) / CALLS_OF_A_PROGRAM) / jobs;
    this.#block = Math.max(1, Math.min(BLOCK, Math.ceil(share)));
    this.#discoveries = new Discoveries(options);
    this.#faults = faults && new FaultTally();
    this.#onProblem = onProblem;
    const task = { source, without: options.without, trials: { seed: this.#seed, maxCalls, faults } };
    const count = Math.max(1, Math.min(jobs, Math.ceil(this.#runLimit / this.#block)));
    this.#hands = Array.from({ length: count }, () => new Hand(task, this.#limit, { patience, onProblem }));
  }

  async run(): Promise<Report> {
    const { signal } = this.#options;
    signal?.addEventListener('abort', this.#abort);
    if (signal?.aborted) this.#abort();
    await Promise.all(this.#hands.map((hand) => this.#work(hand)));
    const counts = { seed: this.#seed, runs: this.#runs, calls: this.#calls, faults: this.#faults?.totals };
    const milliseconds = performance.now() - (this.#start ?? performance.now());
    return this.#discoveries.report({ target: this.#name, ...counts }, milliseconds);
  }

  async end(): Promise<void> {
    this.#options.signal?.removeEventListener('abort', this.#abort);
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.#hands.map((hand) => hand.end()));
  }

  /** Lets a thread do what there is to do, until nothing is left and nothing more can come. */
  async #work(hand: Hand): Promise<void> {
    this.#name ||= (await hand.start()) ?? '';
    this.#begin();
    for (;;) {
      const task = this.#next();
      if (task !== undefined) {
        this.#busy++;
        await task(hand);
        this.#busy--;
        this.#settle();
      } else if (this.#busy > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      else break;
    }
    this.#changed();
  }

  /** Time counts from the moment at which the first thread is there. */
  #begin(): void {
    if (this.#start !== undefined) return;
    this.#start = performance.now();
    const { time } = this.#options;
    if (time === undefined) return;
    this.#narrowAfter(time, 'no more programs');
    // Shrinking goes on for as long again as was given for looking.
    this.#narrowAfter(2 * time, 'no more shrinking');
  }

  #narrowAfter(milliseconds: number, level: Level): void {
    this.#timers.push(setTimeout(() => this.#limit.narrow(level), Math.min(milliseconds, LONGEST_TIMER)));
  }

  #next(): ((hand: Hand) => Promise<void>) | undefined {
    const wanted = this.#wanted.find(({ begun }) => begun === undefined);
    if (wanted !== undefined && !this.#limit.isAborted) {
      wanted.begun = true;
      return async (hand) => {
        const { finding, calls } = await shrinkFailure(hand, wanted, this.#limit, {
          shrinkRuns: this.#options.shrinkRuns,
          onProblem: this.#onProblem,
        });
        wanted.finding = finding;
        this.#calls += calls;
      };
    }
    const { calls = Number.POSITIVE_INFINITY } = this.#options;
    if (!this.#limit.allowsPrograms || this.#given >= this.#runLimit || this.#calls >= calls) return undefined;
    const from = this.#given;
    const to = Math.min(from + this.#block, this.#runLimit);
    this.#given = to;
    return async (hand) => {
      this.#looking++;
      await this.#look(hand, { from, to, late: false });
      this.#looking--;
    };
  }

  /** Has programs run. One that hangs takes what was done with it: that is done again, and its failure told. */
  async #look(hand: Hand, order: Orders['look']['order']): Promise<void> {
    const { from, to, late } = order;
    if (from === to) return;
    const reply = await hand.ask('look', order);
    if (reply.kind === 'answer') {
      const { answer } = reply;
      if (order.hang !== undefined && !answer.hung && answer.to > from)
        this.#onProblem(`program ${from} did not come back (${showHang(order.hang)}), and did when it was run again`);
      this.#take(answer);
      return;
    }
    if (this.#limit.isAborted) return;
    const { run, hang } = reply;
    if (order.hang !== undefined) throw new Error(`program ${run} does not come back, each time in another place`);
    await this.#look(hand, { from, to: run, late: true });
    await this.#look(hand, { from: run, to: run + 1, late: true, hang });
    await this.#look(hand, { from: run + 1, to, late });
  }

  #take(looked: Looked): void {
    if (looked.from === looked.to) return;
    this.#ahead.set(looked.from, looked);
    this.#runs += looked.to - looked.from;
    this.#calls += looked.calls;
  }

  /** Goes through what has come, in the order of the programs, and reports what is shrunk. */
  #settle(): void {
    for (let next = this.#ahead.get(this.#settled); next !== undefined; next = this.#ahead.get(this.#settled))
      this.#goThrough(next);
    // The end may have left some out.
    if (!this.#limit.allowsPrograms && this.#looking === 0)
      for (const rest of [...this.#ahead.values()].sort((a, b) => a.from - b.from)) this.#goThrough(rest);
    while (this.#wanted[0]?.finding !== undefined) {
      const { finding } = this.#wanted[0];
      this.#wanted.shift();
      this.#discoveries.add(finding);
    }
    this.#options.onProgress?.({ runs: this.#runs, calls: this.#calls, findings: this.#discoveries.count });
    this.#changed();
  }

  #goThrough({ from, to, faults, failed }: Looked): void {
    this.#ahead.delete(from);
    this.#settled = to;
    if (faults !== undefined) this.#faults?.merge(faults);
    for (const { failures, hung, ...trial } of failed)
      for (const [i, failure] of failures.entries())
        if (this.#discoveries.wants(failure)) this.#wanted.push({ ...trial, failure, isHang: i === hung });
  }

  #changed(): void {
    for (const resume of this.#waiting.splice(0)) resume();
  }
}
