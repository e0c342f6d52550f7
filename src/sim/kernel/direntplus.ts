import { readU64 } from '../../fuse/protocol/index.ts';
import { type Dentry, dAllocParallel, dInvalidate, dLookup, dLookupDone, dPut, dSpliceAlias } from './dcache.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { changeAttributes, fuseIget, invalidAttributes, isStale } from './fuse-inode.ts';
import { type Inode, makeBad } from './inode.ts';

/**
 * fuse_direntplus_link (fs/fuse/readdir.c): an entry of READDIRPLUS is a lookup that was not asked for. What cannot be
 * joined to the cache is forgotten at once.
 */
export function linkDirentPlus(
  fc: FuseConnection,
  file: File,
  words: Uint32Array,
  at: number,
  name: string,
  version: number,
): void {
  const nodeid = readU64(words, at);
  if (nodeid === 0 || name === '.' || name === '..') return;
  const valid = nodeid !== 1 && !invalidAttributes(words, at + 10);
  if (!valid || !joinEntry(fc, file.dentry, words, at, name, version)) fc.queueForget(nodeid, 1);
}

function joinEntry(
  fc: FuseConnection,
  parent: Dentry,
  words: Uint32Array,
  at: number,
  name: string,
  version: number,
): boolean {
  const nodeid = readU64(words, at);
  const expiry = fc.expiry(words[at + 6] + words[at + 7] * 2 ** 32, words[at + 9]);
  let dentry = dLookup(parent, name);
  // A lookup of the same name is under way, and its answer is the newer one.
  if (dentry?.lookupWaiters) return false;
  if (dentry !== undefined) {
    const { inode } = dentry;
    const same = inode !== null && inode.nodeid === nodeid;
    if (!same || isStale(inode as Inode, readU64(words, at + 2), words[at + 25])) {
      if (same) makeBad(fc, inode as Inode);
      dentry.count += 1;
      dInvalidate(fc, dentry);
      dPut(fc, dentry);
      dentry = undefined;
    }
  }
  if (dentry === undefined) {
    const made = dAllocParallel(fc, parent, name);
    const inode = fuseIget(fc, words, at, expiry, version);
    const found = dSpliceAlias(fc, inode, made);
    dLookupDone(made);
    if (found !== undefined) settle(fc, found, words, at);
    dPut(fc, made);
    if (found !== undefined && found !== made) dPut(fc, found);
    return true;
  }
  const inode = dentry.inode as Inode;
  if (inode.bad) return false;
  inode.nlookup += 1;
  changeAttributes(fc, inode, words, at + 10, expiry, version);
  settle(fc, dentry, words, at);
  return true;
}

function settle(fc: FuseConnection, dentry: Dentry, words: Uint32Array, at: number): void {
  if (fc.readdirplusAuto && dentry.inode !== null) dentry.inode.initReaddirplus = true;
  dentry.epoch = fc.epoch;
  dentry.time = fc.expiry(words[at + 4] + words[at + 5] * 2 ** 32, words[at + 8]);
}
