import {
  FATTR_ATIME,
  FATTR_ATIME_NOW,
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
  fuse_entry_out,
  fuse_setattr_in,
  fuse_statx_in,
  fuse_statx_out,
  opcodes,
  readS64,
  readU64,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, isRegular, nameLength, S_IFMT, type Timespec } from '../../vfs/index.ts';
import { type Dentry, dAllocParallel, dInvalidate, dLookup, dLookupDone, dPut, dSpliceAlias } from './dcache.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { type FuseRequest, IN, OUT } from './fuse-request.ts';
import { Inode, invalidateAttributes, iput, makeBad, STATX_BASIC_STATS, STATX_CTIME } from './inode.ts';
import { LOOKUP_EXCL, LOOKUP_RENAME_TARGET, LOOKUP_REVAL } from './nameidata.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';

const { LOOKUP, GETATTR, SETATTR, STATX, READLINK } = opcodes;

/** Where struct fuse_attr starts in the results, in words. */
const ENTRY_ATTR = OUT + 10;
const ATTR_ATTR = OUT + 4;

/** fuse_invalid_attr: a type that there is, and a size below 2^63. */
function invalidAttributes(words: Uint32Array, at: number): boolean {
  const type = words[at + 15] & S_IFMT;
  const known =
    type === 0o100000 ||
    type === 0o040000 ||
    type === 0o120000 ||
    type === 0o020000 ||
    type === 0o060000 ||
    type === 0o010000 ||
    type === 0o140000;
  return !known || words[at + 3] > 0x7fffffff;
}

/** fuse_change_attributes: takes attributes (at word `at`) unless something newer is known since `version`. */
export function changeAttributes(
  fc: FuseConnection,
  inode: Inode,
  words: Uint32Array,
  at: number,
  time: number,
  version: number,
) {
  if (version !== 0 && inode.attrVersion > version) return;
  inode.attrVersion = fc.nextAttrVersion();
  inode.time = time;
  inode.invalMask &= ~STATX_BASIC_STATS;
  inode.nosec = false;
  inode.ino = readU64(words, at);
  inode.size = Number(readU64(words, at + 2));
  inode.blocks = Number(readU64(words, at + 4));
  inode.atimeSec = Number(readS64(words, at + 6));
  inode.mtimeSec = Number(readS64(words, at + 8));
  inode.ctimeSec = Number(readS64(words, at + 10));
  inode.atimeNsec = words[at + 12];
  inode.mtimeNsec = words[at + 13];
  inode.ctimeNsec = words[at + 14];
  const mode = (inode.mode & S_IFMT) | (words[at + 15] & 0o7777);
  inode.originalMode = mode;
  // Without default_permissions the sticky bit is the filesystem's business (fuse_change_attributes_common).
  inode.mode = fc.options.defaultPermissions === false ? mode & ~0o1000 : mode;
  inode.nlink = words[at + 16];
  inode.uid = words[at + 17];
  inode.gid = words[at + 18];
  inode.rdev = words[at + 19];
  inode.blksize = words[at + 20];
}

const entryExpiry = (fc: FuseConnection, words: Uint32Array): number =>
  fc.expiry(words[OUT + 4] + words[OUT + 5] * 2 ** 32, words[OUT + 8]);
const entryAttributeExpiry = (fc: FuseConnection, words: Uint32Array): number =>
  fc.expiry(words[OUT + 6] + words[OUT + 7] * 2 ** 32, words[OUT + 9]);
const attributeExpiry = (fc: FuseConnection, words: Uint32Array): number =>
  fc.expiry(words[OUT] + words[OUT + 1] * 2 ** 32, words[OUT + 2]);

/** fuse_stale_inode: the node id stands for another inode now. */
export const isStale = (inode: Inode, generation: unknown, mode: number): boolean =>
  inode.generation !== generation || ((inode.mode ^ mode) & S_IFMT) !== 0;

/** fuse_iget (fs/fuse/inode.c): the inode of an entry; the caller gets a reference. */
export function fuseIget(fc: FuseConnection, words: Uint32Array, at: number, time: number, version: number): Inode {
  const nodeid = readU64(words, at);
  const generation = readU64(words, at + 2);
  const mode = words[at + 10 + 15];
  let inode = fc.inodes.get(nodeid);
  if (inode !== undefined && isStale(inode, generation, mode)) {
    makeBad(fc, inode);
    inode = undefined;
  }
  if (inode === undefined) {
    inode = new Inode(nodeid, generation);
    inode.mode = mode & S_IFMT;
    fc.inodes.set(nodeid, inode);
  } else inode.count += 1;
  inode.nlookup += 1;
  changeAttributes(fc, inode, words, at + 10, time, version);
  return inode;
}

