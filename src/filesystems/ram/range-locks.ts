import type { FileLock, LockType, U64 } from '../../vfs/index.ts';

export interface OwnedLock extends FileLock {
  readonly owner: U64;
}

/**
 * The POSIX byte-range locks of one file, as posix_lock_inode (fs/locks.c) keeps them: those of one owner never overlap,
 * and neighbours of one type are one lock.
 */
export class RangeLocks {
  #locks: OwnedLock[] = [];

  /** The first lock of another owner that stands in the way. */
  conflict(lock: FileLock, owner: U64): OwnedLock | undefined {
    if (lock.type === 'unlock') return undefined;
    return this.#locks.find(
      (held) =>
        held.owner !== owner &&
        (held.type === 'write' || lock.type === 'write') &&
        held.start <= lock.end &&
        lock.start <= held.end,
    );
  }

  /** Sets the owner's locks in a range, which nobody else's may stand in the way of, or clears them. */
  apply({ type, start, end, pid }: FileLock, owner: U64): void {
    const locks: OwnedLock[] = [];
    let merged: OwnedLock = { type, start, end, pid, owner };
    for (const held of this.#locks) {
      const apart = held.end + 1 < start || held.start > end + 1;
      if (held.owner !== owner || apart) locks.push(held);
      else if (held.type === type)
        merged = { ...merged, start: Math.min(held.start, merged.start), end: Math.max(held.end, merged.end) };
      else {
        if (held.start < start) locks.push({ ...held, end: Math.min(held.end, start - 1) });
        if (held.end > end) locks.push({ ...held, start: Math.max(held.start, end + 1) });
      }
    }
    if (type !== 'unlock') locks.push(merged);
    this.#locks = locks.sort((a, b) => a.start - b.start);
  }
}

/** The flock(2) locks of one file: each owner, an open file, has one on the whole of it. */
export class WholeLocks {
  readonly #held = new Map<U64, LockType>();

  holds(type: LockType, owner: U64): boolean {
    return (this.#held.get(owner) ?? 'unlock') === type;
  }

  hasConflict(type: LockType, owner: U64): boolean {
    for (const [holder, held] of this.#held)
      if (holder !== owner && (held === 'write' || type === 'write')) return true;
    return false;
  }

  set(type: LockType, owner: U64): void {
    if (type === 'unlock') this.#held.delete(owner);
    else this.#held.set(owner, type);
  }
}
