import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
  FATTR_CTIME,
  FATTR_FH,
  FATTR_GID,
  FATTR_KILL_SUIDGID,
  FATTR_LOCKOWNER,
  FATTR_MODE,
  FATTR_MTIME,
  FATTR_MTIME_NOW,
  FATTR_SIZE,
  FATTR_UID,
  fuse_attr_out,
  fuse_setattr_in,
  fuse_statx_in,
  fuse_statx_out,
  opcodes,
  readU64,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, isRegular, S_IFMT, type Timespec } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { attributeExpiry, changeAttributes, changeAttributesCommon, invalidAttributes } from './fuse-inode.ts';
import { type FuseRequest, IN, OUT } from './fuse-request.ts';
import {
  type Inode,
  invalidateAttributes,
  makeBad,
  STATX_BASIC_STATS,
  STATX_BTIME,
  STATX_CTIME,
  STATX_MTIME,
  STATX_SIZE,
} from './inode.ts';
import { afterWait, type Operation, onReply, result, type Soon, settled } from './operation.ts';
import { mappingOf } from './page-cache.ts';
import type { Process } from './process.ts';
import { invalidateInodePages2, truncatePagecache } from './truncate.ts';
import {
  releaseNowrite,
  setNowrite,
  syncWrites,
  trustsCache,
  updateCtimeInCache,
  waitForLaundering,
  writeInodeNow,
} from './writeback.ts';

const { GETATTR, SETATTR, STATX } = opcodes;

/** Where struct fuse_attr starts in the results, in words. */
export const ATTR_ATTR = OUT + 4;

/** fuse_perm_getattr, fuse_do_getattr: fresh attributes; of an open file by its handle. */
export function getattr(fc: FuseConnection, p: Process, inode: Inode, file?: File): Soon<number> {
  const version = fc.attrVersion;
  const { request } = p;
  const words = request.begin(GETATTR.code, inode.nodeid, 16);
  words[IN + 1] = 0;
  if (file !== undefined && isRegular(inode.mode)) {
    words[IN] = 1;
    writeU64(words, IN + 2, file.fh);
  } else {
    words[IN] = 0;
    words[IN + 2] = 0;
    words[IN + 3] = 0;
  }
  request.expected = fuse_attr_out.size;
  return fc.device.send(p) ? haveAttributes(fc, p, inode, version) : onReply(haveAttributes, fc, p, inode, version);
}

function haveAttributes(fc: FuseConnection, p: Process, inode: Inode, version: number): Soon<number> {
  const { request } = p;
  if (request.error !== 0) return request.error;
  const error = takeAttributes(fc, inode, request, version);
  return inode.mapping?.laundering ? afterWait(waitForLaundering(fc, p, inode), result, error) : error;
}

/** fuse_invalid_attr, inode_wrong_type. */
const wrongAttributes = (inode: Inode, words: Uint32Array): boolean =>
  invalidAttributes(words, ATTR_ATTR) || ((words[ATTR_ATTR + 15] ^ inode.mode) & S_IFMT) !== 0;

function takeAttributes(fc: FuseConnection, inode: Inode, request: FuseRequest, version: number): number {
  const { words } = request.reply;
  if (wrongAttributes(inode, words)) {
    makeBad(fc, inode);
    return -E.EIO;
  }
  request.kept = changeAttributes(fc, inode, words, ATTR_ATTR, attributeExpiry(fc, words), version);
  return 0;
}

/** Whether the attributes of `mask` (STATX_*) must be asked for (fuse_update_get_attr). */
export const needsGetattr = (fc: FuseConnection, inode: Inode, mask: number): boolean =>
  (mask & inode.invalMask) !== 0
    ? (mask & inode.invalMask & ~cacheMask(fc, inode)) !== 0 || inode.time < fc.now
    : inode.time < fc.now;

/** fuse_get_cache_mask: attributes that the kernel knows better than the filesystem. */
const cacheMask = (fc: FuseConnection, inode: Inode): number =>
  trustsCache(fc, inode) ? STATX_MTIME | STATX_CTIME | STATX_SIZE : 0;

/** fuse_update_attributes. */
export function updateAttributes(fc: FuseConnection, p: Process, file: File, mask: number): Soon<number> {
  return needsGetattr(fc, file.inode, mask) ? getattr(fc, p, file.inode, file) : 0;
}

/**
 * fuse_do_statx: what GETATTR gives, and the time of birth, which is the result where there is no error. Hints are left at their
 * default, and everything is asked for.
 */
