import {
  type Answer,
  type Context,
  type Errno,
  errno,
  type FileLock,
  type Handle,
  type LockType,
  type NodeId,
  type U64,
  type Wishes,
} from '../../vfs/index.ts';
import type { Inode } from './inode.ts';
import { LockQueue } from './lock-queue.ts';
import { RamFileSystem } from './ram.ts';
import { RangeLocks, WholeLocks } from './range-locks.ts';

interface InodeLocks {
  readonly ranges: RangeLocks;
  readonly whole: WholeLocks;
}

/** Neither end of a wait for a flock lock is known to deadlock detection, as in Linux. */
const unknownBlocker = (): undefined => undefined;

/** The ram filesystem that keeps the POSIX and flock locks itself. A call that waits is answered by a promise. */
export class LockingRamFileSystem extends RamFileSystem {
  override readonly mode = 'async';
  override readonly wishes: Wishes = { ...RamFileSystem.wishes, posixLocks: true, flockLocks: true };

  readonly #locks = new WeakMap<Inode, InodeLocks>();
  readonly #queue = new LockQueue();

  override destroy(): void {
    this.#queue.close();
    super.destroy();
  }

  getlk(node: NodeId, _fh: Handle, lock: FileLock, owner: U64): Answer<FileLock> {
    const inode = this.inode(node);
    if (inode === undefined) return errno.ESTALE;
    const conflict = this.#locksOf(inode).ranges.conflict(lock, owner);
    if (conflict === undefined) return { ...lock, type: 'unlock' };
    const { type, start, end, pid } = conflict;
    return { type, start, end, pid };
  }

  setlk(node: NodeId, _fh: Handle, lock: FileLock, owner: U64, wait: boolean, context: Context): Answer<void> {
    const inode = this.inode(node);
    if (inode === undefined) return errno.ESTALE;
    const { ranges } = this.#locksOf(inode);
    const blocker = (): U64 | undefined => ranges.conflict(lock, owner)?.owner;
    const attempt = (): boolean => {
      if (blocker() !== undefined) return false;
      ranges.apply(lock, owner);
      return true;
    };
    const blockedBy = blocker();
    if (blockedBy === undefined) {
      attempt();
      this.#queue.wake();
      return undefined;
    }
    if (!wait) return errno.EAGAIN;
    if (this.#queue.wouldDeadlock(owner, blockedBy)) return errno.EDEADLK;
    return this.#queue.wait(owner, attempt, blocker, context.signal);
  }

  /** A lock that changes its type is given up first, even where the new one is then not to be had (flock(2)). */
  flock(node: NodeId, _fh: Handle, type: LockType, owner: U64, wait: boolean, context: Context): Answer<void> {
    const inode = this.inode(node);
    if (inode === undefined) return errno.ESTALE;
    const { whole } = this.#locksOf(inode);
    if (whole.holds(type, owner)) return undefined;
    whole.set('unlock', owner);
    this.#queue.wake();
    const attempt = (): boolean => {
      if (whole.hasConflict(type, owner)) return false;
      whole.set(type, owner);
      return true;
    };
    if (type === 'unlock' || attempt()) return undefined;
    return wait ? this.#queue.wait(owner, attempt, unknownBlocker, context.signal) : errno.EAGAIN;
  }

  /** close(2) gives up the POSIX locks of the closing process, whichever descriptor took them. */
  flush(node: NodeId, _fh: Handle, lockOwner: U64): Answer<void> {
    const inode = this.inode(node);
    const locks = inode && this.#locks.get(inode);
    if (locks === undefined) return undefined;
    locks.ranges.apply({ type: 'unlock', start: 0, end: Number.POSITIVE_INFINITY, pid: 0 }, lockOwner);
    this.#queue.wake();
    return undefined;
  }

  override release(
    node: NodeId,
    fh: Handle,
    flags: number,
    context: Context,
    flockOwner: U64 | undefined,
  ): Errno | undefined {
    const inode = this.inode(node);
    const locks = inode && this.#locks.get(inode);
    if (locks !== undefined && flockOwner !== undefined) {
      locks.whole.set('unlock', flockOwner);
      this.#queue.wake();
    }
    return super.release(node, fh, flags, context, flockOwner);
  }

  #locksOf(inode: Inode): InodeLocks {
    let locks = this.#locks.get(inode);
    if (locks === undefined) {
      locks = { ranges: new RangeLocks(), whole: new WholeLocks() };
      this.#locks.set(inode, locks);
    }
    return locks;
  }
}
