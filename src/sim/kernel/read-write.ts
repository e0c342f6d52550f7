import { FOPEN_DIRECT_IO, FOPEN_PARALLEL_DIRECT_WRITES } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  dataBytes,
  errnoNumbers as E,
  isDirectory,
  O_APPEND,
  O_DIRECT,
  O_DSYNC,
  O_SYNC,
  S_IFIFO,
  S_IFMT,
} from '../../vfs/index.ts';
import { beforeDirectIo, directRead, oneByOneRead, oneByOneWrite } from './direct-io.ts';
import { type File, FMODE_PATH, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE } from './file.ts';
import { filemapRead, readCached } from './filemap.ts';
import { fsyncFile } from './fsync.ts';
import { updateAttributes } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { beginRead, invalidateAtime } from './fuse-read.ts';
import { cacheWrite, writeUpdateAttributes } from './fuse-write.ts';
import { STATX_SIZE } from './inode.ts';
import { afterWait, afterwards, isOperation, type Operation, onReply, type Soon } from './operation.ts';
import { PAGE_SIZE } from './page-cache.ts';
import type { Process } from './process.ts';
import { MAX_RW_COUNT, writeLimits } from './size-limits.ts';

const UIO_MAXIOV = 1024;
const EMPTY = new Uint8Array(0);

/** fdget: an open file that is no O_PATH. */
export function openFileOf(p: Process, fd: number): File | undefined {
  const file = p.file(fd);
  return file === undefined || (file.mode & FMODE_PATH) !== 0 ? undefined : file;
}

/** fdget_pos: the position of a shared file is locked, and `unlockPosition` must follow. */
function* lockPosition(p: Process, file: File): Operation<void> {
  file.count += 1;
  if (!file.positionLock.tryDown(true)) yield* file.positionLock.wait(p, true, 'the position of a shared file');
}

function unlockPosition(file: File): void {
  file.count -= 1;
  file.positionLock.up(true);
}

/** Runs what has to do with the position of a file that is shared. */
export function* atSharedPosition<Given extends readonly unknown[], T>(
  p: Process,
  file: File,
  run: (...given: Given) => Soon<T>,
  ...given: Given
): Operation<T> {
  yield* lockPosition(p, file);
  const soon = run(...given);
  const result = isOperation(soon) ? yield* soon : soon;
  unlockPosition(file);
  return result;
}

/** fdget_pos: then others may move the position at the same time. */
export const isShared = (file: File): boolean => file.count > 1;

/** What vfs_read and vfs_write check before anything is read or written; 0 or an error. */
function checkRead(file: File | undefined): number {
  if (file === undefined || (file.mode & FMODE_READ) === 0) return -E.EBADF;
  return isDirectory(file.inode.mode) ? -E.EISDIR : 0;
}

function checkWrite(file: File | undefined): number {
  return file === undefined || (file.mode & FMODE_WRITE) === 0 ? -E.EBADF : 0;
}

/** fuse_file_read_iter: around the page cache or through it. */
export function readFile(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  count: number,
): Soon<Uint8Array | number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((inode.mode & S_IFMT) === S_IFIFO) return EMPTY;
  const wanted = Math.min(count, MAX_RW_COUNT);
  if ((file.openFlags & FOPEN_DIRECT_IO) !== 0) {
    if (wanted > 0) return fuseDirectRead(fc, p, file, position, wanted);
    invalidateAtime(fc, inode);
    return EMPTY;
  }
  // fuse_cache_read_iter: the size must be true.
  const error = fc.autoInvalData || position + wanted > inode.size ? updateAttributes(fc, p, file, STATX_SIZE) : 0;
  return typeof error === 'number'
    ? readSized(error, fc, p, file, position, wanted)
    : afterwards(error, readSized, fc, p, file, position, wanted);
}

function readSized(
  error: number,
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
): Soon<Uint8Array | number> {
  if (error !== 0) return error;
  if (wanted === 0) return EMPTY;
  if ((file.flags & O_DIRECT) === 0)
    return readCached(file, position, wanted) ?? filemapRead(fc, p, file, position, wanted);
  return readPastCache(fc, p, file, position, wanted);
}

function* readPastCache(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
): Operation<Uint8Array | number> {
  const { inode } = file;
  const direct = yield* directRead(fc, p, file, position, wanted);
  if (typeof direct === 'number' || direct.length === wanted || position + direct.length >= inode.size) return direct;
  // What a filesystem leaves short of the end is read through the cache (generic_file_read_iter).
  const rest = yield* filemapRead(fc, p, file, position + direct.length, wanted - direct.length);
  return typeof rest === 'number' ? direct : join([direct, rest], direct.length + rest.length);
}

/** fuse_splice_read: through the page cache, whatever the filesystem said, and without asking for the size; but with O_DIRECT by reading. */
export function spliceRead(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  count: number,
): Soon<Uint8Array | number> {
  if ((file.flags & O_DIRECT) !== 0) return readFile(fc, p, file, position, count);
  return readCached(file, position, count) ?? filemapRead(fc, p, file, position, count);
}