export function* statx(fc: FuseConnection, p: Process, inode: Inode): Operation<number | Birth> {
  const version = fc.attrVersion;
  const { request } = p;
  request.begin(STATX.code, inode.nodeid, fuse_statx_in.size);
  const everything = STATX_BASIC_STATS | STATX_BTIME;
  fuse_statx_in.write(request.message, IN * 4, { getattr_flags: 0, fh: 0, sx_flags: 0, sx_mask: everything });
  request.expected = fuse_statx_out.size;
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) return request.error;
  const reply = fuse_statx_out.read(request.reply, OUT * 4);
  const { stat } = reply;
  // Written back as struct fuse_attr, so that there is one way by which attributes come in.
  const words = request.reply.words.subarray(ATTR_ATTR, ATTR_ATTR + 22);
  writeU64(words, 0, stat.ino);
  writeU64(words, 2, stat.size);
  writeU64(words, 4, stat.blocks);
  for (const [i, time] of [stat.atime, stat.mtime, stat.ctime].entries()) {
    writeU64(words, 6 + 2 * i, time.tv_sec);
    words[12 + i] = time.tv_nsec;
  }
  words.set(
    [stat.mode, stat.nlink, stat.uid, stat.gid, encodeDevice(stat.rdev_major, stat.rdev_minor), stat.blksize, 0],
    15,
  );
  if (invalidAttributes(words, 0) || ((stat.mode ^ inode.mode) & S_IFMT) !== 0) {
    makeBad(fc, inode);
    return -E.EIO;
  }
  const { tv_sec: sec, tv_nsec: nsec } = stat.btime;
  const birth = (stat.mask & STATX_BTIME) === 0 ? {} : { btime: { sec: Number(sec), nsec } };
  request.kept = true;
  if ((stat.mask & STATX_BASIC_STATS) !== STATX_BASIC_STATS) return birth;
  const valid = fc.expiry(Number(reply.attr_valid), reply.attr_valid_nsec);
  request.kept = changeAttributes(fc, inode, words, 0, valid, version);
  if (!request.kept) return birth;
  inode.invalMask &= ~STATX_BTIME;
  if (birth.btime !== undefined) inode.btime = birth.btime;
  return birth;
}

interface Birth {
  readonly btime?: Timespec;
}

/** new_encode_dev (include/linux/kdev_t.h). */
function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** struct iattr: what a setattr changes. */
export interface Iattr {
  mode?: number;
  uid?: number;
  gid?: number;
  size?: number;
  atime?: Timespec | 'now';
  mtime?: Timespec | 'now';
  /** ATTR_CTIME: the time of change is the kernel's, where it keeps that; not for what truncate(2) and file_remove_privs do. */
  ctime?: boolean;
  /** ATTR_TIMES_SET: utimensat(2) with times, even such as are now or stay. */
  timesSet?: boolean;
  /** ATTR_FILE: the open file that it goes through. */
  file?: File;
  /** ATTR_OPEN: it is the truncation of an open. */
  open?: boolean;
  /** ATTR_KILL_SUID or ATTR_KILL_SGID. */
  killPrivileges?: boolean;
  /** ATTR_FORCE: without the checks of setattr_prepare. */
  force?: boolean;
}

/**
 * fuse_do_setattr: sends the changes and takes the attributes that come back. Permission was checked. With write-back the
 * kernel's own times go along, and what is dirty goes first.
 */
export function* setattr(fc: FuseConnection, p: Process, inode: Inode, changes: Iattr): Operation<number> {
  if (changes.open && fc.atomicOTrunc) {
    inode.size = 0;
    truncatePagecache(inode, 0);
    return 0;
  }
  const trusted = trustsCache(fc, inode);
  const { size } = changes;
  if (trusted && flushesFirst(changes)) {
    const error = yield* settled(writeInodeNow(fc, p, inode));
    if (error !== 0) return error;
    if (inode.mapping !== null) yield* syncWrites(fc, p, inode.mapping);
  }
  const mapping = size === undefined ? null : trusted || inode.mapping !== null ? mappingOf(inode) : null;
  if (mapping !== null) {
    yield* setNowrite(p, mapping);
    mapping.sizeUnstable = true;
  }
  const now = fc.scheduler.clock.now();
  setattrRequest(fc, p, inode, changes, now);
  const { request } = p;
  if (!fc.device.send(p)) yield;
  let { error } = request;
  if (error === -E.EINTR) invalidateAttributes(inode);
  if (mapping !== null) mapping.sizeUnstable = false;
  if (error === 0) error = takeSetattr(fc, inode, changes, request, now);
  if (mapping !== null) releaseNowrite(fc, mapping);
  return error;
}

