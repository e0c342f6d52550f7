import { CrashHistory, type CrashMoment, judgeCrash, Model, type TreeNode, type Violation } from '../../model/index.ts';
import type { Decide, SysResult } from '../../vfs/index.ts';
import type { Program, ProgramStep } from '../program.ts';
import { snapshot } from '../snapshot.ts';
import { type Decided, noting } from './exploration.ts';
import type { CrashRun, CrashSubject } from './subject.ts';

/** From where programs run: a fresh filesystem, or what a crash has left. */
export interface Ground {
  readonly subject: CrashSubject;
  /** Each time the same. */
  readonly start: () => CrashRun;
  /** What is there at the start. */
  readonly tree: TreeNode;
}

/** The ground of a subject's fresh filesystem. */
export async function freshGround(
  subject: CrashSubject,
  settings?: Readonly<Record<string, number | boolean>>,
): Promise<Ground> {
  const start = (): CrashRun => subject.start(settings);
  const run = start();
  const tree = await snapshot(run.kernel, subject.without);
  await run.kernel.close();
  return { subject, start, tree };
}

/** What a program does when the power does not fail. */
export interface Chart {
  readonly ground: Ground;
  /** The steps that ran, each of which is a call. */
  readonly program: Program;
  readonly results: readonly SysResult[];
  readonly history: CrashHistory;
  /** For each call, how many places there were at which the power could have failed when it was over. */
  readonly ends: readonly number[];
  /** A result was not what POSIX allows: the program is known up to there. */
  readonly diverged: boolean;
}

/** Runs a program to its end, and keeps what was promised when. */
export async function chart(ground: Ground, program: Program): Promise<Chart> {
  const { kernel, ...run } = opened(ground, program);
  const { subject, tree } = ground;
  const model = new Model(subject.model);
  model.adopt(tree);
  for (const process of program.processes) model.spawn(process.pid, process, process.umask);
  const history = new CrashHistory(subject.promise, model);
  const steps: ProgramStep[] = [];
  const results: SysResult[] = [];
  const ends: number[] = [];
  let diverged = false;
  for (const { pid, call } of program.steps) {
    if (!model.runs(pid) || (call.op === 'fork' && model.knows(call.child))) continue;
    const before = kernel.now();
    const result = await kernel.call(pid, call);
    const clock = { before, after: kernel.now(), slack: kernel.timeSlack };
    if (model.step(pid, call, result, clock) !== undefined) {
      diverged = true;
      break;
    }
    history.called(pid, call, result);
    steps.push({ pid, call });
    results.push(result);
    ends.push(run.points());
  }
  await kernel.close();
  return { ground, program: { ...program, steps }, results, history, ends, diverged };
}

function opened(
  { start }: Ground,
  { processes }: Program,
): { kernel: CrashRun['kernel']; run: CrashRun; points: () => number } {
  const run = start();
  for (const process of processes) run.kernel.spawn(process.pid, process, process.umask);
  return { kernel: run.kernel, run, points: () => run.points };
}

/** A program, and where in it the power failed. */
export interface Cut {
  readonly chart: Chart;
  readonly point: number;
  readonly moment: CrashMoment;
  readonly run: CrashRun;
}

/** How many places a program has at which the power may fail; the last is its end. */
export const placesOf = ({ ends }: Chart): number => (ends.at(-1) ?? 0) + 1;

/** Runs a program again, up to the power failure at one of its places. */
export async function cut(chart: Chart, point: number): Promise<Cut> {
  const { ground, program, ends } = chart;
  const { run, kernel } = opened(ground, program);
  run.cutAt(point);
  for (const { pid, call } of program.steps) {
    const result = kernel.call(pid, call);
    if (result instanceof Promise) await result;
    if (run.isDark) break;
  }
  const under = ends.findIndex((end) => end > point);
  const moment = under < 0 ? { done: ends.length, inFlight: false } : { done: under, inFlight: true };
  return { chart, point, moment, run };
}

/** What a restart showed. */
export interface Aftermath {
  readonly decided: readonly Decided[];
  readonly violation: Violation | undefined;
  /** Where it goes on, if the filesystem can be read. */
  readonly ground: Ground | undefined;
}

/** The power is back: what is left, as `decide` decides, and whether it may be so. */
export async function restart({ chart, moment, run }: Cut, decide: Decide): Promise<Aftermath> {
  const { subject } = chart.ground;
  const decided: Decided[] = [];
  let back: CrashRun | undefined;
  let tree: TreeNode;
  try {
    back = run.restart(noting(decide, decided));
    tree = await snapshot(back.kernel, subject.without, 'after the crash');
  } catch (error) {
    const problems = back?.problems.map((problem) => `; ${problem}`).join('') ?? '';
    const text = `${back === undefined ? 'it cannot be mounted after the crash: ' : ''}${(error as Error).message}${problems}`;
    return { decided, violation: { promise: 'the filesystem can be read after a crash', text }, ground: undefined };
  } finally {
    await back?.kernel.close();
  }
  const choices = decided.map(({ choice }) => choice);
  let at = 0;
  const start = (): CrashRun => {
    at = 0;
    return run.restart(() => choices[at++] ?? 0);
  };
  return {
    decided,
    violation: judgeCrash(chart.history, tree, moment, subject.model.ignore),
    ground: { subject, start, tree },
  };
}
