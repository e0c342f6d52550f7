import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  type CallOf,
  type FileSystemStatistics,
  S_IFMT,
  S_ISGID,
  type Stat,
  type TimeArgument,
} from '../vfs/index.ts';
import type { Inode } from './inode.ts';
import { dropPrivileges, inGroupOrRoot, losesPrivileges, MAY_WRITE, ownerOrRoot, permitted } from './permission.ts';
import type { Stamp } from './stamp.ts';
import { E, type State } from './state.ts';
import { type Divergence, type Verdict, wrongValue } from './verdict.ts';
import { walk } from './walk.ts';

const octal = (mode: number): string => `0${mode.toString(8)}`;

function timeVerdict(aspect: string, stamp: Stamp, seen: Stat['mtime']): Verdict {
  const off = stamp.see(seen);
  if (off === 0) return undefined;
  const actual = `${seen.sec}.${String(seen.nsec).padStart(9, '0')}`;
  return wrongValue(aspect, off < 0 ? 'not updated' : 'changed', stamp.toString(), actual, stamp.cause);
}

const nlinkIsRight = (s: State, inode: Inode, nlink: number): boolean =>
  nlink === inode.nlink || (inode.isDirectory && s.options.directoryNlink === 'one' && nlink === 1 && inode.nlink > 0);

/** Compares what stat(2) says with the inode, and remembers what it was free to say. */
export function judgeStat(s: State, inode: Inode, stat: Stat): Verdict {
  const { cause } = inode;
  if ((stat.mode & S_IFMT) !== (inode.mode & S_IFMT))
    return wrongValue('type', 'wrong', octal(inode.mode), octal(stat.mode), cause);
  const { ignore } = s.options;
  if (inode.openBits !== 0) {
    inode.mode |= stat.mode & inode.openBits;
    inode.openBits = 0;
  }
  if (stat.mode !== inode.mode && !ignore.has('modes'))
    return wrongValue('mode', 'wrong', octal(inode.mode), octal(stat.mode), cause);
  if (!ignore.has('ownership')) {
    if (stat.uid !== inode.uid) return wrongValue('uid', 'wrong', inode.uid, stat.uid, cause);
    if (stat.gid !== inode.gid) return wrongValue('gid', 'wrong', inode.gid, stat.gid, cause);
  }
  if (!nlinkIsRight(s, inode, stat.nlink)) return wrongValue('nlink', 'wrong', inode.nlink, stat.nlink, cause);
  if (!inode.isDirectory && stat.size !== inode.size) return wrongValue('size', 'wrong', inode.size, stat.size, cause);
  const type = inode.mode & S_IFMT;
  if ((type === 0o020000 || type === 0o060000) && stat.rdev !== inode.rdev)
    return wrongValue('rdev', 'wrong', inode.rdev, stat.rdev, cause);
  const verdict = identityVerdict(s, inode, stat.ino);
  if (verdict !== undefined || ignore.has('times')) return verdict;
  s.mayHaveWrittenBack(inode);
  if (ignore.has('access-times') && s.isOfThisRun(stat.atime)) inode.atime.forget(inode.atime.cause);
  return (
    timeVerdict('mtime', inode.mtime, stat.mtime) ??
    timeVerdict('ctime', inode.ctime, stat.ctime) ??
    timeVerdict('atime', inode.atime, stat.atime) ??
    (stat.btime === undefined ? undefined : timeVerdict('btime', inode.btime, stat.btime))
  );
}

/** An inode keeps its number, and no other inode that still exists has it. */
export function identityVerdict(s: State, inode: Inode, ino: Stat['ino']): Divergence | undefined {
  if (s.options.ignore.has('inode-numbers')) return undefined;
  if (inode.ino !== undefined) return inode.ino === ino ? undefined : wrongValue('ino', 'changed', inode.ino, ino);
  const other = s.numbers.get(ino);
  if (other !== undefined && other !== inode && (other.nlink > 0 || other.opens > 0))
    return wrongValue('ino', other.nlink > 0 ? 'shared by two files' : 'reused of an open file', 'one of its own', ino);
  s.numbers.set(ino, inode);
  inode.ino = ino;
  return undefined;
}

function isStat(result: unknown): result is Stat {
  return typeof result === 'object' && result !== null && 'ino' in result;
}

function statOf(s: State, inode: Inode): Verdict {
  if (!isStat(s.result)) return s.succeeds() ?? wrongValue('result', 'malformed', 'a stat', typeof s.result);
  return judgeStat(s, inode, s.result);
}

