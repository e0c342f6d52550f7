import type { Message } from '../../fuse/message.ts';
import { LinkDescriber } from '../../fuse/protocol/index.ts';
import { type Daemon, DaemonError, roomFor, SocketServer, SPLICE, timeOfDay } from '../../fuse/socket/index.ts';
import { Choices, type LinkHook, OFFERED_FLAGS, Scheduler, SimKernel } from '../../sim/index.ts';
import type { MountOptions, Observer } from '../../sim/kernel/index.ts';
import type { Call, Credentials, Kernel, SysResult, Timespec } from '../../vfs/index.ts';
import { leavesHidden } from '../faults/limits.ts';
import type { FaultRun, RunFaults } from '../faults/run.ts';
import { KernelFailure } from '../kernel-failure.ts';
import type { ProblemReport } from '../reporter.ts';
import { COARSE_CLOCK_SLACK, TimeOfDayClock } from '../time-of-day-clock.ts';
import { startOver } from './empty-tree.ts';
import { daemonFaults } from './faults.ts';
import { KEEPING, uncached } from './uncached.ts';

/** Bytes of the largest READ and WRITE. */
const LARGEST_DATA = 1 << 20;

export interface DaemonKernelOptions {
  readonly mount: MountOptions;
  /** Milliseconds that one request may take. */
  readonly patience: number;
  /** RLIMIT_FSIZE of every process, bytes. */
  readonly fileSizeLimit: number;
  readonly trace: ((line: string) => void) | undefined;
  /** Sees every message between the kernel and the daemon; nothing is traced then. */
  readonly observe?: Observer;
  readonly link: LinkHook | undefined;
  /** The faults of the run, in the place of another hook on the link. */
  readonly faults?: RunFaults;
  readonly report: ProblemReport;
  /** Called when the daemon did not answer in time. */
  readonly onSilence: () => void;
}

/** A simulated kernel in front of a foreign daemon. A daemon that ends or does not answer makes `call` reject with a `KernelFailure`. */
export class DaemonKernel implements Kernel {
  readonly name = 'daemon';
  readonly timeSlack = COARSE_CLOCK_SLACK;
  readonly #daemon: Daemon;
  readonly #kernel: SimKernel;
  readonly #onSilence: () => void;
  /** Pids that programs have used. */
  readonly #pids = new Set<number>();
  #broken = false;
  #failure: unknown;

  /** What the faults came to, where it was mounted under some. */
  readonly faults: FaultRun | undefined;

  private constructor(daemon: Daemon, kernel: SimKernel, onSilence: () => void, faults: FaultRun | undefined) {
    this.faults = faults;
    this.#daemon = daemon;
    this.#kernel = kernel;
    this.#onSilence = onSilence;
  }

  /** Mounts. @throws {KernelFailure} where the daemon does not take part */
  static async mount(daemon: Daemon, options: DaemonKernelOptions): Promise<DaemonKernel> {
    const { mount, patience, fileSizeLimit, trace, observe, link, report, onSilence } = options;
    const describe = trace && new LinkDescriber(trace);
    const clock = new TimeOfDayClock();
    const faults = options.faults && daemonFaults(options.faults, clock, trace);
    const keepsNothing = options.faults !== undefined && leavesHidden(options.faults.plan);
    const open = (send: (message: Message, length: number) => number): SocketServer =>
      new SocketServer(daemon.fd, { patience, send });
    const connect = keepsNothing ? (send: Parameters<typeof open>[0]) => uncached(open, send) : open;
    const offeredFlags = OFFERED_FLAGS & ~SPLICE & ~(keepsNothing ? KEEPING : 0);
    try {
      const kernel = new SimKernel(new Scheduler(clock, new Choices({})), connect, {
        mount: { offeredFlags, ...mount, ...sizes(daemon, mount) },
        traceHash: false,
        fileSizeLimit,
        link: faults?.link ?? link,
        report,
        observe: observe ?? (describe && ((...message) => describe.message(...message))),
      });
      return new DaemonKernel(daemon, kernel, onSilence, faults?.run(kernel));
    } catch (error) {
      throw await explained(daemon, error);
    }
  }

  spawn(pid: number, credentials: Credentials, umask?: number): void {
    this.#pids.add(pid);
    this.#kernel.spawn(pid, credentials, umask);
  }

  call(pid: number, call: Call): SysResult | Promise<SysResult> {
    if (call.op === 'fork') this.#pids.add(call.child);
    try {
      const result = this.#kernel.call(pid, call);
      return result instanceof Promise ? result.catch((error) => this.#fail(error)) : result;
    } catch (error) {
      return this.#fail(error);
    }
  }

  async #fail(error: unknown): Promise<never> {
    this.#broken = true;
    if (error instanceof DaemonError && error.reason === 'silent') this.#onSilence();
    this.#failure = await explained(this.#daemon, error);
    throw this.#failure;
  }

  /** What a call was rejected with; undefined as long as none was. */
  get failure(): unknown {
    return this.#failure;
  }

  now(): Timespec {
    return timeOfDay();
  }

  /** Lets time pass for what the kernel remembers. Seconds. */
  wait(seconds: number): void {
    this.#kernel.scheduler.advance(seconds * 1e9);
  }

  /** Ends the processes and removes what they made, through the daemon itself; false where something is left. */
  async reset(): Promise<boolean> {
    if (this.#broken) return false;
    try {
      return await startOver(this.#kernel, this.#pids);
    } catch (error) {
      if (error instanceof DaemonError) return false;
      throw error;
    }
  }

  /** Leaves the daemon to whoever started it. */
  async close(): Promise<void> {
    // Requests of a daemon that is gone are never answered: there is nothing to wait for.
    if (this.#broken) return;
    try {
      await this.#kernel.close();
    } catch (error) {
      if (!(error instanceof DaemonError)) throw error;
    }
  }
}

/** The sizes of READ and WRITE that fit into a message of the link: without root that is less than FUSE has. */
function sizes({ largestMessage }: Daemon, { maxRead, maxWrite }: MountOptions): MountOptions {
  const room = roomFor(largestMessage);
  if (room >= LARGEST_DATA) return {};
  return { maxRead: Math.min(room, maxRead ?? room), maxWrite: Math.min(room, maxWrite ?? room) };
}

/** A `DaemonError` with what became of the daemon; any other error as it is. */
async function explained(daemon: Daemon, error: unknown): Promise<unknown> {
  if (!(error instanceof DaemonError)) return error;
  switch (error.reason) {
    case 'ended':
      return new KernelFailure('the daemon ends', await daemon.postMortem(error.message));
    case 'silent':
      return new KernelFailure('the daemon does not answer', await daemon.postMortem(error.message, 0));
  }
}
