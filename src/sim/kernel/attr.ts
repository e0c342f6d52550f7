import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  type CallOf,
  errnoNumbers as E,
  isDirectory,
  isRegular,
  isSymlink,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
  type Stat,
  type TimeArgument,
} from '../../vfs/index.ts';
import { aliasesOf } from './dcache.ts';
import { type File, FMODE_PATH, FMODE_WRITE } from './file.ts';
import { ATTR_ATTR, statx as fuseStatx, getattr, type Iattr, needsGetattr, setattr } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { copyAttributes } from './fuse-inode.ts';
import type { FuseRequest } from './fuse-request.ts';
import { Inode, STATX_BASIC_STATS, STATX_BTIME } from './inode.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW } from './nameidata.ts';
import { afterwards, type Operation, type Soon, settled } from './operation.ts';
import {
  inGroupOrCapable,
  MAY_ACCESS,
  MAY_WRITE,
  ownerOrCapable,
  permission,
  shouldDropSuidgid,
} from './permission.ts';
import type { Process } from './process.ts';
import { newSizeOk } from './size-limits.ts';
import { trustsCache, updateTime } from './writeback.ts';
import { fuseRemovexattr, xattrSize } from './xattr.ts';

const AT_NO_AUTOMOUNT = 0x800;
const AT_STATX_FORCE_SYNC = 0x2000;
const AT_STATX_DONT_SYNC = 0x4000;
const AT_STATX_SYNC_TYPE = AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC;
const STATX_RESERVED = 0x80000000;
/** Device number of the simulated mount: an anonymous one. */
const DEVICE = 0x2a;
const NO_ID = 0xffffffff;
const CAPABILITY = 'security.capability';

/** generic_fillattr; `asked`: by a GETATTR, which does not tell the time of birth (fuse_fillattr). */
function stat(inode: Inode, asked: boolean): Stat {
  const result = {
    dev: DEVICE,
    ino: inode.ino,
    mode: inode.originalMode,
    nlink: inode.nlink,
    uid: inode.uid,
    gid: inode.gid,
    rdev: inode.rdev,
    size: inode.size,
    blocks: inode.blocks,
    blksize: inode.blksize === 0 ? 4096 : inode.blksize,
    atime: { sec: inode.atimeSec, nsec: inode.atimeNsec },
    mtime: { sec: inode.mtimeSec, nsec: inode.mtimeNsec },
    ctime: { sec: inode.ctimeSec, nsec: inode.ctimeNsec },
  };
  return asked || inode.btime === undefined ? result : { ...result, btime: inode.btime };
}

/**
 * fuse_fillattr: what the filesystem answered, though the cache did not take it because a notification or another reply had
 * come in between.
 */
function answered(fc: FuseConnection, inode: Inode, request: FuseRequest): Stat {
  if (request.kept) return stat(inode, true);
  const reply = new Inode(inode.nodeid, inode.generation);
  reply.mode = inode.mode;
  copyAttributes(fc, reply, request.reply.words, ATTR_ATTR);
  const result = stat(reply, true);
  if (!trustsCache(fc, inode)) return result;
  const { size, mtime, ctime } = stat(inode, true);
  return { ...result, size, mtime, ctime };
}

/** fuse_getattr: from the cache where that is valid. */
function vfsGetattr(fc: FuseConnection, p: Process, inode: Inode): Soon<Stat | number> {
  if (inode.bad) return -E.EIO;
  if (!needsGetattr(fc, inode, STATX_BASIC_STATS)) return stat(inode, false);
  const error = getattr(fc, p, inode);
  return typeof error === 'number' ? statAsked(error, fc, p, inode) : afterwards(error, statAsked, fc, p, inode);
}

function statAsked(error: number, fc: FuseConnection, p: Process, inode: Inode): Stat | number {
  return error !== 0 ? error : answered(fc, inode, p.request);
}

