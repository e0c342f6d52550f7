import type { FileSystemFactory } from '../../env/index.ts';
import { overMedium, VolatileMedium } from '../../filesystems/index.ts';
import { createSimulation, type SimulateOptions, type Simulation } from '../../sim/index.ts';
import type { CrashPromise, Decide } from '../../vfs/index.ts';

/** A sector that was read before anything was written to it. */
export interface SectorRead {
  readonly disk: string;
  readonly sector: number;
  /** Differs with what it holds. */
  readonly held: number;
}

/** Bytes that are stored, as they were at the start. */
export interface Stored {
  /** Equal where everything is. */
  readonly fingerprint: string;
  /** A number that differs with what a sector holds. */
  holds(disk: string, sector: number): number;
  /** What the filesystem has read of it since, each sector once, in its order. */
  readonly reads: readonly SectorRead[];
}

/** Where a filesystem keeps what a power failure may take. */
export interface Store {
  /** Places so far at which the power could have failed. */
  readonly points: number;
  /** The power is gone: nothing is stored any more. */
  readonly isDark: boolean;
  /** The power goes at the next place but so many. */
  cutAfter(points: number): void;
  /** What is there when the power is back, as `decide` decides; this store stays as it is. */
  survivors(decide: Decide): Store;
  /** A kernel with the filesystem on what is stored. */
  mount(options: SimulateOptions): Simulation;
}

/** Of a filesystem over which there is a `volatile` one: the power fails at any request that changes something. */
export class VolatileStore implements Store {
  readonly #factory: FileSystemFactory;
  readonly #medium: VolatileMedium;
  #isNew: boolean;

  constructor(factory: FileSystemFactory, promise: CrashPromise, medium?: VolatileMedium) {
    this.#factory = factory;
    this.#isNew = medium === undefined;
    this.#medium = medium ?? new VolatileMedium(promise);
  }

  get points(): number {
    return this.#medium.points;
  }

  get isDark(): boolean {
    return this.#medium.isDark;
  }

  cutAfter(points: number): void {
    this.#medium.cutAfter(points);
  }

  survivors(decide: Decide): VolatileStore {
    const medium = this.#medium.survivors(decide);
    return new VolatileStore(this.#factory, medium.promise, medium);
  }

  mount(options: SimulateOptions): Simulation {
    return createSimulation((environment, given) => {
      const isNew = this.#isNew;
      this.#isNew = false;
      return overMedium(this.#factory, environment, given, this.#medium, isNew);
    }, options);
  }
}
