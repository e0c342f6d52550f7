import { showCall } from '../check/index.ts';
import type { MountOptions } from '../mount/options.ts';
import { type Call, errno, O_CLOEXEC, root, type SysResult, type Timespec } from '../vfs/index.ts';
import { Names, ROOT } from './compare/names.ts';
import { type Request, RequestReader } from './compare/requests.ts';
import { Results } from './compare/results.ts';
import { type RequestStream, toStream } from './compare/stream.ts';
import type { Configuration } from './configurations.ts';
import { DIRECTOR, type Script, type Step, within } from './script.ts';
import type { Side } from './side.ts';

/** A call and what it gave. */
export interface Outcome {
  readonly call: string;
  readonly result: string;
  /** The kernel threw, or does not have the call, instead of giving a result. */
  readonly broken: boolean;
}

/** What one script came to on one side. */
export interface ScriptRun extends RequestStream {
  readonly outcomes: readonly Outcome[];
}

/** Seconds by which clocks of the kernel may lie off. */
const SLACK = 3;

/** What scripts came to on one side, and how the kernel introduced itself. */
export interface SideRun {
  readonly init: RequestStream;
  readonly scripts: readonly ScriptRun[];
}

/** A script under way: where it is, and what it has come to. */
interface Running {
  readonly script: Script;
  /** The name of its directory in the root. */
  readonly directory: string;
  /** From 1 on. */
  readonly number: number;
  /** What is added to the numbers of its processes: several scripts may be under way. */
  readonly firstPid: number;
  readonly pids: Set<number>;
  readonly results: Results;
  readonly requests: Request[];
  readonly outcomes: Outcome[];
  at: number;
}

const PIDS_PER_SCRIPT = 100;
const STATX_BASIC_STATS_AND_BTIME = 0xfff;
/** No script uses it. */
const SYNC_FD = 1000;

/**
 * Runs scripts on one side, one after the other, each in a directory of its own. What waits does so with all others that
 * wait: first everything up to the first wait of each, then up to the second.
 */
export async function runScripts(
  side: Side,
  { mount }: Configuration,
  scripts: readonly Script[],
  signal?: AbortSignal,
): Promise<SideRun> {
  return await new Runner(side, mount).run(scripts, signal);
}

class Runner {
  readonly #side: Side;
  readonly #start: number;
  readonly #names: Names;
  readonly #reader: RequestReader;
  readonly #isNow = ({ sec }: Timespec): boolean =>
    sec >= this.#start - SLACK && sec <= this.#side.kernel.now().sec + SLACK;

  constructor(side: Side, mount: MountOptions) {
    this.#side = side;
    this.#start = side.kernel.now().sec;
    this.#names = new Names(side.foreign);
    this.#reader = new RequestReader(this.#names, this.#isNow, mount.directIo === true, side.foreign);
  }

