import type { Call, SysResult } from '../../vfs/index.ts';

/** A system call under way. */
export class PendingCall {
  readonly pid: number;
  readonly call: Call;
  result: SysResult | undefined;
  /** Of linkat: what the first path led to, as `ino.generation`; by the time of the link it may have lost that name. */
  node: string | undefined;

  constructor(pid: number, call: Call) {
    this.pid = pid;
    this.call = call;
  }

  get done(): boolean {
    return this.result !== undefined;
  }
}

/** Several calls under way, of which the first to finish is waited for. */
export class AnyCall {
  readonly calls: readonly PendingCall[];

  constructor(calls: readonly PendingCall[]) {
    this.calls = calls;
  }

  get done(): boolean {
    return this.calls.some(({ done }) => done);
  }
}

/** A call that cannot end: nothing can happen any more, or what it waits for is outside of the simulation. */
export class StuckError extends Error {}
