import { CrashHistory, type CrashMoment, judgeCrash, Model, type TreeNode, type Violation } from '../../model/index.ts';
import type { Call, CallOf, Decide, SysResult } from '../../vfs/index.ts';
import type { Program, ProgramStep } from '../program.ts';
import { snapshot } from '../snapshot.ts';
import { type Decided, givenDecisions, noting } from './exploration.ts';
import { type Look, Looks } from './look.ts';
import type { CrashRun, Survivors } from './run.ts';
import { roomOf, type Space, spaceOf } from './space.ts';
import type { CrashSubject } from './subject.ts';

/** From where programs run: a fresh filesystem, or what a crash has left. */
export interface Ground {
  readonly subject: CrashSubject;
  /** Each time the same. */
  readonly start: () => CrashRun;
  /** What is there at the start. */
  readonly tree: TreeNode;
  /** The kernel writes back. */
  readonly late: boolean;
  /** What was found after crashes. */
  readonly looks: Looks;
}

/** The ground of a subject's fresh filesystem. */
export async function freshGround(
  subject: CrashSubject,
  settings?: Readonly<Record<string, number | boolean>>,
): Promise<Ground> {
  const start = (): CrashRun => subject.start(settings);
  const run = start();
  const tree = await snapshot(run.kernel, subject.without);
  // What a filesystem in memory holds is not what a disk keeps.
  const space: Space | undefined = run.recorded ? await spaceOf(run.kernel, subject.without) : undefined;
  await run.kernel.close();
  return { subject, start, tree, late: settings?.writebackCache === true, looks: new Looks(subject.without, space) };
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
  /** Where the run is recorded: with it, and how many places there were when the filesystem was unmounted. */
  readonly recorded: { readonly run: CrashRun; readonly places: number } | undefined;
  /** What was judged: by the tree that was found, and by the moment. */
  readonly verdicts: WeakMap<TreeNode, Map<string, Violation | undefined>>;
  /** A result was not what POSIX allows, and there was room: the program is known up to there. */
  readonly diverged: boolean;
}

/** Bytes: with so little room a call may fail, or do a part of its work. */
const LITTLE = 2 ** 18;

/** Runs a program to its end, and keeps what was promised when. */
export async function chart(ground: Ground, program: Program): Promise<Chart> {
  const run = opened(ground, program);
  const { kernel } = run;
  const { subject, tree } = ground;
  const model = new Model(subject.model);
  model.adopt(tree);
  for (const process of program.processes) model.spawn(process.pid, process, process.umask);
  const history = new CrashHistory(subject.promise, model);
  const steps: ProgramStep[] = [];
  const results: SysResult[] = [];
  const ends: number[] = [];
  let [diverged, isFull] = [false, false];
  for (const { pid, call: asked } of program.steps) {
    let call = asked;
    if (!model.runs(pid) || (call.op === 'fork' && model.knows(call.child))) continue;
    const before = kernel.now();
    const result = await kernel.call(pid, call);
    if (typeof result === 'number' && isShort(call, result) && (await roomOf(kernel, subject.without)) < LITTLE)
      call = shortened(call, result);
    const clock = { before, after: kernel.now(), slack: kernel.timeSlack };
    if (model.step(pid, call, result, clock) !== undefined) {
      // The model does not know how much room there is.
      isFull = (await roomOf(kernel, subject.without)) < LITTLE;
      diverged = !isFull;
      break;
    }
    history.called(pid, call, result);
    steps.push({ pid, call });
    results.push(result);
    ends.push(run.points);
  }
  // The call with which it was left is none of the program's.
  const last = diverged || isFull ? (ends.at(-1) ?? 0) : undefined;
  await kernel.close();
  const recorded = run.recorded ? { run, places: last ?? run.points } : undefined;
  const known = { ground, program: { ...program, steps }, results, history, ends, recorded, diverged };
  return { ...known, verdicts: new WeakMap() };
}

type Write = CallOf<'write'> | CallOf<'pwrite'>;