/** Whether dirty data and times are to be with the filesystem before the change. */
const flushesFirst = ({ mode, uid, gid, timesSet }: Iattr): boolean =>
  mode !== undefined || uid !== undefined || gid !== undefined || timesSet === true;

/** ATTR_CTIME, which comes with a new size too. */
const changesCtime = (inode: Inode, { ctime, size }: Iattr): boolean =>
  ctime === true || (size !== undefined && size !== inode.size);

/** iattr_to_fattr. */
function setattrRequest(fc: FuseConnection, p: Process, inode: Inode, changes: Iattr, now: Timespec): void {
  const { file, size, atime } = changes;
  const trusted = trustsCache(fc, inode);
  const handle = changes.open ? undefined : file;
  // An open or an ftruncate changes the time of modification by itself (update_mtime), unless the kernel keeps the time.
  let { mtime } = changes;
  if (size !== undefined && typeof mtime !== 'object') {
    if (trusted) mtime = size !== inode.size ? 'now' : mtime;
    else if (changes.open || file !== undefined) mtime = undefined;
  }
  const at = atime === 'now' ? now : atime;
  const mt = mtime === 'now' ? now : mtime;
  let valid = 0;
  if (changes.mode !== undefined) valid |= FATTR_MODE;
  if (changes.uid !== undefined) valid |= FATTR_UID;
  if (changes.gid !== undefined) valid |= FATTR_GID;
  if (size !== undefined) valid |= FATTR_SIZE | FATTR_LOCKOWNER;
  if (atime !== undefined) valid |= atime === 'now' ? FATTR_ATIME | FATTR_ATIME_NOW : FATTR_ATIME;
  if (mtime !== undefined) valid |= mtime === 'now' && !trusted ? FATTR_MTIME | FATTR_MTIME_NOW : FATTR_MTIME;
  const ctime = trusted && changesCtime(inode, changes);
  if (ctime) valid |= FATTR_CTIME;
  if (handle !== undefined) valid |= FATTR_FH;
  if (fc.handleKillprivV2) {
    const chown = !isDirectory(inode.mode) && (changes.uid !== undefined || changes.gid !== undefined);
    if (chown || (size !== undefined && !p.capable)) valid |= FATTR_KILL_SUIDGID;
  }
  const { request } = p;
  request.begin(SETATTR.code, inode.nodeid, fuse_setattr_in.size);
  fuse_setattr_in.write(request.message, IN * 4, {
    valid,
    fh: handle?.fh ?? 0,
    size: size ?? 0,
    lock_owner: size === undefined ? 0 : p.owner,
    atime: at?.sec ?? 0,
    mtime: mt?.sec ?? 0,
    ctime: ctime ? now.sec : 0,
    atimensec: at?.nsec ?? 0,
    mtimensec: mt?.nsec ?? 0,
    ctimensec: ctime ? now.nsec : 0,
    mode: changes.mode ?? 0,
    uid: changes.uid ?? 0,
    gid: changes.gid ?? 0,
  });
  request.expected = fuse_attr_out.size;
}

function takeSetattr(fc: FuseConnection, inode: Inode, changes: Iattr, request: FuseRequest, now: Timespec): number {
  const trusted = trustsCache(fc, inode);
  const { size: oldSize } = inode;
  if (trusted) {
    const { mtime } = changes;
    const moves = changes.size !== undefined && changes.size !== oldSize;
    const time = typeof mtime === 'object' ? mtime : mtime === 'now' || moves ? now : undefined;
    if (time !== undefined) {
      inode.mtimeSec = time.sec;
      inode.mtimeNsec = time.nsec;
    }
    if (changesCtime(inode, changes)) {
      inode.ctimeSec = now.sec;
      inode.ctimeNsec = now.nsec;
    }
  }
  const { words } = request.reply;
  if (wrongAttributes(inode, words)) {
    makeBad(fc, inode);
    return -E.EIO;
  }
  changeAttributesCommon(fc, inode, words, ATTR_ATTR, attributeExpiry(fc, words));
  if (trusted && changes.size === undefined) return 0;
  const size = Number(readU64(words, ATTR_ATTR + 2));
  inode.size = size;
  if (isRegular(inode.mode) && size !== oldSize) {
    truncatePagecache(inode, size);
    invalidateInodePages2(fc, inode);
  }
  return 0;
}

/** fuse_update_ctime: the time of change is not known any more. */
export function updateCtime(fc: FuseConnection, p: Process, inode: Inode): Soon<void> {
  invalidateAttributes(inode, STATX_CTIME);
  return fc.writebackCache ? updateCtimeInCache(fc, p, inode) : undefined;
}