export function statPath(fc: FuseConnection, p: Process, call: CallOf<'stat' | 'lstat'>): Soon<Stat | number> {
  const flags = call.op === 'stat' ? LOOKUP_FOLLOW : 0;
  const error = pathLookup(fc, p, p.nd, call.dirfd, call.path, flags);
  return typeof error === 'number' ? statWalked(error, fc, p) : afterwards(error, statWalked, fc, p);
}

function statWalked(error: number, fc: FuseConnection, p: Process): Soon<Stat | number> {
  return error !== 0 ? error : vfsGetattr(fc, p, inodeOf(p.nd));
}

export function fstat(fc: FuseConnection, p: Process, call: CallOf<'fstat'>): Soon<Stat | number> {
  const file = p.file(call.fd);
  return file === undefined ? -E.EBADF : vfsGetattr(fc, p, file.inode);
}

/** do_statx, fuse_update_get_attr with a mask and flags. */
export function* statx(fc: FuseConnection, p: Process, call: CallOf<'statx'>): Operation<Stat | number> {
  const { flags } = call;
  if ((call.mask & STATX_RESERVED) !== 0 || (flags & AT_STATX_SYNC_TYPE) === AT_STATX_SYNC_TYPE) return -E.EINVAL;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH | AT_STATX_SYNC_TYPE)) !== 0) return -E.EINVAL;
  const lookup =
    ((flags & AT_SYMLINK_NOFOLLOW) === 0 ? LOOKUP_FOLLOW : 0) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  let error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, lookup));
  if (error !== 0) return error;
  const inode = inodeOf(p.nd);
  if (inode.bad) return -E.EIO;
  const wanted = fc.noStatx ? call.mask & STATX_BASIC_STATS : call.mask & (STATX_BASIC_STATS | STATX_BTIME);
  let sync = needsGetattr(fc, inode, wanted);
  if ((flags & AT_STATX_FORCE_SYNC) !== 0) sync = true;
  if ((flags & AT_STATX_DONT_SYNC) !== 0 || wanted === 0) sync = false;
  if (!sync) return stat(inode, false);
  if (!fc.noStatx && (wanted & STATX_BTIME) !== 0) {
    const birth = yield* fuseStatx(fc, p, inode);
    // What was answered, whether the cache took it or not.
    if (typeof birth !== 'number')
      return p.request.kept ? stat(inode, false) : { ...answered(fc, inode, p.request), ...birth };
    if (birth !== -E.ENOSYS) return birth;
    fc.noStatx = true;
    if (!needsGetattr(fc, inode, wanted & STATX_BASIC_STATS)) return stat(inode, false);
  }
  error = yield* settled(getattr(fc, p, inode));
  return error !== 0 ? error : answered(fc, inode, p.request);
}

/** do_faccessat. */
export function* access(fc: FuseConnection, p: Process, call: CallOf<'access'>): Operation<number> {
  const flags = call.flags ?? 0;
  if ((call.mode & ~7) !== 0) return -E.EINVAL;
  if ((flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -E.EINVAL;
  const lookup =
    ((flags & AT_SYMLINK_NOFOLLOW) === 0 ? LOOKUP_FOLLOW : 0) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, lookup));
  if (error !== 0) return error;
  const inode = inodeOf(p.nd);
  return yield* settled(permission(fc, p, inode, call.mode | MAY_ACCESS));
}

/** setattr_prepare and the checks of notify_change (fs/attr.c) against the cached attributes; may take S_ISGID out of the mode. */
function prepare(fc: FuseConnection, p: Process, inode: Inode, changes: Iattr, explicit: boolean): number {
  if (changes.size !== undefined) {
    const error = newSizeOk(fc, inode, changes.size);
    if (error !== 0) return error;
  }
  if (fc.options.defaultPermissions === false || changes.force) return 0;
  const { uid } = p.credentials;
  if (changes.uid !== undefined && !p.capable && !(uid === inode.uid && changes.uid === inode.uid)) return -E.EPERM;
  if (changes.gid !== undefined && !p.capable) {
    if (uid !== inode.uid || !(p.inGroup(changes.gid) || changes.gid === inode.gid)) return -E.EPERM;
  }
  if (changes.mode !== undefined) {
    if (!ownerOrCapable(p, inode)) return -E.EPERM;
    if (!inGroupOrCapable(p, changes.gid ?? inode.gid)) changes.mode &= ~S_ISGID;
  }
  return explicit && !ownerOrCapable(p, inode) ? -E.EPERM : 0;
}

