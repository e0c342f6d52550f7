import type { SimKernel, SimulateOptions } from '../../sim/index.ts';
import type { Decide } from '../../vfs/index.ts';
import { OBSERVER } from '../program.ts';
import type { DiskStore } from './disk-store.ts';
import { secondFailure } from './exploration.ts';
import { Remembered } from './remembered.ts';
import type { Store, Stored, VolatileStore } from './store.ts';

/** A kernel as long as there is power, and what is left when there is none. */
export interface CrashRun {
  readonly kernel: SimKernel;
  /** Places so far at which the power could have failed, from `start` or `restart` on. */
  readonly points: number;
  readonly isDark: boolean;
  /** What was wrong with the filesystem, a line each. */
  readonly problems: readonly string[];
  /** It knows what was stored at each of its places: there is no need to run again for the power to fail at another. */
  readonly recorded: boolean;
  /** The power fails before the place with this number, from 0 on. */
  cutAt(point: number): void;
  /**
   * The power fails now, or, where it is `recorded`, before a place. It may be asked again, and decided otherwise. @throws what
   * the filesystem throws, where the power fails again while it comes up
   */
  survivors(decide: Decide, point?: number): Survivors;
}

/** What is there when the power is back. */
export interface Survivors {
  /** What a filesystem finds, where that is known. */
  readonly stored: Stored | undefined;
  /** A kernel on it, once. @throws what the filesystem throws */
  start(): CrashRun;
}

export type RunOptions = Omit<SimulateOptions, 'report'>;

abstract class StoreRun<S extends Store> implements CrashRun {
  readonly kernel: SimKernel;
  readonly problems: string[] = [];
  abstract readonly recorded: boolean;
  protected readonly store: S;
  protected readonly options: RunOptions;
  /** Places that there were before it was up. */
  protected readonly begin: number;

  constructor(store: S, options: RunOptions) {
    this.store = store;
    this.options = options;
    const report = (problem: string, error?: unknown): void => {
      this.problems.push(error instanceof Error ? `${problem}: ${error.message}` : problem);
    };
    const { kernel } = store.mount({ ...options, report });
    this.kernel = kernel;
    kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
    // Whatever the filesystem does when it is first asked is over.
    void kernel.call(OBSERVER.pid, { op: 'lstat', path: '/' });
    this.begin = store.points;
  }

  get points(): number {
    return this.store.points - this.begin;
  }

  get isDark(): boolean {
    return this.store.isDark;
  }

  cutAt(point: number): void {
    this.store.cutAfter(point - this.points);
  }

  abstract survivors(decide: Decide, point?: number): Survivors;
}

/** With a `volatile` filesystem, which writes nothing when it comes up. */
export class VolatileRun extends StoreRun<VolatileStore> {
  readonly recorded = false;

  survivors(decide: Decide): Survivors {
    const left = this.store.survivors(decide);
    return { stored: undefined, start: () => new VolatileRun(left, this.options) };
  }
}

/** Writes of a restart before one of which the power may fail again. */
const SECOND_FAILURES = 12;

/** On disks: what they were asked is known, also while the filesystem came up. */
export class DiskRun extends StoreRun<DiskStore> {
  readonly recorded = true;
  /** Stores on which the filesystem came up and ended. */
  readonly #cameUp: Remembered<DiskStore>;

  constructor(store: DiskStore, options: RunOptions, cameUp = new Remembered<DiskStore>()) {
    super(store, options);
    this.#cameUp = cameUp;
  }

  /** Bytes of its largest disk. */
  get diskSize(): number {
    return this.store.largest ?? 0;
  }

  survivors(decide: Decide, point?: number): Survivors {
    const again = decide(2, secondFailure.whether) === 1;
    const writes = again ? decide(SECOND_FAILURES, secondFailure.when) : 0;
    let left = this.store.survivors(decide, point === undefined ? undefined : this.begin + point);
    if (again) {
      const up = this.#comeUp(left);
      left = left.survivors(decide, Math.min(writes, up.points), up);
    }
    return { stored: left, start: () => new DiskRun(left, this.options, this.#cameUp) };
  }

  #comeUp(left: DiskStore): DiskStore {
    const known = this.#cameUp.find(left);
    if (known !== undefined) return known;
    void new DiskRun(left, this.options, this.#cameUp).kernel.close();
    this.#cameUp.keep(left, left);
    return left;
  }
}
