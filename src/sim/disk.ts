import { checkDiskRange, type Disk } from '../env/index.ts';
import { sequenceNumber } from './hash.ts';

const SECTOR = 512;
/** Sectors that a disk keeps beside those that it shares, before it shares them too. */
const OWN = 64;

/** What a sector holds; it never changes, and disks share it. */
export class SectorContent {
  readonly bytes: Uint8Array;
  #sums: { readonly low: number; readonly high: number } | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The contents of whole sectors. */
  static of(data: Uint8Array): readonly SectorContent[] {
    const copy = data.slice();
    return Array.from(
      { length: copy.length / SECTOR },
      (_, i) => new SectorContent(copy.subarray(i * SECTOR, (i + 1) * SECTOR)),
    );
  }

  equals(other: SectorContent): boolean {
    return this === other || Buffer.compare(this.bytes, other.bytes) === 0;
  }

  /** Equal for the same bytes; equal for others with a chance of 2^-53. */
  get digest(): number {
    const { low, high } = this.sums;
    return (low >>> 0) * 2 ** 21 + (high >>> 11);
  }

  /** Two numbers that differ with the bytes. */
  get sums(): { readonly low: number; readonly high: number } {
    this.#sums ??= summed(this.bytes);
    return this.#sums;
  }
}

/** No CRC: filesystems keep CRCs with what they are of, and then all have the same one. */
function summed(bytes: Uint8Array): { readonly low: number; readonly high: number } {
  let [low, high] = [0x811c9dc5, 0x9e3779b9];
  for (const word of new Uint32Array(bytes.buffer, bytes.byteOffset, SECTOR / 4)) {
    low = Math.imul(low ^ word, 0x01000193);
    low ^= low >>> 15;
    high = Math.imul(high ^ word, 0x85ebca6b);
    high ^= high >>> 13;
  }
  return { low, high };
}

const ZEROS = new SectorContent(new Uint8Array(SECTOR));

/** A number, 0 to 2^32 - 1, of a content at its place; 0 for zeros, which is what a sector holds that was never written. */
function placed({ sums }: SectorContent, sector: number, isHigh: boolean): number {
  if (sums.low === ZEROS.sums.low && sums.high === ZEROS.sums.high) return 0;
  return isHigh ? sequenceNumber(sums.high, ~sector) : sequenceNumber(sums.low, sector);
}

/**
 * A disk in memory with a volatile write cache: a written sector is read back at once, but what was not flushed may be lost
 * at a crash, each sector for itself. A copy costs little: what the two have in common they share.
 */
export class SimulatedDisk implements Disk {
  readonly sectorSize = SECTOR;
  readonly sectors: number;
  #shared = new Shared();
  /** What was flushed since. */
  #safe = new Map<number, SectorContent>();
  readonly #volatile = new Map<number, SectorContent>();

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
    for (let at = 0; at < into.length; at += SECTOR, sector += 1) into.set(this.contentOf(sector).bytes, at);
  }

  /** What a read of a sector gives. */
  contentOf(sector: number): SectorContent {
    return this.#volatile.get(sector) ?? this.#safeContent(sector);
  }

  write(sector: number, data: Uint8Array): void {
    checkDiskRange(this, sector, data.length);
    this.writeContents(sector, SectorContent.of(data));
  }

  /** The same with contents that other disks may have. */
  writeContents(sector: number, contents: readonly SectorContent[]): void {
    contents.forEach((content, i) => {
      this.#volatile.set(sector + i, content);
    });
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
      if (!content.equals(this.#safeContent(sector)) && keep(sector)) this.#safe.set(sector, content);
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

  #safeContent(sector: number): SectorContent {
    return this.#safe.get(sector) ?? this.#shared.contents.get(sector) ?? ZEROS;
  }
}

/** Sectors that several disks have; they never change. */
class Shared {
  readonly contents: ReadonlyMap<number, SectorContent>;
  /** Their share of a fingerprint. */
  readonly low: number;
  readonly high: number;

  constructor(contents: ReadonlyMap<number, SectorContent> = new Map()) {
    this.contents = contents;
    let [low, high] = [0, 0];
    for (const [sector, content] of contents) {
      low = (low + placed(content, sector, false)) >>> 0;
      high = (high + placed(content, sector, true)) >>> 0;
    }
    this.low = low;
    this.high = high;
  }

  with(others: ReadonlyMap<number, SectorContent>): Shared {
    return new Shared(new Map([...this.contents, ...others]));
  }
}
