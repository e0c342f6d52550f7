import { Session } from '../../fuse/session/index.ts';
import { timeOfDay } from '../../fuse/socket/index.ts';
import { Choices, Scheduler, SimKernel } from '../../sim/index.ts';
import type { Call, Credentials, FileSystem, SysResult, Timespec } from '../../vfs/index.ts';
import { isEmptyTree, startOver } from '../daemon/empty-tree.ts';
import { oncePerProblem, reportOnStandardError } from '../reporter.ts';
import type { ResettableKernel } from '../targets.ts';
import { COARSE_CLOCK_SLACK, HostPacedClock } from '../time-of-day-clock.ts';

/** A simulated kernel in front of a filesystem in the surroundings of this host, whose answers wait for the network. */
export class HostedKernel implements ResettableKernel {
  readonly name: string;
  readonly timeSlack = COARSE_CLOCK_SLACK;
  readonly #kernel: SimKernel;
  readonly #filesystem: FileSystem & { unmount?(): Promise<void> };
  #isSpent = false;
  /** Pids that programs have used. */
  readonly #pids = new Set<number>();

  constructor(name: string, filesystem: FileSystem & { unmount?(): Promise<void> }) {
    this.name = name;
    this.#filesystem = filesystem;
    const report = oncePerProblem(reportOnStandardError);
    let answered = (): void => {};
    const scheduler = new Scheduler(new HostPacedClock(), new Choices({}));
    this.#kernel = new SimKernel(
      scheduler,
      (send) =>
        new Session(filesystem, {
          report,
          send: (message, length) => {
            answered();
            return send(message, length);
          },
        }),
      {
        traceHash: false,
        report,
        awaitHost: () =>
          new Promise((resolve) => {
            answered = resolve;
          }),
      },
    );
  }

  /** Whether nothing is there. */
  isEmpty(): Promise<boolean> {
    return isEmptyTree(this.#kernel);
  }

  spawn(pid: number, credentials: Credentials, umask?: number): void {
    this.#pids.add(pid);
    this.#kernel.spawn(pid, credentials, umask);
  }

  call(pid: number, call: Call): SysResult | Promise<SysResult> {
    if (call.op === 'fork') this.#pids.add(call.child);
    return this.#kernel.call(pid, call);
  }

  now(): Timespec {
    return timeOfDay();
  }

  async reset(): Promise<void> {
    if (!(await startOver(this.#kernel, this.#pids))) this.#isSpent = true;
  }

  /** Whether something is left that a program made, and that cannot be removed: the next one would meet it. */
  isSpent(): boolean {
    return this.#isSpent;
  }

  async close(): Promise<void> {
    await this.#filesystem.unmount?.();
  }
}
