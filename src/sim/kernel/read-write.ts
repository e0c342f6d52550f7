import {
  FOPEN_DIRECT_IO,
  FUSE_FSYNC_FDATASYNC,
  FUSE_READ_LOCKOWNER,
  FUSE_WRITE_KILL_SUIDGID,
  FUSE_WRITE_LOCKOWNER,
  fuse_copy_file_range_in,
  fuse_copy_file_range_out,
  fuse_fallocate_in,
  fuse_fsync_in,
  fuse_lseek_in,
  fuse_lseek_out,
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
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  isDirectory,
  isRegular,
  O_APPEND,
  O_DSYNC,
  O_SYNC,
  S_IFBLK,
  S_IFIFO,
  S_IFMT,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
  type U64,
} from '../../vfs/index.ts';
import { removePrivileges } from './attr.ts';
import { updateAttributes } from './dir.ts';
import { type File, FMODE_LSEEK, FMODE_PATH, FMODE_PREAD, FMODE_PWRITE, FMODE_READ, FMODE_WRITE } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { FUSE_STATX_MODSIZE, type Inode, invalidateAttributes, STATX_ATIME, STATX_BASIC_STATS } from './inode.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';

const { READ, WRITE, FSYNC, FSYNCDIR, LSEEK, FALLOCATE, COPY_FILE_RANGE, COPY_FILE_RANGE_64 } = opcodes;

const PAGE_SIZE = 4096;
const MAX_RW_COUNT = 0x7ffff000;
/** s_maxbytes, MAX_LFS_FILESIZE; as a number it is 2^63. */
const MAX_BYTES = 2 ** 63;
const UIO_MAXIOV = 1024;
/** What a pipe between two files carries (PIPE_DEF_BUFFERS pages). */
const SPLICE_SIZE = 16 * PAGE_SIZE;
const EMPTY = new Uint8Array(0);

