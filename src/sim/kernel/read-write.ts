import {
  FOPEN_DIRECT_IO,
  FUSE_FSYNC_FDATASYNC,
  FUSE_READ_LOCKOWNER,
  FUSE_WRITE_KILL_SUIDGID,
  FUSE_WRITE_LOCKOWNER,
  fuse_fsync_in,
  fuse_read_in,
  fuse_write_in,
  fuse_write_out,
  opcodes,
  writeU64,
} from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  dataBytes,
  errnoNumbers as E,
  isDirectory,
  isRegular,
  O_APPEND,
  O_DSYNC,
  O_SYNC,
  S_IFIFO,
  S_IFMT,
  type U64,
} from '../../vfs/index.ts';
import { removePrivileges } from './attr.ts';
import { type File, FMODE_PATH, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { FUSE_STATX_MODSIZE, type Inode, invalidateAttributes, STATX_ATIME } from './inode.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { writeLimits } from './size-limits.ts';

const { READ, WRITE, FSYNC, FSYNCDIR } = opcodes;

const PAGE_SIZE = 4096;
export const MAX_RW_COUNT = 0x7ffff000;
const UIO_MAXIOV = 1024;
const EMPTY = new Uint8Array(0);

/** A 64-bit value as it goes onto the wire: numbers are exact up to 2^53, above they are what they are. */
export const wire = (value: number): U64 => (Number.isSafeInteger(value) ? value : BigInt(value));

/** fdget: an open file that is no O_PATH. */
export function openFileOf(p: Process, fd: number): File | undefined {
  const file = p.file(fd);
  return file === undefined || (file.mode & FMODE_PATH) !== 0 ? undefined : file;
}

/** fdget_pos: the shared position is locked. True: `unlockPosition` must follow. */
export function* lockPosition(p: Process, file: File): Operation<boolean> {
  if (file.count === 1) return false;
  file.count += 1;
  if (!file.positionLock.tryDown(true)) yield* file.positionLock.wait(p, true, 'the position of a shared file');
  return true;
}

export function unlockPosition(file: File): void {
  file.count -= 1;
  file.positionLock.up(true);
}

/** What vfs_read and vfs_write check before anything is read or written; 0 or an error. */
function checkRead(file: File | undefined): number {
  if (file === undefined || (file.mode & FMODE_READ) === 0) return -E.EBADF;
  return isDirectory(file.inode.mode) ? -E.EISDIR : 0;
}

function checkWrite(file: File | undefined): number {
  return file === undefined || (file.mode & FMODE_WRITE) === 0 ? -E.EBADF : 0;
}

/**
 * fuse_direct_read_iter, and the place of fuse_cache_read_iter: without a page cache each read asks the filesystem, in
 * pieces of at most max_read, until one comes back short.
 */
export function* readFile(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  count: number,
): Operation<Uint8Array | number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((inode.mode & S_IFMT) === S_IFIFO) return EMPTY;
  const wanted = Math.min(count, MAX_RW_COUNT);
  if (wanted === 0) return EMPTY;
  const direct = (file.openFlags & FOPEN_DIRECT_IO) !== 0;
  const { request } = p;
  let pieces: Uint8Array[] | undefined;
  let done = 0;
  for (;;) {
    const size = Math.min(wanted - done, fc.maxRead);
    const words = request.begin(READ.code, inode.nodeid, fuse_read_in.size);
    writeU64(words, IN, file.fh);
    writeU64(words, IN + 2, wire(position + done));
    words[IN + 4] = size;
    words[IN + 5] = direct ? FUSE_READ_LOCKOWNER : 0;
    writeU64(words, IN + 6, direct ? p.owner : 0);
    words[IN + 8] = file.flags;
    words[IN + 9] = 0;
    request.results = 'bytes';
    request.expected = size;
    if (!fc.device.send(p)) yield;
    if (!fc.options.readOnly) invalidateAttributes(inode, STATX_ATIME);
    if (request.error !== 0) return done > 0 ? join(pieces as Uint8Array[], done) : request.error;
    if (pieces === undefined && (request.size < size || size === wanted)) return request.data;
    pieces ??= [];
    pieces.push(request.data);
    done += request.size;
    if (request.size < size || done >= wanted) return join(pieces, done);
  }
}

