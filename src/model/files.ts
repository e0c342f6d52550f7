import {
  type CallOf,
  type Data,
  dataBytes,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  O_APPEND,
  POSIX_FADV_NOREUSE,
  POSIX_FADV_NORMAL,
  S_IFIFO,
  S_IFMT,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from '../vfs/index.ts';
import type { Content } from './content.ts';
import { seekDirectory } from './directory.ts';
import type { Inode } from './inode.ts';
import { dropPrivilegesByWrite, MAY_WRITE, permitted } from './permission.ts';
import type { OpenFile } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongData, wrongValue } from './verdict.ts';
import { walk } from './walk.ts';

/** The most that one call transfers (MAX_RW_COUNT). */
const MAX_RW_COUNT = 0x7ffff000;
const IOV_MAX = 1024;
const OFFSET_MAX = 2 ** 63;

const isFifo = (inode: Inode): boolean => (inode.mode & S_IFMT) === S_IFIFO;

/** What is too large for some filesystems was refused. */
function tooLarge(s: State, end: number): boolean {
  return end > s.options.fileSizeLimit && (s.isError(E.EFBIG) || s.isError(E.ENOSPC) || s.isError(E.EINVAL));
}

/** The data of a file changed. */
function modified(s: State, inode: Inode): void {
  inode.cause = s.op;
  dropPrivilegesByWrite(s.process, inode);
  s.touchMtime(inode);
}

/** Data of FIFOs and devices is no filesystem's; their times move with it or not. */
function usedSpecial(s: State, inode: Inode): Verdict {
  s.accessed(inode);
  inode.mtime.forget(s.op);
  inode.ctime.forget(s.op);
  return undefined;
}

/** The rules of reading `size` bytes at `offset`. */
function readAt(s: State, file: OpenFile, offset: number, size: number): Verdict {
  const { inode } = file;
  // The position in a listing may be too large for a read (rw_verify_area).
  if (inode.isDirectory) return s.isError(E.EINVAL) && offset !== 0 ? undefined : s.fails(E.EISDIR);
  if (!inode.isRegular) return usedSpecial(s, inode);
  if (s.failed) return s.succeeds();
  const { result } = s;
  if (!(result instanceof Uint8Array)) return wrongValue('result', 'malformed', 'bytes', typeof result);
  const expected = Math.max(0, Math.min(size, MAX_RW_COUNT, inode.size - offset));
  if (result.length !== expected)
    return wrongValue('length', result.length < expected ? 'too short' : 'too long', expected, result.length);
  const content = inode.content as Content;
  const at = content.difference(offset, result);
  if (at >= 0) return wrongData(content.byte(at), result[at - offset], at, content.causeAt(at));
  s.accessed(inode);
  return undefined;
}

function readHere(s: State, fd: number, size: number): Verdict {
  const file = s.file(fd);
  if (file === undefined || !file.readable) return s.fails(E.EBADF);
  const verdict = readAt(s, file, file.offset, size);
  if (verdict === undefined && s.result instanceof Uint8Array) file.offset += s.result.length;
  return verdict;
}

export function read(s: State, call: CallOf<'read'>): Verdict {
  return readHere(s, call.fd, call.size);
}

export function readv(s: State, call: CallOf<'readv'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined || !file.readable) return s.fails(E.EBADF);
  if (call.sizes.length > IOV_MAX) return s.fails(E.EINVAL);
  let size = 0;
  for (const part of call.sizes) size += part;
  // An empty vector ends before the file is asked (vfs_readv).
  if (size === 0) return s.succeeds();
  return readHere(s, call.fd, size);
}

export function pread(s: State, call: CallOf<'pread'>): Verdict {
  if (call.offset < 0) return s.fails(E.EINVAL);
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (isFifo(file.inode)) return s.fails(E.ESPIPE);
  if (!file.readable) return s.fails(E.EBADF);
  if (call.offset + call.size >= OFFSET_MAX && s.failed) return s.failsWith(E.EINVAL, E.EOVERFLOW);
  return readAt(s, file, call.offset, call.size);
}

/** Writes all of `parts`; the offset is the end of the file with O_APPEND, of pwrite too (pwrite(2), BUGS). */
function writeAt(s: State, file: OpenFile, offset: number, parts: readonly Data[]): Verdict {
  const { inode } = file;
  if (!inode.isRegular) return usedSpecial(s, inode);
  let total = 0;
  for (const part of parts) total += part.length;
  if (total === 0)
    return s.result === 0 ? undefined : (s.succeeds() ?? wrongValue('count', 'wrong', 0, String(s.result)));
  const start = (file.flags & O_APPEND) !== 0 ? inode.size : offset;
  if (tooLarge(s, start + total)) return undefined;
  if (s.failed) return s.succeeds();
  if (
    s.result !== total &&
    !(start + total > s.options.fileSizeLimit && typeof s.result === 'number' && s.result < total)
  )
    return wrongValue('count', 'wrong', total, String(s.result));
  let left = s.result as number;
  let at = start;
  for (const part of parts) {
    const bytes = dataBytes(part);
    const taken = bytes.length <= left ? bytes : bytes.subarray(0, left);
    (inode.content as Content).write(at, taken, s.op);
    at += taken.length;
    left -= taken.length;
  }
  if (at > inode.size) inode.size = at;
  modified(s, inode);
  s.end = at;
  return undefined;
}