/** A 64-bit value as it goes onto the wire: numbers are exact up to 2^53, above they are what they are. */
const wire = (value: number): U64 => (Number.isSafeInteger(value) ? value : BigInt(value));

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
function* readFile(
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
function writeUpdateAttributes(fc: FuseConnection, inode: Inode, position: number, written: number): void {
  inode.attrVersion = fc.nextAttrVersion();
  if (written > 0 && position > inode.size) inode.size = position;
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
}

/**
 * fuse_direct_write_iter, and fuse_cache_write_iter written through: one WRITE after the other until one is short. Gives
 * the bytes written; `file.position` is the caller's business, which finds the end in `p.position`.
 */
function* writeFile(fc: FuseConnection, p: Process, file: File, offset: number, data: Uint8Array): Operation<number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((inode.mode & S_IFMT) === S_IFIFO) return inode.readers === 0 ? -E.EPIPE : -E.EAGAIN;
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
  if (start >= MAX_BYTES) return -E.EFBIG;
  const direct = (file.openFlags & FOPEN_DIRECT_IO) !== 0;
  if (!direct) {
    const error = yield* removePrivileges(fc, p, file);
    if (error !== 0) return error;
  }
  const total = Math.min(data.length, MAX_RW_COUNT);
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

/** ksys_lseek; the position of a directory is opaque. */
export function* lseek(fc: FuseConnection, p: Process, call: CallOf<'lseek'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { whence, offset } = call;
  if (!Number.isInteger(whence) || whence < SEEK_SET || whence > SEEK_HOLE) return -E.EINVAL;
  if ((file.mode & FMODE_LSEEK) === 0) return -E.ESPIPE;
  const locked = yield* lockPosition(p, file);
  const result = yield* fileLseek(fc, p, file, offset, whence);
  if (locked) unlockPosition(file);
  return result;
}

/** fuse_file_llseek (fs/fuse/file.c); directories use generic_file_llseek. */
function* fileLseek(fc: FuseConnection, p: Process, file: File, offset: number, whence: number): Operation<number> {
  const { inode } = file;
  if (!isRegular(inode.mode) || whence === SEEK_SET || whence === SEEK_CUR) return genericLseek(file, offset, whence);
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  let result: number;
  if (whence === SEEK_END || fc.noLseek) result = yield* seekBySize(fc, p, file, offset, whence);
  else {
    const { request } = p;
    const words = request.begin(LSEEK.code, inode.nodeid, fuse_lseek_in.size);
    writeU64(words, IN, file.fh);
    writeU64(words, IN + 2, wire(offset));
    words[IN + 4] = whence;
    words[IN + 5] = 0;
    request.expected = fuse_lseek_out.size;
    if (!fc.device.send(p)) yield;
    result = request.error;
    if (result === -E.ENOSYS) {
      fc.noLseek = true;
      result = yield* seekBySize(fc, p, file, offset, whence);
    } else if (result === 0) result = setPosition(file, Number(request.u64(0)));
  }
  inode.rwsem.up(true);
  return result;
}

function* seekBySize(fc: FuseConnection, p: Process, file: File, offset: number, whence: number): Operation<number> {
  const error = yield* updateAttributes(fc, p, file, STATX_BASIC_STATS & ~STATX_ATIME);
  return error !== 0 ? error : genericLseek(file, offset, whence);
}

/** generic_file_llseek_size (fs/read_write.c). */
function genericLseek(file: File, offset: number, whence: number): number {
  const { size } = file.inode;
  switch (whence) {
    case SEEK_END:
      return setPosition(file, offset + size);
    case SEEK_CUR:
      return offset === 0 ? Number(file.position) : setPosition(file, Number(file.position) + offset);
    case SEEK_DATA:
      return offset < 0 || offset >= size ? -E.ENXIO : setPosition(file, offset);
    case SEEK_HOLE:
      return offset < 0 || offset >= size ? -E.ENXIO : setPosition(file, size);
    default:
      return setPosition(file, offset);
  }
}

/** vfs_setpos. */
function setPosition(file: File, position: number): number {
  if (position < 0 || position >= MAX_BYTES) return -E.EINVAL;
  file.position = position;
  return position;
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

/** vfs_fallocate, fuse_file_fallocate. */
export function* fallocate(fc: FuseConnection, p: Process, call: CallOf<'fallocate'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { mode, offset, size } = call;
  if (offset < 0 || size <= 0) return -E.EINVAL;
  const keep = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  switch (mode & ~FALLOC_FL_KEEP_SIZE) {
    case 0:
    case FALLOC_FL_UNSHARE_RANGE:
    case FALLOC_FL_ZERO_RANGE:
      break;
    case FALLOC_FL_PUNCH_HOLE:
      if (!keep) return -E.EOPNOTSUPP;
      break;
    case FALLOC_FL_COLLAPSE_RANGE:
    case FALLOC_FL_INSERT_RANGE:
      if (keep) return -E.EOPNOTSUPP;
      break;
    default:
      return -E.EOPNOTSUPP;
  }
  if ((file.mode & FMODE_WRITE) === 0) return -E.EBADF;
  const { inode } = file;
  const type = inode.mode & S_IFMT;
  if (type === S_IFIFO) return -E.ESPIPE;
  if (isDirectory(inode.mode)) return -E.EISDIR;
  if (!isRegular(inode.mode) && type !== S_IFBLK) return -E.ENODEV;
  if (offset + size > MAX_BYTES) return -E.EFBIG;
  if ((mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0 || fc.noFallocate)
    return -E.EOPNOTSUPP;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const error = yield* fuseFallocate(fc, p, file, mode, offset, size);
  inode.rwsem.up(true);
  return error;
}

function* fuseFallocate(
  fc: FuseConnection,
  p: Process,
  file: File,
  mode: number,
  offset: number,
  size: number,
): Operation<number> {
  const { inode } = file;
  const error = yield* removePrivileges(fc, p, file);
  if (error !== 0) return error;
  const { request } = p;
  const words = request.begin(FALLOCATE.code, inode.nodeid, fuse_fallocate_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, wire(offset));
  writeU64(words, IN + 4, wire(size));
  words[IN + 6] = mode;
  words[IN + 7] = 0;
  if (!fc.device.send(p)) yield;
  if (request.error === -E.ENOSYS) {
    fc.noFallocate = true;
    return -E.EOPNOTSUPP;
  }
  if (request.error !== 0) return request.error;
  if ((mode & FALLOC_FL_KEEP_SIZE) === 0) writeUpdateAttributes(fc, inode, offset + size, size);
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
  return 0;
}

/** vfs_copy_file_range (fs/read_write.c). */
export function* copyFileRange(fc: FuseConnection, p: Process, call: CallOf<'copy_file_range'>): Operation<number> {
  const from = openFileOf(p, call.fd);
  const to = openFileOf(p, call.fdOut);
  if (from === undefined || to === undefined) return -E.EBADF;
  const positionIn = call.offset ?? Number(from.position);
  const positionOut = call.offsetOut ?? Number(to.position);
  const copied = yield* copyRange(fc, p, from, positionIn, to, positionOut, call.size);
  if (copied > 0) {
    if (call.offset === undefined) from.position = positionIn + copied;
    if (call.offsetOut === undefined) to.position = positionOut + copied;
  }
  return copied;
}

function* copyRange(
  fc: FuseConnection,
  p: Process,
  from: File,
  positionIn: number,
  to: File,
  positionOut: number,
  size: number,
): Operation<number> {
  const { inode: inodeIn } = from;
  const { inode: inodeOut } = to;
  if (isDirectory(inodeIn.mode) || isDirectory(inodeOut.mode)) return -E.EISDIR;
  if (!isRegular(inodeIn.mode) || !isRegular(inodeOut.mode)) return -E.EINVAL;
  if ((from.mode & FMODE_READ) === 0 || (to.mode & FMODE_WRITE) === 0 || (to.flags & O_APPEND) !== 0) return -E.EBADF;
  if (positionIn + size >= 2 ** 64 || positionOut + size >= 2 ** 64) return -E.EOVERFLOW;
  let count = positionIn >= inodeIn.size ? 0 : Math.min(size, inodeIn.size - positionIn);
  if (count > 0 && positionOut >= MAX_BYTES) return -E.EFBIG;
  if (inodeIn === inodeOut && positionOut + count > positionIn && positionOut < positionIn + count) return -E.EINVAL;
  if (positionIn < 0 || positionOut < 0) return -E.EINVAL;
  if (count <= 0) return 0;
  count = Math.min(count, MAX_RW_COUNT);
  const copied = yield* fuseCopyFileRange(fc, p, from, positionIn, to, positionOut, count);
  return copied === -E.EOPNOTSUPP || copied === -E.EXDEV
    ? yield* spliceCopy(fc, p, from, positionIn, to, positionOut, count)
    : copied;
}

/** __fuse_copy_file_range; the 64-bit opcode first. */
function* fuseCopyFileRange(
  fc: FuseConnection,
  p: Process,
  from: File,
  positionIn: number,
  to: File,
  positionOut: number,
  count: number,
): Operation<number> {
  if (fc.noCopyFileRange) return -E.EOPNOTSUPP;
  const { inode } = to;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  let result = yield* removePrivileges(fc, p, to);
  while (result === 0) {
    const wide = !fc.noCopyFileRange64;
    const { request } = p;
    request.begin((wide ? COPY_FILE_RANGE_64 : COPY_FILE_RANGE).code, from.inode.nodeid, fuse_copy_file_range_in.size);
    fuse_copy_file_range_in.write(request.message, IN * 4, {
      fh_in: from.fh,
      off_in: wire(positionIn),
      nodeid_out: inode.nodeid,
      fh_out: to.fh,
      off_out: wire(positionOut),
      len: count,
      flags: 0,
    });
    request.expected = wide ? fuse_copy_file_range_out.size : fuse_write_out.size;
    if (!fc.device.send(p)) yield;
    result = request.error;
    if (result === -E.ENOSYS && wide) {
      fc.noCopyFileRange64 = true;
      result = 0;
      continue;
    }
    if (result === -E.ENOSYS) {
      fc.noCopyFileRange = true;
      result = -E.EOPNOTSUPP;
    } else if (result === 0) {
      const copied = wide ? Number(request.u64(0)) : request.word(0);
      result = copied > count ? -E.EIO : copied;
      if (result >= 0) writeUpdateAttributes(fc, inode, positionOut + result, result);
    }
    break;
  }
  inode.rwsem.up(true);
  return result;
}

/** splice_copy_file_range: through a pipe, by reads and writes. */
function* spliceCopy(
  fc: FuseConnection,
  p: Process,
  from: File,
  positionIn: number,
  to: File,
  positionOut: number,
  count: number,
): Operation<number> {
  let done = 0;
  while (done < count) {
    const data = yield* readFile(fc, p, from, positionIn + done, Math.min(SPLICE_SIZE, count - done));
    if (typeof data === 'number') return done > 0 ? done : data;
    if (data.length === 0) break;
    const written = yield* writeFile(fc, p, to, positionOut + done, data);
    if (written < 0) return done > 0 ? done : written;
    done += written;
    if (written < data.length) break;
  }
  return done;
}
