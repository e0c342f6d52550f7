import { turnEventLoop } from '../../env/turn-event-loop.ts';
import type { Call, SysResult } from '../../vfs/index.ts';
import type { PendingCall, SimKernel } from '../kernel/index.ts';
import { codedError } from './argument-error.ts';
import { type FsOperation, isPromise } from './operation.ts';

type Settle = (error: unknown, value?: unknown) => void;
type Step = IteratorResult<Call | PromiseLike<unknown>, unknown>;

/** An operation of a callback or promise form. */
interface Job {
  readonly operation: FsOperation<unknown>;
  readonly settle: Settle;
}

/** Pids of threads, far from those that programs give to processes. */
const FIRST_THREAD = 1_000_001;
/** The event loop turns at least once in so many calls. */
const CALLS_PER_TURN = 64;

/**
 * Runs operations on the simulated kernel: at once for the synchronous forms; for the others as libuv does, each system
 * call on one of a few threads of the process, while the kernel decides which goes on when.
 */
export class Driver {
  readonly #kernel: SimKernel;
  readonly #process: number;
  /** The thread of the synchronous forms. */
  #main: number;
  /** Threads that may still be made. */
  #unmade: number;
  readonly #idle: number[] = [];
  readonly #underWay = new Map<PendingCall, { readonly job: Job; readonly pid: number }>();
  /** Calls for which no thread was free. */
  readonly #queue: { readonly job: Job; readonly call: Call }[] = [];
  readonly #settled: (() => void)[] = [];
  #pumping = false;

  constructor(kernel: SimKernel, pid: number, threads: number) {
    this.#kernel = kernel;
    this.#process = pid;
    this.#main = pid;
    this.#unmade = threads;
  }

  /** Runs an operation to its end; `name` is that of the function, for messages. */
  runSync<T>(name: string, operation: FsOperation<T>): T {
    let step = operation.next();
    if (this.#kernel.mode === 'async' && !step.done) throw needsPromises(name);
    while (!step.done) {
      let result: SysResult;
      try {
        result = this.#callNow(name, step.value);
      } catch (error) {
        step = operation.throw(error);
        continue;
      }
      step = operation.next(result);
    }
    return step.value;
  }

  #callNow(name: string, given: Call | PromiseLike<unknown>): SysResult {
    if (isPromise(given))
      throw codedError('ERR_INVALID_RETURN_VALUE', `${name}: expected a callback that gives no promise`, TypeError);
    try {
      const result = this.#kernel.call(this.#main, given);
      if (!(result instanceof Promise)) return result;
      // Nobody is left to hear of it.
      result.catch(() => {});
      throw needsPromises(name);
    } catch (error) {
      this.#kernel.interrupt(this.#main);
      this.#main = this.#spawnThread();
      throw error;
    }
  }

  /** Starts an operation: what is wrong with its arguments is thrown at once. `settle` is called in a later turn. */
  start(operation: FsOperation<unknown>, settle: Settle): void {
    this.#follow({ operation, settle }, operation.next());
    this.#wake();
  }

  #wake(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    void this.#pump();
  }

  async #pump(): Promise<void> {
    do {
      // Whoever waited for what is settled goes on, and may start operations that run beside those under way.
      await turnEventLoop();
      for (let i = 0; i < CALLS_PER_TURN && this.#settled.length === 0 && this.#underWay.size > 0; i++)
        await this.#advance();
      for (const settle of this.#settled.splice(0)) settle();
    } while (this.#underWay.size > 0 || this.#settled.length > 0);
    this.#pumping = false;
  }

  /** Lets the kernel run until a call is done, and its operation to the next one. */
  async #advance(): Promise<void> {
    try {
      const running = this.#kernel.runUntilAny([...this.#underWay.keys()]);
      if (running !== undefined) await running;
    } catch (error) {
      this.#giveUp(error);
      return;
    }
    for (const [call, { job, pid }] of this.#underWay) {
      if (!call.done) continue;
      this.#underWay.delete(call);
      this.#free(pid);
      this.#resume(job, () => job.operation.next(call.result));
    }
  }

  /** None of the calls can ever finish: their callers are told so, and their threads are left where they are. */
  #giveUp(error: unknown): void {
    for (const [call, { job, pid }] of this.#underWay) {
      this.#underWay.delete(call);
      this.#kernel.interrupt(pid);
      this.#free(this.#spawnThread());
      this.#resume(job, () => job.operation.throw(error));
    }
  }

  #resume(job: Job, resume: () => Step): void {
    let step: Step;
    try {
      step = resume();
    } catch (error) {
      this.#settled.push(() => job.settle(error));
      return;
    }
    this.#follow(job, step);
  }

  #follow(job: Job, step: Step): void {
    if (step.done) this.#settled.push(() => job.settle(null, step.value));
    else if (isPromise(step.value))
      step.value.then(
        (value) => this.#resumeLater(job, () => job.operation.next(value)),
        (error) => this.#resumeLater(job, () => job.operation.throw(error)),
      );
    else this.#call(job, step.value);
  }

  #resumeLater(job: Job, resume: () => Step): void {
    this.#resume(job, resume);
    this.#wake();
  }

  #call(job: Job, call: Call): void {
    let pid = this.#idle.pop();
    if (pid === undefined && this.#unmade > 0) {
      pid = this.#spawnThread();
      this.#unmade -= 1;
    }
    if (pid === undefined) this.#queue.push({ job, call });
    else this.#underWay.set(this.#kernel.submit(pid, call), { job, pid });
  }

  #free(pid: number): void {
    this.#idle.push(pid);
    const next = this.#queue.shift();
    if (next !== undefined) this.#call(next.job, next.call);
  }

  /** The process itself where that has ended: its calls say so. */
  #spawnThread(): number {
    if (!this.#kernel.isRunning(this.#process)) return this.#process;
    let pid = FIRST_THREAD;
    while (this.#kernel.isRunning(pid)) pid += 1;
    this.#kernel.spawnThread(pid, this.#process);
    return pid;
  }
}

function needsPromises(name: string): Error {
  return codedError(
    'ERR_ESTALE_SYNC',
    `${name}: the filesystem answers with promises: expected the callback or promise form of the function`,
  );
}
