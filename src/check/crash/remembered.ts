import type { SectorRead, Stored } from './store.ts';

/** So much has been read, and then a sector is, or all is known. */
interface Fork<T> {
  read?: Pick<SectorRead, 'disk' | 'sector'>;
  /** By what the sector holds. */
  next?: Map<number, Fork<T>>;
  value?: T;
}

/** Runs that are kept, and bytes that are known by their fingerprint. */
const KEPT = { runs: 1000, fingerprints: 4000 } as const;

/**
 * What comes of a run on stored bytes, once for all that it cannot tell apart. The sectors that it reads decide all that a
 * simulated run does, the next one that it reads too: where these hold the same, it is the same.
 */
export class Remembered<T extends object> {
  readonly #known = new Map<string, T>();
  #start: Fork<T> = {};
  #runs = 0;

  find(stored: Stored): T | undefined {
    const known = this.#known.get(stored.fingerprint);
    if (known !== undefined) return known;
    let fork: Fork<T> | undefined = this.#start;
    while (fork?.read !== undefined) fork = fork.next?.get(stored.holds(fork.read.disk, fork.read.sector));
    if (fork?.value !== undefined) this.#know(stored, fork.value);
    return fork?.value;
  }

  /** Keeps what the run on these bytes came to. */
  keep(stored: Stored, value: T): void {
    this.#know(stored, value);
    if (this.#runs === KEPT.runs) {
      this.#start = {};
      this.#runs = 0;
    }
    this.#runs += 1;
    let fork = this.#start;
    for (const { disk, sector, held } of stored.reads) {
      if (fork.read?.sector !== sector || fork.read.disk !== disk) {
        fork.read = { disk, sector };
        fork.next = new Map();
      }
      let next: Fork<T> | undefined = fork.next?.get(held);
      if (next === undefined) {
        next = {};
        fork.next?.set(held, next);
      }
      fork = next;
    }
    fork.value = value;
  }

  #know({ fingerprint }: Stored, value: T): void {
    if (this.#known.size >= KEPT.fingerprints) this.#known.clear();
    this.#known.set(fingerprint, value);
  }
}