/** The inode of a path, or with AT_EMPTY_PATH that of a descriptor: 0 with `found` set, or an errno. */
export function walkOrDescriptor(s: State, dirfd: number | undefined, path: string, flags: number): number {
  if (path.length > 0 || (flags & AT_EMPTY_PATH) === 0)
    return walk(s, dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) === 0);
  s.found = dirfd === undefined ? s.process.cwd : s.descriptor(dirfd)?.inode;
  return s.found === undefined ? E.EBADF : 0;
}

export function stat(s: State, call: CallOf<'stat'>): Verdict {
  const error = walk(s, call.dirfd, call.path, true);
  return error !== 0 ? s.fails(error) : statOf(s, s.found as Inode);
}

export function lstat(s: State, call: CallOf<'lstat'>): Verdict {
  const error = walk(s, call.dirfd, call.path, false);
  return error !== 0 ? s.fails(error) : statOf(s, s.found as Inode);
}

export function fstat(s: State, call: CallOf<'fstat'>): Verdict {
  const file = s.descriptor(call.fd);
  return file === undefined ? s.fails(E.EBADF) : statOf(s, file.inode);
}

const STATX_FLAGS = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800 | 0x6000;

export function statx(s: State, call: CallOf<'statx'>): Verdict {
  if ((call.mask & 0x80000000) !== 0 || (call.flags & 0x6000) === 0x6000) return s.fails(E.EINVAL);
  if ((call.flags & ~STATX_FLAGS) !== 0) return s.fails(E.EINVAL);
  const error = walkOrDescriptor(s, call.dirfd, call.path, call.flags);
  return error !== 0 ? s.fails(error) : statOf(s, s.found as Inode);
}

export function access(s: State, call: CallOf<'access'>): Verdict {
  const flags = call.flags ?? 0;
  if ((call.mode & ~7) !== 0) return s.fails(E.EINVAL);
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return s.fails(E.EINVAL);
  const error = walkOrDescriptor(s, call.dirfd, call.path, flags);
  if (error !== 0) return s.fails(error);
  return permitted(s.process, s.found as Inode, call.mode) ? s.succeeds() : s.fails(E.EACCES);
}

function changeMode(s: State, inode: Inode, mode: number): Verdict {
  if (!ownerOrRoot(s.process, inode)) return s.fails(E.EPERM);
  if (inode.isSymlink) return s.fails(E.EOPNOTSUPP);
  if (s.failed) return s.succeeds();
  const bits = inGroupOrRoot(s.process, inode.gid) ? mode & 0o7777 : mode & 0o7777 & ~S_ISGID;
  inode.mode = (inode.mode & S_IFMT) | bits;
  inode.openBits = 0;
  inode.cause = s.op;
  s.touchCtime(inode);
  return undefined;
}

export function chmod(s: State, call: CallOf<'chmod'>): Verdict {
  const error = walk(s, call.dirfd, call.path, true);
  return error !== 0 ? s.fails(error) : changeMode(s, s.found as Inode, call.mode);
}

export function fchmod(s: State, call: CallOf<'fchmod'>): Verdict {
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : changeMode(s, file.inode, call.mode);
}

const UNCHANGED = 0xffffffff;
const unchanged = (id: number): boolean => id === -1 || id === UNCHANGED;

/** chown_common, chown_ok, chgrp_ok. */
function changeOwner(s: State, inode: Inode, uid: number, gid: number): Verdict {
  const { process } = s;
  if (process.uid !== 0) {
    const owner = process.uid === inode.uid;
    if (!unchanged(uid) && !(owner && uid === inode.uid)) return s.fails(E.EPERM);
    if (!unchanged(gid) && !(owner && (gid === inode.gid || process.inGroup(gid)))) return s.fails(E.EPERM);
    // With nothing to change only the loss of set-user-id, a change of mode, needs the owner; fs/fuse leaves that to the
    // daemon and does not ask (fuse_setattr with handle_killpriv).
    if (!owner && s.failed && losesPrivileges(process, inode)) return s.fails(E.EPERM);
  }
  if (s.failed) return s.succeeds();
  dropPrivileges(process, inode);
  if (!unchanged(uid)) inode.uid = uid;
  if (!unchanged(gid)) inode.gid = gid;
  inode.cause = s.op;
  if (unchanged(uid) && unchanged(gid)) inode.ctime.mayTouch(s.before, s.after, s.slack, s.op);
  else s.touchCtime(inode);
  return undefined;
}

