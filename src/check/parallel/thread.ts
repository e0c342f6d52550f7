// The thread that runs a target's programs for the one that supervises it.
import { parentPort, workerData } from 'node:worker_threads';
import { compiledModule } from '../../fuse/device/compiled.ts';
import { plainError } from '../../fuse/device/plain-error.ts';
import { SHRINKS_PER_KEY } from '../discoveries.ts';
import { FaultTally } from '../faults/swarm.ts';
import { probeOne } from '../probe.ts';
import { openArena } from '../replay.ts';
import type { ProblemReport } from '../reporter.ts';
import { type Arena, type Failure, type Outcome, runProgram } from '../runner.ts';
import { findingAsIs, shrinkToFinding } from '../shrink-to-finding.ts';
import { rawKey } from '../signature.ts';
import type { Target } from '../target.ts';
import { tellingTarget } from '../telling-target.ts';
import { Trials } from '../trials.ts';
import { Limit } from './limit.ts';
import type { Answer, FailedRun, Looked, Message, Order, Orders, Ran, ThreadTask, Varied } from './orders.ts';
import { Pulse } from './pulse.ts';
import type { MakeTarget } from './source.ts';

const port = parentPort!;
const task = workerData as ThreadTask;
const pulse = new Pulse(task.pulse);
const limit = new Limit(task.limit);
const tell = (message: Message): void => port.postMessage(message);
const report: ProblemReport = (problem, error) =>
  tell({ kind: 'problem', problem, error: error === undefined ? undefined : plainError(error) });

async function openTarget(): Promise<Target> {
  const { module, make, given } = task.source;
  const loaded: Record<string, MakeTarget | undefined> = await import(compiledModule(module));
  const makeTarget = loaded[make];
  if (typeof makeTarget !== 'function')
    throw new Error(`${module}: expected a function "${make}", given ${typeof makeTarget}`);
  const target = await makeTarget(given as never, report);
  return { ...target, without: new Set([...target.without, ...(task.without ?? [])]) };
}

/** What orders are carried out with: a target, and where there is a campaign, its programs. */
interface Means {
  readonly target: Target;
  readonly trials: Trials | undefined;
}

async function open(): Promise<Means> {
  const target = await openTarget();
  const { trials } = task;
  if (trials === undefined) return { target, trials };
  return { target, trials: new Trials({ ...(await openArena(target)), watch: pulse }, trials) };
}

/** What results hold need not travel. */
const plainFailure = (failure: Failure): Failure => ({ ...failure, result: undefined });

const ranOf = ({ calls, failure, faults }: Outcome): Ran => ({
  calls,
  failure: failure && plainFailure(failure),
  rules: faults?.report ?? [],
});

const shipped = new Map<string, number>();

/**
 * Whether a failure may be among the first of its kind in the campaign, which are shrunk: a thread takes its programs in
 * order, so that those are among its own first.
 */
function mayBeWanted(failure: Failure): boolean {
  const key = rawKey(failure);
  const count = shipped.get(key) ?? 0;
  shipped.set(key, count + 1);
  return count < SHRINKS_PER_KEY;
}

async function look(trials: Trials, { from, to, late, hang }: Orders['look']['order']): Promise<Looked> {
  const tally = new FaultTally();
  const failed: FailedRun[] = [];
  let hung = false;
  let calls = 0;
  let run = from;
  for (; run < to && (late ? !limit.isAborted : limit.allowsPrograms); run++) {
    pulse.begin(run);
    const tried = await trials.look(run, () => limit.isAborted, hang);
    calls += tried.calls;
    tally.add(tried.faults);
    hung ||= tried.hung !== undefined;
    const failures = tried.failures.filter(mayBeWanted);
    if (failures.length === 0) continue;
    const { settings, faults } = trials.at(run).arena;
    failed.push({
      run,
      failures: failures.map(plainFailure),
      hung: tried.hung === undefined ? -1 : failures.indexOf(tried.hung),
      settings,
      faults,
    });
  }
  return { from, to: run, calls, faults: task.trials?.faults && tally.totals, failed, hung };
}

const varied = (trials: Trials, { run, settings, faults }: Varied): Arena => ({
  ...trials.at(run).arena,
  settings,
  faults,
});

async function replay(
  target: Target,
  { program, conditions, faults, verbose }: Orders['replay']['order'],
): Promise<Ran> {
  const arena = await openArena(target, conditions);
  const on = verbose ? tellingTarget(arena.target, (line) => tell({ kind: 'line', line })) : arena.target;
  return ranOf(await runProgram({ ...arena, target: on, faults, watch: pulse }, program));
}

async function carryOut({ target, trials }: Means, order: Order): Promise<Answer> {
  if (order.kind === 'probe') return probeOne(target, order.capability);
  if (order.kind === 'replay') return replay(target, order);
  if (trials === undefined) throw new Error(`${order.kind}: expected a thread of a campaign, given one without`);
  const { seed = 0 } = task.trials ?? {};
  switch (order.kind) {
    case 'look':
      return look(trials, order);
    case 'shrink': {
      const { run, failure, shrinkRuns } = order;
      const isOver = () => !limit.allowsShrinking;
      return shrinkToFinding(trials.at(run).arena, failure, { seed, run, shrinkRuns, isOver });
    }
    case 'describe':
      return findingAsIs(varied(trials, order), order.failure, { seed, run: order.run });
    case 'vary':
      return ranOf(await runProgram(varied(trials, order), order.program, false));
  }
}

try {
  const means = await open();
  port.on('message', async (order: Order) => {
    try {
      pulse.begin('run' in order ? order.run : 0);
      tell({ kind: 'answer', answer: await carryOut(means, order) });
    } catch (error) {
      tell({ kind: 'failed', error: plainError(error) });
    }
  });
  tell({ kind: 'ready', name: means.target.name });
} catch (error) {
  tell({ kind: 'failed', error: plainError(error) });
}
