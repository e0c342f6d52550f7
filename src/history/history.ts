import type { Call, SysResult } from '../vfs/index.ts';

/** A moment of a run. */
export interface Moment {
  /** Its place in the order of events; no two invocations or responses share one. */
  readonly event: number;
  /** The clock's nanoseconds. */
  readonly time: number;
}

/** After everything: the response of a call that never returned. */
export const NEVER: Moment = Object.freeze({ event: Number.POSITIVE_INFINITY, time: Number.POSITIVE_INFINITY });

/** One system call of one process: when it was made, when it returned, and what it gave. */
export interface Operation {
  readonly pid: number;
  /** The kernel that the process runs on, from 0 on: its processes share caches. */
  readonly client: number;
  readonly call: Call;
  readonly invoked: Moment;
  /** Left out, with the result: it never returned. */
  readonly returned?: Moment;
  readonly result?: SysResult;
  /** Of an open, or a link, that succeeded: which node, as `ino.generation`. */
  readonly node?: string;
}

/** What several processes did side by side. A process has one call at a time. */
export interface History {
  readonly operations: readonly Operation[];
  /** The event at which nothing was under way any more and every promised time had passed; what comes later only looks. */
  readonly quiet?: number;
}