  async run(scripts: readonly Script[], signal: AbortSignal | undefined): Promise<SideRun> {
    this.#side.kernel.spawn(DIRECTOR, root);
    await this.#call(DIRECTOR, { op: 'chmod', path: '/', mode: 0o777 });
    // Mounting and emptying the directory did this on the host, and what it asked for is not asked again.
    await this.#call(DIRECTOR, { op: 'statx', path: '/', flags: 0, mask: STATX_BASIC_STATS_AND_BTIME });
    await this.#call(DIRECTOR, { op: 'stat', path: '/' });
    await this.#call(DIRECTOR, { op: 'listxattr', path: '/', size: 0 });
    const init = toStream((await this.#taken()).filter(({ op }) => op === 'INIT'));
    const all: Running[] = [];
    for (const script of scripts) {
      if (signal?.aborted) break;
      const running = await this.#begin(script, all.length + 1);
      all.push(running);
      await this.#goOn(running);
    }
    for (let waiting = unfinished(all); waiting.length > 0; waiting = unfinished(waiting)) {
      await this.#side.wait(Math.max(...waiting.map(secondsOf)));
      for (const running of waiting) {
        running.at++;
        await this.#goOn(running);
      }
    }
    return { init, scripts: all.map(({ requests, outcomes }) => ({ ...toStream(requests), outcomes })) };
  }

  /** Makes a directory and the processes that a script needs, with what they ask for in doing so left out. */
  async #begin(script: Script, number: number): Promise<Running> {
    // Where nothing can be made, it is the root itself.
    const made = await this.#call(DIRECTOR, { op: 'mkdir', path: `/${number}`, mode: 0o777 });
    const directory = made === 0 ? String(number) : '';
    const path = `/${directory}`;
    this.#names.enter(directory, number);
    if (made === 0) await this.#call(DIRECTOR, { op: 'chmod', path, mode: 0o777 });
    const firstPid = script.steps.some(({ kind }) => kind === 'wait') ? number * PIDS_PER_SCRIPT : 0;
    const pids = new Set<number>();
    const used = new Set(script.steps.map((step) => (step.kind === 'call' ? step.pid : 0)));
    for (const { pid, ...credentials } of script.processes)
      if (used.has(pid)) {
        pids.add(pid);
        this.#side.kernel.spawn(pid + firstPid, credentials, credentials.umask);
        await this.#call(pid + firstPid, { op: 'chdir', path });
      }
    await this.#taken();
    const results = new Results(this.#names, this.#isNow, this.#side.foreign);
    return { script, directory, number, firstPid, pids, results, requests: [], outcomes: [], at: 0 };
  }

  /** Goes on to the next wait, or to the end. */
  async #goOn(running: Running): Promise<void> {
    const { script, directory, number, requests } = running;
    this.#names.enter(directory, number);
    for (; running.at < script.steps.length; running.at++) {
      const step = directory === '' ? script.steps[running.at] : within(script.steps[running.at], `/${directory}`);
      if (step.kind === 'wait') break;
      await this.#step(running, step);
    }
    requests.push(...(await this.#taken()));
    if (running.at === script.steps.length) requests.push(...(await this.#end(running)));
  }

  async #end({ pids, firstPid }: Running): Promise<readonly Request[]> {
    for (const pid of pids) await this.#call(pid + firstPid, { op: 'exit', status: 0 }).catch(() => {});
    return (await this.#taken(true)).filter((request) => !ofHarness(request, false));
  }

  async #step(running: Running, step: CallStep): Promise<void> {
    const { script, at, pids, firstPid, results, outcomes, requests } = running;
    const { pid, call } = step;
    if (pid !== DIRECTOR && !pids.has(pid)) return;
    const text = `p${pid} ${showCall((script.steps[at] as CallStep).call)}`;
    const apart = handlesProcesses(call);
    if (apart) requests.push(...(await this.#taken()));
    try {
      const result = await this.#make(pid === DIRECTOR ? pid : pid + firstPid, elsewhere(call, firstPid));
      if (call.op === 'fork' && result === call.child + firstPid) await this.#forked(pids, call.child, firstPid);
      outcomes.push({ call: text, result: call.op === 'fork' ? 'done' : results.show(result), broken: false });
    } catch (error) {
      outcomes.push({ call: text, result: error instanceof Error ? error.message : String(error), broken: true });
    }
    if (apart) requests.push(...(await this.#taken()).filter((request) => !ofHarness(request, call.op === 'fork')));
    else if (this.#side.name === 'simulated') requests.push(...(await this.#taken()));
    for (let i = requests.length - 1; i >= 0 && requests[i].call === undefined; i--)
      requests[i].call = outcomes.length - 1;
  }

  /** Makes a call. sync(2) of the host would reach every disk: there it is syncfs(2) of the root, and so it is here. */
  async #make(pid: number, call: Call): Promise<SysResult> {
    if (call.op !== 'sync' || this.#side.name === 'real') return await this.#call(pid, call);
    const fd = await this.#call(pid, { op: 'open', path: '/', flags: O_CLOEXEC, mode: 0, into: SYNC_FD });
    if (fd !== SYNC_FD) return fd === -errno.ESRCH.errno ? fd : 0;
    await this.#call(pid, { op: 'syncfs', fd });
    await this.#call(pid, { op: 'close', fd });
    return 0;
  }

  /** The host's child takes the working directory over by fchdir(2), which asks for its attributes. */
  async #forked(pids: Set<number>, child: number, firstPid: number): Promise<void> {
    pids.add(child);
    if (this.#side.name === 'simulated') await this.#call(child + firstPid, { op: 'chdir', path: '.' });
  }

  async #call(pid: number, call: Call): Promise<SysResult> {
    return await this.#side.kernel.call(pid, call);
  }

  async #taken(ended = false): Promise<readonly Request[]> {
    return this.#reader.read(await this.#side.taken(ended));
  }
}

/** The host's processes are no real ones of their own: how they begin and end asks for attributes. */
const handlesProcesses = ({ op }: Call): boolean => op === 'fork' || op === 'exit' || op === 'kill';

/** Of what came in such a call, what the harness asked for: all that a fork did, and returning to the root directory at the end. */
const ofHarness = ({ op, node }: Request, fork: boolean): boolean =>
  fork || (node === ROOT && (op === 'GETATTR' || op === 'ACCESS'));

type CallStep = Extract<Step, { kind: 'call' }>;

const unfinished = (scripts: readonly Running[]): readonly Running[] =>
  scripts.filter(({ script, at }) => at < script.steps.length);

function secondsOf({ script, at }: Running): number {
  const step = script.steps[at];
  return step.kind === 'wait' ? step.seconds : 0;
}

/** The call with the processes that it names being those of this run. */
function elsewhere(call: Call, firstPid: number): Call {
  if (call.op === 'fork') return { ...call, child: call.child + firstPid };
  return call.op === 'kill' ? { ...call, pid: call.pid + firstPid } : call;
}
