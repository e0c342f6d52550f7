import type { Timers } from '../../env/index.ts';
import { RangeLocks } from '../../filesystems/ram/range-locks.ts';
import type { FileLock, U64 } from '../../vfs/index.ts';

export interface LockRecovery {
  /** forgotten: locks are gone after a reboot. reclaimed: who had one gets it back, and others wait meanwhile. */
  readonly locks: 'forgotten' | 'reclaimed';
  /** Seconds for which reclaims are waited for. */
  readonly grace: number;
  /** When the wait ends: after `grace`, or as soon as every client that had a lock has asked for it again. */
  readonly ends: 'by-time' | 'when-reclaimed';
}

interface Held {
  readonly host: string;
  readonly file: U64;
  readonly lock: FileLock;
  readonly owner: number;
}

/**
 * A model of the network lock manager (NLM) and the status monitor: what they promise when the server reboots, without their
 * protocols. Clients remember what they hold, hear of a reboot at once and ask for it again.
 */
export class LockManager {
  readonly #recovery: LockRecovery;
  readonly #timers: Timers;
  #locks = new Map<U64, RangeLocks>();
  /** What the clients know that they hold. */
  #held: Held[] = [];
  #grace: Promise<void> | undefined;
  /** Owners of all hosts, each with a number of its own. */
  readonly #owners = new Map<string, number>();

  constructor(timers: Timers, recovery: LockRecovery) {
    this.#timers = timers;
    this.#recovery = recovery;
  }

  /** Takes, changes or gives back a lock; false where another stands in the way. During a grace period it waits for its end. */
  async set(host: string, file: U64, lock: FileLock, owner: U64): Promise<boolean> {
    if (this.#grace !== undefined && lock.type !== 'unlock') await this.#grace;
    return this.#set({ host, file, lock, owner: this.#number(`${host} ${owner}`) });
  }

  #number(owner: string): number {
    const number = this.#owners.get(owner) ?? this.#owners.size + 1;
    this.#owners.set(owner, number);
    return number;
  }

  #set(wanted: Held): boolean {
    const { file, lock, owner } = wanted;
    let ranges = this.#locks.get(file);
    if (ranges === undefined) {
      ranges = new RangeLocks();
      this.#locks.set(file, ranges);
    }
    if (lock.type !== 'unlock' && ranges.conflict(lock, owner) !== undefined) return false;
    ranges.apply(lock, owner);
    this.#held = this.#held.filter((held) => held.file !== file || held.owner !== owner);
    if (lock.type !== 'unlock') this.#held.push(wanted);
    return true;
  }

  /** The server reboots. */
  reboot(): void {
    this.#locks = new Map();
    if (this.#recovery.locks === 'forgotten') return;
    const { grace, ends } = this.#recovery;
    for (const held of [...this.#held]) this.#set(held);
    if (ends === 'when-reclaimed') return;
    const over = new Promise<void>((resolve) => this.#timers.after(grace * 1000, resolve));
    this.#grace = over.then(() => {
      this.#grace = undefined;
    });
  }
}
