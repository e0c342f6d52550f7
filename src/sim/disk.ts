import { checkDiskRange, type Disk } from '../env/index.ts';
import { sequenceNumber } from './hash.ts';

const SECTOR = 512;
const ZEROS = new Uint8Array(SECTOR);
/** Sectors that a disk keeps beside those that it shares, before it shares them too. */
const OWN = 64;

/**
 * A disk in memory with a volatile write cache: a written sector is read back at once, but what was not flushed may be lost
 * at a crash, each sector for itself. A copy costs little: what the two have in common they share.
 */
export class SimulatedDisk implements Disk {
  readonly sectorSize = SECTOR;
  readonly sectors: number;
  #shared = new Shared();
  /** What was flushed since. Contents are never changed. */
  #safe = new Map<number, Uint8Array>();
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
    for (let at = 0; at < into.length; at += SECTOR, sector += 1)
      into.set(this.#volatile.get(sector) ?? this.#safeContent(sector), at);
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
    if (this.#safe.size > OWN) {
      this.#shared = this.#shared.with(this.#safe);
      this.#safe = new Map();
    }
    const disk = new SimulatedDisk(this.sectors * SECTOR);
    disk.#shared = this.#shared;
    for (const [sector, content] of this.#safe) disk.#safe.set(sector, content);
    for (const [sector, content] of this.#volatile) disk.#volatile.set(sector, content);
    disk.crash(keep);
    return disk;
  }

  /**
   * The power fails: of the unflushed sectors only those that `keep` chooses reached the medium. It is not asked about one that
   * holds the same either way.
   */
  crash(keep: (sector: number) => boolean): void {
    for (const [sector, content] of this.#volatile)
      if (Buffer.compare(content, this.#safeContent(sector)) !== 0 && keep(sector)) this.#safe.set(sector, content);
    this.#volatile.clear();
  }

  /** Equal for disks whose flushed sectors hold the same; equal for two others with a chance of 2^-64. */
  get fingerprint(): string {
    let { low, high } = this.#shared;
    for (const [sector, content] of this.#safe) {
      const before = this.#shared.contents.get(sector) ?? ZEROS;
      low += placed(content, sector, false) - placed(before, sector, false);
      high += placed(content, sector, true) - placed(before, sector, true);
    }
    return `${this.sectors}:${low >>> 0}:${high >>> 0}`;
  }

  #safeContent(sector: number): Uint8Array {
    return this.#safe.get(sector) ?? this.#shared.contents.get(sector) ?? ZEROS;
  }
}

/** Sectors that several disks have; they never change. */
class Shared {
  readonly contents: ReadonlyMap<number, Uint8Array>;
  /** Their share of a fingerprint. */
  readonly low: number;
  readonly high: number;

  constructor(contents: ReadonlyMap<number, Uint8Array> = new Map()) {
    this.contents = contents;
    let [low, high] = [0, 0];
    for (const [sector, content] of contents) {
      low = (low + placed(content, sector, false)) >>> 0;
      high = (high + placed(content, sector, true)) >>> 0;
    }
    this.low = low;
    this.high = high;
  }

  with(others: ReadonlyMap<number, Uint8Array>): Shared {
    return new Shared(new Map([...this.contents, ...others]));
  }
}

interface Sums {
  readonly low: number;
  readonly high: number;
}

const known = new WeakMap<Uint8Array, Sums>();
const zeroSums = summed(ZEROS);

/** A number, 0 to 2^32 - 1, of a content at its place; 0 for zeros, which is what a sector holds that was never written. */
function placed(content: Uint8Array, sector: number, isHigh: boolean): number {
  let sums = known.get(content);
  if (sums === undefined) {
    sums = summed(content);
    known.set(content, sums);
  }
  if (sums.low === zeroSums.low && sums.high === zeroSums.high) return 0;
  return isHigh ? sequenceNumber(sums.high, ~sector) : sequenceNumber(sums.low, sector);
}

/** No CRC: filesystems keep CRCs with what they are of, and then all have the same one. */
function summed(content: Uint8Array): Sums {
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (const word of new Uint32Array(content.buffer, content.byteOffset, SECTOR / 4)) {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return { low, high };
}
