import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { errnoName, errno as errnos, O_CLOEXEC } from '../../vfs/index.ts';
import { libc, SYS_pidfd_open } from './libc.ts';
import type { Answer, Request } from './protocol.ts';
import { MessagePipe } from './protocol.ts';

// Node runs no TypeScript: from the sources the compiled program is taken.
const program = fileURLToPath(
  import.meta.url.endsWith('.ts')
    ? new URL('../../../dist/check/host-kernel/worker.js', import.meta.url)
    : new URL('./worker.js', import.meta.url),
);

const POLLIN = 1;
/** How long a worker may take to start or to end, milliseconds. */
const START_LIMIT = 20_000;
/** How long a killed one may take, where the filesystem holds it, milliseconds. */
const KILL_LIMIT = 1000;

/** What went wrong with the host kernel itself, not a result of a program. */
export class HostKernelError extends Error {
  override readonly name = 'HostKernelError';
}

function pipe(): readonly [number, number] {
  const ends = Buffer.alloc(8);
  if (libc().pipe2(ends, O_CLOEXEC) < 0) throw new HostKernelError(`pipe2: ${errnoName(libc().errno())}`);
  return [ends.readInt32LE(0), ends.readInt32LE(4)];
}

/**
 * The parent's side of a worker process. Requests are answered before `request` returns: the pipes block. The process
 * ends when the pipe does, so that nothing outlives the parent.
 */
export class WorkerProcess {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #pipe: MessagePipe;
  readonly #input: number;
  readonly #output: number;
  #open = true;

  /**
   * `launcher` is a command that runs the rest of its arguments in another namespace; `inherited` are descriptors that the
   * process gets from number 3 on.
   */
  constructor(launcher: readonly string[], inherited: readonly number[]) {
    const [requests, output] = pipe();
    const [input, answers] = pipe();
    // In a session of its own: a Ctrl-C is the parent's to handle.
    const [command, ...args] = [...launcher, process.execPath, program];
    this.#child = spawn(command, args, {
      stdio: [requests, answers, 'inherit', ...inherited],
      detached: true,
      cwd: '/',
      env: { PATH: process.env.PATH },
    });
    this.#child.on('error', () => {});
    this.#child.unref();
    closeSync(requests);
    closeSync(answers);
    this.#input = input;
    this.#output = output;
    this.#pipe = new MessagePipe(input, output);
    if (this.#child.pid === undefined) {
      this.#close();
      throw new HostKernelError(`starting ${[command, ...args].join(' ')} failed: is there a program ${command}?`);
    }
    this.pid = this.#child.pid;
  }

  get alive(): boolean {
    return this.#open;
  }

  /** Sends a request and waits for its answer; a process that gives none within `limit` milliseconds is killed. */
  request(request: Request, limit: number = START_LIMIT): Exclude<Answer, { kind: 'failed' }> {
    if (!this.#open) throw new HostKernelError('the worker process has ended');
    const what = request.kind === 'call' ? request.call.op : request.kind;
    try {
      this.#pipe.send(request);
    } catch (error) {
      this.kill();
      throw new HostKernelError(`${what}: the worker process has ended`, { cause: error });
    }
    if (!this.#readable(limit)) {
      this.kill();
      throw new HostKernelError(`${what}: no answer within ${limit} ms; the process was killed`);
    }
    const answer = this.#pipe.receive() as Answer | undefined;
    if (answer === undefined) {
      this.kill();
      throw new HostKernelError(
        `${what}: the worker process ended (its program is ${program}: \`npm run build\` makes it)`,
      );
    }
    if (answer.kind === 'failed') throw new HostKernelError(`${what}: ${answer.message}`);
    return answer;
  }

  /** Ends the process and waits until it has: until its mount namespace is left. */
  end(): void {
    if (!this.#open) return;
    closeSync(this.#output);
    if (!this.#ended(START_LIMIT)) this.#child.kill('SIGKILL');
    closeSync(this.#input);
    this.#open = false;
  }

  kill(): void {
    if (!this.#open) return;
    this.#child.kill('SIGKILL');
    this.#ended(KILL_LIMIT);
    this.#close();
  }

  #close(): void {
    this.#open = false;
    closeSync(this.#input);
    closeSync(this.#output);
  }

  /** Waits for the end of the process: a pidfd is readable then (pidfd_open(2)). */
  #ended(limit: number): boolean {
    const pidfd = Number(libc().syscall(SYS_pidfd_open, this.pid, 0, 0));
    if (pidfd < 0) return true;
    try {
      return this.#readable(limit, pidfd);
    } finally {
      closeSync(pidfd);
    }
  }

  /** Waits until there is something to read or the other end is closed. */
  #readable(limit: number, fd = this.#input): boolean {
    const fds = Buffer.alloc(8);
    fds.writeInt32LE(fd, 0);
    fds.writeInt16LE(POLLIN, 4);
    for (;;) {
      const count = libc().poll(fds, 1, limit);
      if (count >= 0) return count > 0;
      if (libc().errno() !== errnos.EINTR.errno) throw new HostKernelError(`poll: ${errnoName(libc().errno())}`);
    }
  }
}