/**
 * notify_change and fuse_setattr. `explicit`: times that only the owner may set. Without HANDLE_KILLPRIV the kernel takes
 * set-user-id and set-group-id away itself, by a mode that it has just asked for.
 */
function* notifyChange(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  changes: Iattr,
  explicit = false,
): Operation<number> {
  if (changes.mode !== undefined && isSymlink(inode.mode)) return -E.EOPNOTSUPP;
  if (inode.bad) return -E.EIO;
  let sent = changes;
  if (changes.killPrivileges && !fc.handleKillpriv && !fc.handleKillprivV2) {
    const error = yield* settled(getattr(fc, p, inode, changes.file));
    if (error !== 0) return error;
    let mode = inode.mode & ~S_ISUID;
    if ((mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP)) mode &= ~S_ISGID;
    if (mode !== inode.mode) sent = { ...changes, mode };
  }
  const error = prepare(fc, p, inode, sent, explicit);
  return error !== 0 ? error : yield* sendChange(fc, p, inode, sent);
}

function* sendChange(fc: FuseConnection, p: Process, inode: Inode, changes: Iattr): Operation<number> {
  const error = yield* setattr(fc, p, inode, changes);
  // The mode of a directory decides who may walk through its entries: they are looked up again.
  if (error === 0 && changes.mode !== undefined && isDirectory(inode.mode))
    for (const alias of aliasesOf(inode)) alias.time = 0;
  return error;
}

function* lockedChange(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  changes: Iattr,
  explicit = false,
): Operation<number> {
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const error = yield* notifyChange(fc, p, inode, changes, explicit);
  inode.rwsem.up(true);
  return error;
}

/** security_inode_need_killpriv, cap_inode_killpriv: a change of content or owner takes file capabilities away. */
function* removeCapability(fc: FuseConnection, p: Process, inode: Inode): Operation<void> {
  const size = yield* xattrSize(fc, p, inode, CAPABILITY);
  if (size > 0) yield* fuseRemovexattr(fc, p, inode, CAPABILITY);
}

/** file_remove_privs: before a write to a file. The caller holds the inode's lock. */
export function* removePrivileges(fc: FuseConnection, p: Process, file: File): Operation<number> {
  const { inode } = file;
  if (inode.nosec) return 0;
  const drop = shouldDropSuidgid(p, inode);
  yield* removeCapability(fc, p, inode);
  const error = drop ? yield* notifyChange(fc, p, inode, { killPrivileges: true, force: true }) : 0;
  // inode_has_no_xattr; SB_NOSEC comes with HANDLE_KILLPRIV_V2.
  if (error === 0 && fc.handleKillprivV2 && (inode.mode & (S_ISUID | S_ISGID)) === 0) inode.nosec = true;
  return error;
}

/** file_modified (fs/inode.c): before a change of content that is no write. */
export function* fileModified(fc: FuseConnection, p: Process, file: File): Operation<number> {
  const error = yield* removePrivileges(fc, p, file);
  if (error === 0) updateTime(fc, file.inode);
  return error;
}

/** do_truncate (fs/open.c). */
export function* truncate(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  size: number,
  changes: Iattr,
): Operation<number> {
  if (size < 0) return -E.EINVAL;
  const kill = !inode.nosec && shouldDropSuidgid(p, inode);
  if (!inode.nosec) yield* removeCapability(fc, p, inode);
  return yield* lockedChange(fc, p, inode, {
    ...changes,
    size,
    ...(kill ? { killPrivileges: true, force: true } : {}),
  });
}

