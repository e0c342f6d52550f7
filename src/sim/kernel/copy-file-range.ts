import {
  fuse_copy_file_range_in,
  fuse_copy_file_range_out,
  fuse_write_out,
  opcodes,
} from '../../fuse/protocol/index.ts';
import { type CallOf, errnoNumbers as E, isDirectory, isRegular, O_APPEND } from '../../vfs/index.ts';
import { fileModified } from './attr.ts';
import { type File, FMODE_READ, FMODE_WRITE } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { wire } from './fuse-read.ts';
import { IN } from './fuse-request.ts';
import { writeUpdateAttributes } from './fuse-write.ts';
import { type Operation, settled } from './operation.ts';
import { PAGE_SIZE } from './page-cache.ts';
import type { Process } from './process.ts';
import { openFileOf, spliceRead, writeFile } from './read-write.ts';
import { MAX_RW_COUNT, writeLimits } from './size-limits.ts';
import { truncatePagecacheRange } from './truncate.ts';
import { flushTimeUpdate, updateTime, writebackRange } from './writeback.ts';

const { COPY_FILE_RANGE, COPY_FILE_RANGE_64 } = opcodes;
/** What a pipe between two files carries (PIPE_DEF_BUFFERS pages). */
const SPLICE_SIZE = 16 * PAGE_SIZE;

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

/** Whether a position and a size are beyond 2^64 together; a negative position is a large one here. */
const wraps = (position: number, size: number): boolean => position + size >= (position < 0 ? 0 : 2 ** 64) && size > 0;

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
  if (wraps(positionIn, size) || wraps(positionOut, size)) return -E.EOVERFLOW;
  let count = positionIn >= inodeIn.size ? 0 : Math.min(size, inodeIn.size - positionIn);
  count = writeLimits(fc, positionOut, count);
  if (count < 0) return count;
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
  const source = from.inode;
  if (!source.rwsem.tryDown(true)) yield* source.rwsem.wait(p, true, 'an inode');
  const failed = yield* writebackRange(fc, p, source, positionIn);
  source.rwsem.up(true);
  if (failed !== 0) return failed;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  let result = yield* fileModified(fc, p, to);
  if (result === 0) result = yield* writebackRange(fc, p, inode, positionOut);
  const { mapping } = inode;
  if (mapping !== null) mapping.sizeUnstable = !fc.writebackCache && positionOut + count > inode.size;
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
      if (result >= 0) {
        // Partly copied pages go too: what they hold is older than what was copied.
        truncatePagecacheRange(inode, pageFloor(positionOut), pageFloor(positionOut + result + PAGE_SIZE - 1));
        updateTime(fc, inode);
        writeUpdateAttributes(fc, inode, positionOut + result, result);
      }
    }
    break;
  }
  if (mapping !== null) mapping.sizeUnstable = false;
  inode.rwsem.up(true);
  yield* flushTimeUpdate(fc, p, inode);
  return result;
}

const pageFloor = (position: number): number => position - (position % PAGE_SIZE);

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
    const data = yield* settled(spliceRead(fc, p, from, positionIn + done, Math.min(SPLICE_SIZE, count - done)));
    if (typeof data === 'number') return done > 0 ? done : data;
    if (data.length === 0) break;
    const written = yield* settled(writeFile(fc, p, to, positionOut + done, data));
    if (written < 0) return done > 0 ? done : written;
    done += written;
    if (written < data.length) break;
  }
  return done;
}
