import { closeSync, openSync, realpathSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Call, Credentials, Kernel, SysResult, Timespec } from '../../vfs/index.ts';
import { errno, errnoFrom } from '../../vfs/index.ts';
import { signalEffect } from '../fs-kernel/signals.ts';
import type { Capability } from '../profile.ts';
import { COARSE_CLOCK_SLACK } from '../time-of-day-clock.ts';
import type { RootAttributes } from './clear.ts';
import { isRoot } from './credentials.ts';
import { libc } from './libc.ts';
import type { Answer, Target } from './protocol.ts';
import { withExt4Image } from './scratch-image.ts';
import { readTimespec } from './structs.ts';
import { HostKernelError, WorkerProcess } from './worker-process.ts';

const CLOCK_REALTIME = 0;
const ESRCH = -errno.ESRCH.errno;

interface CommonOptions {
  /** How long one call may take, milliseconds; 10,000 unless given. Then its process is killed and `call` throws. */
  readonly callLimit?: number;
  /** See Kernel; nanoseconds. 250 ms unless given: the kernel's coarse clock. */
  readonly timeSlack?: number;
}

/** A directory of the host, empty; its content is removed by `reset` and `close`. Not on a mount that this process serves. */
export interface DirectoryOptions extends CommonOptions {
  readonly directory: string;
  /** Largest size of a file, bytes (EFBIG beyond); 1 GiB unless given. */
  readonly fileSizeLimit?: number;
}

/** A fresh filesystem that nobody else sees and that is gone with the kernel. */
export interface ScratchOptions extends CommonOptions {
  readonly filesystem: 'tmpfs' | 'ext4';
  /** Bytes; 64 MiB unless given. */
  readonly size?: number;
}

export type HostKernelOptions = DirectoryOptions | ScratchOptions;

type Prepared = Extract<Answer, { kind: 'prepared' }>;

interface Process {
  readonly worker: WorkerProcess;
  readonly credentials: Credentials;
}

/**
 * Real system calls on a directory of the host. Each simulated process is a process of its own, with its user's
 * credentials, in a mount namespace and root directory that it cannot leave; device nodes cannot be opened there.
 */
export class HostKernel implements Kernel {
  readonly name: string;
  readonly timeSlack: number;
  /** What it cannot do, and what it is not to be asked for unless somebody means it: caches are the whole host's. */
  readonly without: ReadonlySet<Capability>;
  readonly #callLimit: number;
  readonly #sizeLimit: number | undefined;
  /** Keeps the namespace and its mounts, whichever worker is killed. */
  readonly #namespace: number;
  readonly #userNamespace: number | undefined;
  /** Without root everything happens in a user namespace, in which this process's user is root and the only one. */
  readonly #rootless: boolean;
  /** A directory's mode and owner, to be put back. */
  readonly #found: RootAttributes;
  readonly #workers: WorkerProcess[] = [];
  readonly #idle: WorkerProcess[] = [];
  readonly #processes = new Map<number, Process>();
  readonly #ended = new Set<number>();
  readonly #clockBuffer = Buffer.alloc(16);
  #closed = false;

