import { checkDiskRange, type Disk } from '../../src/env/index.ts';

const SECTOR = 512;

/** One sector of a write. */
interface SectorWrite {
  readonly sector: number;
  readonly content: Uint8Array;
}

/** Sectors by number; zeros where there is none. A copy costs nothing until it is written to. */
export class DiskImage implements Disk {
  readonly sectorSize = SECTOR;
  readonly sectors: number;
  readonly #below: DiskImage | undefined;
  readonly #own = new Map<number, Uint8Array>();

  constructor(size: number, below?: DiskImage) {
    this.sectors = Math.floor(size / SECTOR);
    this.#below = below;
  }

  #sector(sector: number): Uint8Array | undefined {
    const own = this.#own.get(sector);
    return own !== undefined || this.#below === undefined ? own : this.#below.#sector(sector);
  }

  read(sector: number, into: Uint8Array): void {
    checkDiskRange(this, sector, into.length);
    for (let at = 0; at < into.length; at += SECTOR, sector += 1) {
      const content = this.#sector(sector);
      if (content === undefined) into.fill(0, at, at + SECTOR);
      else into.set(content, at);
    }
  }

  write(sector: number, data: Uint8Array): void {
    checkDiskRange(this, sector, data.length);
    for (let at = 0; at < data.length; at += SECTOR, sector += 1) this.#own.set(sector, data.slice(at, at + SECTOR));
  }

  flush(): void {}

  /** The disk as it is now, of which another is made. */
  copy(): DiskImage {
    return new DiskImage(this.sectors * SECTOR, this);
  }
}

/** What was asked of a disk: writes, and undefined for a flush. */
type Asked = readonly SectorWrite[] | undefined;

/** A disk that remembers what was asked of it. */
export class RecordedDisk extends DiskImage {
  /** What it held at first. */
  readonly origin: DiskImage;
  readonly asked: Asked[] = [];

  constructor(origin: DiskImage) {
    super(origin.sectors * SECTOR, origin);
    this.origin = origin;
  }

  override write(sector: number, data: Uint8Array): void {
    super.write(sector, data);
    const writes: SectorWrite[] = [];
    for (let at = 0; at < data.length; at += SECTOR)
      writes.push({ sector: sector + at / SECTOR, content: data.slice(at, at + SECTOR) });
    this.asked.push(writes);
  }

  override flush(): void {
    this.asked.push(undefined);
  }
}

export interface PowerCut {
  /** How many writes and flushes were asked for before it. */
  readonly at: number;
  /** Which of the unflushed writes reached the medium. */
  readonly kept: string;
  readonly disk: DiskImage;
}

/** A uniformly distributed number below `n`, the next of a sequence. */
const dice = (seed: number) => {
  let state = seed;
  return (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
};

/**
 * The disk after a power cut at every place of a recording, with what of the unflushed writes may have reached it: all of them
 * in order; and before each flush none, each one missing, each one alone, each one torn in the middle, all but some old version
 * of a sector that was written twice; and `random` subsets of their sectors at each place.
 */
export function* powerCuts({ origin, asked }: RecordedDisk, random = 1): Generator<PowerCut> {
  const roll = dice(asked.length + 1);
  const safe = origin.copy();
  let unflushed: (readonly SectorWrite[])[] = [];
  const cut = (at: number, kept: string, keep: (write: number, sector: number) => boolean): PowerCut => {
    const disk = safe.copy();
    unflushed.forEach((writes, i) => {
      writes.forEach(({ sector, content }, j) => {
        if (keep(i, j)) disk.write(sector, content);
      });
    });
    return { at, kept, disk };
  };
  for (let at = 0; at < asked.length; at++) {
    const writes = asked[at];
    yield cut(at, 'all', () => true);
    for (let n = 0; n < random && unflushed.length > 0; n++) yield cut(at, `random ${n}`, () => roll(2) === 1);
    if (writes !== undefined) {
      unflushed.push(writes);
      continue;
    }
    yield cut(at, 'none', () => false);
    for (let i = 0; i < unflushed.length; i++) {
      yield cut(at, `all but write ${i}`, (write) => write !== i);
      yield cut(at, `only write ${i}`, (write) => write === i);
      yield cut(at, `write ${i} torn`, (write, sector) => write !== i || sector < unflushed[i].length / 2);
    }
    for (const write of unflushed) for (const { sector, content } of write) safe.write(sector, content);
    unflushed = [];
  }
  yield cut(asked.length, 'all', () => true);
}
