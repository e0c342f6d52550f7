import type { Timespec } from '../../vfs/index.ts';

const key = ({ sec, nsec }: Timespec): string => `${sec}.${String(nsec).padStart(9, '0')}`;
const between = (a: Timespec, b: Timespec): number => Math.abs((a.sec - b.sec) * 1e9 + a.nsec - b.nsec);

/** Requests whose duration is remembered. */
const REMEMBERED = 1 << 16;

/**
 * Times in attributes. One that a client has set is compared as it is. Any other is a stamp, from the filesystem's clock: the
 * recording's and the replay's stand for each other one for one. What a filesystem stamps in one request may differ by the
 * time that the request took, when it reads its clock several times: virtual time stands still there.
 */
export class Stamps {
  readonly #set = new Set<string>();
  readonly #replayed = new Map<string, string>();
  readonly #recorded = new Map<string, Timespec>();
  readonly #took = new Map<string, number>();

  /** A client sets this time. */
  explicit(time: Timespec): void {
    this.#set.add(key(time));
  }

  /** The request that was replayed at virtual time `at` took so long in the recording, nanoseconds. */
  took(at: Timespec, nanoseconds: number): void {
    this.#took.set(key(at), nanoseconds);
    if (this.#took.size > REMEMBERED) for (const oldest of this.#took.keys()) return void this.#took.delete(oldest);
  }

  /** The time that was expected instead, where `replayed` does not fit. */
  meet(recorded: Timespec, replayed: Timespec): string | undefined {
    const from = key(recorded);
    const to = key(replayed);
    const before = this.#replayed.get(from);
    if (before === to) return undefined;
    if (this.#set.has(from)) return from === to ? undefined : from;
    if (before !== undefined) return `${before}, as before`;
    const other = this.#recorded.get(to);
    if (other !== undefined && between(recorded, other) > (this.#took.get(to) ?? 0))
      return 'another than before, as it has changed since';
    this.#recorded.set(to, recorded);
    this.#replayed.set(from, to);
    return undefined;
  }
}
