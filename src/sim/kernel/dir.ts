import { fuse_entry_out, opcodes, readU64 } from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, nameLength } from '../../vfs/index.ts';
import { type Dentry, dAllocParallel, dInvalidate, dLookup, dLookupDone, dPut, dSpliceAlias } from './dcache.ts';
import type { FuseConnection } from './fuse-connection.ts';
import {
  changeAttributes,
  entryAttributeExpiry,
  entryExpiry,
  fuseIget,
  invalidAttributes,
  isStale,
} from './fuse-inode.ts';
import { OUT } from './fuse-request.ts';
import { type Inode, invalidateAttributes, iput } from './inode.ts';
import { LOOKUP_EXCL, LOOKUP_RENAME_TARGET, LOOKUP_REVAL } from './nameidata.ts';
import { afterWait, afterwards, isOperation, type Operation, onReply, type Soon } from './operation.ts';
import type { Process } from './process.ts';

const { LOOKUP, READLINK } = opcodes;

/** Where struct fuse_attr starts in the results, in words. */
const ENTRY_ATTR = OUT + 10;

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
function revalidate(fc: FuseConnection, p: Process, dentry: Dentry): Soon<number> {
  const inode = dentry.inode as Inode;
  const version = fc.attrVersion;
  lookupRequest(p, dentry.parent.inode as Inode, dentry.name);
  return fc.device.send(p)
    ? revalidated(fc, p, dentry, inode, version)
    : onReply(revalidated, fc, p, dentry, inode, version);
}

