import { errnoNumbers as E, type LockType } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';

/** struct file_lock (include/linux/filelock.h) of a POSIX lock; both ends are included. */
export interface PosixLock {
  readonly type: LockType;
  readonly start: number;
  readonly end: number;
  readonly owner: number;
  readonly pid: number;
}

interface Flock {
  readonly type: LockType;
  readonly file: File;
}

interface Waiter {
  readonly task: Process;
  readonly lock: PosixLock | undefined;
}

/** Bound of the search for a deadlock (MAX_DEADLK_ITERATIONS, fs/locks.c). */
const MAX_DEADLOCK_STEPS = 10;

/** struct file_lock_context: the locks that the kernel itself keeps for an inode (fs/locks.c). */
export class FileLocks {
  /** By owner, then by start. */
  posix: PosixLock[] = [];
  flocks: Flock[] = [];
  waiters: Waiter[] = [];
}

/** For what each blocked owner waits; POSIX deadlocks are looked for across inodes. */
const blockedOn = new WeakMap<Process, PosixLock>();

export function locksOf(inode: Inode): FileLocks {
  inode.locks ??= new FileLocks();
  return inode.locks;
}

const overlaps = (a: PosixLock, b: PosixLock): boolean => a.end >= b.start && b.end >= a.start;

/** posix_locks_conflict. */
const conflicts = (a: PosixLock, b: PosixLock): boolean =>
  a.owner !== b.owner && overlaps(a, b) && (a.type === 'write' || b.type === 'write');

/** posix_test_lock: the first lock that stands in the way. */
export function conflictingLock(inode: Inode, lock: PosixLock): PosixLock | undefined {
  return inode.locks?.posix.find((held) => conflicts(held, lock));
}

/** posix_locks_deadlock: would the owner of `lock` wait for itself? */
function isDeadlock(p: Process, lock: PosixLock, blocker: PosixLock): boolean {
  let at: PosixLock | undefined = blocker;
  for (let i = 0; i <= MAX_DEADLOCK_STEPS && at !== undefined; i++) {
    if (at.owner === lock.owner) return true;
    const holder = [...p.fc.processes.values()].find((task) => task.owner === at?.owner);
    at = holder === undefined ? undefined : blockedOn.get(holder);
  }
  return false;
}

/** posix_lock_inode_wait: takes, changes or releases a lock; waits for others where `wait`. */
export function* posixLock(p: Process, inode: Inode, lock: PosixLock, wait: boolean): Operation<number> {
  const locks = locksOf(inode);
  if (lock.type !== 'unlock') {
    for (let blocker = conflictingLock(inode, lock); blocker !== undefined; blocker = conflictingLock(inode, lock)) {
      if (!wait) return -E.EAGAIN;
      if (isDeadlock(p, lock, blocker)) return -E.EDEADLK;
      blockedOn.set(p, blocker);
      const interrupted = yield* sleepForLock(p, locks, lock);
      blockedOn.delete(p);
      if (interrupted) return -E.EINTR;
    }
  }
  replaceLocks(locks, lock);
  wakeWaiters(locks);
  return 0;
}

/** The owner's locks, with the range of `lock` set to its type: neighbours of the same type join, others are cut. */
function replaceLocks(locks: FileLocks, lock: PosixLock): void {
  const others = locks.posix.filter((held) => held.owner !== lock.owner);
  let { start, end } = lock;
  const kept: PosixLock[] = [];
  for (const held of locks.posix) {
    if (held.owner !== lock.owner) continue;
    if (lock.type !== 'unlock' && held.type === lock.type && held.end + 1 >= start && held.start <= end + 1) {
      start = Math.min(start, held.start);
      end = Math.max(end, held.end);
    } else if (!overlaps(held, lock)) kept.push(held);
    else {
      if (held.start < lock.start) kept.push({ ...held, end: lock.start - 1 });
      if (held.end > lock.end) kept.push({ ...held, start: lock.end + 1 });
    }
  }
  if (lock.type !== 'unlock') kept.push({ ...lock, start, end });
  kept.sort((a, b) => a.start - b.start);
  locks.posix = [...others, ...kept];
}

/** Sleeps until the inode's locks change. True: a signal came first. */
function* sleepForLock(p: Process, locks: FileLocks, lock: PosixLock | undefined): Operation<boolean> {
  if (p.signalPending) return true;
  const waiter: Waiter = { task: p, lock };
  locks.waiters.push(waiter);
  p.sleep('a file lock');
  p.onSignal = () => p.wake();
  yield;
  const index = locks.waiters.indexOf(waiter);
  if (index >= 0) locks.waiters.splice(index, 1);
  return index >= 0;
}

/** locks_wake_up_blocks: everybody tries again, first come first served. */
function wakeWaiters(locks: FileLocks): void {
  const { waiters } = locks;
  if (waiters.length === 0) return;
  locks.waiters = [];
  for (const { task } of waiters) task.wake();
}

/** flock_lock_inode_wait. A change of type gives the old lock up first, so that another may come in between. */
export function* flockLock(p: Process, file: File, type: LockType, wait: boolean): Operation<number> {
  const locks = locksOf(file.inode);
  const held = locks.flocks.find((flock) => flock.file === file);
  if (held?.type === type) return 0;
  if (held !== undefined) {
    locks.flocks = locks.flocks.filter((flock) => flock !== held);
    wakeWaiters(locks);
  }
  if (type === 'unlock') return 0;
  while (locks.flocks.some((flock) => flock.file !== file && (flock.type === 'write' || type === 'write'))) {
    if (!wait) return -E.EAGAIN;
    if (yield* sleepForLock(p, locks, undefined)) return -E.EINTR;
  }
  locks.flocks.push({ type, file });
  return 0;
}

/** locks_remove_posix: a close of any descriptor of the file releases all of the owner's locks. */
export function releasePosixLocks(inode: Inode, owner: number): void {
  const { locks } = inode;
  if (!locks?.posix.some((held) => held.owner === owner)) return;
  locks.posix = locks.posix.filter((held) => held.owner !== owner);
  wakeWaiters(locks);
}

/** locks_remove_flock. */
export function releaseFlock(file: File): void {
  const { locks } = file.inode;
  if (!locks?.flocks.some((flock) => flock.file === file)) return;
  locks.flocks = locks.flocks.filter((flock) => flock.file !== file);
  wakeWaiters(locks);
}
