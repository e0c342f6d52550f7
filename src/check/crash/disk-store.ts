import { checkDiskRange, type Disk, type FileSystemFactory } from '../../env/index.ts';
import {
  createSimulation,
  SectorContent,
  SimulatedDisk,
  type SimulateOptions,
  type Simulation,
} from '../../sim/index.ts';
import { type Decide, errno } from '../../vfs/index.ts';
import type { SectorRead, Store, Stored } from './store.ts';

/** What was asked of a disk: to write, or, without contents, to flush. */
interface Asked {
  readonly disk: string;
  readonly sector: number;
  readonly contents?: readonly SectorContent[];
}

/** The power of all disks of a filesystem, and what they were asked while it was there. */
class Power {
  readonly asked: Asked[] = [];
  readonly reads: SectorRead[] = [];
  cut = Infinity;
  isDark = false;

  /** @throws EIO where it is gone */
  pass(asked: Asked): void {
    if (this.asked.length >= this.cut) this.isDark = true;
    if (this.isDark) throw errno.EIO;
    this.asked.push(asked);
  }
}

/** A disk that answers as long as there is power. */
class PoweredDisk implements Disk {
  readonly sectorSize: number;
  readonly sectors: number;
  readonly #name: string;
  readonly #disk: SimulatedDisk;
  readonly #power: Power;
  /** Sectors that were read or written. */
  readonly #seen = new Set<number>();

  constructor(name: string, disk: SimulatedDisk, power: Power) {
    this.sectorSize = disk.sectorSize;
    this.sectors = disk.sectors;
    this.#name = name;
    this.#disk = disk;
    this.#power = power;
  }

  read(sector: number, into: Uint8Array): void {
    if (this.#power.isDark) throw errno.EIO;
    this.#disk.read(sector, into);
    for (let end = sector + into.length / this.sectorSize; sector < end; sector++)
      if (!this.#seen.has(sector)) {
        this.#seen.add(sector);
        this.#power.reads.push({ disk: this.#name, sector, held: this.#disk.contentOf(sector).digest });
      }
  }

  write(sector: number, data: Uint8Array): void {
    checkDiskRange(this, sector, data.length);
    const contents = SectorContent.of(data);
    this.#power.pass({ disk: this.#name, sector, contents });
    this.#disk.writeContents(sector, contents);
    for (let i = 0; i < contents.length; i++) this.#seen.add(sector + i);
  }

  flush(): void {
    this.#power.pass({ disk: this.#name, sector: 0 });
    this.#disk.flush();
  }
}

type Disks = ReadonlyMap<string, SimulatedDisk>;

const everything = (): boolean => true;
const copyOf = (disks: Disks): Map<string, SimulatedDisk> =>
  new Map([...disks].map(([name, disk]) => [name, disk.survivors(everything)]));

function give(disks: Disks, { disk, sector, contents }: Asked): void {
  if (contents === undefined) disks.get(disk)?.flush();
  else disks.get(disk)?.writeContents(sector, contents);
}

/** What a disk holds that was never made. */
const NOTHING = new SimulatedDisk(512).contentOf(0).digest;

/**
 * Of a filesystem that keeps everything on its disks: the power fails at any write or flush. What the disks are asked is noted
 * down, so that they can be told as they were at each of these.
 */
export class DiskStore implements Store, Stored {
  readonly #factory: FileSystemFactory;
  readonly #most: number;
  readonly #power = new Power();
  readonly #disks = new Map<string, PoweredDisk>();
  /** As they are at the start; those that are used are copies. */
  readonly #first: Map<string, SimulatedDisk>;
  /** As they were when so much had been asked. */
  #replayed: { disks: Map<string, SimulatedDisk>; at: number } | undefined;

  /** `most`: bytes of a disk that is made, whatever the filesystem asks for. */
  constructor(factory: FileSystemFactory, most = Infinity, disks: Disks = new Map()) {
    this.#factory = factory;
    this.#most = most;
    this.#first = new Map(disks);
  }

  get points(): number {
    return this.#power.asked.length;
  }

  get isDark(): boolean {
    return this.#power.isDark;
  }

  /** Bytes of the largest disk that the filesystem has; undefined: it has none. */
  get largest(): number | undefined {
    const sizes = [...this.#first.values()].map(({ sectors, sectorSize }) => sectors * sectorSize);
    return sizes.length === 0 ? undefined : Math.max(...sizes);
  }

  get fingerprint(): string {
    return [...this.#first].map(([name, disk]) => `${name} ${disk.fingerprint}`).join();
  }

  get reads(): readonly SectorRead[] {
    return this.#power.reads;
  }

  holds(disk: string, sector: number): number {
    return this.#first.get(disk)?.contentOf(sector).digest ?? NOTHING;
  }

  cutAfter(points: number): void {
    this.#power.cut = this.points + points;
  }

  /** `asked`: the store that was asked for what this one would have been, up to the `point`, if it is not this one. */
  survivors(decide: Decide, point = this.points, asked: DiskStore = this): DiskStore {
    const disks = new Map<string, SimulatedDisk>();
    for (const [name, disk] of asked === this ? this.#disksAt(point) : this.#disksLike(asked, point)) {
      const keep = (sector: number): boolean => decide(2, `sector ${sector} of disk "${name}"`) === 1;
      disks.set(name, disk.survivors(keep));
    }
    return new DiskStore(this.#factory, this.#most, disks);
  }

  mount(options: SimulateOptions): Simulation {
    const environment = { ...options.environment, disk: (name: string, size: number) => this.#disk(name, size) };
    return createSimulation(this.#factory, { ...options, environment });
  }

  #disk(name: string, size: number): Disk {
    let disk = this.#disks.get(name);
    if (disk === undefined) {
      const first = this.#first.get(name) ?? new SimulatedDisk(Math.min(size, this.#most));
      this.#first.set(name, first);
      disk = new PoweredDisk(name, first.survivors(everything), this.#power);
      this.#disks.set(name, disk);
    }
    return disk;
  }

  #disksAt(point: number): Disks {
    if (this.#replayed === undefined || this.#replayed.at > point)
      this.#replayed = { disks: copyOf(this.#first), at: 0 };
    const { disks } = this.#replayed;
    for (; this.#replayed.at < point; this.#replayed.at++) give(disks, this.#power.asked[this.#replayed.at]);
    return disks;
  }

  #disksLike(other: DiskStore, point: number): Disks {
    const disks = copyOf(new Map([...other.#first, ...this.#first]));
    for (const asked of other.#power.asked.slice(0, point)) give(disks, asked);
    return disks;
  }
}
