import {
  type CallOf,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  type LockAnswer,
  type LockType,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../vfs/index.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';

/** A POSIX lock of a process, both ends included; an end of Infinity is the end of the file whatever it grows to. */
export interface ByteRangeLock {
  readonly pid: number;
  readonly type: 'read' | 'write';
  readonly start: number;
  readonly end: number;
}

const OFFSET_MAX = 2 ** 63 - 1;

/** The range of a call, or an errno (flock64_to_posix_lock, fs/locks.c). */
function rangeOf(file: OpenFile, whence: number, start: number, size: number): { start: number; end: number } | number {
  if (whence !== SEEK_SET && whence !== SEEK_CUR && whence !== SEEK_END) return E.EINVAL;
  const base = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.offset : file.inode.size;
  if (start > OFFSET_MAX - base) return E.EOVERFLOW;
  const from = base + start;
  if (from < 0) return E.EINVAL;
  if (size === 0) return { start: from, end: Infinity };
  if (size < 0) return from + size < 0 ? E.EINVAL : { start: from + size, end: from - 1 };
  if (size - 1 > OFFSET_MAX - from) return E.EOVERFLOW;
  return { start: from, end: from + size - 1 >= OFFSET_MAX ? Infinity : from + size - 1 };
}

/** The position in a listing and the size of a directory are the filesystem's own matter. */
const unknownBase = (file: OpenFile, whence: number): boolean =>
  file.inode.isDirectory && (whence === SEEK_CUR || whence === SEEK_END);

const conflicts = (lock: ByteRangeLock, pid: number, type: LockType, start: number, end: number): boolean =>
  lock.pid !== pid && (lock.type === 'write' || type === 'write') && lock.start <= end && start <= lock.end;

/** Sets the process's locks in a range, splitting and merging its own (posix_lock_inode). */
function setRange(inode: Inode, pid: number, type: LockType, start: number, end: number): void {
  let from = start;
  let to = end;
  const kept: ByteRangeLock[] = [];
  for (const lock of inode.locks ?? []) {
    const apart = lock.pid !== pid || lock.end < from - 1 || lock.start > to + 1;
    if (!apart && lock.type === type) {
      from = Math.min(from, lock.start);
      to = Math.max(to, lock.end);
    } else if (apart || lock.end < from || lock.start > to) kept.push(lock);
    else {
      if (lock.start < from) kept.push({ ...lock, end: from - 1 });
      if (lock.end > to) kept.push({ ...lock, start: to + 1 });
    }
  }
  if (type !== 'unlock') kept.push({ pid, type, start: from, end: to });
  inode.locks = kept.length > 0 ? kept : undefined;
}

/** Drops every lock that a process has on a file. */
export function releaseLocks(inode: Inode, pid: number): void {
  const kept = inode.locks?.filter((lock) => lock.pid !== pid);
  inode.locks = kept !== undefined && kept.length > 0 ? kept : undefined;
}

export function setlk(s: State, call: CallOf<'setlk'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (unknownBase(file, call.whence)) return undefined;
  const range = rangeOf(file, call.whence, call.start, call.size);
  if (typeof range === 'number') return s.fails(range);
  if ((call.type === 'read' && !file.readable) || (call.type === 'write' && !file.writable)) return s.fails(E.EBADF);
  const { pid } = s.process;
  if (call.type !== 'unlock')
    for (const lock of file.inode.locks ?? [])
      if (conflicts(lock, pid, call.type, range.start, range.end))
        return call.wait ? s.failsWith(E.EINTR, E.EDEADLK) : s.failsWith(E.EAGAIN, E.EACCES);
  if (s.failed) return s.succeeds();
  setRange(file.inode, pid, call.type, range.start, range.end);
  return undefined;
}

function isLock(result: unknown): result is LockAnswer {
  return typeof result === 'object' && result !== null && 'pid' in result;
}

export function getlk(s: State, call: CallOf<'getlk'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (call.type === 'unlock') return s.fails(E.EINVAL);
  if (file.inode.isDirectory) return undefined;
  const range = rangeOf(file, call.whence, call.start, call.size);
  if (typeof range === 'number') return s.fails(range);
  if (s.failed) return s.succeeds();
  const { result } = s;
  if (!isLock(result)) return wrongValue('result', 'malformed', 'a lock', typeof result);
  const { pid } = s.process;
  const locks = (file.inode.locks ?? []).filter((lock) => conflicts(lock, pid, call.type, range.start, range.end));
  if (locks.length === 0)
    return result.type === 'unlock' ? undefined : wrongValue('lock', 'where none is', 'none', result.type);
  if (result.type === 'unlock') return wrongValue('lock', 'not seen', locks[0].type, 'none');
  for (const lock of locks) {
    const length = lock.end === Infinity ? 0 : lock.end - lock.start + 1;
    if (result.type === lock.type && result.start === lock.start && result.length === length && result.pid === lock.pid)
      return undefined;
  }
  const show = ({ type, start, length, pid }: LockAnswer) => `${type} ${start}+${length} of ${pid}`;
  const [first] = locks;
  const expected = { ...first, length: first.end === Infinity ? 0 : first.end - first.start + 1 };
  return wrongValue('lock', 'wrong', show(expected), show(result));
}

const flockTypes = new Map<number, LockType>([
  [LOCK_SH, 'read'],
  [LOCK_EX, 'write'],
  [LOCK_UN, 'unlock'],
]);

/** flock(2), flock_lock_inode: a lock of another kind that the open file holds goes first, and stays lost on a conflict. */
export function flock(s: State, call: CallOf<'flock'>): Verdict {
  const type = flockTypes.get(call.operation & ~LOCK_NB);
  if (type === undefined) return s.fails(E.EINVAL);
  const file = s.file(call.fd);
  if (file === undefined || (type !== 'unlock' && !file.readable && !file.writable)) return s.fails(E.EBADF);
  const { inode } = file;
  if (file.flock === type) return s.succeeds();
  const others = (inode.flocks ?? []).filter((other) => other !== file);
  const conflict = type !== 'unlock' && others.some((other) => type === 'write' || other.flock === 'write');
  if (conflict !== s.isError(E.EAGAIN)) return conflict ? s.fails(E.EAGAIN) : s.succeeds();
  if (s.failed && !conflict) return s.succeeds();
  file.flock = conflict || type === 'unlock' ? undefined : type;
  inode.flocks = file.flock === undefined ? others : [...others, file];
  return undefined;
}
