import fc from 'fast-check';
import type { Divergence, TreeNode } from '../model/index.ts';
import { Draw } from './arbitrary/draw.ts';
import { generateProgram } from './arbitrary/generator.ts';
import type { Conditions } from './conditions.ts';
import type { RunFaults } from './faults/run.ts';
import { type FaultChoice, FaultTally, type FaultTotals } from './faults/swarm.ts';
import { kindOf } from './kind.ts';
import type { KnownDivergence } from './known.ts';
import { LEAK } from './ledger.ts';
import type { Capability, Without } from './profile.ts';
import { type Program, type ProgramStep, withSteps } from './program.ts';
import { openArena } from './replay.ts';
import { type Arena, type Failure, type Outcome, runProgram } from './runner.ts';
import { seededRandom } from './seed.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { rawKey, signatureOf } from './signature.ts';
import type { Settings, Target } from './target.ts';

/** A divergence, shrunk. */
export interface Finding {
  /** What it is counted by: the call, expected and actual. */
  readonly signature: string;
  /** What was done wrong at heart: several signatures may be of one kind. */
  readonly kind?: string;
  /** The smallest program that shows it; its last call fails. */
  readonly program: Program;
  readonly expected: string;
  readonly actual: string;
  /** The seed of the campaign and the number of the run in it. */
  readonly seed: number;
  readonly run: number;
  /** Under what it was found, for replaying it; where it is left out, the target's own. */
  readonly conditions?: Conditions;
  /** How often it showed when it was run again, where runs of the target do not repeat by themselves (serialised). */
  readonly reproduced?: Reproduced;
}

export interface Reproduced {
  readonly times: number;
  readonly of: number;
}

export interface Report {
  readonly target: string;
  readonly seed: number;
  /** Programs that were generated. */
  readonly runs: number;
  /** System calls that were judged, those of shrinking included. */
  readonly calls: number;
  /** Of the time that was measured, 0 where there was none. */
  readonly callsPerSecond: number;
  readonly findings: readonly Finding[];
  /** Known divergences that were met, with a program. */
  readonly known: readonly Finding[];
  /** Where programs ran under faults: what these came to. */
  readonly faults?: FaultTotals;
}

export interface CheckOptions {
  /** The faults that programs run under: a plan, or classes of which each program draws some. Default: none. */
  readonly faults?: FaultChoice;
  /** 0 to 2^32 - 1; the same seed and runs give the same report. */
  readonly seed?: number;
  /** Programs to generate. Left out: 1000, or with `time` or `calls` no limit. */
  readonly runs?: number;
  /** Milliseconds after which no new program is begun; needs `now`. */
  readonly time?: number;
  /** Milliseconds since some moment. */
  readonly now?: () => number;
  /** Judged calls after which no new program is begun. */
  readonly calls?: number;
  /** Calls of a program, at most; 160 unless given. */
  readonly maxCalls?: number;
  readonly known?: readonly KnownDivergence[];
  readonly onProgress?: (progress: Progress) => void;
  readonly onFinding?: (finding: Finding) => void;
  /** Lets the event loop turn; called now and then between programs. */
  readonly yield?: () => Promise<void>;
  /** Runs spent on shrinking one divergence, at most. */
  readonly shrinkRuns?: number;
  /** Ends the campaign after the program or the shrinking at hand. */
  readonly signal?: AbortSignal;
}

export interface Progress {
  readonly runs: number;
  readonly calls: number;
  readonly findings: number;
}

/** Divergences that look the same before shrinking are shrunk this often, to see whether they are the same. */
const SHRINKS_PER_KEY = 4;
/** How often a program is run again without the call that diverged. */
const RETRIES = 24;
/** How often a finding is run again where that does not go without saying. */
const REPRODUCTIONS = 5;

/**
 * Checks a target with generated programs. It goes on after a finding: each new divergence is shrunk, each that was met
 * before is taken out of its program, so that it does not hide what comes behind it.
 *
 * @example const report = await check(target, { seed: 1, runs: 1000 }); expect(report.findings).toEqual([]);
 */