function join(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

export function* read(fc: FuseConnection, p: Process, call: CallOf<'read'>): Operation<Uint8Array | number> {
  const file = openFileOf(p, call.fd);
  const error = checkRead(file);
  if (error !== 0 || file === undefined) return error;
  if (call.size < 0) return -E.EINVAL;
  return yield* readHere(fc, p, file, call.size);
}

function* readHere(fc: FuseConnection, p: Process, file: File, size: number): Operation<Uint8Array | number> {
  const locked = yield* lockPosition(p, file);
  const position = Number(file.position);
  const data = yield* readFile(fc, p, file, position, size);
  if (typeof data !== 'number') file.position = position + data.length;
  if (locked) unlockPosition(file);
  return data;
}

export function* pread(fc: FuseConnection, p: Process, call: CallOf<'pread'>): Operation<Uint8Array | number> {
  if (call.offset < 0) return -E.EINVAL;
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if ((file.mode & FMODE_PREAD) === 0) return -E.ESPIPE;
  const error = checkRead(file);
  if (error !== 0) return error;
  if (call.size < 0) return -E.EINVAL;
  return yield* readFile(fc, p, file, call.offset, call.size);
}

export function* readv(fc: FuseConnection, p: Process, call: CallOf<'readv'>): Operation<Uint8Array | number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined || (file.mode & FMODE_READ) === 0) return -E.EBADF;
  const { sizes } = call;
  if (sizes.length > UIO_MAXIOV || sizes.some((size) => size < 0)) return -E.EINVAL;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return EMPTY;
  return isDirectory(file.inode.mode) ? -E.EISDIR : yield* readHere(fc, p, file, total);
}

/** Bytes of the next WRITE: at most max_write and max_pages pages (fuse_wr_pages, fuse_fill_write_pages). */
function writePiece(fc: FuseConnection, position: number, left: number, direct: boolean): number {
  const most = Math.min(left, fc.maxWrite);
  return direct ? most : Math.min(most, fc.maxPages * PAGE_SIZE - (position % PAGE_SIZE));
}

/** fuse_write_update_attr: the size grows with what was written, the other attributes are stale. */
export function writeUpdateAttributes(fc: FuseConnection, inode: Inode, position: number, written: number): void {
  inode.attrVersion = fc.nextAttrVersion();
  if (written > 0 && position > inode.size) inode.size = position;
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
}

/**
 * fuse_direct_write_iter, and fuse_cache_write_iter written through: one WRITE after the other until one is short. Gives
 * the bytes written; `p.writtenTo` is where the last one ended.
 */
export function* writeFile(
  fc: FuseConnection,
  p: Process,
  file: File,
  offset: number,
  data: Uint8Array,
): Operation<number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((inode.mode & S_IFMT) === S_IFIFO) return data.length === 0 ? 0 : inode.readers === 0 ? -E.EPIPE : -E.EAGAIN;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const result = yield* writeLocked(fc, p, file, offset, data);
  inode.rwsem.up(true);
  if (result > 0 && (file.flags & O_DSYNC) !== 0 && (file.openFlags & FOPEN_DIRECT_IO) === 0) {
    const error = yield* fsyncFile(fc, p, file, (file.flags & O_SYNC) !== O_SYNC);
    if (error !== 0) return error;
  }
  return result;
}

