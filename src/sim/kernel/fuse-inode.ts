import { readS64, readU64 } from '../../fuse/protocol/index.ts';
import { isRegular, S_IFMT } from '../../vfs/index.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { OUT } from './fuse-request.ts';
import { Inode, makeBad, STATX_BASIC_STATS } from './inode.ts';
import { invalidateInodePages2, truncatePagecache } from './truncate.ts';
import { trustsCache } from './writeback.ts';

/** fuse_invalid_attr: a type that there is, and a size below 2^63. */
export function invalidAttributes(words: Uint32Array, at: number): boolean {
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

/** fuse_change_attributes: takes attributes (at word `at`) unless something newer is known since `version`; whether it did. */
export function changeAttributes(
  fc: FuseConnection,
  inode: Inode,
  words: Uint32Array,
  at: number,
  time: number,
  version: number,
): boolean {
  const { mapping } = inode;
  if (version !== 0 && inode.attrVersion > version) return false;
  if (mapping === null) changeAttributesCommon(fc, inode, words, at, time);
  else if (mapping.sizeUnstable) return false;
  else {
    const { size, mtimeSec, mtimeNsec } = inode;
    changeAttributesCommon(fc, inode, words, at, time);
    changeContent(fc, inode, size, mtimeSec, mtimeNsec);
  }
  return true;
}

/** fuse_change_attributes_common; what the kernel knows better than the filesystem stays. */
export function changeAttributesCommon(
  fc: FuseConnection,
  inode: Inode,
  words: Uint32Array,
  at: number,
  time: number,
): void {
  // An inode that is new knows nothing yet that could be truer.
  const trusted = inode.attrVersion > 0 && trustsCache(fc, inode);
  const { size, mtimeSec, mtimeNsec, ctimeSec, ctimeNsec } = inode;
  inode.attrVersion = fc.nextAttrVersion();
  inode.time = time;
  inode.invalMask &= ~STATX_BASIC_STATS;
  inode.nosec = false;
  copyAttributes(fc, inode, words, at);
  if (trusted) {
    inode.size = size;
    inode.mtimeSec = mtimeSec;
    inode.mtimeNsec = mtimeNsec;
    inode.ctimeSec = ctimeSec;
    inode.ctimeNsec = ctimeNsec;
  }
}

/** Takes over struct fuse_attr, at word `at`. */
export function copyAttributes(fc: FuseConnection, inode: Inode, words: Uint32Array, at: number): void {
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

/** What fuse_change_attributes does with the page cache: a file that somebody else has changed is not cached any more. */
function changeContent(fc: FuseConnection, inode: Inode, size: number, mtimeSec: number, mtimeNsec: number): void {
  if (trustsCache(fc, inode) || !isRegular(inode.mode)) return;
  if (inode.size !== size) {
    truncatePagecache(inode, inode.size);
    if (!fc.explicitInvalData) invalidateInodePages2(fc, inode);
  } else if (fc.autoInvalData && (inode.mtimeSec !== mtimeSec || inode.mtimeNsec !== mtimeNsec))
    invalidateInodePages2(fc, inode);
}

export const entryExpiry = (fc: FuseConnection, words: Uint32Array): number =>
  fc.expiry(words[OUT + 4] + words[OUT + 5] * 2 ** 32, words[OUT + 8]);
export const entryAttributeExpiry = (fc: FuseConnection, words: Uint32Array): number =>
  fc.expiry(words[OUT + 6] + words[OUT + 7] * 2 ** 32, words[OUT + 9]);
export const attributeExpiry = (fc: FuseConnection, words: Uint32Array): number =>
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