  constructor(options: HostKernelOptions) {
    libc();
    this.#rootless = process.getuid?.() !== 0;
    const missing: readonly Capability[] = ['permissions', 'ownership', 'special', 'handles'];
    this.without = new Set<Capability>([
      ...(this.#rootless ? missing : []),
      ...(libc().getpagesize() === 4096 ? [] : (['mmap', 'mmap-shared'] as const)),
      'drop-caches',
    ]);
    this.#callLimit = options.callLimit ?? 10_000;
    this.timeSlack = options.timeSlack ?? COARSE_CLOCK_SLACK;
    let prepared: Prepared;
    if ('directory' in options) {
      const directory = realpathSync(resolve(options.directory));
      if (directory === '/') throw new HostKernelError('the host kernel: expected a directory of its own, given /');
      this.name = `dir:${directory}`;
      this.#sizeLimit = options.fileSizeLimit ?? 2 ** 30;
      prepared = this.#prepare({ directory });
    } else {
      const { filesystem, size = 1 << 26 } = options;
      if (filesystem === 'ext4' && this.#rootless)
        throw new HostKernelError(
          `the host kernel on a scratch ext4: expected root, which mounts it, given uid ${process.getuid?.()}; ` +
            'run it with sudo, or on tmpfs or a directory',
        );
      this.name = filesystem;
      prepared =
        filesystem === 'tmpfs'
          ? this.#prepare({ filesystem, size })
          : withExt4Image(size, (image) => this.#prepare({ filesystem, image }));
    }
    this.#found = prepared.found;
    const namespaces = `/proc/${this.#workers[0].pid}/ns`;
    this.#namespace = openSync(`${namespaces}/mnt`, 'r');
    this.#userNamespace = this.#rootless ? openSync(`${namespaces}/user`, 'r') : undefined;
    try {
      this.reset();
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  spawn(pid: number, credentials: Credentials, umask = 0o022): void {
    this.#free(pid, 'spawn');
    if (this.#rootless && !isRoot(credentials))
      throw new HostKernelError(
        `spawn: without root every process is the same user, given uid ${credentials.uid} and gid ${credentials.gid}; ` +
          'run it with sudo, or check without the capability "permissions"',
      );
    const worker = this.#takeWorker();
    worker.request({ kind: 'start', credentials, umask });
    this.#add(pid, { worker, credentials });
  }

  call(pid: number, call: Call): SysResult {
    const caller = this.#processes.get(pid);
    if (caller === undefined) {
      if (this.#ended.has(pid)) return ESRCH;
      throw new RangeError(`call: expected the pid of a process that was spawned, given ${pid}`);
    }
    if (call.op === 'fork') return this.#fork(caller, call.child);
    if (call.op === 'drop_caches') return dropCaches(caller.credentials, call.caches);
    if (call.op === 'kill') return this.#kill(caller, call.pid, call.signal);
    if (call.op === 'exit') {
      this.#end(pid, caller);
      return 0;
    }
    const answer = caller.worker.request({ kind: 'call', call }, this.#callLimit);
    if (answer.kind === 'would-block')
      throw new HostKernelError(
        `${call.op} by process ${pid} would wait for another process, but calls run one after the other: it would never end`,
      );
    if (answer.kind !== 'result') throw new HostKernelError(`${call.op}: expected a result, given ${answer.kind}`);
    const { result } = answer;
    // F_GETLK tells the lock owner's real pid.
    if (call.op === 'getlk' && typeof result === 'object' && 'pid' in result)
      return { ...result, pid: this.#simulatedPid(result.pid) };
    return result;
  }

  /** The real pids of its processes, in the order of their making. */
  get workerPids(): readonly number[] {
    return this.#workers.filter((worker) => worker.alive).map((worker) => worker.pid);
  }

  now(): Timespec {
    libc().clock_gettime(CLOCK_REALTIME, this.#clockBuffer);
    return readTimespec(this.#clockBuffer);
  }

  /** Ends every process and empties the directory, whose mode and owner become 0755 and root: ready for another program. */
  reset(): void {
    this.#empty({ mode: 0o755, uid: 0, gid: 0 });
    this.#ended.clear();
  }

  close(): void {
    if (this.#closed) return;
    try {
      this.#empty(this.#found);
    } finally {
      this.#release();
    }
  }

  #release(): void {
    this.#closed = true;
    for (const worker of this.#workers) worker.end();
    closeSync(this.#namespace);
    if (this.#userNamespace !== undefined) closeSync(this.#userNamespace);
  }

  #empty(attributes: RootAttributes): void {
    for (const [pid, process] of this.#processes) this.#end(pid, process);
    const worker = this.#takeWorker();
    worker.request({ kind: 'clear', attributes });
    this.#idle.push(worker);
  }

  #prepare(target: Target): Prepared {
    const worker = new WorkerProcess(this.#rootless ? ['unshare', '--user', '--map-root-user', '--'] : [], []);
    return this.#started(worker, () => {
      const answer = worker.request({ kind: 'prepare', target, sizeLimit: this.#sizeLimit });
      if (answer.kind !== 'prepared') throw new HostKernelError(`expected a prepared directory, given ${answer.kind}`);
      this.#idle.push(worker);
      return answer;
    });
  }

  #takeWorker(): WorkerProcess {
    if (this.#closed) throw new HostKernelError('the host kernel is closed');
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) if (idle.alive) return idle;
    const user = this.#userNamespace;
    const worker =
      user === undefined
        ? new WorkerProcess([], [this.#namespace])
        : new WorkerProcess(
            ['nsenter', '--user=/proc/self/fd/4', '--preserve-credentials', '--'],
            [this.#namespace, user],
          );
    return this.#started(worker, () => {
      worker.request({ kind: 'join', sizeLimit: this.#sizeLimit });
      return worker;
    });
  }

  #started<T>(worker: WorkerProcess, start: () => T): T {
    try {
      const result = start();
      this.#workers.push(worker);
      return result;
    } catch (error) {
      const { alive } = worker;
      worker.kill();
      if (alive || !this.#rootless || !(error instanceof Error)) throw error;
      throw new HostKernelError(
        `${error.message}; without root the host kernel needs user namespaces (try \`unshare --user --map-root-user true\`)`,
        { cause: error },
      );
    }
  }

  #free(pid: number, what: string): void {
    if (this.#processes.has(pid)) throw new RangeError(`${what}: expected a free pid, given ${pid}`);
  }

  #add(pid: number, process: Process): void {
    this.#ended.delete(pid);
    this.#processes.set(pid, process);
  }

  #fork(parent: Process, child: number): number {
    this.#free(child, 'fork');
    const answer = parent.worker.request({ kind: 'bequeath' });
    if (answer.kind !== 'heritage') throw new HostKernelError(`fork: expected a heritage, given ${answer.kind}`);
    const worker = this.#takeWorker();
    worker.request({ kind: 'inherit', heritage: answer.heritage });
    parent.worker.request({ kind: 'bequeathed' });
    this.#add(child, { worker, credentials: parent.credentials });
    return child;
  }

  /** Signals stay in the simulation: a worker is not killed, it becomes free. Permission as in kill(2). */
  #kill(caller: Process, pid: number, signal: number): number {
    const target = this.#processes.get(pid);
    if (target === undefined) return ESRCH;
    const effect = signalEffect(signal);
    if (effect === 'invalid') return -errno.EINVAL.errno;
    if (caller.credentials.uid !== 0 && caller.credentials.uid !== target.credentials.uid) return -errno.EPERM.errno;
    if (effect === 'ends') this.#end(pid, target);
    return 0;
  }

  #end(pid: number, { worker }: Process): void {
    this.#processes.delete(pid);
    this.#ended.add(pid);
    if (!worker.alive) return;
    worker.request({ kind: 'end' });
    this.#idle.push(worker);
  }

  #simulatedPid(real: number): number {
    for (const [pid, { worker }] of this.#processes) if (worker.pid === real) return pid;
    return real;
  }
}

/** What the process itself would get: it sees no /proc. */
function dropCaches({ uid }: Credentials, caches: number): number {
  if (uid !== 0) return -errno.EACCES.errno;
  try {
    writeFileSync('/proc/sys/vm/drop_caches', String(caches));
    return 0;
  } catch (error) {
    const refused = errnoFrom(error);
    if (refused === undefined) throw error;
    return -refused.errno;
  }
}

/**
 * Opens a host kernel on an empty directory or a scratch filesystem. Needs Linux and the package koffi; without root it
 * works in a user namespace, with one user (`without` says what is missing then).
 */
export function hostKernel(options: HostKernelOptions): HostKernel {
  return new HostKernel(options);
}