function writeHere(s: State, fd: number, parts: readonly Data[]): Verdict {
  const file = s.file(fd);
  if (file === undefined || !file.writable) return s.fails(E.EBADF);
  if (parts.length > IOV_MAX) return s.fails(E.EINVAL);
  s.end = file.offset;
  const verdict = writeAt(s, file, file.offset, parts);
  if (verdict === undefined && !s.failed) file.offset = s.end;
  return verdict;
}

export function write(s: State, call: CallOf<'write'>): Verdict {
  return writeHere(s, call.fd, [call.data]);
}

export function writev(s: State, call: CallOf<'writev'>): Verdict {
  return writeHere(s, call.fd, call.datas);
}

export function pwrite(s: State, call: CallOf<'pwrite'>): Verdict {
  if (call.offset < 0) return s.fails(E.EINVAL);
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (isFifo(file.inode)) return s.fails(E.ESPIPE);
  if (!file.writable) return s.fails(E.EBADF);
  return writeAt(s, file, call.offset, [call.data]);
}

/**
 * SEEK_DATA and SEEK_HOLE: holes may be reported as data, data never as a hole; there is a hole at the end. What was stored
 * into memory may be either until it is written back: FUSE asks the filesystem, which has not heard of it (fuse_lseek).
 */
function seekExtent(s: State, inode: Inode, offset: number, whence: number): Verdict {
  if (offset < 0 || offset >= inode.size) return s.fails(E.ENXIO);
  const content = inode.content as Content;
  const { result } = s;
  const data = content.dataFrom(offset);
  const hasData = data !== undefined && data < inode.size;
  const inMemory = inode.stored !== undefined;
  if (whence === SEEK_DATA && (!hasData || inMemory) && s.isError(E.ENXIO)) return undefined;
  if (s.failed) return s.succeeds();
  if (typeof result !== 'number' || result < offset || result > inode.size)
    return wrongValue('offset', 'out of range', `${offset} to ${inode.size}`, String(result));
  if (inMemory) return undefined;
  if (whence === SEEK_DATA)
    return result < inode.size && (!hasData || result <= data)
      ? undefined
      : wrongValue('offset', 'past data', `up to ${data}`, result);
  return result === inode.size || content.isHole(result)
    ? undefined
    : wrongValue('offset', 'of a hole in data', 'a hole', result);
}

export function lseek(s: State, call: CallOf<'lseek'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  const { whence, offset } = call;
  if (whence < SEEK_SET || whence > SEEK_HOLE) return s.fails(E.EINVAL);
  const { inode } = file;
  if (inode.isDirectory) return seekDirectory(s, file, offset, whence);
  if (isFifo(inode)) return s.fails(E.ESPIPE);
  if (!inode.isRegular) return undefined;
  if (whence === SEEK_DATA || whence === SEEK_HOLE) {
    const verdict = seekExtent(s, inode, offset, whence);
    if (verdict === undefined && !s.failed) file.offset = s.result as number;
    return verdict;
  }
  const target = offset + (whence === SEEK_CUR ? file.offset : whence === SEEK_END ? inode.size : 0);
  if (target < 0) return s.fails(E.EINVAL);
  if (target > s.options.fileSizeLimit && (s.isError(E.EINVAL) || s.isError(E.EOVERFLOW))) return undefined;
  if (s.failed) return s.succeeds();
  if (s.result !== target) return wrongValue('offset', 'wrong', target, String(s.result));
  file.offset = target;
  return undefined;
}

/** With the same size Linux' truncate leaves the times, ftruncate and POSIX.1-2024 update them; FUSE cannot tell the two. */
function resize(s: State, inode: Inode, size: number): Verdict {
  if (tooLarge(s, size)) return undefined;
  if (s.failed) return s.succeeds();
  if (size === inode.size) s.mayTouchMtime(inode);
  else s.touchMtime(inode);
  if (size < inode.size) inode.content?.cut(size);
  inode.size = size;
  inode.cause = s.op;
  dropPrivilegesByWrite(s.process, inode);
  return undefined;
}

export function truncate(s: State, call: CallOf<'truncate'>): Verdict {
  if (call.size < 0) return s.fails(E.EINVAL);
  const error = walk(s, undefined, call.path, true);
  if (error !== 0) return s.fails(error);
  const inode = s.found as Inode;
  if (inode.isDirectory) return s.fails(E.EISDIR);
  if (!inode.isRegular) return s.fails(E.EINVAL);
  if (!permitted(s.process, inode, MAY_WRITE)) return s.fails(E.EACCES);
  return resize(s, inode, call.size);
}

export function ftruncate(s: State, call: CallOf<'ftruncate'>): Verdict {
  if (call.size < 0) return s.fails(E.EINVAL);
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  const { inode } = file;
  if (!inode.isRegular || !file.writable) return s.fails(E.EINVAL);
  return resize(s, inode, call.size);
}

