import {
  FOPEN_CACHE_DIR,
  fuse_dirent,
  fuse_entry_out,
  fuse_read_in,
  opcodes,
  readU64,
  writeU64,
} from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  type DirectoryEntry,
  errnoNumbers as E,
  isDirectory,
  nameLength,
  readName,
} from '../../vfs/index.ts';
import { linkDirentPlus } from './direntplus.ts';
import type { File } from './file.ts';
import { updateAttributes } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { invalidateAtime } from './fuse-read.ts';
import { IN } from './fuse-request.ts';
import { STATX_MTIME } from './inode.ts';
import { afterWait, afterwards, isOperation, onReply, type Soon } from './operation.ts';
import type { Process } from './process.ts';
import { atSharedPosition, isShared, openFileOf } from './read-write.ts';
import { addToCache, completeCache, readCachedEntries } from './readdir-cache.ts';

const { READDIR, READDIRPLUS } = opcodes;
const PAGE_SIZE = 4096;
/** offsetof(struct linux_dirent64, d_name). */
const DIRENT64_NAME = 19;

/** getdents64(2), iterate_dir (fs/readdir.c). */
export function getdents(
  fc: FuseConnection,
  p: Process,
  call: CallOf<'getdents'>,
): Soon<readonly DirectoryEntry[] | number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { inode } = file;
  if (!isDirectory(inode.mode)) return -E.ENOTDIR;
  return isShared(file)
    ? atSharedPosition(p, file, iterateDir, fc, p, file, call.size)
    : iterateDir(fc, p, file, call.size);
}

type Listing = readonly DirectoryEntry[] | number;

function iterateDir(fc: FuseConnection, p: Process, file: File, room: number): Soon<Listing> {
  const { rwsem } = file.inode;
  return rwsem.tryDown(false)
    ? iterateLocked(fc, p, file, room)
    : afterWait(rwsem.wait(p, false, 'a directory'), iterateLocked, fc, p, file, room);
}

function iterateLocked(fc: FuseConnection, p: Process, file: File, room: number): Soon<Listing> {
  const entries: Soon<Listing> = file.inode.dead ? -E.ENOENT : readdir(fc, p, file, room);
  return isOperation(entries) ? afterwards(entries, iterated, file) : iterated(entries, file);
}

function iterated(entries: Listing, { inode }: File): Listing {
  inode.rwsem.up(false);
  return entries;
}

/** fuse_use_readdirplus. */
function usesPlus(fc: FuseConnection, file: File): boolean {
  if (!fc.readdirplus) return false;
  if (!fc.readdirplusAuto) return true;
  const { inode } = file;
  const advised = inode.adviseReaddirplus;
  inode.adviseReaddirplus = false;
  return advised || file.position === 0;
}

/** Takes entries; false: it was not taken, the caller's buffer is full. */
type Emit = (entry: DirectoryEntry) => boolean;

/** filldir64: entries as far as `room` bytes of struct linux_dirent64 go. */
function filler(entries: DirectoryEntry[], room: number): Emit {
  let left = room;
  return (entry) => {
    const record = (DIRENT64_NAME + nameLength(entry.name) + 1 + 7) & ~7;
    if (record > left) return false;
    left -= record;
    entries.push(entry);
    return true;
  };
}

/** fuse_readdir (fs/fuse/readdir.c): out of the cached listing, or by one request. `more`: whether entries are still wanted behind one. */
export function readdir(
  fc: FuseConnection,
  p: Process,
  file: File,
  room: number,
  more?: (entry: DirectoryEntry) => boolean,
): Soon<DirectoryEntry[] | number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  const entries: DirectoryEntry[] = [];
  const fill = filler(entries, room);
  let full = false;
  const emit: Emit = (entry) => {
    if (full || !fill(entry)) full = true;
    else if (more?.(entry) === false) {
      full = true;
      return true;
    } else return true;
    return false;
  };
  const list = (failed: number): Soon<number> => {
    if (failed !== 0) return failed;
    const cached = (file.openFlags & FOPEN_CACHE_DIR) !== 0 && readCachedEntries(file, emit);
    return cached ? 0 : readdirUncached(fc, p, file, room, emit);
  };
  const finish = (failed: number): DirectoryEntry[] | number =>
    failed !== 0 ? failed : full && entries.length === 0 ? -E.EINVAL : entries;
  const asks = (file.openFlags & FOPEN_CACHE_DIR) !== 0 && file.position === 0 && fc.autoInvalData;
  const asked = asks ? updateAttributes(fc, p, file, STATX_MTIME) : 0;
  const listed = typeof asked === 'number' ? list(asked) : afterwards(asked, list);
  return typeof listed === 'number' ? finish(listed) : afterwards(listed, finish);
}

/** fuse_readdir_uncached: one request; entries that do not fit the caller's buffer are asked for again. */
function readdirUncached(fc: FuseConnection, p: Process, file: File, room: number, emit: Emit): Soon<number> {
  const { inode } = file;
  const plus = usesPlus(fc, file);
  const version = fc.attrVersion;
  const { request } = p;
  const size = Math.min(Math.max(room, PAGE_SIZE), fc.maxPages * PAGE_SIZE);
  const words = request.begin((plus ? READDIRPLUS : READDIR).code, inode.nodeid, fuse_read_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, file.position);
  words[IN + 4] = size;
  words[IN + 5] = 0;
  writeU64(words, IN + 6, 0);
  words[IN + 8] = file.flags;
  words[IN + 9] = 0;
  request.results = 'bytes';
  request.expected = size;
  const take = (): number => {
    let { error } = request;
    if (error === 0 && request.size > 0) error = parse(fc, file, request.data, plus, version, emit);
    else if (error === 0 && (file.openFlags & FOPEN_CACHE_DIR) !== 0) completeCache(inode, file.position);
    invalidateAtime(fc, inode);
    return error;
  };
  return fc.device.send(p) ? take() : onReply(take);
}

/** parse_dirfile, parse_dirplusfile, fuse_emit. */
function parse(fc: FuseConnection, file: File, bytes: Uint8Array, plus: boolean, version: number, emit: Emit): number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const caches = (file.openFlags & FOPEN_CACHE_DIR) !== 0;
  let full = false;
  for (let at = 0; ; ) {
    const direntAt = plus ? at + fuse_entry_out.size : at;
    const nameAt = direntAt + fuse_dirent.size;
    if (nameAt > bytes.length) break;
    const i = direntAt >>> 2;
    const length = words[i + 4];
    if (length === 0 || length > fc.nameMax) return -E.EIO;
    const next = (nameAt + length + 7) & ~7;
    if (next > bytes.length) break;
    const name = readName(bytes, nameAt, nameAt + length);
    if (name.includes('/')) return -E.EIO;
    if (!full) {
      const entry = { name, ino: readU64(words, i), type: words[i + 5], offset: readU64(words, i + 2) };
      if (caches) addToCache(file.inode, entry, file.position);
      full = !emit(entry);
      if (!full) file.position = entry.offset;
      else if (!plus) break;
    }
    if (plus) linkDirentPlus(fc, file, words, at >>> 2, name, version);
    at = next;
  }
  return 0;
}