function lookupRequest(p: Process, parent: Inode, name: string): void {
  p.request.begin(LOOKUP.code, parent.nodeid, 0);
  p.request.name(name);
  p.request.expected = fuse_entry_out.size;
}

/** Whether fuse_dentry_revalidate needs no request: 1 valid, 0 invalid, -1 it must ask. */
export function revalidateNow(fc: FuseConnection, dentry: Dentry, flags: number): number {
  const { inode } = dentry;
  if (dentry.epoch < fc.epoch || inode?.bad) return 0;
  if (dentry.time >= fc.now && (flags & (LOOKUP_EXCL | LOOKUP_REVAL | LOOKUP_RENAME_TARGET)) === 0) {
    if (inode?.initReaddirplus) {
      inode.initReaddirplus = false;
      if (dentry.parent.inode !== null) dentry.parent.inode.adviseReaddirplus = true;
    }
    return 1;
  }
  return inode === null ? 0 : -1;
}

/** fuse_dentry_revalidate, where it asks: 1 valid, 0 invalid, or an error. */
export function* revalidate(fc: FuseConnection, p: Process, dentry: Dentry): Operation<number> {
  const inode = dentry.inode as Inode;
  const version = fc.attrVersion;
  lookupRequest(p, dentry.parent.inode as Inode, dentry.name);
  if (!fc.device.send(p)) yield;
  const { request } = p;
  const { words } = request.reply;
  if (request.error === -E.ENOMEM || request.error === -E.EINTR) return request.error;
  if (request.error !== 0) return 0;
  const nodeid = readU64(words, OUT);
  if (nodeid === 0) return 0;
  if (nodeid !== inode.nodeid) {
    fc.queueForget(nodeid, 1);
    return 0;
  }
  inode.nlookup += 1;
  if (invalidAttributes(words, ENTRY_ATTR) || isStale(inode, readU64(words, OUT + 2), words[ENTRY_ATTR + 15])) return 0;
  changeAttributes(fc, inode, words, ENTRY_ATTR, entryAttributeExpiry(fc, words), version);
  dentry.time = entryExpiry(fc, words);
  return 1;
}

/**
 * lookup_fast (fs/namei.c): the cached dentry of a name if it is (still) valid; undefined where the name must be looked
 * up. No reference is taken.
 */