function* writeLocked(fc: FuseConnection, p: Process, file: File, offset: number, data: Uint8Array): Operation<number> {
  const { inode } = file;
  // generic_write_checks
  if (data.length === 0) return 0;
  const start = (file.flags & O_APPEND) !== 0 ? inode.size : offset;
  p.writtenTo = start;
  const room = writeLimits(fc, start, data.length);
  if (room < 0) return room;
  const direct = (file.openFlags & FOPEN_DIRECT_IO) !== 0;
  if (!direct) {
    const error = yield* removePrivileges(fc, p, file);
    if (error !== 0) return error;
  }
  const total = Math.min(room, MAX_RW_COUNT);
  const kill = !p.capable && (direct || fc.handleKillprivV2) ? FUSE_WRITE_KILL_SUIDGID : 0;
  const { request } = p;
  let done = 0;
  let error = 0;
  while (done < total) {
    const size = writePiece(fc, start + done, total - done, direct);
    const words = request.begin(WRITE.code, inode.nodeid, fuse_write_in.size);
    writeU64(words, IN, file.fh);
    writeU64(words, IN + 2, wire(start + done));
    words[IN + 4] = size;
    words[IN + 5] = kill | (direct ? FUSE_WRITE_LOCKOWNER : 0);
    writeU64(words, IN + 6, direct ? p.owner : 0);
    words[IN + 8] = file.flags;
    words[IN + 9] = 0;
    request.bytes(size === data.length ? data : data.subarray(done, done + size));
    request.expected = fuse_write_out.size;
    if (!fc.device.send(p)) yield;
    error = request.error;
    if (error !== 0) break;
    const written = request.word(0);
    if (written > size) {
      error = -E.EIO;
      break;
    }
    done += written;
    if (written < size) {
      // Through the cache a short write is an error (fuse_perform_write).
      if (!direct) error = -E.EIO;
      break;
    }
  }
  writeUpdateAttributes(fc, inode, start + done, done);
  p.writtenTo = start + done;
  return done > 0 ? done : error;
}

function* writeHere(fc: FuseConnection, p: Process, file: File, data: Uint8Array): Operation<number> {
  const locked = yield* lockPosition(p, file);
  const result = yield* writeFile(fc, p, file, Number(file.position), data);
  if (result > 0) file.position = p.writtenTo;
  if (locked) unlockPosition(file);
  return result;
}

export function* write(fc: FuseConnection, p: Process, call: CallOf<'write'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  const error = checkWrite(file);
  return error !== 0 || file === undefined ? error : yield* writeHere(fc, p, file, dataBytes(call.data));
}

export function* pwrite(fc: FuseConnection, p: Process, call: CallOf<'pwrite'>): Operation<number> {
  if (call.offset < 0) return -E.EINVAL;
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if ((file.mode & FMODE_PWRITE) === 0) return -E.ESPIPE;
  const error = checkWrite(file);
  return error !== 0 ? error : yield* writeFile(fc, p, file, call.offset, dataBytes(call.data));
}

export function* writev(fc: FuseConnection, p: Process, call: CallOf<'writev'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  const error = checkWrite(file);
  if (error !== 0 || file === undefined) return error;
  if (call.datas.length > UIO_MAXIOV) return -E.EINVAL;
  const pieces = call.datas.map(dataBytes);
  const data = join(
    pieces,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  return yield* writeHere(fc, p, file, data);
}

/** fuse_fsync, fuse_dir_fsync; what cannot be synchronised is EINVAL (vfs_fsync_range). */
export function* fsyncFile(fc: FuseConnection, p: Process, file: File, dataOnly: boolean): Operation<number> {
  const { inode } = file;
  const isDir = isDirectory(inode.mode);
  if (!isDir && !isRegular(inode.mode)) return -E.EINVAL;
  if (inode.bad) return -E.EIO;
  if (isDir ? fc.noFsyncdir : fc.noFsync) return 0;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const { request } = p;
  const words = request.begin(isDir ? FSYNCDIR.code : FSYNC.code, inode.nodeid, fuse_fsync_in.size);
  writeU64(words, IN, file.fh);
  words[IN + 2] = dataOnly ? FUSE_FSYNC_FDATASYNC : 0;
  words[IN + 3] = 0;
  if (!fc.device.send(p)) yield;
  let { error } = request;
  if (error === -E.ENOSYS) {
    if (isDir) fc.noFsyncdir = true;
    else fc.noFsync = true;
    error = 0;
  }
  inode.rwsem.up(true);
  return error;
}

export function* fsync(fc: FuseConnection, p: Process, call: CallOf<'fsync' | 'fdatasync'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  return file === undefined ? -E.EBADF : yield* fsyncFile(fc, p, file, call.op === 'fdatasync');
}