/** fuse_direct_read_iter: each read asks the filesystem, in pieces of at most max_read, until one comes back short. */
function fuseDirectRead(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
): Soon<Uint8Array | number> {
  if (file.inode.mapping === null) return readPiece(fc, p, file, position, wanted);
  return afterwards(
    beforeDirectIo(fc, p, file, position, wanted, false, true),
    readFirstPiece,
    fc,
    p,
    file,
    position,
    wanted,
  );
}

function readFirstPiece(
  error: number,
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
): Soon<Uint8Array | number> {
  return error !== 0 ? error : readPiece(fc, p, file, position, wanted);
}

function readPiece(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
): Soon<Uint8Array | number> {
  const most = Math.min(fc.maxRead, wanted);
  beginRead(p.request, file, position, most, p.owner);
  return fc.device.send(p)
    ? havePiece(fc, p, file, position, wanted, most)
    : onReply(havePiece, fc, p, file, position, wanted, most);
}

function havePiece(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
  most: number,
): Soon<Uint8Array | number> {
  const { request } = p;
  invalidateAtime(fc, file.inode);
  if (request.error !== 0) return request.error;
  if (request.size < most || most === wanted) return request.data;
  return readOtherPieces(fc, p, file, position, wanted, most);
}

function* readOtherPieces(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  wanted: number,
  most: number,
): Operation<Uint8Array | number> {
  const { request } = p;
  const pieces = [request.data];
  const rest = yield* oneByOneRead(fc, p, file, position + most, wanted - most, (answered) => {
    pieces.push(answered.data);
    return answered.size;
  });
  invalidateAtime(fc, file.inode);
  return join(pieces, most + Math.max(rest, 0));
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

export function read(fc: FuseConnection, p: Process, call: CallOf<'read'>): Soon<Uint8Array | number> {
  const file = openFileOf(p, call.fd);
  const error = checkRead(file);
  if (error !== 0 || file === undefined) return error;
  if (call.size < 0) return -E.EINVAL;
  return isShared(file)
    ? atSharedPosition(p, file, readHere, fc, p, file, call.size)
    : readHere(fc, p, file, call.size);
}

function readHere(fc: FuseConnection, p: Process, file: File, size: number): Soon<Uint8Array | number> {
  const position = Number(file.position);
  const data = readFile(fc, p, file, position, size);
  return typeof data === 'number' || data instanceof Uint8Array
    ? moved(data, file, position)
    : afterwards(data, moved, file, position);
}

function moved(data: Uint8Array | number, file: File, position: number): Uint8Array | number {
  if (typeof data !== 'number') file.position = position + data.length;
  return data;
}

export function pread(fc: FuseConnection, p: Process, call: CallOf<'pread'>): Soon<Uint8Array | number> {
  if (call.offset < 0) return -E.EINVAL;
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if ((file.mode & FMODE_PREAD) === 0) return -E.ESPIPE;
  const error = checkRead(file);
  if (error !== 0) return error;
  if (call.size < 0) return -E.EINVAL;
  return readFile(fc, p, file, call.offset, call.size);
}

export function readv(fc: FuseConnection, p: Process, call: CallOf<'readv'>): Soon<Uint8Array | number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined || (file.mode & FMODE_READ) === 0) return -E.EBADF;
  const { sizes } = call;
  if (sizes.length > UIO_MAXIOV || sizes.some((size) => size < 0)) return -E.EINVAL;
  const total = sizes.reduce((sum, size) => sum + size, 0);
  if (total === 0) return EMPTY;
  if (isDirectory(file.inode.mode)) return -E.EISDIR;
  return isShared(file) ? atSharedPosition(p, file, readHere, fc, p, file, total) : readHere(fc, p, file, total);
}

/** fuse_file_write_iter: around the page cache or through it. `p.writtenTo` is where the last byte went. */
export function writeFile(fc: FuseConnection, p: Process, file: File, offset: number, data: Uint8Array): Soon<number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((inode.mode & S_IFMT) === S_IFIFO) return data.length === 0 ? 0 : !inode.pipe?.readers ? -E.EPIPE : -E.EAGAIN;
  if ((file.openFlags & FOPEN_DIRECT_IO) !== 0) return fuseDirectWrite(fc, p, file, offset, data);
  return writeCached(fc, p, file, offset, data);
}

function* writeCached(fc: FuseConnection, p: Process, file: File, offset: number, data: Uint8Array): Operation<number> {
  const result = yield* cacheWrite(fc, p, file, offset, data);
  // generic_write_sync
  if (result > 0 && (file.flags & O_DSYNC) !== 0) {
    const [first, last] = [p.writtenTo - result, p.writtenTo - 1].map((byte) => Math.floor(byte / PAGE_SIZE));
    const error = yield* fsyncFile(fc, p, file, (file.flags & O_SYNC) !== O_SYNC, first, last);
    if (error !== 0) return error;
  }
  return result;
}

