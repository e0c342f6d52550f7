import { drainPromises } from '../../env/next-tick.ts';
import type { LinkHook } from '../../fuse/link-hook.ts';
import type { FuseServer, Message } from '../../fuse/message.ts';
import {
  type Call,
  type Credentials,
  errnoNumbers as E,
  type Kernel,
  type ProcessCall,
  type SyscallName,
  type SysResult,
  type Timespec,
  type U64,
} from '../../vfs/index.ts';
import type { Scheduler, StepResult } from '../scheduler.ts';
import { TraceHash } from '../trace-hash.ts';
import type { VirtualGlobals } from '../virtual-globals.ts';
import { countDentries, dPath } from './dcache.ts';
import { dropCaches } from './drop-caches.ts';
import { FuseConnection } from './fuse-connection.ts';
import type { Link } from './fuse-dev.ts';
import type { MountOptions } from './mount-options.ts';
import { LOOKUP_REVAL } from './nameidata.ts';
import { AnyCall, PendingCall, StuckError } from './pending-call.ts';
import { Process } from './process.ts';

export type { FuseServer } from '../../fuse/message.ts';

/** What a kernel has of a filesystem and did not give back. */
export interface Holdings {
  /** Cached inodes but for the root, with the references to each (nlookup). */
  readonly references: readonly (readonly [node: U64, lookups: number])[];
  /** Handles from OPEN, OPENDIR, CREATE and TMPFILE that were not released. */
  readonly handles: number;
  /** Requests that are not answered. */
  readonly requests: readonly string[];
}

export type Observer = (fromKernel: boolean, message: Message, length: number) => void;

export interface SimKernelOptions {
  readonly mount?: MountOptions;
  /** What the labels of its events begin with, where several kernels share a scheduler. Default: nothing. */
  readonly name?: string;
  /** Deliver a request within the call that sends it where nothing else is ready. Default true; the trace is the same. */
  readonly inline?: boolean;
  /** Virtual nanoseconds that a system call takes. Default 1,000,000. */
  readonly timePerCall?: number;
  /** Virtual seconds for which `call` waits for its end. Default 86,400. */
  readonly patience?: number;
  /** RLIMIT_FSIZE of every process, bytes: no file grows beyond (EFBIG), and no SIGXFSZ comes. Default: none. */
  readonly fileSizeLimit?: number;
  /** Keep a hash of every message and result. Default true. */
  readonly traceHash?: boolean;
  /** Listens to every message in either direction. */
  readonly observe?: Observer;
  readonly link?: LinkHook;
  /** Takes what is wrong with a message of the daemon. */
  readonly report?: (problem: string) => void;
  /** What is virtual while the kernel runs; without it the host's globals stay. */
  readonly globals?: VirtualGlobals;
  /**
   * Resolves when the daemon may have answered: for filesystems whose answers wait for the host's timers or I/O. Without it
   * such an answer is an error, because no run could be repeated.
   */
  readonly awaitHost?: () => Promise<void>;
}

const NANOSECONDS_PER_CALL = 1_000_000;
const PATIENCE_SECONDS = 86_400;

/** Calls that walk a path: where they meet ESTALE they try once more without trusting the cache (retry_estale). */
const WITHOUT_PATH: ReadonlySet<SyscallName> = new Set<SyscallName>([
  'read',
  'pread',
  'readv',
  'write',
  'pwrite',
  'writev',
  'close',
  'dup',
  'dup2',
  'lseek',
  'ftruncate',
  'fallocate',
  'copy_file_range',
  'fsync',
  'fdatasync',
  'fstat',
  'fchmod',
  'fchown',
  'futimens',
  'fstatfs',
  'getdents',
  'fsetxattr',
  'fgetxattr',
  'flistxattr',
  'fremovexattr',
  'flock',
  'setlk',
  'getlk',
  'mmap',
  'munmap',
  'msync',
  'load',
  'store',
  'posix_fadvise',
  'drop_caches',
  'open_by_handle_at',
  'fchdir',
  'exit',
]);

/**
 * A Linux kernel in this process, as far as a FUSE filesystem meets it: processes, path walk, dentry and attribute caches,
 * and the request queue. It speaks to the filesystem in the bytes of the FUSE protocol.
 */
