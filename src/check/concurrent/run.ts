import type { History, Moment, Operation } from '../../history/index.ts';
import type { ChoiceOptions, Cluster, Deviation, PendingCall, SimKernel } from '../../sim/index.ts';
import { type Call, isDirectory, O_DIRECTORY, O_RDONLY, type Stat, type SysResult } from '../../vfs/index.ts';
import { OBSERVER } from '../program.ts';
import type { ClusterSettings, Settings, Target } from '../target.ts';
import { type ConcurrentProcess, type ConcurrentProgram, type ConcurrentStep, pathsNamed } from './program.ts';
import { reorderingLink } from './reordering-link.ts';

/** How a concurrent program is run; plain data, kept with a counterexample. */
export interface ConcurrentSetting extends ChoiceOptions {
  readonly settings?: Settings;
  /** Replies may overtake each other. */
  readonly reorder: boolean;
}

export interface RunLimits {
  /** What stands between a client and the filesystem, instead of what `reorder` asks for. */
  readonly client?: ClusterSettings['client'];
  /** Whether faults still strike: until they stop, nothing need finish. Default: there are none. */
  readonly faulty?: () => boolean;
  /** Events within which everything that is outstanding must finish when no call is begun any more. Default 10,000. */
  readonly patience?: number;
}

export interface ConcurrentRun {
  readonly history: History;
  /** Calls that did not finish, with what they wait for; none: all have finished. */
  readonly stuck: readonly string[];
  readonly deviations: readonly Deviation[];
}

const PATIENCE = 10_000;
/** Virtual milliseconds after which written data has reached the filesystem by itself (dirty_expire_centisecs, and the flusher's turn). */
const WRITTEN_BACK = 60_000;
/** What is looked at of a file in the end, bytes; a buffer for a listing. */
const LOOK_SIZE = 16384;

const LISTED: Call = { op: 'getdents', fd: 3, size: LOOK_SIZE };

/** The longest time for which something may be kept, seconds. */
export function longestTimeout(settings: Settings | undefined): number {
  const timeouts = ['entryTimeout', 'attributeTimeout', 'negativeTimeout'].map((name) => settings?.[name]);
  return Math.max(0, ...timeouts.filter((seconds) => typeof seconds === 'number'));
}

/**
 * Runs a program with the calls of its processes side by side and writes down what they gave. When all is done and every
 * promised time has passed, somebody on each kernel looks at every name.
 *
 * @throws Error where the target has one call at a time
 */
export async function runConcurrent(
  target: Target,
  program: ConcurrentProgram,
  { settings, reorder, ...choices }: ConcurrentSetting,
  limits: RunLimits = {},
): Promise<ConcurrentRun> {
  if (target.cluster === undefined)
    throw new Error(`${target.name}: expected a target in the simulated kernel, where calls may overlap`);
  const clients = 1 + Math.max(0, ...program.processes.map(({ client }) => client));
  const client: ClusterSettings['client'] =
    limits.client ?? ((_client, scheduler) => (reorder ? { link: reorderingLink(scheduler) } : {}));
  const cluster = target.cluster(clients, { ...choices, settings, client });
  const run = new Run(cluster, program, limits);
  try {
    return await run.run(longestTimeout(settings) * 1000 + WRITTEN_BACK);
  } finally {
    for (const kernel of cluster.kernels) await kernel.close();
  }
}

/** A process of the program, and the call that it has under way. */
interface Running {
  readonly process: ConcurrentProcess;
  readonly kernel: SimKernel;
  readonly steps: readonly ConcurrentStep[];
  next: number;
  pending: PendingCall | undefined;
  invoked: Moment | undefined;
}

class Run {
  readonly #cluster: Cluster;
  readonly #program: ConcurrentProgram;
  readonly #limits: RunLimits;
  readonly #done: Operation[] = [];
  #event = 0;
  /** Events since a call was begun, or a fault struck. */
  #steps = 0;

  constructor(cluster: Cluster, program: ConcurrentProgram, limits: RunLimits) {
    this.#cluster = cluster;
    this.#program = program;
    this.#limits = limits;
  }

  async run(rest: number): Promise<ConcurrentRun> {
    const { processes, setup, steps } = this.#program;
    const running = processes.map((process) =>
      this.#spawn(
        process,
        steps.filter(({ pid }) => pid === process.pid),
      ),
    );
    for (const { pid, call } of setup) {
      const alone = { ...(running.find(({ process }) => process.pid === pid) as Running), steps: [] };
      if ((await this.#one(alone, call)) === undefined) return this.#outcome([alone], undefined);
    }
    for (const one of running) this.#prepare(one);
    const stuck = await this.#until(() => running.every((one) => isAtEnd(one)), running);
    if (stuck) return this.#outcome(running, undefined);
    await this.#wait(rest);
    const quiet = this.#event;
    for (const [client] of this.#cluster.kernels.entries()) {
      const looking = this.#spawn({ ...OBSERVER, pid: OBSERVER.pid + client, client }, []);
      if (await this.#look(looking)) return this.#outcome([looking], quiet);
    }
    return this.#outcome([], quiet);
  }

  #spawn(process: ConcurrentProcess, steps: readonly ConcurrentStep[]): Running {
    const kernel = this.#cluster.kernels[process.client];
    kernel.spawn(process.pid, process, process.umask);
    return { process, kernel, steps, next: 0, pending: undefined, invoked: undefined };
  }

  #moment(): Moment {
    this.#event += 1;
    return { event: this.#event, time: this.#cluster.scheduler.clock.nanoseconds };
  }

  #begin(running: Running, call: Call): void {
    this.#steps = 0;
    running.invoked = this.#moment();
    running.pending = running.kernel.submit(running.process.pid, call);
  }