const FALLOC_MODES =
  FALLOC_FL_PUNCH_HOLE |
  FALLOC_FL_ZERO_RANGE |
  FALLOC_FL_COLLAPSE_RANGE |
  FALLOC_FL_INSERT_RANGE |
  FALLOC_FL_UNSHARE_RANGE;

/** vfs_fallocate (fs/open.c); which modes but plain allocation there are is the filesystem's choice. */
export function fallocate(s: State, call: CallOf<'fallocate'>): Verdict {
  const { mode, offset, size } = call;
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (offset < 0 || size <= 0) return s.fails(E.EINVAL);
  const what = mode & FALLOC_MODES;
  const keepSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  if ((mode & ~(FALLOC_MODES | FALLOC_FL_KEEP_SIZE)) !== 0 || (what & (what - 1)) !== 0) return s.fails(E.EOPNOTSUPP);
  if (what === FALLOC_FL_PUNCH_HOLE && !keepSize) return s.fails(E.EOPNOTSUPP);
  const shifts = what === FALLOC_FL_COLLAPSE_RANGE || what === FALLOC_FL_INSERT_RANGE;
  if (shifts && keepSize) return s.fails(E.EOPNOTSUPP);
  if (!file.writable) return s.fails(E.EBADF);
  const { inode } = file;
  if (isFifo(inode)) return s.fails(E.ESPIPE);
  if (inode.isDirectory) return s.fails(E.EISDIR);
  if (!inode.isRegular) return s.fails(E.ENODEV);
  if (tooLarge(s, offset + size) || s.isError(E.EOPNOTSUPP)) return undefined;
  if (shifts || what === FALLOC_FL_UNSHARE_RANGE)
    return s.failed ? s.failsWith(E.EINVAL) : wrongValue('mode', 'not judged', 'EOPNOTSUPP', 'success');
  if (s.failed) return s.succeeds();
  if (what !== 0) inode.content?.clear(offset, Math.min(offset + size, inode.size));
  if (!keepSize && offset + size > inode.size) inode.size = offset + size;
  inode.cause = s.op;
  dropPrivilegesByWrite(s.process, inode);
  s.mayTouchMtime(inode);
  return undefined;
}

/** vfs_copy_file_range and generic_copy_file_checks; it may copy less than asked, but something. */
export function copyFileRange(s: State, call: CallOf<'copy_file_range'>): Verdict {
  const source = s.file(call.fd);
  const target = s.file(call.fdOut);
  if (source === undefined || target === undefined) return s.fails(E.EBADF);
  const { inode } = source;
  const { inode: out } = target;
  if (inode.isDirectory || out.isDirectory) return s.fails(E.EISDIR);
  if (!inode.isRegular || !out.isRegular) return s.fails(E.EINVAL);
  if (!source.readable || !target.writable || (target.flags & O_APPEND) !== 0) return s.fails(E.EBADF);
  const from = call.offset ?? source.offset;
  const to = call.offsetOut ?? target.offset;
  if (from < 0 || to < 0) return s.failsWith(E.EINVAL, E.EOVERFLOW);
  if ((from + call.size >= OFFSET_MAX || to + call.size >= OFFSET_MAX) && s.isError(E.EOVERFLOW)) return undefined;
  const count = Math.max(0, Math.min(call.size, MAX_RW_COUNT, inode.size - from));
  // Whoever copies by reading and writing has read before the write is refused.
  if (count > 0) s.accessed(inode);
  if (tooLarge(s, to + count)) return undefined;
  if (inode === out && to + count > from && to < from + count) return s.fails(E.EINVAL);
  if (s.failed) return s.succeeds();
  const copied = s.result;
  if (typeof copied !== 'number' || copied > count || (copied === 0) !== (count === 0))
    return wrongValue('count', 'wrong', count === 0 ? 0 : `1 to ${count}`, String(copied));
  if (call.offset === undefined) source.offset += copied;
  if (call.offsetOut === undefined) target.offset += copied;
  if (copied === 0) {
    s.mayTouchMtime(out);
    return undefined;
  }
  (inode.content as Content).copyTo(out.content as Content, from, to, copied, s.op);
  if (to + copied > out.size) out.size = to + copied;
  modified(s, out);
  return undefined;
}

export function fsync(s: State, call: CallOf<'fsync' | 'fdatasync'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (!file.inode.isRegular && !file.inode.isDirectory) return s.fails(E.EINVAL);
  s.wroteBack(file.inode);
  return s.succeeds();
}

export function sync(s: State): Verdict {
  return s.succeeds();
}

export function syncfs(s: State, call: CallOf<'syncfs'>): Verdict {
  return s.file(call.fd) === undefined ? s.fails(E.EBADF) : s.succeeds();
}

const isAdvice = (advice: number): boolean => advice >= POSIX_FADV_NORMAL && advice <= POSIX_FADV_NOREUSE;

/** generic_fadvise (mm/fadvise.c). */
export function fadvise(s: State, call: CallOf<'posix_fadvise'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (isFifo(file.inode)) return s.fails(E.ESPIPE);
  return call.size < 0 || !isAdvice(call.advice) ? s.fails(E.EINVAL) : s.succeeds();
}
