import {
  fuse_dirent,
  fuse_entry_out,
  fuse_read_in,
  opcodes,
  readName,
  readU64,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { type CallOf, type DirectoryEntry, errnoNumbers as E, isDirectory } from '../../vfs/index.ts';
import { linkDirentPlus } from './direntplus.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { invalidateAttributes, STATX_ATIME } from './inode.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { lockPosition, openFileOf, unlockPosition } from './read-write.ts';

const { READDIR, READDIRPLUS } = opcodes;
const PAGE_SIZE = 4096;
/** offsetof(struct linux_dirent64, d_name). */
const DIRENT64_NAME = 19;

/** getdents64(2), iterate_dir (fs/readdir.c). */
export function* getdents(
  fc: FuseConnection,
  p: Process,
  call: CallOf<'getdents'>,
): Operation<readonly DirectoryEntry[] | number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { inode } = file;
  if (!isDirectory(inode.mode)) return -E.ENOTDIR;
  const locked = yield* lockPosition(p, file);
  if (!inode.rwsem.tryDown(false)) yield* inode.rwsem.wait(p, false, 'a directory');
  const entries = inode.dead ? -E.ENOENT : yield* readdir(fc, p, file, call.size);
  inode.rwsem.up(false);
  if (locked) unlockPosition(file);
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

/** fuse_readdir_uncached (fs/fuse/readdir.c): one request; entries that do not fit the caller's buffer are asked for again. */
function* readdir(fc: FuseConnection, p: Process, file: File, room: number): Operation<DirectoryEntry[] | number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
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
  if (!fc.device.send(p)) yield;
  if (!fc.options.readOnly) invalidateAttributes(inode, STATX_ATIME);
  if (request.error !== 0) return request.error;
  return parse(fc, file, request.data, room, plus, version);
}

/** parse_dirfile, parse_dirplusfile, filldir64. */
function parse(
  fc: FuseConnection,
  file: File,
  bytes: Uint8Array,
  room: number,
  plus: boolean,
  version: number,
): DirectoryEntry[] | number {
  const words = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
  const entries: DirectoryEntry[] = [];
  let left = room;
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
      const record = (DIRENT64_NAME + length + 1 + 7) & ~7;
      full = record > left;
      if (!full) {
        left -= record;
        const offset = readU64(words, i + 2);
        entries.push({ name, ino: readU64(words, i), type: words[i + 5], offset });
        file.position = offset;
      } else if (!plus) break;
    }
    if (plus) linkDirentPlus(fc, file, words, at >>> 2, name, version);
    at = next;
  }
  return full && entries.length === 0 ? -E.EINVAL : entries;
}
