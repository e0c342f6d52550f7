import { checkDiskRange, type Disk } from '../env/index.ts';

const SECTOR = 512;

/**
 * A disk in memory with a volatile write cache: a written sector is read back at once, but what was not flushed may be lost
 * at a crash, each sector for itself.
 */
export class SimulatedDisk implements Disk {
  readonly sectorSize = SECTOR;
  readonly sectors: number;
  readonly #safe = new Map<number, Uint8Array>();
  readonly #volatile = new Map<number, Uint8Array>();

  /** `size` in bytes, rounded up to whole sectors; all zeros. */
  constructor(size: number) {
    this.sectors = Math.ceil(size / SECTOR);
  }

  /** Sectors that were written since the last flush, in the order in which they were first written. */
  get unflushed(): readonly number[] {
    return [...this.#volatile.keys()];
  }

  read(sector: number, into: Uint8Array): void {
    checkDiskRange(this, sector, into.length);
    for (let at = 0; at < into.length; at += SECTOR, sector += 1) {
      const content = this.#volatile.get(sector) ?? this.#safe.get(sector);
      if (content === undefined) into.fill(0, at, at + SECTOR);
      else into.set(content, at);
    }
  }

  write(sector: number, data: Uint8Array): void {
    checkDiskRange(this, sector, data.length);
    for (let at = 0; at < data.length; at += SECTOR, sector += 1)
      this.#volatile.set(sector, new Uint8Array(data.subarray(at, at + SECTOR)));
  }

  flush(): void {
    for (const [sector, content] of this.#volatile) this.#safe.set(sector, content);
    this.#volatile.clear();
  }

  /** The disk as it is after a power failure now, if `keep` chooses what of the unflushed sectors reached the medium; this one goes on. */
  survivors(keep: (sector: number) => boolean): SimulatedDisk {
    const disk = new SimulatedDisk(this.sectors * SECTOR);
    for (const [sector, content] of this.#safe) disk.#safe.set(sector, content);
    for (const [sector, content] of this.#volatile) disk.#volatile.set(sector, content);
    disk.crash(keep);
    return disk;
  }

  /** The power fails: of the unflushed sectors only those that `keep` chooses reached the medium. */
  crash(keep: (sector: number) => boolean): void {
    for (const [sector, content] of this.#volatile) if (keep(sector)) this.#safe.set(sector, content);
    this.#volatile.clear();
  }
}
