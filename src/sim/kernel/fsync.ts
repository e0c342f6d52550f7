import { FUSE_FSYNC_FDATASYNC, fuse_fsync_in, opcodes, writeU64 } from '../../fuse/protocol/index.ts';
import { type CallOf, errnoNumbers as E, isDirectory, isRegular, root } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { type Operation, settled } from './operation.ts';
import { type AddressSpace, checkAndAdvanceError, checkErrors } from './page-cache.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';
import { flushTimes, syncWrites, writeAndWait, writeInodeNow } from './writeback.ts';

const { FSYNC, FSYNCDIR } = opcodes;

/** What fuse_fsync does before the request: pages, then times, are with the filesystem. */
function* writeBack(
  fc: FuseConnection,
  p: Process,
  file: File,
  mapping: AddressSpace,
  first: number,
  last: number,
): Operation<number> {
  yield* writeAndWait(fc, p, mapping, first, last);
  yield* syncWrites(fc, p, mapping);
  // Both are asked: the flags of the mapping and the open file's own view of the error.
  const flagged = checkErrors(mapping);
  const error = checkAndAdvanceError(mapping, file) || flagged;
  if (error !== 0 || !mapping.dirtyTimes) return error;
  mapping.dirtyTimes = false;
  return yield* flushTimes(fc, p, file.inode);
}

/** fuse_fsync, fuse_dir_fsync, for the pages `first` to `last`; what cannot be synchronised is EINVAL (vfs_fsync_range). */
export function* fsyncFile(
  fc: FuseConnection,
  p: Process,
  file: File,
  dataOnly: boolean,
  first = 0,
  last: number = Number.MAX_SAFE_INTEGER,
): Operation<number> {
  const { inode } = file;
  const isDir = isDirectory(inode.mode);
  if (!isDir && !isRegular(inode.mode)) return -E.EINVAL;
  if (inode.bad) return -E.EIO;
  if (isDir && fc.noFsyncdir) return 0;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const { mapping } = inode;
  let error = mapping === null || isDir ? 0 : yield* writeBack(fc, p, file, mapping, first, last);
  if (error === 0 && !(isDir ? fc.noFsyncdir : fc.noFsync)) error = yield* sendFsync(fc, p, file, dataOnly, isDir);
  inode.rwsem.up(true);
  return error;
}

function* sendFsync(fc: FuseConnection, p: Process, file: File, dataOnly: boolean, isDir: boolean): Operation<number> {
  const { request } = p;
  const words = request.begin(isDir ? FSYNCDIR.code : FSYNC.code, file.inode.nodeid, fuse_fsync_in.size);
  writeU64(words, IN, file.fh);
  words[IN + 2] = dataOnly ? FUSE_FSYNC_FDATASYNC : 0;
  words[IN + 3] = 0;
  if (!fc.device.send(p)) yield;
  if (request.error !== -E.ENOSYS) return request.error;
  if (isDir) fc.noFsyncdir = true;
  else fc.noFsync = true;
  return 0;
}

export function* fsync(fc: FuseConnection, p: Process, call: CallOf<'fsync' | 'fdatasync'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  return file === undefined ? -E.EBADF : yield* fsyncFile(fc, p, file, call.op === 'fdatasync');
}

/** sync(2) (sync_inodes_sb): whatever is dirty is written; SYNCFS is sent to virtiofs only (fuse_sync_fs). */
export function* sync(fc: FuseConnection, p: Process): Operation<number> {
  // It is the flusher's thread that writes, while the caller waits (bdi_split_work_to_wbs).
  const { credentials } = p;
  p.credentials = root;
  for (const mapping of [...fc.dirtyInodes]) yield* settled(writeInodeNow(fc, p, mapping.host));
  p.credentials = credentials;
  return 0;
}

export function* syncfs(fc: FuseConnection, p: Process, call: CallOf<'syncfs'>): Operation<number> {
  return openFileOf(p, call.fd) === undefined ? -E.EBADF : yield* sync(fc, p);
}
