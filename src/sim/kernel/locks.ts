import {
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  FUSE_LK_FLOCK,
  fuse_lk_in,
  fuse_lk_out,
  OFFSET_MAX,
  opcodes,
} from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  errnoNumbers as E,
  isRegular,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  type LockAnswer,
  type LockType,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../vfs/index.ts';
import { type File, FMODE_READ, FMODE_WRITE } from './file.ts';
import { conflictingLock, flockLock, type PosixLock, posixLock } from './file-locks.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN, OUT } from './fuse-request.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';

const { GETLK, SETLK, SETLKW } = opcodes;
const MAX_OFFSET = 2 ** 63;

const wireTypes: Readonly<Record<LockType, number>> = { read: F_RDLCK, write: F_WRLCK, unlock: F_UNLCK };
const fromWire: readonly (LockType | undefined)[] = ['read', 'write', 'unlock'];

/** flock_to_posix_lock (fs/locks.c). */
function toPosixLock(p: Process, file: File, call: CallOf<'setlk' | 'getlk'>): PosixLock | number {
  let start: number;
  switch (call.whence) {
    case SEEK_SET:
      start = 0;
      break;
    case SEEK_CUR:
      start = Number(file.position);
      break;
    case SEEK_END:
      start = file.inode.size;
      break;
    default:
      return -E.EINVAL;
  }
  start += call.start;
  if (start >= MAX_OFFSET) return -E.EOVERFLOW;
  if (start < 0) return -E.EINVAL;
  let end = Number.POSITIVE_INFINITY;
  if (call.size > 0) {
    end = start + call.size - 1;
    if (end >= MAX_OFFSET) return -E.EOVERFLOW;
  } else if (call.size < 0) {
    if (start + call.size < 0) return -E.EINVAL;
    end = start - 1;
    start += call.size;
  }
  return { type: call.type, start, end, owner: p.owner, pid: p.pid };
}

function lockRequest(
  p: Process,
  file: File,
  opcode: number,
  lock: { readonly type: LockType; readonly start: number; readonly end: number },
  owner: number,
  flags: number,
): void {
  const { request } = p;
  request.begin(opcode, file.inode.nodeid, fuse_lk_in.size);
  fuse_lk_in.write(request.message, IN * 4, {
    fh: file.fh,
    owner,
    lk: {
      start: Number.isSafeInteger(lock.start) ? lock.start : BigInt(lock.start),
      end:
        lock.end === Number.POSITIVE_INFINITY
          ? OFFSET_MAX
          : Number.isSafeInteger(lock.end)
            ? lock.end
            : BigInt(lock.end),
      type: wireTypes[lock.type],
      pid: lock.type === 'unlock' ? 0 : p.pid,
    },
    lk_flags: flags,
  });
}

/** fcntl_setlk: kept by the kernel, or asked of the filesystem where it wished so (POSIX_LOCKS). */
export function* setlk(fc: FuseConnection, p: Process, call: CallOf<'setlk'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const lock = toPosixLock(p, file, call);
  if (typeof lock === 'number') return lock;
  if (lock.type === 'read' && (file.mode & FMODE_READ) === 0) return -E.EBADF;
  if (lock.type === 'write' && (file.mode & FMODE_WRITE) === 0) return -E.EBADF;
  if (!fc.posixLocks || !isRegular(file.inode.mode)) return yield* posixLock(p, file.inode, lock, call.wait);
  lockRequest(p, file, (call.wait ? SETLKW : SETLK).code, lock, p.owner, 0);
  if (!fc.device.send(p)) yield;
  return p.request.error;
}

/** fcntl_getlk. */
export function* getlk(fc: FuseConnection, p: Process, call: CallOf<'getlk'>): Operation<LockAnswer | number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if (call.type === 'unlock') return -E.EINVAL;
  const lock = toPosixLock(p, file, call);
  if (typeof lock === 'number') return lock;
  if (!fc.posixLocks || !isRegular(file.inode.mode)) {
    const held = conflictingLock(file.inode, lock);
    return held === undefined ? unlocked(call) : answer(held.type, held.start, held.end, held.pid);
  }
  lockRequest(p, file, GETLK.code, lock, p.owner, 0);
  p.request.expected = fuse_lk_out.size;
  if (!fc.device.send(p)) yield;
  if (p.request.error !== 0) return p.request.error;
  const { lk } = fuse_lk_out.read(p.request.reply, OUT * 4);
  const type = fromWire[lk.type];
  if (type === undefined) return -E.EIO;
  if (type === 'unlock') return unlocked(call);
  const last = Number(OFFSET_MAX);
  if (lk.start > OFFSET_MAX || lk.end > OFFSET_MAX || lk.end < lk.start) return -E.EIO;
  const end = Number(lk.end);
  return answer(type, Number(lk.start), end >= last ? Number.POSITIVE_INFINITY : end, lk.pid);
}

/** Where nothing stands in the way F_GETLK leaves the structure as it is, but for the type. */
function unlocked(call: CallOf<'getlk'>): LockAnswer {
  return { type: 'unlock', start: call.start, length: call.size, pid: 0 };
}

function answer(type: LockType, start: number, end: number, pid: number): LockAnswer {
  return { type, start, length: end === Number.POSITIVE_INFINITY ? 0 : end - start + 1, pid };
}

/** flock(2). */
export function* flock(fc: FuseConnection, p: Process, call: CallOf<'flock'>): Operation<number> {
  const type = flockType(call.operation & ~LOCK_NB);
  if (type === undefined) return -E.EINVAL;
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if (type !== 'unlock' && (file.mode & (FMODE_READ | FMODE_WRITE)) === 0) return -E.EBADF;
  const wait = (call.operation & LOCK_NB) === 0;
  if (!fc.flockLocks || !isRegular(file.inode.mode)) return yield* flockLock(p, file, type, wait);
  file.flock = true;
  const whole = { type, start: 0, end: Number.POSITIVE_INFINITY };
  lockRequest(p, file, (wait ? SETLKW : SETLK).code, whole, file.owner, FUSE_LK_FLOCK);
  if (!fc.device.send(p)) yield;
  return p.request.error;
}

/** flock_translate_cmd. */
function flockType(operation: number): LockType | undefined {
  switch (operation) {
    case LOCK_SH:
      return 'read';
    case LOCK_EX:
      return 'write';
    case LOCK_UN:
      return 'unlock';
    default:
      return undefined;
  }
}
