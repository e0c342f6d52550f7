import type { Timespec } from './attributes.ts';
import type { Credentials } from './credentials.ts';
import type { Call, SysResult } from './syscall.ts';

/** A call, and who makes it. */
export interface ProcessCall {
  readonly pid: number;
  readonly call: Call;
}

/**
 * Something that takes system calls: the simulated kernel, the host's kernel on a directory, or any `node:fs`-shaped
 * object. Its root directory is the filesystem under test; a process starts there.
 */
export interface Kernel {
  readonly name: string;
  /** Makes a process. `pid` is the caller's choice, from 1 on, and must be free. The umask is 022 unless given. */
  spawn(pid: number, credentials: Credentials, umask?: number): void;
  /** Runs one call to its end. A promise only from a kernel whose filesystem answers with promises. */
  call(pid: number, call: Call): SysResult | Promise<SysResult>;
  /** Begins calls of different processes at the same time, and runs them to their ends; the results are in their order. */
  together?(calls: readonly ProcessCall[]): readonly SysResult[] | Promise<readonly SysResult[]>;
  /** Runs several calls: what is virtual inside of the kernel (Date, timers) stays so between them, which is faster. */
  batch?<T>(calls: () => T): T;
  /** The time by which the filesystem under test stamps its inodes. */
  now(): Timespec;
  /** How far a time stamp may lie before `now()` at the start of the call that set it, nanoseconds (coarse clocks, milliseconds). */
  readonly timeSlack: number;
  /** Ends every process, closes every descriptor, gives back what it took. The kernel cannot be used again. */
  close(): void | Promise<void>;
}