export function* lookupFast(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Operation<Dentry | number | undefined> {
  const dentry = dLookup(parent, name);
  if (dentry === undefined || dentry.lookupWaiters !== null) return undefined;
  let status = revalidateNow(fc, dentry, flags);
  if (status < 0) {
    dentry.count += 1;
    status = yield* revalidate(fc, p, dentry);
    if (status === 0) dInvalidate(fc, dentry);
    if (status > 0) {
      dentry.count -= 1;
      if (dentry.hashed || dentry.count > 0) return dentry;
      dentry.count += 1;
    }
    dPut(fc, dentry);
    return status < 0 ? status : undefined;
  }
  if (status > 0) return dentry;
  dentry.count += 1;
  dInvalidate(fc, dentry);
  dPut(fc, dentry);
  return undefined;
}

/** fuse_lookup: asks for a name and joins what is found to the dentry; gives the dentry that stands for the name. */
function* fuseLookup(fc: FuseConnection, p: Process, dentry: Dentry): Operation<Dentry | number> {
  const parent = dentry.parent.inode as Inode;
  if (parent.bad) return -E.EIO;
  if (dentry.name.length * 3 > fc.nameMax && nameLength(dentry.name) > fc.nameMax) return -E.ENAMETOOLONG;
  const version = fc.attrVersion;
  lookupRequest(p, parent, dentry.name);
  if (!fc.device.send(p)) yield;
  const { request } = p;
  const { words } = request.reply;
  if (request.error === -E.ENOENT) {
    dentry.time = 0;
    dSpliceAlias(fc, null, dentry);
    return dentry;
  }
  if (request.error !== 0) return request.error;
  const nodeid = readU64(words, OUT);
  if (nodeid === 0) {
    dSpliceAlias(fc, null, dentry);
    dentry.time = entryExpiry(fc, words);
    return dentry;
  }
  if (invalidAttributes(words, ENTRY_ATTR)) return -E.EIO;
  const inode = fuseIget(fc, words, OUT, entryAttributeExpiry(fc, words), version);
  if (nodeid === 1) {
    iput(fc, inode);
    return -E.EIO;
  }
  const found = dSpliceAlias(fc, inode, dentry);
  if (found === undefined) return -E.ELOOP;
  found.time = entryExpiry(fc, words);
  parent.adviseReaddirplus = true;
  return found;
}

/**
 * The cached dentry of a name if it is (still) valid, with a reference; undefined where the name must be looked up. Waits
 * for a lookup of the same name that is under way. The caller holds the directory's lock.
 */
export function* lookupCached(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Operation<Dentry | number | undefined> {
  if (parent.inode?.dead) return -E.ENOENT;
  for (;;) {
    const cached = dLookup(parent, name);
    if (cached === undefined) return undefined;
    cached.count += 1;
    if (cached.lookupWaiters !== null) {
      cached.lookupWaiters.push(p);
      p.sleep(`the lookup of ${name}`);
      yield;
      if (!cached.hashed) {
        dPut(fc, cached);
        continue;
      }
    }
    let status = revalidateNow(fc, cached, flags);
    if (status < 0) status = yield* revalidate(fc, p, cached);
    if (status > 0) return cached;
    if (status === 0) dInvalidate(fc, cached);
    dPut(fc, cached);
    if (status < 0) return status;
  }
}

/** The dentry of a name that is not cached, looked up; with a reference. */
export function* lookupNew(fc: FuseConnection, p: Process, parent: Dentry, name: string): Operation<Dentry | number> {
  // While the caller did something else the name may have been looked up by another.
  if (dLookup(parent, name) !== undefined) return yield* lookupSlow(fc, p, parent, name, 0);
  const dentry = dAllocParallel(fc, parent, name);
  const found = yield* fuseLookup(fc, p, dentry);
  if (typeof found === 'number' && dentry.hashed) dropFailed(dentry);
  dLookupDone(dentry);
  if (found !== dentry) dPut(fc, dentry);
  return found;
}

/**
 * __lookup_slow and lookup_one_qstr (fs/namei.c): the dentry of a name, looked up where it is not cached. The caller holds
 * the directory's lock and gets a reference.
 */
export function* lookupSlow(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Operation<Dentry | number> {
  const cached = yield* lookupCached(fc, p, parent, name, flags);
  return cached ?? (yield* lookupNew(fc, p, parent, name));
}

function dropFailed(dentry: Dentry): void {
  dentry.hashed = false;
  dentry.parent.children?.delete(dentry.name);
}

/** fuse_perm_getattr, fuse_do_getattr: fresh attributes; of an open file by its handle. */
export function* getattr(fc: FuseConnection, p: Process, inode: Inode, file?: File): Operation<number> {
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
  if (!fc.device.send(p)) yield;
  return request.error !== 0 ? request.error : takeAttributes(fc, inode, request, version);
}

function takeAttributes(fc: FuseConnection, inode: Inode, request: FuseRequest, version: number): number {
  const { words } = request.reply;
  if (invalidAttributes(words, ATTR_ATTR) || ((words[ATTR_ATTR + 15] ^ inode.mode) & S_IFMT) !== 0) {
    makeBad(fc, inode);
    return -E.EIO;
  }
  changeAttributes(fc, inode, words, ATTR_ATTR, attributeExpiry(fc, words), version);
  return 0;
}

/** Whether the attributes of `mask` (STATX_*) must be asked for (fuse_update_get_attr). */
export const needsGetattr = (fc: FuseConnection, inode: Inode, mask: number): boolean =>
  (mask & inode.invalMask) !== 0 || inode.time < fc.now;

/** fuse_update_attributes. */
export function* updateAttributes(fc: FuseConnection, p: Process, file: File, mask: number): Operation<number> {
  return needsGetattr(fc, file.inode, mask) ? yield* getattr(fc, p, file.inode, file) : 0;
}

/** fuse_do_statx: what GETATTR gives, and the time of birth; undefined where the filesystem does not know it. */
export function* statx(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  flags: number,
  mask: number,
): Operation<Timespec | undefined | number> {
  const version = fc.attrVersion;
  const { request } = p;
  request.begin(STATX.code, inode.nodeid, fuse_statx_in.size);
  fuse_statx_in.write(request.message, IN * 4, { getattr_flags: 0, fh: 0, sx_flags: flags & ~0x6000, sx_mask: mask });
  request.expected = fuse_statx_out.size;
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) return request.error;
  const reply = fuse_statx_out.read(request.reply, OUT * 4);
  const { stat } = reply;
  // Written back as struct fuse_attr, so that there is one way by which attributes come in.
  const words = new Uint32Array(22);
  writeU64(words, 0, stat.ino);
  writeU64(words, 2, stat.size);
  writeU64(words, 4, stat.blocks);
  for (const [i, time] of [stat.atime, stat.mtime, stat.ctime].entries()) {
    writeU64(words, 6 + 2 * i, time.tv_sec);
    words[12 + i] = time.tv_nsec;
  }
  words.set(
    [stat.mode, stat.nlink, stat.uid, stat.gid, encodeDevice(stat.rdev_major, stat.rdev_minor), stat.blksize],
    15,
  );
  if (invalidAttributes(words, 0) || ((stat.mode ^ inode.mode) & S_IFMT) !== 0) {
    makeBad(fc, inode);
    return -E.EIO;
  }
  const valid = fc.expiry(Number(reply.attr_valid), reply.attr_valid_nsec);
  if ((stat.mask & STATX_BASIC_STATS) === STATX_BASIC_STATS) changeAttributes(fc, inode, words, 0, valid, version);
  const { btime } = stat;
  return (stat.mask & 0x800) === 0 ? undefined : { sec: Number(btime.tv_sec), nsec: btime.tv_nsec };
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
  /** ATTR_FILE: the open file that it goes through. */
  file?: File;
  /** ATTR_OPEN: it is the truncation of an open. */
  open?: boolean;
  /** ATTR_KILL_SUID or ATTR_KILL_SGID. */
  killPrivileges?: boolean;
  /** ATTR_FORCE: without the checks of setattr_prepare. */
  force?: boolean;
}

/** fuse_do_setattr: sends the changes and takes the attributes that come back. Permission was checked. */
export function* setattr(fc: FuseConnection, p: Process, inode: Inode, changes: Iattr): Operation<number> {
  const { file, size } = changes;
  if (changes.open && fc.atomicOTrunc) return 0;
  const handle = changes.open ? undefined : file;
  // An open or an ftruncate changes the time of modification by itself (update_mtime).
  const mtime = size !== undefined && (changes.open || file !== undefined) ? undefined : changes.mtime;
  const { atime } = changes;
  const now = fc.scheduler.clock.now();
  const at = atime === 'now' ? now : atime;
  const mt = mtime === 'now' ? now : mtime;
  let valid = 0;
  if (changes.mode !== undefined) valid |= FATTR_MODE;
  if (changes.uid !== undefined) valid |= FATTR_UID;
  if (changes.gid !== undefined) valid |= FATTR_GID;
  if (size !== undefined) valid |= FATTR_SIZE | FATTR_LOCKOWNER;
  if (atime !== undefined) valid |= atime === 'now' ? FATTR_ATIME | FATTR_ATIME_NOW : FATTR_ATIME;
  if (mtime !== undefined) valid |= mtime === 'now' ? FATTR_MTIME | FATTR_MTIME_NOW : FATTR_MTIME;
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
    ctime: 0,
    atimensec: at?.nsec ?? 0,
    mtimensec: mt?.nsec ?? 0,
    ctimensec: 0,
    mode: changes.mode ?? 0,
    uid: changes.uid ?? 0,
    gid: changes.gid ?? 0,
  });
  request.expected = fuse_attr_out.size;
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) {
    if (request.error === -E.EINTR) invalidateAttributes(inode);
    return request.error;
  }
  return takeAttributes(fc, inode, request, 0);
}

/** fuse_get_link: the content of a symbolic link, up to a NUL. */
export function* readlink(fc: FuseConnection, p: Process, inode: Inode): Operation<Uint8Array | number> {
  if (inode.bad) return -E.EIO;
  if (inode.link !== undefined) return inode.link;
  const { request } = p;
  request.begin(READLINK.code, inode.nodeid, 0);
  request.results = 'bytes';
  request.expected = 4095;
  if (!fc.device.send(p)) yield;
  if (fc.options.readOnly !== true) invalidateAttributes(inode, 0x20);
  if (request.error !== 0) return request.error;
  const nul = request.data.indexOf(0);
  const text = nul < 0 ? request.data : request.data.subarray(0, nul);
  if (fc.cacheSymlinks) inode.link = text;
  return text;
}

/** fuse_update_ctime: the time of change is not known any more. */
export function updateCtime(inode: Inode): void {
  invalidateAttributes(inode, STATX_CTIME);
}

export { entryAttributeExpiry, entryExpiry, invalidAttributes };