export class SimKernel implements Kernel {
  readonly name = 'sim';
  readonly timeSlack: number;
  readonly scheduler: Scheduler;
  readonly #fc: FuseConnection;
  #server: FuseServer;
  readonly #options: SimKernelOptions;
  readonly #timePerCall: number;
  readonly #hash: TraceHash | undefined;
  #closed = false;

  /** `connect` makes the daemon's end; it gets the function that takes replies and notifications. */
  constructor(
    scheduler: Scheduler,
    connect: (send: (message: Message, length: number) => number) => FuseServer,
    options: SimKernelOptions = {},
  ) {
    this.scheduler = scheduler;
    this.#options = options;
    this.#timePerCall = options.timePerCall ?? NANOSECONDS_PER_CALL;
    this.timeSlack = this.#timePerCall % NANOSECONDS_PER_CALL === 0 ? 0 : NANOSECONDS_PER_CALL;
    this.#hash = options.traceHash === false ? undefined : new TraceHash();
    const { link: hook } = options;
    const toServer = (message: Message, length: number): void => this.#server.receive(message, length);
    const link: Link = {
      deliver: hook === undefined ? toServer : (message, length) => hook.request(message, length, toServer),
      observe: this.#observer(),
      inline: () => options.inline !== false && hook?.armed !== true,
      report: options.report ?? (() => {}),
    };
    const fc = new FuseConnection(scheduler, options.mount ?? {}, link, options.name);
    this.#fc = fc;
    fc.fileSizeLimit = options.fileSizeLimit ?? Number.POSITIVE_INFINITY;
    fc.finishCall = (task, pending, result) => this.#finish(task, pending, result);
    fc.endProcess = (task) => this.#signal(task, true);
    const toKernel = (message: Message, length: number): number => fc.receive(message, length);
    hook?.attach?.({ toDaemon: toServer, toKernel });
    this.#server = connect(hook === undefined ? toKernel : (message, length) => hook.reply(message, length, toKernel));
    this.#inside(() => {
      fc.sendInit();
      while (scheduler.step(false) === 'ran');
    });
  }

  #observer(): Observer | undefined {
    const hash = this.#hash;
    const { observe } = this.#options;
    if (hash === undefined) return observe;
    return (fromKernel, message, length) => {
      hash.message(fromKernel ? 1 : 0, message, length);
      observe?.(fromKernel, message, length);
    };
  }

  #inside<T>(run: () => T): T {
    const { globals } = this.#options;
    globals?.enter();
    try {
      return run();
    } finally {
      globals?.leave();
    }
  }

  /** The hash of everything that passed the link and of every result so far: equal in two runs that did the same. */
  get traceHash(): string {
    return this.#hash?.digest() ?? '';
  }

  /** As the filesystem declares it: with 'async' calls may give promises. */
  get mode(): 'sync' | 'async' {
    return this.#server.mode ?? 'sync';
  }

  now(): Timespec {
    return this.scheduler.clock.now();
  }

  spawn(pid: number, credentials: Credentials, umask = 0o022): void {
    if (!Number.isInteger(pid) || pid < 1) throw new RangeError(`spawn: expected a pid from 1 on, given ${pid}`);
    if (this.isRunning(pid)) throw new Error(`spawn: expected a free pid, given ${pid}, which is running`);
    this.#fc.processes.set(pid, Process.spawn(this.#fc, pid, credentials, umask, this.#fc.root));
  }

  /** Makes a thread of the process `of`: it shares its descriptors, working directory and umask (clone(2), CLONE_THREAD). */
  spawnThread(pid: number, of: number): void {
    if (this.isRunning(pid)) throw new Error(`spawnThread: expected a free pid, given ${pid}, which is running`);
    const task = this.#fc.processes.get(of);
    if (task === undefined) throw new Error(`spawnThread: expected the pid of a running process, given ${of}`);
    this.#fc.processes.set(pid, task.thread(pid));
  }

  isRunning(pid: number): boolean {
    return this.#fc.processes.has(pid);
  }

  /** What a descriptor stands for, as `ino.generation`; undefined where it stands for nothing. */
  nodeOf(pid: number, fd: number): string | undefined {
    const inode = this.#fc.processes.get(pid)?.files[fd]?.inode;
    return inode && `${inode.ino}.${inode.generation}`;
  }

  /** getcwd(2); undefined where the process is gone or the directory is removed. */
  workingDirectory(pid: number): string | undefined {
    const task = this.#fc.processes.get(pid);
    return task && dPath(task.cwd);
  }

  /** Runs one call to its end; a call that cannot end is an error that says what it waits for. */
  call(pid: number, call: Call): SysResult | Promise<SysResult> {
    const task = this.#fc.processes.get(pid);
    if (task === undefined) return -E.ESRCH;
    const { globals } = this.#options;
    globals?.enter();
    try {
      const pending = this.#begin(task, call);
      if (this.scheduler.readyCount === 0 && !this.scheduler.promisesPending) task.run();
      else this.scheduler.makeReady(task);
      if (pending.result !== undefined && this.scheduler.readyCount === 0 && !this.scheduler.promisesPending)
        return pending.result;
      const driven = this.#drive(pending);
      return driven === undefined ? (pending.result as SysResult) : driven.then(() => pending.result as SysResult);
    } finally {
      globals?.leave();
    }
  }

  batch<T>(calls: () => T): T {
    return this.#inside(calls);
  }

  /** A signal whose handler returns: it ends the sleep of a call under way (EINTR), and a request gets an INTERRUPT. */
  interrupt(pid: number): void {
    const task = this.#fc.processes.get(pid);
    if (task !== undefined) this.#inside(() => this.#signal(task, false));
  }

  /** SIGKILL: what the process is in ends as soon as it may, and the process with it. */
  kill(pid: number): void {
    const task = this.#fc.processes.get(pid);
    if (task !== undefined) this.#inside(() => this.#signal(task, true));
  }

  /** Another daemon takes over the device, in the middle of whatever is under way. It must be told INIT by whoever has it. */
  replaceServer(server: FuseServer): void {
    this.#server = server;
  }

  /** What drop_caches does, in the middle of whatever is under way; the filesystem hears of it when the run goes on. */
  reclaim(which: number): void {
    this.#inside(() => dropCaches(this.#fc, which));
  }

  /** fuse_abort_conn in the middle of whatever is under way: see `abort`. */
  disconnect(): void {
    this.#inside(() => this.#fc.device.abort());
  }

  /** Starts a call; `run` or `step` let it go on. A process has one call at a time. */
  submit(pid: number, call: Call): PendingCall {
    const task = this.#fc.processes.get(pid);
    if (task === undefined) {
      const refused = new PendingCall(pid, call);
      refused.result = -E.ESRCH;
      return refused;
    }
    return this.#inside(() => {
      const pending = this.#begin(task, call);
      this.scheduler.makeReady(task);
      return pending;
    });
  }

  /** Begins the calls at the same time, in the given order; each process makes one. */
  together(calls: readonly ProcessCall[]): readonly SysResult[] | Promise<readonly SysResult[]> {
    const pending = calls.map(({ pid, call }) => this.submit(pid, call));
    const results = () => pending.map(({ result }) => result as SysResult);
    const finish = (from: number): undefined | Promise<void> => {
      for (let i = from; i < pending.length; i++) {
        const driven = this.#inside(() => this.#drive(pending[i]));
        if (driven !== undefined) return driven.then(() => finish(i + 1));
      }
      return undefined;
    };
    const finished = finish(0);
    return finished === undefined ? results() : finished.then(results);
  }

  /** Runs until nothing can happen any more; calls that wait for one another are still pending then. */
  run(): void | Promise<void> {
    return this.#inside(() => this.#drive(undefined));
  }

  /** Runs until one of the calls is done, and no further. That none of them can finish is an error that says why. */
  runUntilAny(calls: readonly PendingCall[]): void | Promise<void> {
    return this.#inside(() => this.#drive(new AnyCall(calls)));
  }

  /** One event; 'awaiting-promise' and 'awaiting-host' are the caller's business. */
  step(): StepResult {
    return this.#inside(() => this.scheduler.step());
  }

  /** What 'awaiting-promise' asks for. */
  async drain(): Promise<void> {
    const { globals } = this.#options;
    globals?.enter();
    try {
      await drainPromises();
      this.scheduler.promisesPending = false;
    } finally {
      globals?.leave();
    }
  }

  #begin(task: Process, call: Call): PendingCall {
    if (task.pending !== undefined)
      throw new Error(
        `process ${task.pid}: expected no call under way, given ${call.op} while ${task.pending.call.op} is`,
      );
    this.scheduler.advance(this.#timePerCall);
    const pending = new PendingCall(task.pid, call);
    task.pending = pending;
    task.calls += 1;
    task.sleeps = 0;
    return pending;
  }

  #finish(task: Process, pending: PendingCall, result: SysResult): void {
    task.nd.release(this.#fc);
    task.nd2.release(this.#fc);
    task.releaseFiles();
    task.operation = undefined;
    if (result === -E.ESTALE && task.revalidate === 0 && !WITHOUT_PATH.has(pending.call.op)) {
      task.revalidate = LOOKUP_REVAL;
      task.run();
      return;
    }
    task.revalidate = 0;
    task.pending = undefined;
    task.signalPending = false;
    pending.result = result;
    this.#hash?.result(task.pid, result);
    if (task.fatalSignal) this.#exit(task);
  }

  #exit(task: Process): void {
    task.fatalSignal = false;
    if (!this.#fc.processes.has(task.pid)) return;
    task.pending = new PendingCall(task.pid, { op: 'exit', status: 128 + 9 });
    task.calls += 1;
    task.sleeps = 0;
    task.run();
  }

  /** A signal: it ends the sleep of a call under way; SIGKILL ends the process. */
  #signal(task: Process, fatal: boolean): void {
    if (task.pending === undefined) {
      if (fatal) this.#exit(task);
      return;
    }
    task.signalPending = true;
    if (fatal) task.fatalSignal = true;
    task.onSignal?.();
  }

  /** Lets events happen until the call is done and nothing more is ready; without a call, until nothing can happen. */
  #drive(pending: PendingCall | AnyCall | undefined): undefined | Promise<void> {
    const deadline = this.#deadline();
    for (;;) {
      const step = this.#next(pending, deadline);
      if (step === 'done') return undefined;
      // A filesystem that makes no promises answers late only where the link holds its replies.
      if (step === 'awaiting-promise' && this.#server.mode === 'sync') this.scheduler.promisesPending = false;
      else if (step !== 'ran') return this.#driveWithPromises(pending, deadline);
    }
  }

  async #driveWithPromises(pending: PendingCall | AnyCall | undefined, deadline: number): Promise<void> {
    const { globals, awaitHost } = this.#options;
    globals?.enter();
    try {
      for (;;) {
        const step = this.#next(pending, deadline);
        if (step === 'done') return;
        if (step === 'ran') continue;
        if (step === 'awaiting-host') await awaitHost?.();
        else await drainPromises();
        this.scheduler.promisesPending = false;
      }
    } finally {
      globals?.leave();
    }
  }

  #deadline(): number {
    return this.#fc.now + (this.#options.patience ?? PATIENCE_SECONDS) * 1e9;
  }

  #next(pending: PendingCall | AnyCall | undefined, deadline: number): StepResult | 'done' {
    const finished = pending?.done === true;
    if (finished && pending instanceof AnyCall) return 'done';
    if (this.#fc.now > deadline && !finished) {
      if (pending === undefined) return 'done';
      throw new StuckError(
        `${this.#describe(pending)} is not done after ${this.#options.patience ?? PATIENCE_SECONDS} virtual s`,
      );
    }
    const step = this.scheduler.step(!finished);
    if (step !== 'idle') return step;
    if (this.#server.poll?.() === true) return 'ran';
    if (finished && !this.#isExiting) return 'done';
    const { link } = this.#options;
    const outside = this.#fc.device.outstanding.filter(
      (request) => !isLockRequest(request.opcode) && !link?.keeps?.(request.unique),
    );
    if (outside.length > 0 && this.#options.awaitHost !== undefined) return 'awaiting-host';
    if (finished) return 'done';
    if (outside.length > 0)
      throw new StuckError(
        `${outside.map(({ label }) => label).join(', ')}: the filesystem's answer waits for something outside of the simulation`,
      );
    if (pending !== undefined)
      throw new StuckError(`${this.#describe(pending)} can never finish: nothing else can happen`);
    return 'done';
  }

  /** Whether the end of a process that was killed waits for the host: as where nothing waits, who killed it finds it gone. */
  get #isExiting(): boolean {
    if (this.#options.awaitHost === undefined || !this.#fc.device.hasOutstanding) return false;
    return [...this.#fc.processes.values()].some(({ pending }) => pending?.call.op === 'exit');
  }

  #describe(pending: PendingCall | AnyCall): string {
    if (pending instanceof AnyCall) return pending.calls.map((call) => this.#describe(call)).join(' ');
    const task = this.#fc.processes.get(pending.pid);
    const what = task?.sleepsFor || task?.request.label || '';
    return `process ${pending.pid}: ${pending.call.op}, which waits for ${what},`;
  }

  /** Processes with what their calls wait for, for messages. */
  get blocked(): readonly string[] {
    return [...this.#fc.processes.values()]
      .filter(({ pending }) => pending !== undefined)
      .map(({ pending }) => this.#describe(pending as PendingCall));
  }

  /** Inodes in memory, in use or not: objects of the slab cache `fuse_inode`. */
  get cachedInodes(): number {
    return this.#fc.inodes.size;
  }

  /** Names in memory, in use or not, the root's included: objects of the slab cache `dentry`. */
  get cachedDentries(): number {
    return countDentries(this.#fc.root);
  }

  /** As if somebody wrote to /proc/sys/vm/drop_caches: 1 the page cache, 2 dentries and inodes, 3 both; what is in use stays. */
  dropCaches(which = 3): void | Promise<void> {
    return this.#inside(() => {
      dropCaches(this.#fc, which);
      return this.#settle();
    });
  }

  /** fuse_abort_conn: calls under way end with ECONNABORTED, later ones with ENOTCONN. */
  abort(): void | Promise<void> {
    return this.#inside(() => {
      this.#fc.device.abort();
      return this.#settle();
    });
  }

  /** Lets what is ready happen, without moving the clock. */
  #settle(): void | Promise<void> {
    const none = new PendingCall(0, { op: 'sync' });
    none.result = 0;
    return this.#drive(none);
  }

  /**
   * Ends every process and drops every cache, after which nothing of the filesystem should be held any more: gives what is.
   * Processes can still be made.
   */
  retire(): Holdings | Promise<Holdings> {
    return this.#inside(() => {
      for (const task of [...this.#fc.processes.values()]) this.#signal(task, true);
      return after(this.#settleAnswered(), () => {
        dropCaches(this.#fc, 3);
        return after(this.#settleAnswered(), () => this.#holdings());
      });
    });
  }

  /** Lets what is ready happen; time passes only where answers take some. */
  #settleAnswered(): void | Promise<void> {
    return after(this.#settle(), () => {
      const { device } = this.#fc;
      if (!device.hasOutstanding) return undefined;
      if (this.#server.mode === 'sync' && this.#options.awaitHost === undefined) return this.#passTime();
      // An answer that can never come is among the holdings.
      return Promise.resolve(this.#drive(undefined)).catch(() => {});
    });
  }

  /** Lets time pass until every request is answered, or nothing can happen any more. */
  #passTime(): void {
    while (this.#fc.device.hasOutstanding) {
      if (this.scheduler.step() === 'idle') return;
      this.scheduler.promisesPending = false;
    }
  }

  #holdings(): Holdings {
    const fc = this.#fc;
    const references = [...fc.inodes.values()].filter(({ nodeid }) => nodeid !== fc.root.inode?.nodeid);
    return {
      references: references.map(({ nodeid, nlookup }) => [nodeid, nlookup]),
      handles: fc.handles,
      requests: fc.device.outstanding.map(({ label }) => label),
    };
  }

  /** Ends every process and the connection. Of a mount that goes the filesystem hears no FORGET and no DESTROY. */
  close(): void | Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    return this.#inside(() => {
      for (const task of [...this.#fc.processes.values()]) this.#signal(task, true);
      const settled = this.#settle();
      return settled === undefined ? this.#disconnect() : settled.then(() => this.#disconnect());
    });
  }

  #disconnect(): void {
    this.#fc.device.abort();
    while (this.scheduler.step(false) === 'ran');
    this.#server.close?.();
  }
}

function after<T>(done: void | Promise<void>, then: () => T | Promise<T>): T | Promise<T> {
  return done === undefined ? then() : done.then(then);
}

/** GETLK, SETLK, SETLKW: these may wait for another process. */
function isLockRequest(opcode: number): boolean {
  return opcode >= 31 && opcode <= 33;
}
