import type { Mode, PathLike, TimeLike } from 'node:fs';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  type CallOf,
  errnoNumbers as E,
  F_OK,
  type Stat,
  type Timespec,
} from '../../../vfs/index.ts';
import { attempt, type FsOperation, system } from '../operation.ts';
import { toName } from '../path.ts';
import { BigIntStats, StatFs, Stats } from '../stats.ts';
import { isSystemError } from '../system-error.ts';
import { toTimespec, toUnixTimestamp } from '../time.ts';
import { toFd, toId, toMode, toSmallMode } from '../validate.ts';

interface StatOptions {
  readonly bigint?: boolean;
  readonly throwIfNoEntry?: boolean;
}

type AnyStats = Stats | BigIntStats;

/** STATX_BASIC_STATS | STATX_BTIME, as libuv asks. */
const STATX_MASK = 0xfff;

const shaped = (stat: Stat, options: StatOptions | null | undefined): AnyStats =>
  options?.bigint ? new BigIntStats(stat) : new Stats(stat);

const statCall = (path: string, follow: boolean): CallOf<'statx'> => ({
  op: 'statx',
  path,
  flags: follow ? 0 : AT_SYMLINK_NOFOLLOW,
  mask: STATX_MASK,
});

export function* fstatOf(fd: number): FsOperation<Stat> {
  return yield* system({ op: 'statx', dirfd: fd, path: '', flags: AT_EMPTY_PATH, mask: STATX_MASK }, 'fstat');
}

/** What lstat(2), or stat(2) with `follow`, says; undefined where there is nothing. */
export function* statIfThere(name: string, follow = false, syscall = 'lstat'): FsOperation<Stat | undefined> {
  const stat = yield* attempt(statCall(name, follow));
  if (stat === -E.ENOENT) return undefined;
  return typeof stat === 'number' ? yield* system(statCall(name, follow), syscall, name) : stat;
}

export function* lstatOf(name: string): FsOperation<Stat> {
  return yield* system(statCall(name, false), 'lstat', name);
}

export function* stat(path: PathLike, options?: StatOptions | null): FsOperation<AnyStats> {
  const name = toName(path);
  return shaped(yield* system(statCall(name, true), 'stat', name), options);
}

export function* lstat(path: PathLike, options?: StatOptions | null): FsOperation<AnyStats> {
  return shaped(yield* lstatOf(toName(path)), options);
}

/** The synchronous forms know `throwIfNoEntry`. */
const quiet = (look: typeof stat) =>
  function* statSync(path: PathLike, options?: StatOptions | null): FsOperation<AnyStats | undefined> {
    try {
      return yield* look(path, options);
    } catch (error) {
      if (options?.throwIfNoEntry === false && isSystemError(error, E.ENOENT, E.ENOTDIR)) return undefined;
      throw error;
    }
  };

export const statSync = quiet(stat);
export const lstatSync = quiet(lstat);

export function* fstat(fd: number, options?: StatOptions | null): FsOperation<AnyStats> {
  return shaped(yield* fstatOf(toFd(fd)), options);
}

export function* statfs(path: PathLike, options?: StatOptions | null): FsOperation<StatFs> {
  const name = toName(path);
  return new StatFs(yield* system({ op: 'statfs', path: name }, 'statfs', name), options?.bigint === true);
}

export function* access(path: PathLike, mode?: number | null): FsOperation<undefined> {
  const name = toName(path);
  const wanted = toSmallMode(mode);
  yield* system({ op: 'access', path: name, mode: wanted }, 'access', name);
  return undefined;
}

export function* exists(path: PathLike): FsOperation<boolean> {
  let name: string;
  try {
    name = toName(path);
  } catch {
    return false;
  }
  return (yield* attempt({ op: 'access', path: name, mode: F_OK })) === 0;
}

export function* chmod(path: PathLike, mode: Mode): FsOperation<undefined> {
  const name = toName(path);
  yield* system({ op: 'chmod', path: name, mode: toMode(mode) }, 'chmod', name);
  return undefined;
}

export function* fchmod(fd: number, mode: Mode): FsOperation<undefined> {
  yield* system({ op: 'fchmod', fd: toFd(fd), mode: toMode(mode) }, 'fchmod');
  return undefined;
}

const changingOwner = (op: 'chown' | 'lchown') =>
  function* chown(path: PathLike, uid: number, gid: number): FsOperation<undefined> {
    const name = toName(path);
    yield* system({ op, path: name, uid: toId(uid, 'uid'), gid: toId(gid, 'gid') }, op, name);
    return undefined;
  };

export const chown = changingOwner('chown');
export const lchown = changingOwner('lchown');

export function* fchown(fd: number, uid: number, gid: number): FsOperation<undefined> {
  yield* system({ op: 'fchown', fd: toFd(fd), uid: toId(uid, 'uid'), gid: toId(gid, 'gid') }, 'fchown');
  return undefined;
}

/** The functions that set times; `now` is the kernel's clock. */
export function timesOperations(now: () => Timespec) {
  const at = (time: TimeLike) =>
    toTimespec(
      toUnixTimestamp(time, () => {
        const { sec, nsec } = now();
        return sec + nsec / 1e9;
      }),
    );
  const ofPath = (syscall: string, flags: number) =>
    function* utimes(path: PathLike, atime: TimeLike, mtime: TimeLike): FsOperation<undefined> {
      const name = toName(path);
      yield* system({ op: 'utimensat', path: name, atime: at(atime), mtime: at(mtime), flags }, syscall, name);
      return undefined;
    };
  function* futimes(fd: number, atime: TimeLike, mtime: TimeLike): FsOperation<undefined> {
    yield* system({ op: 'futimens', fd: toFd(fd), atime: at(atime), mtime: at(mtime) }, 'futime');
    return undefined;
  }
  return { utimes: ofPath('utime', 0), lutimes: ofPath('lutime', AT_SYMLINK_NOFOLLOW), futimes };
}