/** ksys_truncate, vfs_truncate. */
export function* truncatePath(fc: FuseConnection, p: Process, call: CallOf<'truncate'>): Operation<number> {
  if (call.size < 0) return -E.EINVAL;
  let error = yield* settled(pathLookup(fc, p, p.nd, undefined, call.path, LOOKUP_FOLLOW));
  if (error !== 0) return error;
  const inode = inodeOf(p.nd);
  if (isDirectory(inode.mode)) return -E.EISDIR;
  if (!isRegular(inode.mode)) return -E.EINVAL;
  error = yield* settled(permission(fc, p, inode, MAY_WRITE));
  return error !== 0 ? error : yield* truncate(fc, p, inode, call.size, {});
}

/** do_sys_ftruncate. */
export function* ftruncate(fc: FuseConnection, p: Process, call: CallOf<'ftruncate'>): Operation<number> {
  if (call.size < 0) return -E.EINVAL;
  const file = p.file(call.fd);
  if (file === undefined || (file.mode & FMODE_PATH) !== 0) return -E.EBADF;
  if (!isRegular(file.inode.mode) || (file.mode & FMODE_WRITE) === 0) return -E.EINVAL;
  return yield* truncate(fc, p, file.inode, call.size, { mtime: 'now', ctime: true, file });
}

/** chmod_common. */
export function* chmodInode(fc: FuseConnection, p: Process, inode: Inode, mode: number): Operation<number> {
  if (fc.options.readOnly) return -E.EROFS;
  return yield* lockedChange(fc, p, inode, { mode: (mode & 0o7777) | (inode.mode & ~0o7777), ctime: true });
}

/** chown_common; an id of -1 stays as it is. */
export function* chownInode(fc: FuseConnection, p: Process, inode: Inode, uid: number, gid: number): Operation<number> {
  if (fc.options.readOnly) return -E.EROFS;
  const changes: Iattr = { ctime: true };
  if (uid >>> 0 !== NO_ID) changes.uid = uid;
  if (gid >>> 0 !== NO_ID) changes.gid = gid;
  if (!isDirectory(inode.mode)) {
    changes.killPrivileges = true;
    yield* removeCapability(fc, p, inode);
  }
  return yield* lockedChange(fc, p, inode, changes);
}

const isValidTime = (time: TimeArgument): boolean =>
  typeof time === 'string' || (time.nsec >= 0 && time.nsec <= 999_999_999);

/** vfs_utimes. Both now: who may write may; else the owner only. */
export function* utimesInode(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  atime: TimeArgument,
  mtime: TimeArgument,
): Operation<number> {
  if (!isValidTime(atime) || !isValidTime(mtime)) return -E.EINVAL;
  if (fc.options.readOnly) return -E.EROFS;
  const touch = atime === 'now' && mtime === 'now';
  const changes: Iattr = { ctime: true, timesSet: !touch };
  if (atime !== 'omit') changes.atime = atime;
  if (mtime !== 'omit') changes.mtime = mtime;
  if (touch && !ownerOrCapable(p, inode)) {
    const error = yield* settled(permission(fc, p, inode, MAY_WRITE));
    if (error !== 0) return error;
  }
  return yield* lockedChange(fc, p, inode, changes, !touch);
}

/** do_utimes. */
export function* utimensat(fc: FuseConnection, p: Process, call: CallOf<'utimensat'>): Operation<number> {
  const { atime, mtime, flags } = call;
  if (atime === 'omit' && mtime === 'omit') return 0;
  if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) !== 0) return -E.EINVAL;
  const lookup =
    ((flags & AT_SYMLINK_NOFOLLOW) === 0 ? LOOKUP_FOLLOW : 0) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, lookup));
  return error !== 0 ? error : yield* utimesInode(fc, p, inodeOf(p.nd), atime, mtime);
}

export function* futimens(fc: FuseConnection, p: Process, call: CallOf<'futimens'>): Operation<number> {
  const { atime, mtime } = call;
  if (atime === 'omit' && mtime === 'omit') return 0;
  const file = p.file(call.fd);
  if (file === undefined || (file.mode & FMODE_PATH) !== 0) return -E.EBADF;
  return yield* utimesInode(fc, p, file.inode, atime, mtime);
}
