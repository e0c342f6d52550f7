import type { FileSystemFactory, FileSystemOptions } from '../../env/index.ts';
import type { ModelOptions } from '../../model/index.ts';
import type { SimKernel, SimulateOptions } from '../../sim/index.ts';
import type { CrashPromise, Decide } from '../../vfs/index.ts';
import type { Without } from '../profile.ts';
import { OBSERVER } from '../program.ts';
import type { Settings } from '../target.ts';
import { secondFailure } from './exploration.ts';
import { DiskStore, type Store, VolatileStore } from './store.ts';

/** Something whose power can fail. */
export interface CrashSubject {
  readonly name: string;
  readonly without: Without;
  readonly model: ModelOptions;
  /** What it promises. */
  readonly promise: CrashPromise;
  /** Where the power may fail, for people: 'request', 'disk write or flush'. */
  readonly point: string;
  /** Outcomes of one power failure that are tried in order where nobody says: beyond it as many are drawn. */
  readonly outcomes: number;
  /** A kernel on a fresh filesystem. @throws what the filesystem throws */
  start(settings?: Settings): CrashRun;
}

/** A kernel as long as there is power, and what is left when there is none. */
export interface CrashRun {
  readonly kernel: SimKernel;
  /** Places so far at which the power could have failed, from `start` or `restart` on. */
  readonly points: number;
  readonly isDark: boolean;
  /** What was wrong with the filesystem, a line each. */
  readonly problems: readonly string[];
  /** The power fails before the place with this number, from 0 on. */
  cutAt(point: number): void;
  /** The power fails now, and is back: a kernel on what is left. It may be asked again, and decided otherwise. @throws what the filesystem throws */
  restart(decide: Decide): CrashRun;
}

export interface CrashSubjectOptions {
  readonly promise?: CrashPromise;
  /** Options of the filesystem. */
  readonly options?: FileSystemOptions;
  readonly without?: Iterable<string>;
  readonly model?: ModelOptions;
  readonly simulation?: Omit<SimulateOptions, 'filesystem' | 'observe' | 'report'>;
}

/** Requests leave a few changes unsynced, a disk many sectors: with so many its sweep of length 2 ends within a minute. */
const OUTCOMES = { request: 64, sector: 4 } as const;

/** Writes of a restart before one of which the power may fail again. */
const SECOND_FAILURES = 12;

/** Bytes beyond which no file grows: all of every file is read after each crash. */
const FILE_SIZE_LIMIT = 2 ** 18;

/** A filesystem with a `volatile` one over it, which keeps the promise: for what it does with its own state, nothing is found. */
export function volatileSubject(
  name: string,
  factory: FileSystemFactory,
  options: CrashSubjectOptions = {},
): CrashSubject {
  const promise = options.promise ?? 'posix';
  return subjectOf(name, options, 'request', OUTCOMES.request, () => new VolatileStore(factory, promise));
}

/**
 * A filesystem that keeps everything on disks of its environment. A fresh one formats its disks; after a power failure it is
 * made again on the same disks, and must find what it promised.
 *
 * @throws Error where it has no disk
 */
export function diskSubject(name: string, factory: FileSystemFactory, options: CrashSubjectOptions = {}): CrashSubject {
  return subjectOf(name, options, 'disk write or flush', OUTCOMES.sector, () => new DiskStore(factory));
}

/** Whether a filesystem takes a disk from its environment. */
export function usesDisks(factory: FileSystemFactory, options?: FileSystemOptions): boolean {
  const store = new DiskStore(factory);
  void store.mount({ traceHash: false, filesystem: options, report: () => {} }).kernel.close();
  return store.hasDisks;
}

function subjectOf(
  name: string,
  { promise = 'posix', options, without = [], model, simulation }: CrashSubjectOptions,
  point: string,
  outcomes: number,
  store: () => Store,
): CrashSubject {
  const given = { traceHash: false, fileSizeLimit: FILE_SIZE_LIMIT, ...simulation, filesystem: options };
  return {
    name,
    promise,
    point,
    outcomes,
    without: new Set(without) as Without,
    model: { ...model, fileSizeLimit: FILE_SIZE_LIMIT },
    start: (settings) => new StoreRun(store(), { ...given, mount: { ...settings, ...simulation?.mount } }),
  };
}

class StoreRun implements CrashRun {
  readonly kernel: SimKernel;
  readonly problems: string[] = [];
  readonly #store: Store;
  readonly #options: Omit<SimulateOptions, 'report'>;
  readonly #begin: number;

  constructor(store: Store, options: Omit<SimulateOptions, 'report'>) {
    this.#store = store;
    this.#options = options;
    const report = (problem: string, error?: unknown): void => {
      this.problems.push(error instanceof Error ? `${problem}: ${error.message}` : problem);
    };
    const { kernel } = store.mount({ ...options, report });
    this.kernel = kernel;
    kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    // Whatever the filesystem does when it is first asked is over.
    void kernel.call(OBSERVER.pid, { op: 'lstat', path: '/' });
    this.#begin = store.points;
  }

  get points(): number {
    return this.#store.points - this.#begin;
  }

  get isDark(): boolean {
    return this.#store.isDark;
  }

  cutAt(point: number): void {
    this.#store.cutAfter(point - this.points);
  }

  restart(decide: Decide): CrashRun {
    const fails = this.#store.recovers && decide(2, secondFailure.whether) === 1;
    const writes = fails ? decide(SECOND_FAILURES, secondFailure.when) : 0;
    const store = this.#store.survivors(decide);
    if (!fails) return new StoreRun(store, this.#options);
    store.cutAfter(writes);
    mountInVain(store, this.#options);
    return new StoreRun(store.survivors(decide), this.#options);
  }
}

/** Comes up as far as the power lasts. */
function mountInVain(store: Store, options: Omit<SimulateOptions, 'report'>): void {
  try {
    void new StoreRun(store, options).kernel.close();
  } catch (error) {
    // Without power the disk answers EIO, and nothing can be mounted.
    if (!store.isDark) throw error;
  }
}