export function chown(s: State, call: CallOf<'chown'>): Verdict {
  const error = walk(s, call.dirfd, call.path, true);
  return error !== 0 ? s.fails(error) : changeOwner(s, s.found as Inode, call.uid, call.gid);
}

export function lchown(s: State, call: CallOf<'lchown'>): Verdict {
  const error = walk(s, call.dirfd, call.path, false);
  return error !== 0 ? s.fails(error) : changeOwner(s, s.found as Inode, call.uid, call.gid);
}

export function fchown(s: State, call: CallOf<'fchown'>): Verdict {
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : changeOwner(s, file.inode, call.uid, call.gid);
}

const validTime = (time: TimeArgument): boolean => typeof time === 'string' || (time.nsec >= 0 && time.nsec < 1e9);

// Seconds that every common filesystem can store (ext4 with 256-byte inodes); beyond, it clamps (timestamp_truncate).
const timeRanges = {
  ext4: { least: -(2 ** 31), most: 15032385535 },
  unsigned: { least: 0, most: 2 ** 32 - 1 },
} as const;

const isOutside = (sec: number, { least, most }: { readonly least: number; readonly most: number }): boolean =>
  sec < least || sec > most;

function setTime(s: State, stamp: Stamp, time: TimeArgument): void {
  if (time === 'omit') return;
  if (time === 'now') stamp.touch(s.before, s.after, s.slack, s.op);
  else if (isOutside(time.sec, timeRanges[s.options.timeRange])) stamp.forget(s.op);
  else stamp.set(time, s.options.timeGranularity, s.op);
}

/** vfs_utimes (fs/utimes.c). */
function changeTimes(s: State, inode: Inode, atime: TimeArgument, mtime: TimeArgument): Verdict {
  if (!validTime(atime) || !validTime(mtime)) return s.fails(E.EINVAL);
  if (!ownerOrRoot(s.process, inode)) {
    if (atime !== 'now' || mtime !== 'now') return s.fails(E.EPERM);
    if (!permitted(s.process, inode, MAY_WRITE)) return s.fails(E.EACCES);
  }
  if (s.failed) return s.succeeds();
  setTime(s, inode.atime, atime);
  setTime(s, inode.mtime, mtime);
  s.touchCtime(inode);
  return undefined;
}

export function utimensat(s: State, call: CallOf<'utimensat'>): Verdict {
  // "Nothing to do, we must not even check the path."
  if (call.atime === 'omit' && call.mtime === 'omit') return s.succeeds();
  if ((call.flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return s.fails(E.EINVAL);
  const error = walkOrDescriptor(s, call.dirfd, call.path, call.flags);
  return error !== 0 ? s.fails(error) : changeTimes(s, s.found as Inode, call.atime, call.mtime);
}

export function futimens(s: State, call: CallOf<'futimens'>): Verdict {
  const file = s.file(call.fd);
  // Nothing to do: Linux does not look at the descriptor.
  if (call.atime === 'omit' && call.mtime === 'omit')
    return file === undefined && s.isError(E.EBADF) ? undefined : s.succeeds();
  return file === undefined ? s.fails(E.EBADF) : changeTimes(s, file.inode, call.atime, call.mtime);
}

function isStatistics(result: unknown): result is FileSystemStatistics {
  return typeof result === 'object' && result !== null && 'bfree' in result;
}

function statisticsOf(s: State): Verdict {
  const { result } = s;
  if (!isStatistics(result)) return s.succeeds() ?? wrongValue('result', 'malformed', 'a statfs', typeof result);
  if (!(result.bsize > 0)) return wrongValue('bsize', 'not positive', 'more than 0', result.bsize);
  if (result.bfree > result.blocks) return wrongValue('bfree', 'above blocks', `up to ${result.blocks}`, result.bfree);
  if (result.bavail > result.bfree) return wrongValue('bavail', 'above bfree', `up to ${result.bfree}`, result.bavail);
  if (result.ffree > result.files) return wrongValue('ffree', 'above files', `up to ${result.files}`, result.ffree);
  return undefined;
}

export function statfs(s: State, call: CallOf<'statfs'>): Verdict {
  const error = walk(s, undefined, call.path, true);
  return error !== 0 ? s.fails(error) : statisticsOf(s);
}

export function fstatfs(s: State, call: CallOf<'fstatfs'>): Verdict {
  return s.descriptor(call.fd) === undefined ? s.fails(E.EBADF) : statisticsOf(s);
}
