import { fuse_fallocate_in, opcodes, writeU64 } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  errnoNumbers as E,
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_INSERT_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_UNSHARE_RANGE,
  FALLOC_FL_ZERO_RANGE,
  isDirectory,
  isRegular,
  S_IFBLK,
  S_IFIFO,
  S_IFMT,
} from '../../vfs/index.ts';
import { fileModified } from './attr.ts';
import { type File, FMODE_WRITE } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { wire } from './fuse-read.ts';
import { IN } from './fuse-request.ts';
import { writeUpdateAttributes } from './fuse-write.ts';
import { FUSE_STATX_MODSIZE, invalidateAttributes } from './inode.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';
import { MAX_BYTES, newSizeOk } from './size-limits.ts';
import { truncatePagecacheRange } from './truncate.ts';
import { flushTimeUpdate, updateTime, writebackRange } from './writeback.ts';

const { FALLOCATE } = opcodes;

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
  yield* flushTimeUpdate(fc, p, inode);
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
  const keepsSize = (mode & FALLOC_FL_KEEP_SIZE) !== 0;
  const clears = (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) !== 0;
  let error = clears ? yield* writebackRange(fc, p, inode, offset) : 0;
  if (error === 0 && !keepsSize) error = newSizeOk(fc, inode, offset + size);
  if (error === 0) error = yield* fileModified(fc, p, file);
  if (error !== 0) return error;
  const { mapping } = inode;
  if (mapping !== null) mapping.sizeUnstable = !keepsSize;
  const { request } = p;
  const words = request.begin(FALLOCATE.code, inode.nodeid, fuse_fallocate_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, wire(offset));
  writeU64(words, IN + 4, wire(size));
  words[IN + 6] = mode;
  words[IN + 7] = 0;
  if (!fc.device.send(p)) yield;
  if (mapping !== null) mapping.sizeUnstable = false;
  if (request.error === -E.ENOSYS) {
    fc.noFallocate = true;
    return -E.EOPNOTSUPP;
  }
  if (request.error !== 0) return request.error;
  if (!keepsSize) {
    const grows = offset + size > inode.size;
    writeUpdateAttributes(fc, inode, offset + size, size);
    if (grows) updateTime(fc, inode);
  }
  if (clears) truncatePagecacheRange(inode, offset, offset + size);
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
  return 0;
}
