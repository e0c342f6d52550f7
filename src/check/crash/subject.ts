import type { FileSystemFactory, FileSystemOptions } from '../../env/index.ts';
import type { ModelOptions } from '../../model/index.ts';
import type { SimulateOptions } from '../../sim/index.ts';
import type { CrashPromise } from '../../vfs/index.ts';
import type { Without } from '../profile.ts';
import type { Settings } from '../target.ts';
import { DiskStore } from './disk-store.ts';
import { type CrashRun, DiskRun, type RunOptions, VolatileRun } from './run.ts';
import { smallestDisk } from './smallest-disk.ts';
import { VolatileStore } from './store.ts';

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
  /** Bytes of the smallest disk on which it can be used, where it is on one: what is freed is soon used again there. */
  smallest?(): number;
  /** A kernel on a fresh filesystem; `diskSize` of the settings: bytes of its disks. @throws what the filesystem throws */
  start(settings?: Settings): CrashRun;
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

/** Bytes beyond which no file grows: all of every file is read after each crash. */
const FILE_SIZE_LIMIT = 2 ** 18;

/** A filesystem with a `volatile` one over it, which keeps the promise: for what it does with its own state, nothing is found. */
export function volatileSubject(
  name: string,
  factory: FileSystemFactory,
  options: CrashSubjectOptions = {},
): CrashSubject {
  const { given, ...traits } = traitsOf(options);
  return {
    ...traits,
    name,
    point: 'request',
    outcomes: OUTCOMES.request,
    start: (settings) => new VolatileRun(new VolatileStore(factory, traits.promise), under(given, settings)),
  };
}

/**
 * A filesystem that keeps everything on disks of its environment. A fresh one formats its disks; after a power failure it is
 * made again on the same disks, and must find what it promised.
 *
 * @throws Error where it has no disk
 */
export function diskSubject(name: string, factory: FileSystemFactory, options: CrashSubjectOptions = {}): CrashSubject {
  const { given, ...traits } = traitsOf(options);
  const start = ({ diskSize, ...settings }: Settings = {}): DiskRun =>
    new DiskRun(new DiskStore(factory, typeof diskSize === 'number' ? diskSize : undefined), under(given, settings));
  let smallest: number | undefined;
  return {
    ...traits,
    name,
    point: 'disk write or flush',
    outcomes: OUTCOMES.sector,
    smallest: () => (smallest ??= smallestDisk(start)),
    start,
  };
}

/** Whether a filesystem takes a disk from its environment. */
export function usesDisks(factory: FileSystemFactory, options?: FileSystemOptions): boolean {
  const store = new DiskStore(factory);
  void store.mount({ traceHash: false, filesystem: options, report: () => {} }).kernel.close();
  return store.largest !== undefined;
}

const under = (given: RunOptions, settings: Settings | undefined): RunOptions => ({
  ...given,
  mount: { ...settings, ...given.mount },
});

function traitsOf({
  promise = 'posix',
  options,
  without = [],
  model,
  simulation,
}: CrashSubjectOptions): Pick<CrashSubject, 'promise' | 'without' | 'model'> & { readonly given: RunOptions } {
  return {
    promise,
    without: new Set(without) as Without,
    model: { ...model, fileSizeLimit: FILE_SIZE_LIMIT },
    given: { traceHash: false, fileSizeLimit: FILE_SIZE_LIMIT, ...simulation, filesystem: options },
  };
}
