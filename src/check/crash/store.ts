import { checkDiskRange, type Disk, type FileSystemFactory } from '../../env/index.ts';
import { overMedium, VolatileMedium } from '../../filesystems/index.ts';
import { createSimulation, SimulatedDisk, type SimulateOptions, type Simulation } from '../../sim/index.ts';
import { type CrashPromise, type Decide, errno } from '../../vfs/index.ts';

/** Where a filesystem keeps what a power failure may take. */
export interface Store {
  /** Places so far at which the power could have failed. */
  readonly points: number;
  /** The power is gone: nothing is stored any more. */
  readonly isDark: boolean;
  /** It writes when it comes up after a crash: the power may fail there too. */
  readonly recovers: boolean;
  /** The power goes at the next place but so many. */
  cutAfter(points: number): void;
  /** What is there when the power is back, as `decide` decides; this store stays as it is. */
  survivors(decide: Decide): Store;
  /** A kernel with the filesystem on what is stored. */
  mount(options: SimulateOptions): Simulation;
}

/** Of a filesystem over which there is a `volatile` one: the power fails at any request that changes something. */
export class VolatileStore implements Store {
  readonly recovers = false;
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

  survivors(decide: Decide): Store {
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

/** The power of all disks of a filesystem. */
class Power {
  points = 0;
  cut = Infinity;

  get isDark(): boolean {
    return this.points > this.cut;
  }

  /** @throws EIO where it is gone */
  pass(): void {
    if (!this.isDark) this.points += 1;
    if (this.isDark) throw errno.EIO;
  }
}

/** A disk that answers as long as there is power. */
class PoweredDisk implements Disk {
  readonly sectorSize: number;
  readonly sectors: number;
  readonly disk: SimulatedDisk;
  readonly #power: Power;

  constructor(disk: SimulatedDisk, power: Power) {
    this.sectorSize = disk.sectorSize;
    this.sectors = disk.sectors;
    this.disk = disk;
    this.#power = power;
  }

  read(sector: number, into: Uint8Array): void {
    if (this.#power.isDark) throw errno.EIO;
    this.disk.read(sector, into);
  }

  write(sector: number, data: Uint8Array): void {
    checkDiskRange(this, sector, data.length);
    this.#power.pass();
    this.disk.write(sector, data);
  }

  flush(): void {
    this.#power.pass();
    this.disk.flush();
  }
}

/** Of a filesystem that keeps everything on its disks: the power fails at any write or flush. */
export class DiskStore implements Store {
  readonly recovers = true;
  readonly #factory: FileSystemFactory;
  readonly #power = new Power();
  readonly #disks = new Map<string, PoweredDisk>();

  constructor(factory: FileSystemFactory, disks: Iterable<readonly [string, SimulatedDisk]> = []) {
    this.#factory = factory;
    for (const [name, disk] of disks) this.#disks.set(name, new PoweredDisk(disk, this.#power));
  }

  get points(): number {
    return this.#power.points;
  }

  get isDark(): boolean {
    return this.#power.isDark;
  }

  /** Whether the filesystem has a disk at all. */
  get hasDisks(): boolean {
    return this.#disks.size > 0;
  }

  cutAfter(points: number): void {
    this.#power.cut = this.#power.points + points;
  }

  survivors(decide: Decide): Store {
    const disks = [...this.#disks].map(([name, { disk }]) => {
      const keep = (sector: number): boolean => decide(2, `sector ${sector} of disk "${name}"`) === 1;
      return [name, disk.survivors(keep)] as const;
    });
    return new DiskStore(this.#factory, disks);
  }

  mount(options: SimulateOptions): Simulation {
    const environment = { ...options.environment, disk: (name: string, size: number) => this.#disk(name, size) };
    return createSimulation(this.#factory, { ...options, environment });
  }

  #disk(name: string, size: number): Disk {
    let disk = this.#disks.get(name);
    if (disk === undefined) {
      disk = new PoweredDisk(new SimulatedDisk(size), this.#power);
      this.#disks.set(name, disk);
    }
    return disk;
  }
}
