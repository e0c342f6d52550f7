import { Random } from 'fast-check';
import {
  Draw,
  generateProgram,
  type Program,
  type ProgramStep,
  type ResettableKernel,
  seededRandom,
  showCall,
  showResult,
  type Without,
} from '../check/index.ts';
import { ram } from '../filesystems/index.ts';
import { type Divergence, Model, type ModelOptions } from '../model/index.ts';
import { simulate } from '../sim/index.ts';
import {
  AT_EMPTY_PATH,
  errno,
  isDirectory,
  isRegular,
  type Kernel,
  S_ISGID,
  S_IXGRP,
  type Stat,
  type SysResult,
} from '../vfs/index.ts';

/**
 * Who is with whom about a result. `each with the model`: the two kernels gave different results, and the model allows both
 * (or neither, and that is `none`).
 */
export type Agreement =
  | 'model and host'
  | 'model and simulated'
  | 'simulated and host'
  | 'each with the model'
  | 'none';

/** A call of a program about whose result the model, the simulated kernel and the host's kernel do not all agree. */
export interface Disagreement {
  readonly agree: Agreement;
  /** Up to and with the call. */
  readonly program: Program;
  readonly call: string;
  readonly simulated: string;
  readonly host: string;
  /** What the model expected, of the kernel that it does not agree with. */
  readonly model: string | undefined;
}

export interface ThreeWayReport {
  readonly programs: number;
  /** System calls that all three were asked about. */
  readonly calls: number;
  readonly disagreements: readonly Disagreement[];
}

export interface ThreeWayOptions {
  /** Of the programs; 0 to 2^32 - 1. */
  readonly seed: number;
  readonly programs: number;
  readonly without?: Without;
  readonly model?: ModelOptions;
}

/**
 * Runs generated programs on ram in the simulated kernel and on the host's kernel side by side, and lets the model judge
 * either: any disagreement is a bug in one of the three.
 *
 * @example compareThreeWays(hostKernel({ filesystem: 'tmpfs' }), { seed: 1, programs: 1000 })
 */
export function compareThreeWays(host: ResettableKernel, options: ThreeWayOptions): ThreeWayReport {
  const { seed, programs, without, model } = options;
  const disagreements: Disagreement[] = [];
  let calls = 0;
  for (let i = 0; i < programs; i++) {
    const program = generateProgram(new Draw(new Random(seededRandom(seed, i))), { without });
    const simulated = simulate(ram, {
      traceHash: false,
      mount: { protectedHardlinks: model?.protectedHardlinks },
    });
    void host.reset();
    const three = new Three(simulated, host, program, model ?? {});
    const found = simulated.batch(() => three.run());
    void simulated.close();
    calls += three.calls;
    if (found !== undefined) disagreements.push(found);
  }
  return { programs, calls, disagreements };
}

/** A kernel and the model that follows it: where several results are allowed, the two kernels may go different ways. */
class Judged {
  readonly #kernel: Kernel;
  readonly #model: Model;

  constructor(kernel: Kernel, { processes }: Program, options: ModelOptions) {
    this.#kernel = kernel;
    this.#model = new Model(options);
    for (const process of processes) {
      kernel.spawn(process.pid, process, process.umask);
      this.#model.spawn(process.pid, process, process.umask);
    }
  }

  canRun({ pid, call }: ProgramStep): boolean {
    return this.#model.runs(pid) && (call.op !== 'fork' || !this.#model.knows(call.child));
  }