export async function check(target: Target, options: CheckOptions = {}): Promise<Report> {
  return await new Campaign(target, options).run();
}

class Campaign {
  readonly #narrower = new Map<string, Without>();
  readonly #target: Target;
  readonly #options: CheckOptions;
  readonly #seed: number;
  readonly #known: ReadonlySet<string>;
  readonly #findings = new Map<string, Finding>();
  readonly #shrinks = new Map<string, number>();
  readonly #faults: FaultTally | undefined;
  #start = 0;
  #runs = 0;
  #calls = 0;

  constructor(target: Target, options: CheckOptions) {
    this.#target = target;
    this.#options = options;
    this.#seed = (options.seed ?? 0) >>> 0;
    this.#faults = options.faults && new FaultTally(options.faults, this.#seed, target.faultSupport);
    this.#known = new Set(options.known?.map(({ signature }) => signature));
  }

  async run(): Promise<Report> {
    const {
      calls = Infinity,
      time = Infinity,
      runs = time === Infinity && calls === Infinity ? 1000 : Infinity,
      now = () => 0,
      signal,
    } = this.#options;
    const start = now();
    this.#start = start;
    const arena = await openArena(this.#target);
    const paths = pathsOf(arena.tree, '');
    const { maxCalls } = this.#options;
    let lastTurn = now();
    while (this.#runs < runs && this.#calls < calls && now() - start < time && !signal?.aborted) {
      const draw = new Draw(new fc.Random(seededRandom(this.#seed, this.#runs)));
      const drawnSettings = this.#target.settings?.(draw);
      const faults = this.#faults?.draw(this.#runs);
      const settings = faults === undefined ? drawnSettings : faults.settings(drawnSettings);
      const program = generateProgram(draw, { without: this.#without(settings, faults?.without), maxCalls, paths });
      const drawn = { ...arena, settings, faults: faults?.run };
      const outcome = runProgram(drawn, program);
      await this.#follow(drawn, program, outcome instanceof Promise ? await outcome : outcome);
      this.#runs++;
      if ((this.#runs & 63) === 0 || now() - lastTurn > 50) {
        this.#options.onProgress?.({ runs: this.#runs, calls: this.#calls, findings: this.#findings.size });
        await this.#options.yield?.();
        lastTurn = now();
      }
    }
    return this.#report(now() - start);
  }

  /** What programs under these settings do without; the same set for the same names. */
  #without(settings: Settings | undefined, underFaults: readonly Capability[] = []): Without {
    const more = [...((settings && this.#target.notUnder?.(settings)) ?? []), ...underFaults];
    if (more.length === 0) return this.#target.without;
    const key = more.join();
    const known = this.#narrower.get(key) ?? new Set([...this.#target.without, ...more]);
    this.#narrower.set(key, known);
    return known;
  }

  async #follow(arena: Arena, program: Program, first: Outcome): Promise<void> {
    let outcome = first;
    let rest = program;
    this.#calls += outcome.calls;
    this.#faults?.add(outcome.faults);
    for (let retry = 0; outcome.failure !== undefined; retry++) {
      await this.#record(arena, outcome.failure);
      const failing = outcome.failure.program.steps.length - 1;
      if (retry === RETRIES || failing >= rest.steps.length || this.#options.signal?.aborted) return;
      rest = withSteps(rest, withoutStep(rest.steps, failing));
      const next = runProgram(arena, rest);
      outcome = next instanceof Promise ? await next : next;
      this.#calls += outcome.calls;
    }
  }

  async #record(arena: Arena, failure: Failure): Promise<void> {
    const key = rawKey(failure);
    const shrinks = this.#shrinks.get(key) ?? 0;
    if (shrinks >= SHRINKS_PER_KEY) return;
    this.#shrinks.set(key, shrinks + 1);
    const { shrunk, reproduced } = await this.#shrink(arena, failure);
    const { program } = shrunk.failure;
    const divergence = await located({ ...arena, settings: shrunk.settings, faults: shrunk.faults }, shrunk.failure);
    const signature = signatureOf(shrunk.failure);
    const kind = kindOf(shrunk.failure);
    if (this.#findings.has(signature)) return;
    const { expected, actual } = divergence;
    const conditions = conditionsOf(arena, shrunk.settings, shrunk.faults);
    const finding: Finding = {
      signature,
      kind,
      program,
      expected,
      actual,
      seed: this.#seed,
      run: this.#runs,
      conditions,
      reproduced,
    };
    this.#findings.set(signature, finding);
    if (!this.#known.has(signature)) this.#options.onFinding?.(finding);
  }

  async #shrink(arena: Arena, failure: Failure): Promise<{ shrunk: Shrunk; reproduced: Reproduced | undefined }> {
    const { target } = arena;
    const shrunk = await this.#shrinkOn(arena, failure);
    if (target.concurrencyClass !== 'serialised') return { shrunk, reproduced: undefined };
    const isolated = { ...arena, target: target.isolated ?? target };
    const reproduced = await this.#reproduce(
      { ...isolated, settings: shrunk.settings, faults: shrunk.faults },
      shrunk.failure,
    );
    if (reproduced.times > 0 || isolated.target === target) return { shrunk, reproduced };
    // What earlier programs left behind had a part in it.
    const alone = await this.#shrinkOn(isolated, failure);
    return {
      shrunk: alone,
      reproduced: await this.#reproduce({ ...isolated, settings: alone.settings, faults: alone.faults }, alone.failure),
    };
  }

  async #shrinkOn(arena: Arena, failure: Failure): Promise<Shrunk> {
    const shrunk = await shrink(arena, failure, this.#options.shrinkRuns ?? 1000, () => this.#isOver());
    this.#calls += shrunk.calls;
    return shrunk;
  }

  async #reproduce(arena: Arena, failure: Failure): Promise<Reproduced> {
    const key = rawKey(failure);
    let times = 0;
    for (let i = 0; i < REPRODUCTIONS; i++) {
      const { calls, failure: again } = await runProgram(arena, failure.program, false);
      this.#calls += calls;
      if (again !== undefined && rawKey(again) === key) times++;
    }
    return { times, of: REPRODUCTIONS };
  }

  /** Shrinking goes on for as long again as was given for looking. */
  #isOver(): boolean {
    const { time = Number.POSITIVE_INFINITY, now = () => 0, signal } = this.#options;
    return signal?.aborted === true || now() - this.#start > 2 * time;
  }

  #report(milliseconds: number): Report {
    const all = [...this.#findings.values()];
    return {
      target: this.#target.name,
      seed: this.#seed,
      runs: this.#runs,
      calls: this.#calls,
      callsPerSecond: milliseconds > 0 ? Math.round((this.#calls * 1000) / milliseconds) : 0,
      findings: all.filter(({ signature }) => !this.#known.has(signature)),
      known: all.filter(({ signature }) => this.#known.has(signature)),
      faults: this.#faults?.totals,
    };
  }
}

/** A leak with the places where it was taken, which only a run whose messages are listened to knows. */
async function located(arena: Arena, { program, divergence }: Failure): Promise<Divergence> {
  if (divergence.aspect !== LEAK) return divergence;
  const { failure } = await runProgram(arena, program, false, () => {});
  return failure?.divergence ?? divergence;
}

function conditionsOf(
  { target, model }: Arena,
  settings: Settings | undefined,
  faults: RunFaults | undefined,
): Conditions {
  return {
    without: [...target.without],
    model,
    ...(settings === undefined ? {} : { settings }),
    ...(faults === undefined ? {} : { faults }),
  };
}

const withoutStep = (steps: readonly ProgramStep[], at: number): readonly ProgramStep[] => steps.toSpliced(at, 1);

/** Names that a fresh filesystem holds, so that programs meet them. */
function pathsOf(tree: TreeNode, path: string): string[] {
  const paths: string[] = [];
  for (const [name, child] of tree.entries ?? []) paths.push(`${path}/${name}`, ...pathsOf(child, `${path}/${name}`));
  return paths;
}
