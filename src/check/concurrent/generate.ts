import {
  type Call,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  RENAME_NOREPLACE,
} from '../../vfs/index.ts';
import { type Draw, weighted } from '../arbitrary/draw.ts';
import type { Without } from '../profile.ts';
import type { ConcurrentProcess, ConcurrentProgram, ConcurrentStep } from './program.ts';

export interface ConcurrentOptions {
  readonly without: Without;
  /** Kernels, each with its share of the processes. */
  readonly clients: number;
  /** 1 to 80. */
  readonly processes: number;
  /** Calls of each process, about. */
  readonly calls: number;
  /** Virtual milliseconds that count: what a cache may keep for so long, some calls wait for. */
  readonly pauses: readonly number[];
}

const MODE = 0o644;
const LISTING = 32768;

/** Files keep to these names and directories to those, so that no directory is ever moved. */
const files = ['/a', '/b'] as const;
const filesBelow = ['/d/a', '/d/b', '/e/a'] as const;
const directories = ['/d', '/e'] as const;

type Kind = 'session' | 'look' | 'list' | 'remove' | 'move' | 'link' | 'mkdir' | 'rmdir';

/** Draws the calls of several processes that meet at few names. */
export function generateConcurrent(draw: Draw, options: ConcurrentOptions): ConcurrentProgram {
  return new Generator(draw, options).program();
}

class Generator {
  readonly #draw: Draw;
  readonly #options: ConcurrentOptions;
  readonly #files: readonly string[];
  readonly #kinds: readonly Kind[];
  /**
   * Linux appends where its cache has the end, which several clients do not know of each other (open(2)), and which an open
   * with O_TRUNC sets to 0 though somebody has written since (fuse_truncate_update_attr): a program has one or the other.
   */
  readonly #appends: boolean;
  /** What is written differs from one write to the next: a read tells whose it saw. */
  #written = 0;

  constructor(draw: Draw, options: ConcurrentOptions) {
    const { without } = options;
    const below = !without.has('directories');
    this.#appends = options.clients === 1 && draw.chance(50);
    this.#draw = draw;
    this.#options = options;
    this.#files = below ? [...files, ...filesBelow] : files;
    this.#kinds = weighted<Kind>([
      [8, 'session'],
      [5, 'look'],
      [2, 'list'],
      [3, 'remove'],
      [without.has('renames') ? 0 : 3, 'move'],
      [without.has('links') ? 0 : 1, 'link'],
      [below ? 2 : 0, 'mkdir'],
      [below ? 2 : 0, 'rmdir'],
    ]);
  }

  program(): ConcurrentProgram {
    const { clients, processes: count, calls } = this.#options;
    const processes = Array.from(
      { length: count },
      (_, i): ConcurrentProcess => ({
        pid: i + 1,
        client: i % clients,
        uid: 0,
        gid: 0,
        groups: [],
        umask: 0o022,
      }),
    );
    const setup = this.#setup().map((call) => ({ pid: 1, call }));
    // Mixed, so that taking out a range of steps takes from every process.
    const lists = processes.map(({ pid }) => this.#process(pid, calls));
    const steps: ConcurrentStep[] = [];
    for (let i = 0; lists.some(({ length }) => i < length); i++)
      for (const list of lists) if (i < list.length) steps.push(list[i]);
    return { version: 1, processes, setup, steps };
  }

  #setup(): readonly Call[] {
    const calls: Call[] = this.#options.without.has('directories') ? [] : [{ op: 'mkdir', path: '/d', mode: 0o755 }];
    for (const path of this.#files.filter(() => this.#draw.chance(50))) {
      calls.push({ op: 'open', path, flags: O_RDWR | O_CREAT, mode: MODE, into: 3 });
      calls.push(this.#write(3), { op: 'close', fd: 3 });
    }
    return calls;
  }

  #process(pid: number, length: number): readonly ConcurrentStep[] {
    const calls: Call[] = [];
    while (calls.length < length) calls.push(...this.#some());
    const { pauses } = this.#options;
    return calls.map((call) => ({ pid, call, pause: this.#draw.chance(15) ? this.#draw.of(pauses) : 0 }));
  }

  #some(): readonly Call[] {
    const draw = this.#draw;
    const path = draw.of(this.#files);
    switch (draw.of(this.#kinds)) {
      case 'session':
        return this.#session(path);
      case 'look':
        return [{ op: 'stat', path: draw.chance(20) && path.startsWith('/d') ? '/d' : path }];
      case 'list':
        return this.#listing();
      case 'remove':
        return [{ op: 'unlink', path }];
      case 'move':
        return [{ op: 'rename', path, newPath: draw.of(this.#files), flags: draw.chance(20) ? RENAME_NOREPLACE : 0 }];
      case 'link':
        return [{ op: 'link', path, newPath: draw.of(this.#files), flags: 0 }];
      case 'mkdir':
        return [{ op: 'mkdir', path: draw.of(directories), mode: 0o755 }];
      case 'rmdir':
        return [{ op: 'rmdir', path: draw.of(directories) }];
    }
  }

  #session(path: string): readonly Call[] {
    const draw = this.#draw;
    const fd = 3 + draw.below(2);
    let flags = O_RDWR;
    if (draw.chance(60)) flags |= draw.chance(25) ? O_CREAT | O_EXCL : O_CREAT;
    if (!this.#appends && draw.chance(15)) flags |= O_TRUNC;
    if (this.#appends && draw.chance(30)) flags |= O_APPEND;
    const calls: Call[] = [{ op: 'open', path, flags, mode: MODE, into: fd }];
    for (let i = draw.below(4); i >= 0; i--) calls.push(this.#use(fd));
    calls.push({ op: 'close', fd });
    return calls;
  }

  #use(fd: number): Call {
    const draw = this.#draw;
    const kind = draw.below(10);
    if (kind < 4) return this.#write(fd);
    if (kind < 8) return { op: 'pread', fd, size: draw.of([8, 16, 5000]), offset: draw.of([0, 0, 2, 4090]) };
    if (kind < 9) return { op: 'fstat', fd };
    return { op: 'ftruncate', fd, size: draw.of([0, 3, 4097]) };
  }

  #write(fd: number): Call {
    this.#written += 1;
    const length = this.#draw.of([1, 3, 6, 6, 12]);
    const data = new Uint8Array(length).fill(33 + (this.#written % 90));
    return { op: 'pwrite', fd, data, offset: this.#draw.of([0, 0, 0, 2, 4093]) };
  }

  #listing(): readonly Call[] {
    const below = !this.#options.without.has('directories');
    const path = below && this.#draw.chance(60) ? this.#draw.of(directories) : '/';
    const fd = 5;
    const list: Call = { op: 'getdents', fd, size: LISTING };
    return [{ op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0, into: fd }, list, list, { op: 'close', fd }];
  }
}