/** On a full disk a write may do a part of its work. */
const isShort = (call: Call, result: number): call is Write =>
  (call.op === 'write' || call.op === 'pwrite') && result > 0 && result < call.data.length;

const shortened = (call: Write, length: number): Write => ({
  ...call,
  data: call.data instanceof Uint8Array ? call.data.subarray(0, length) : { ...call.data, length },
});

function opened({ start }: Ground, { processes }: Program): CrashRun {
  const run = start();
  for (const process of processes) run.kernel.spawn(process.pid, process, process.umask);
  return run;
}

/** A program, and where in it the power failed. */
export interface Cut {
  readonly chart: Chart;
  readonly point: number;
  readonly moment: CrashMoment;
  /** What is there when the power is back. It may be asked again, and decided otherwise. @throws what the filesystem throws */
  readonly survivors: (decide: Decide) => Survivors;
}

/**
 * How many places a program has at which the power may fail. The last is its end, or, where the run is recorded, that of the
 * unmount behind it.
 */
export const placesOf = ({ ends, recorded }: Chart): number => (recorded?.places ?? ends.at(-1) ?? 0) + 1;

/** The places of each call at which the power may fail in it, and those behind the last: where there are none, left out. */
export function placesByCall(chart: Chart): readonly (readonly [from: number, count: number])[] {
  const all = [...chart.ends, placesOf(chart)];
  return all.flatMap((end, i): readonly (readonly [number, number])[] => {
    const from = i === 0 ? 0 : all[i - 1];
    return end > from ? [[from, end - from]] : [];
  });
}

/** A program up to the power failure at one of its places: run again, where it is not recorded. */
export async function cut(chart: Chart, point: number): Promise<Cut> {
  const { recorded, ends } = chart;
  const run = recorded?.run ?? (await runUpTo(chart, point));
  const under = ends.findIndex((end) => end > point);
  const moment = under < 0 ? { done: ends.length, inFlight: false } : { done: under, inFlight: true };
  const survivors = (decide: Decide): Survivors => run.survivors(decide, recorded && point);
  return { chart, point, moment, survivors };
}

async function runUpTo({ ground, program }: Chart, point: number): Promise<CrashRun> {
  const run = opened(ground, program);
  run.cutAt(point);
  for (const { pid, call } of program.steps) {
    const result = run.kernel.call(pid, call);
    if (result instanceof Promise) await result;
    if (run.isDark) break;
  }
  return run;
}

/** What a restart showed. */
export interface Aftermath {
  readonly decided: readonly Decided[];
  readonly violation: Violation | undefined;
  /** Where it goes on, if the filesystem can be read. */
  readonly ground: Ground | undefined;
}

/** The power is back: what is left, as `decide` decides, and whether it may be so. */
export async function restart({ chart, moment, survivors }: Cut, decide: Decide): Promise<Aftermath> {
  const { subject, looks, late } = chart.ground;
  const decided: Decided[] = [];
  let look: Look;
  try {
    look = await looks.at(survivors(noting(decide, decided)));
  } catch (error) {
    look = { failure: `it cannot be mounted after the crash: ${(error as Error).message}` };
  }
  if ('failure' in look)
    return {
      decided,
      violation: { promise: 'the filesystem can be read after a crash', text: look.failure },
      ground: undefined,
    };
  const { tree, leak } = look;
  const start = (): CrashRun => survivors(givenDecisions(decided.map(({ choice }) => choice))).start();
  return {
    decided,
    violation: verdict(chart, tree, moment) ?? leak,
    ground: { subject, start, tree, late, looks },
  };
}

/** A tree that is found again at the same moment is judged once. */
function verdict({ ground, history, verdicts }: Chart, tree: TreeNode, moment: CrashMoment): Violation | undefined {
  const { late, subject } = ground;
  const when = `${moment.done} ${moment.inFlight}`;
  const known = verdicts.get(tree) ?? new Map<string, Violation | undefined>();
  verdicts.set(tree, known);
  if (!known.has(when)) known.set(when, judgeCrash(history, tree, { ...moment, late }, subject.model.ignore));
  return known.get(when);
}