/** fuse_dio_lock: writes within the file may go side by side where the filesystem says so. */
function exclusiveLock(file: File, offset: number, size: number): boolean {
  const { inode } = file;
  if ((file.openFlags & FOPEN_PARALLEL_DIRECT_WRITES) === 0 || (file.flags & O_APPEND) !== 0) return true;
  return (inode.mapping?.areas.size ?? 0) > 0 || offset + size > inode.size;
}

/** fuse_direct_write_iter. */
function fuseDirectWrite(fc: FuseConnection, p: Process, file: File, offset: number, data: Uint8Array): Soon<number> {
  const { rwsem } = file.inode;
  const exclusive = exclusiveLock(file, offset, data.length);
  if (rwsem.tryDown(exclusive)) return writeLocked(fc, p, file, offset, data, exclusive);
  return afterWait(rwsem.wait(p, exclusive, 'an inode'), writeLocked, fc, p, file, offset, data, exclusive);
}

function writeLocked(
  fc: FuseConnection,
  p: Process,
  file: File,
  offset: number,
  data: Uint8Array,
  exclusive: boolean,
): Soon<number> {
  const { inode } = file;
  // generic_write_checks
  const start = (file.flags & O_APPEND) !== 0 ? inode.size : offset;
  p.writtenTo = start;
  const room = data.length === 0 ? 0 : Math.min(writeLimits(fc, start, data.length), MAX_RW_COUNT);
  if (room <= 0) {
    inode.rwsem.up(exclusive);
    return room;
  }
  const all = room === data.length ? data : data.subarray(0, room);
  if (inode.mapping === null) return writeAll(0, fc, p, file, start, all, exclusive);
  const ready = beforeDirectIo(fc, p, file, start, all.length, true, true);
  return afterwards(ready, writeAll, fc, p, file, start, all, exclusive);
}

function writeAll(
  error: number,
  fc: FuseConnection,
  p: Process,
  file: File,
  start: number,
  data: Uint8Array,
  exclusive: boolean,
): Soon<number> {
  if (error !== 0) {
    file.inode.rwsem.up(exclusive);
    return error;
  }
  const written = oneByOneWrite(fc, p, file, start, data);
  return typeof written === 'number'
    ? writtenAll(written, fc, p, file, start, exclusive)
    : afterwards(written, writtenAll, fc, p, file, start, exclusive);
}

function writtenAll(
  result: number,
  fc: FuseConnection,
  p: Process,
  { inode }: File,
  start: number,
  exclusive: boolean,
): number {
  p.writtenTo = start + Math.max(result, 0);
  writeUpdateAttributes(fc, inode, p.writtenTo, result);
  inode.rwsem.up(exclusive);
  return result;
}

function writeHere(fc: FuseConnection, p: Process, file: File, data: Uint8Array): Soon<number> {
  return isShared(file)
    ? atSharedPosition(p, file, writeAtPosition, fc, p, file, data)
    : writeAtPosition(fc, p, file, data);
}

function writeAtPosition(fc: FuseConnection, p: Process, file: File, data: Uint8Array): Soon<number> {
  const written = writeFile(fc, p, file, Number(file.position), data);
  return typeof written === 'number' ? moveBehind(written, p, file) : afterwards(written, moveBehind, p, file);
}

function moveBehind(written: number, p: Process, file: File): number {
  if (written > 0) file.position = p.writtenTo;
  return written;
}

export function write(fc: FuseConnection, p: Process, call: CallOf<'write'>): Soon<number> {
  const file = openFileOf(p, call.fd);
  const error = checkWrite(file);
  return error !== 0 || file === undefined ? error : writeHere(fc, p, file, dataBytes(call.data));
}

export function pwrite(fc: FuseConnection, p: Process, call: CallOf<'pwrite'>): Soon<number> {
  if (call.offset < 0) return -E.EINVAL;
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  if ((file.mode & FMODE_PWRITE) === 0) return -E.ESPIPE;
  const error = checkWrite(file);
  return error !== 0 ? error : writeFile(fc, p, file, call.offset, dataBytes(call.data));
}

export function writev(fc: FuseConnection, p: Process, call: CallOf<'writev'>): Soon<number> {
  const file = openFileOf(p, call.fd);
  const error = checkWrite(file);
  if (error !== 0 || file === undefined) return error;
  if (call.datas.length > UIO_MAXIOV) return -E.EINVAL;
  if (call.datas.every((piece) => piece.length === 0)) return 0;
  const pieces = call.datas.map(dataBytes);
  const data = join(
    pieces,
    pieces.reduce((sum, piece) => sum + piece.length, 0),
  );
  return writeHere(fc, p, file, data);
}