function revalidated(fc: FuseConnection, p: Process, dentry: Dentry, inode: Inode, version: number): number {
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
export function lookupFast(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  const dentry = dLookup(parent, name);
  if (dentry === undefined || dentry.lookupWaiters !== null) return undefined;
  const now = revalidateNow(fc, dentry, flags);
  if (now > 0) return dentry;
  dentry.count += 1;
  const status = now < 0 ? revalidate(fc, p, dentry) : now;
  return typeof status === 'number' ? judged(status, fc, dentry) : afterwards(status, judged, fc, dentry);
}

/** Gives the reference back that was held while it was asked whether the dentry is valid. */
function judged(status: number, fc: FuseConnection, dentry: Dentry): Dentry | number | undefined {
  if (status === 0) dInvalidate(fc, dentry);
  if (status > 0) {
    dentry.count -= 1;
    if (dentry.hashed || dentry.count > 0) return dentry;
    dentry.count += 1;
  }
  dPut(fc, dentry);
  return status < 0 ? status : undefined;
}

/** fuse_lookup: asks for a name and joins what is found to the dentry; gives the dentry that stands for the name. */
function fuseLookup(fc: FuseConnection, p: Process, dentry: Dentry): Soon<Dentry | number> {
  const parent = dentry.parent.inode as Inode;
  if (parent.bad) return -E.EIO;
  if (dentry.name.length * 3 > fc.nameMax && nameLength(dentry.name) > fc.nameMax) return -E.ENAMETOOLONG;
  const { attrVersion: version, epoch } = fc;
  lookupRequest(p, parent, dentry.name);
  return fc.device.send(p)
    ? joinFound(fc, p, dentry, parent, version, epoch)
    : onReply(joinFound, fc, p, dentry, parent, version, epoch);
}

function joinFound(
  fc: FuseConnection,
  p: Process,
  dentry: Dentry,
  parent: Inode,
  version: number,
  epoch: number,
): Dentry | number {
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
  found.epoch = epoch;
  found.time = entryExpiry(fc, words);
  parent.adviseReaddirplus = true;
  return found;
}

/**
 * The cached dentry of a name if it is (still) valid, with a reference; undefined where the name must be looked up. Waits
 * for a lookup of the same name that is under way. The caller holds the directory's lock.
 */
export function lookupCached(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  return parent.inode?.dead ? -E.ENOENT : lookupKnown(fc, p, parent, name, flags);
}

function lookupKnown(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  const cached = dLookup(parent, name);
  if (cached === undefined) return undefined;
  cached.count += 1;
  if (cached.lookupWaiters === null) return keepIfValid(fc, p, parent, cached, name, flags);
  return afterWait(lookupOfAnother(p, cached), lookupShared, fc, p, parent, cached, name, flags);
}

function lookupShared(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  cached: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  if (cached.hashed) return keepIfValid(fc, p, parent, cached, name, flags);
  dPut(fc, cached);
  return lookupKnown(fc, p, parent, name, flags);
}

function* lookupOfAnother(p: Process, dentry: Dentry): Operation<void> {
  dentry.lookupWaiters?.push(p);
  p.sleep(`the lookup of ${dentry.name}`);
  yield;
}

function keepIfValid(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  cached: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  const now = revalidateNow(fc, cached, flags);
  const status = now < 0 ? revalidate(fc, p, cached) : now;
  return typeof status === 'number'
    ? keepOrDrop(status, fc, p, parent, cached, name, flags)
    : afterwards(status, keepOrDrop, fc, p, parent, cached, name, flags);
}

function keepOrDrop(
  status: number,
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  cached: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number | undefined> {
  if (status > 0) return cached;
  if (status === 0) dInvalidate(fc, cached);
  dPut(fc, cached);
  return status < 0 ? status : lookupKnown(fc, p, parent, name, flags);
}

/** The dentry of a name that is not cached, looked up; with a reference. */
export function lookupNew(fc: FuseConnection, p: Process, parent: Dentry, name: string): Soon<Dentry | number> {
  // While the caller did something else the name may have been looked up by another.
  if (dLookup(parent, name) !== undefined) return lookupSlow(fc, p, parent, name, 0);
  const dentry = dAllocParallel(fc, parent, name);
  const found = fuseLookup(fc, p, dentry);
  return isOperation(found) ? afterwards(found, lookedUp, fc, dentry) : lookedUp(found, fc, dentry);
}

/** Ends a first lookup. */
function lookedUp(found: Dentry | number, fc: FuseConnection, dentry: Dentry): Dentry | number {
  if (typeof found === 'number' && dentry.hashed) dropFailed(dentry);
  dLookupDone(dentry);
  if (found !== dentry) dPut(fc, dentry);
  return found;
}

/**
 * __lookup_slow and lookup_one_qstr (fs/namei.c): the dentry of a name, looked up where it is not cached. The caller holds
 * the directory's lock and gets a reference.
 */
export function lookupSlow(
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
  flags: number,
): Soon<Dentry | number> {
  const cached = lookupCached(fc, p, parent, name, flags);
  return isOperation(cached)
    ? afterwards(cached, lookupRest, fc, p, parent, name)
    : lookupRest(cached, fc, p, parent, name);
}

function lookupRest(
  cached: Dentry | number | undefined,
  fc: FuseConnection,
  p: Process,
  parent: Dentry,
  name: string,
): Soon<Dentry | number> {
  return cached ?? lookupNew(fc, p, parent, name);
}

function dropFailed(dentry: Dentry): void {
  dentry.hashed = false;
  dentry.parent.children?.delete(dentry.name);
}

/** fuse_get_link: the content of a symbolic link, up to a NUL. */
export function readlink(fc: FuseConnection, p: Process, inode: Inode): Soon<Uint8Array | number> {
  if (inode.bad) return -E.EIO;
  if (inode.link !== undefined) return inode.link;
  const { request } = p;
  request.begin(READLINK.code, inode.nodeid, 0);
  request.results = 'bytes';
  request.expected = 4095;
  return fc.device.send(p) ? haveLink(fc, p, inode) : onReply(haveLink, fc, p, inode);
}

function haveLink(fc: FuseConnection, { request }: Process, inode: Inode): Uint8Array | number {
  if (fc.options.readOnly !== true) invalidateAttributes(inode, 0x20);
  if (request.error !== 0) return request.error;
  const nul = request.data.indexOf(0);
  const text = nul < 0 ? request.data : request.data.subarray(0, nul);
  if (fc.cacheSymlinks) inode.link = text;
  return text;
}