  /** Makes the beginning of the next call an event, which happens after its pause in whatever order is chosen. */
  #prepare(running: Running): void {
    const step = running.steps[running.next];
    if (step === undefined) return;
    const { scheduler } = this.#cluster;
    const begin = { label: `start.${step.pid}.${running.next}`, run: () => this.#begin(running, step.call) };
    running.next += 1;
    if (step.pause > 0) scheduler.clock.afterQuietly(step.pause, () => scheduler.makeReady(begin));
    else scheduler.makeReady(begin);
    running.invoked = undefined;
  }

  /** Writes down calls that have returned, and prepares the next ones. */
  #collect(all: readonly Running[]): void {
    for (const running of all) {
      const { pending, process, kernel, invoked } = running;
      if (pending?.result === undefined || invoked === undefined) continue;
      const { call, result } = pending;
      running.pending = undefined;
      const opened = call.op === 'open' && typeof result === 'number' && result >= 0;
      const node = opened ? kernel.nodeOf(process.pid, result) : result === 0 ? pending.node : undefined;
      const { pid, client } = process;
      this.#done.push({
        pid,
        client,
        call,
        invoked,
        returned: this.#moment(),
        result,
        ...(node !== undefined && { node }),
      });
      this.#prepare(running);
    }
  }

  /** Lets events happen until something is so; true: that will never be. */
  async #until(reached: () => boolean, all: readonly Running[]): Promise<boolean> {
    const { scheduler, kernels, filesystem } = this.#cluster;
    const { faulty, patience = PATIENCE } = this.#limits;
    for (;;) {
      this.#collect(all);
      if (reached()) return false;
      const step = kernels[0].step();
      if (faulty?.() === true) this.#steps = 0;
      this.#steps += 1;
      if (step === 'idle' || this.#steps > patience) return true;
      if (step !== 'awaiting-promise') continue;
      if (filesystem.mode === 'async') await kernels[0].drain();
      else scheduler.promisesPending = false;
    }
  }

  /** Runs one call to its end; undefined: it has none. */
  async #one(running: Running, call: Call): Promise<SysResult | undefined> {
    this.#begin(running, call);
    const { pending } = running;
    const stuck = await this.#until(() => running.pending === undefined, [running]);
    return stuck ? undefined : pending?.result;
  }

  /** Lets virtual milliseconds pass. */
  async #wait(milliseconds: number): Promise<void> {
    let passed = false;
    this.#steps = 0;
    this.#cluster.scheduler.clock.afterQuietly(milliseconds, () => {
      passed = true;
    });
    await this.#until(() => passed, []);
  }

  /** What every name leads to, and every file holds; true: a call did not finish. */
  async #look(running: Running): Promise<boolean> {
    for (const path of pathsNamed(this.#program)) {
      const stat = await this.#one(running, { op: 'stat', path });
      if (stat === undefined) return true;
      if (typeof stat === 'number') continue;
      const directory = isDirectory((stat as Stat).mode);
      const flags = directory ? O_RDONLY | O_DIRECTORY : O_RDONLY;
      const calls: readonly Call[] = [
        { op: 'open', path, flags, mode: 0, into: 3 },
        ...(directory ? [LISTED, LISTED] : [{ op: 'pread', fd: 3, size: LOOK_SIZE, offset: 0 } as const]),
        { op: 'close', fd: 3 },
      ];
      for (const call of calls) if ((await this.#one(running, call)) === undefined) return true;
    }
    return false;
  }

  #outcome(all: readonly Running[], quiet: number | undefined): ConcurrentRun {
    const pending = all.filter((running) => running.pending !== undefined);
    const unfinished = pending.map(
      ({ process: { pid, client }, invoked, pending: call }): Operation => ({
        pid,
        client,
        call: (call as PendingCall).call,
        invoked: invoked as Moment,
      }),
    );
    const operations = [...this.#done, ...unfinished].sort((a, b) => a.invoked.event - b.invoked.event);
    return {
      history: { operations, ...(quiet !== undefined && { quiet }) },
      stuck: [...new Set(all.map(({ kernel }) => kernel))].flatMap(({ blocked }) => blocked),
      deviations: this.#cluster.choices.deviations,
    };
  }
}

const isAtEnd = ({ next, steps, pending, invoked }: Running): boolean =>
  next >= steps.length && pending === undefined && (steps.length === 0 || invoked !== undefined);