  step({ pid, call }: ProgramStep): { readonly result: SysResult; readonly divergence: Divergence | undefined } {
    const before = this.#kernel.now();
    const result = this.#kernel.call(pid, call) as SysResult;
    const clock = { before, after: this.#kernel.now(), slack: this.#kernel.timeSlack };
    return { result, divergence: this.#model.step(pid, call, result, clock) };
  }
}

class Three {
  readonly #program: Program;
  readonly #simulated: Judged;
  readonly #host: Judged;
  calls = 0;

  constructor(simulated: Kernel, host: Kernel, program: Program, options: ModelOptions) {
    this.#program = program;
    this.#simulated = new Judged(simulated, program, options);
    this.#host = new Judged(host, program, options);
  }

  /** The first disagreement; what comes after it says nothing. */
  run(): Disagreement | undefined {
    const { steps, processes } = this.#program;
    for (const [i, step] of steps.entries()) {
      if (!this.#simulated.canRun(step)) continue;
      this.calls++;
      const simulated = this.#simulated.step(step);
      const host = this.#host.step(step);
      const same = comparable(step, simulated.result) === comparable(step, host.result);
      const agree = agreement(same, simulated.divergence === undefined, host.divergence === undefined);
      if (agree === undefined) continue;
      if (agree === 'each with the model' && isChoice(step, simulated.result, host.result)) return undefined;
      return {
        agree,
        program: { version: 1, processes, steps: steps.slice(0, i + 1) },
        call: `p${step.pid} ${showCall(step.call)}`,
        simulated: showResult(simulated.result),
        host: showResult(host.result),
        model: (simulated.divergence ?? host.divergence)?.expected,
      };
    }
    return undefined;
  }
}

/** Undefined: all three agree. */
function agreement(same: boolean, simulatedAllowed: boolean, hostAllowed: boolean): Agreement | undefined {
  if (simulatedAllowed && hostAllowed) return same ? undefined : 'each with the model';
  if (hostAllowed) return 'model and host';
  if (simulatedAllowed) return 'model and simulated';
  return same ? 'simulated and host' : 'none';
}

/**
 * What a filesystem may do or not do, as it likes, or is none of its business: the two have different states from here on.
 * Positions in directories and of holes; what is not supported; what is in a pipe; bytes that a store through a mapping has
 * put behind the end of the file, which stay until the page is written back; with whose credentials a descriptor was
 * opened that gets a name, which the host's processes change; and whether a chown of nothing, which takes set-user-id away,
 * needs the owner: fs/fuse leaves that to the daemon (fuse_setattr).
 */
function isChoice({ call }: ProgramStep, ...results: readonly SysResult[]): boolean {
  if (call.op === 'lseek' || call.op === 'getdents' || call.op === 'load') return true;
  if (results.every((result) => result instanceof Uint8Array)) return true;
  if (call.op === 'link' && (call.flags & AT_EMPTY_PATH) !== 0) return true;
  if (call.op === 'chown' || call.op === 'lchown' || call.op === 'fchown') return isNoId(call.uid) && isNoId(call.gid);
  return results.includes(-errno.EOPNOTSUPP.errno) || results.includes(-errno.EAGAIN.errno);
}

const isNoId = (id: number): boolean => id >>> 0 === 0xffffffff;

/** FUSE leaves set-group-id alone where the group may not execute (fuse_setattr, fs/fuse/dir.c). */
const comparableMode = (mode: number): number => (isRegular(mode) && (mode & S_IXGRP) === 0 ? mode & ~S_ISGID : mode);

/**
 * A result without what the filesystems choose: numbers of inodes and blocks, times, what directories measure, the order and
 * positions of their listings (and with it what fits a buffer), what statfs tells; where holes are.
 */
function comparable({ call }: ProgramStep, result: SysResult): string {
  if (typeof result === 'number') {
    const chosen = result >= 0 && call.op === 'lseek' && call.whence > 2;
    return chosen ? 'a position' : String(result);
  }
  if (typeof result === 'string') return result;
  if (result instanceof Uint8Array) return Buffer.from(result).toString('latin1');
  if (call.op === 'getdents' || call.op === 'statfs' || call.op === 'fstatfs') return 'a value';
  if (Array.isArray(result)) return JSON.stringify([...result].sort());
  if (!('mode' in result)) return JSON.stringify(result);
  const { mode, nlink, uid, gid, rdev, size } = result as Stat;
  return JSON.stringify({ mode: comparableMode(mode), nlink, uid, gid, rdev, size: isDirectory(mode) ? 0 : size });
}
