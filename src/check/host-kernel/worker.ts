// The program of a worker process: it makes the system calls of one simulated process at a time, until its pipe ends.
import type { Credentials } from '../../vfs/index.ts';
import { errnoName, O_CLOEXEC, O_PATH, root } from '../../vfs/index.ts';
import type { RootAttributes } from './clear.ts';
import { clearRoot, rootAttributes, rootEntries } from './clear.ts';
import { cString, join, limitFileSize, prepare } from './confinement.ts';
import { become, becomeRoot, isRoot } from './credentials.ts';
import { AT_FDCWD, libc, SYS_pidfd_getfd, SYS_pidfd_open } from './libc.ts';
import type { Answer, Heritage, Request } from './protocol.ts';
import { MessagePipe } from './protocol.ts';
import { SystemCalls, wouldBlock } from './system-calls.ts';

/** The descriptor that the parent hands over to one that joins. */
const NAMESPACE = 3;

const done: Answer = { kind: 'done' };

class Worker {
  readonly #c = libc();
  readonly #calls = new SystemCalls();
  #credentials: Credentials = root;
  /** Set in the process that prepared a directory of the host: how it was found. */
  #found: RootAttributes | undefined;
  /** The working directory while a child takes it over. */
  #cwd = -1;

  answer(request: Request): Answer {
    switch (request.kind) {
      case 'prepare': {
        prepare(request.target);
        if (request.sizeLimit !== undefined) limitFileSize(request.sizeLimit);
        const found = rootAttributes();
        if ('directory' in request.target) {
          const entries = rootEntries();
          if (entries > 0)
            throw new Error(
              `${request.target.directory}: expected an empty directory (its content would be removed), found ${entries} entries`,
            );
          this.#found = found;
        }
        return { kind: 'prepared', found };
      }
      case 'join':
        join(NAMESPACE);
        if (request.sizeLimit !== undefined) limitFileSize(request.sizeLimit);
        return done;
      case 'start':
        this.#start(request.credentials, request.umask);
        return done;
      case 'call': {
        const result = this.#calls.run(request.call);
        return result === wouldBlock ? { kind: 'would-block' } : { kind: 'result', result };
      }
      case 'bequeath':
        return { kind: 'heritage', heritage: this.#bequeath() };
      case 'bequeathed':
        this.#c.close(this.#cwd);
        return done;
      case 'inherit':
        this.#inherit(request.heritage);
        return done;
      case 'end':
        this.#end();
        return done;
      case 'clear':
        clearRoot(request.attributes);
        return done;
      default:
        return request satisfies never;
    }
  }

  /** The pipe has ended, by intent or because the parent is gone: a directory is left as it was found, empty. */
  finish(): void {
    if (this.#found === undefined) return;
    this.#end();
    clearRoot(this.#found);
  }

  #start(credentials: Credentials, umask: number): void {
    this.#c.umask(umask);
    this.#credentials = credentials;
    if (!isRoot(credentials)) become(credentials);
  }

  #asRoot<T>(use: () => T): T {
    if (isRoot(this.#credentials)) return use();
    becomeRoot();
    try {
      return use();
    } finally {
      become(this.#credentials);
    }
  }

  #bequeath(): Heritage {
    const cwd = this.#asRoot(() => this.#c.openat(AT_FDCWD, cString('.'), O_PATH | O_CLOEXEC, 0));
    if (cwd < 0) throw new Error(`fork: open the working directory: ${errnoName(this.#c.errno())}`);
    this.#cwd = cwd;
    const umask = this.#c.umask(0);
    this.#c.umask(umask);
    return {
      pid: process.pid,
      descriptors: this.#calls.descriptors.entries(),
      mappings: this.#calls.mappings.heritage(),
      handles: this.#calls.handles.entries(),
      cwd,
      umask,
      credentials: this.#credentials,
    };
  }

  /** Takes the parent's open file descriptions over: the child shares them, as after fork(2). */
  #inherit({ pid, descriptors, mappings, handles, cwd, umask, credentials }: Heritage): void {
    const c = this.#c;
    const pidfd = this.#number(c.syscall(SYS_pidfd_open, pid, 0, 0), 'pidfd_open');
    const take = (fd: number) => this.#number(c.syscall(SYS_pidfd_getfd, pidfd, fd, 0), 'pidfd_getfd');
    for (const [number, real] of descriptors) this.#calls.descriptors.install(take(real), number);
    for (const mapping of mappings) this.#calls.mappings.inherit(mapping, take(mapping.socket));
    this.#calls.handles.replaceAll(handles);
    const directory = take(cwd);
    this.#number(c.fchdir(directory), 'fchdir');
    c.close(directory);
    c.close(pidfd);
    this.#start(credentials, umask);
  }

  /** In the order of do_exit: memory before files (exit_mm, exit_files). */
  #end(): void {
    this.#calls.mappings.removeAll();
    this.#calls.handles.replaceAll([]);
    this.#calls.descriptors.closeAll();
    if (!isRoot(this.#credentials)) becomeRoot();
    this.#credentials = root;
    this.#number(this.#c.chdir(cString('/')), 'chdir /');
  }

  #number(result: number | bigint, what: string): number {
    if (result < 0) throw new Error(`${what}: ${errnoName(this.#c.errno())}`);
    return Number(result);
  }
}

const message = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function answerOf(worker: Worker, request: Request): Answer {
  try {
    return worker.answer(request);
  } catch (error) {
    return { kind: 'failed', message: message(error) };
  }
}

function serve(): void {
  const pipe = new MessagePipe(0, 1);
  let worker: Worker;
  try {
    worker = new Worker();
  } catch (error) {
    pipe.send({ kind: 'failed', message: message(error) });
    return;
  }
  try {
    for (let request = pipe.receive(); request !== undefined; request = pipe.receive())
      pipe.send(answerOf(worker, request as Request));
  } finally {
    worker.finish();
  }
}

try {
  serve();
} catch {
  // The parent is gone, and nobody is left to be told.
}
process.exit();
