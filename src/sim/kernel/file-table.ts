import {
  FOPEN_NOFLUSH,
  FUSE_RELEASE_FLOCK_UNLOCK,
  fuse_flush_in,
  fuse_release_in,
  opcodes,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, isRegular } from '../../vfs/index.ts';
import { dPut } from './dcache.ts';
import { type File, FMODE_PATH, FMODE_READ, FMODE_WRITE } from './file.ts';
import { releaseFlock, releasePosixLocks } from './file-locks.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { type Inode, invalidateAttributes, iput, STATX_BLOCKS } from './inode.ts';
import { afterWait, afterwards, onReply, result, type Soon } from './operation.ts';
import { checkErrors, mappingOf } from './page-cache.ts';
import { OPEN_MAX, type Process } from './process.ts';
import { writeInodeNow } from './writeback.ts';

const { FLUSH, RELEASE, RELEASEDIR } = opcodes;

/** Gives an open file to the lowest free descriptor, or to `into`, whose file is closed first. */
export function installFile(fc: FuseConnection, p: Process, file: File, into: number | undefined): Soon<number> {
  if (into === undefined) {
    const fd = p.freeFd();
    if (fd < OPEN_MAX) {
      p.files[fd] = file;
      return fd;
    }
    fput(fc, file);
    return -E.EMFILE;
  }
  const possible = Number.isInteger(into) && into >= 0 && into < OPEN_MAX;
  const old = possible ? p.files[into] : file;
  if (possible) p.files[into] = file;
  const closed = old === undefined ? 0 : closeFile(fc, p, old);
  const fd = possible ? into : -E.EBADF;
  return typeof closed === 'number' ? fd : afterWait(closed, result, fd);
}

/** filp_close: FLUSH, the owner's POSIX locks, and the reference. The error is FLUSH's. */
export function closeFile(fc: FuseConnection, p: Process, file: File): Soon<number> {
  const { inode } = file;
  if ((file.mode & FMODE_PATH) !== 0) {
    fput(fc, file);
    return 0;
  }
  const error = isRegular(inode.mode) ? flush(fc, p, file) : 0;
  if (typeof error === 'number') return closeFlushed(error, fc, p, file);
  return afterwards(error, closeFlushed, fc, p, file);
}

function closeFlushed(error: number, fc: FuseConnection, p: Process, file: File): Soon<number> {
  const { inode } = file;
  releasePosixLocks(inode, p.owner);
  // fuse_release: what was made dirty since FLUSH.
  const written = file.count === 1 && fc.writebackCache && inode.mapping !== null ? writeInodeNow(fc, p, inode) : 0;
  return typeof written === 'number'
    ? closeWritten(fc, file, error)
    : afterWait(written, closeWritten, fc, file, error);
}

function closeWritten(fc: FuseConnection, file: File, error: number): number {
  fput(fc, file);
  return error;
}

/** fuse_flush. */
function flush(fc: FuseConnection, p: Process, file: File): Soon<number> {
  const { inode } = file;
  if (inode.bad) return -E.EIO;
  if ((file.openFlags & FOPEN_NOFLUSH) !== 0 && !fc.writebackCache) return 0;
  if (inode.mapping === null) return sendFlush(fc, p, file);
  const written = writeInodeNow(fc, p, inode);
  if (typeof written === 'number') return flushWritten(written, fc, p, file);
  return afterwards(written, flushWritten, fc, p, file);
}

function flushWritten(failed: number, fc: FuseConnection, p: Process, file: File): Soon<number> {
  const error = failed !== 0 ? failed : checkErrors(mappingOf(file.inode));
  return error !== 0 ? error : sendFlush(fc, p, file);
}

function sendFlush(fc: FuseConnection, p: Process, file: File): Soon<number> {
  if (fc.noFlush) return flushDone(fc, file.inode);
  const { request } = p;
  const words = request.begin(FLUSH.code, file.inode.nodeid, fuse_flush_in.size);
  writeU64(words, IN, file.fh);
  words[IN + 2] = 0;
  words[IN + 3] = 0;
  writeU64(words, IN + 4, p.owner);
  request.force = true;
  return fc.device.send(p) ? flushed(fc, p, file) : onReply(flushed, fc, p, file);
}

function flushed(fc: FuseConnection, { request: { error } }: Process, { inode }: File): number {
  if (error === -E.ENOSYS) fc.noFlush = true;
  else if (error !== 0) return error;
  return flushDone(fc, inode);
}

/** Only the filesystem knows how many blocks were written. */
function flushDone(fc: FuseConnection, inode: Inode): number {
  if (fc.writebackCache) invalidateAttributes(inode, STATX_BLOCKS);
  return 0;
}

/** fput, __fput: at the last reference the file is released. */
export function fput(fc: FuseConnection, file: File): void {
  file.count -= 1;
  if (file.count > 0) return;
  releaseFlock(file);
  releaseFile(fc, file);
}

/** fuse_file_get: a request in the background names the file's handle, which is released behind it. */
export function fuseFileGet(file: File): void {
  file.fuseCount += 1;
}

/** fuse_file_put: with the last reference RELEASE goes out and nobody waits for it; it holds the inode until it is answered. */
export function fuseFilePut(fc: FuseConnection, file: File): void {
  file.fuseCount -= 1;
  if (file.fuseCount > 0) return;
  const { inode } = file;
  if (!file.opened || !fc.device.connected) {
    iput(fc, inode);
    return;
  }
  fc.handles -= 1;
  const request = fc.device.background(() => iput(fc, inode));
  const words = request.begin(
    isDirectory(inode.mode) ? RELEASEDIR.code : RELEASE.code,
    inode.nodeid,
    fuse_release_in.size,
  );
  writeU64(words, IN, file.fh);
  words[IN + 2] = file.flags;
  words[IN + 3] = file.flock ? FUSE_RELEASE_FLOCK_UNLOCK : 0;
  writeU64(words, IN + 4, file.flock ? file.owner : 0);
  fc.device.queueBackground(request);
}

/** fuse_release_common, fuse_prepare_release. */
export function releaseFile(fc: FuseConnection, file: File): void {
  const { inode, dentry } = file;
  if (inode.pipe !== undefined && (file.mode & FMODE_PATH) === 0) {
    if ((file.mode & FMODE_READ) !== 0) inode.pipe.readers -= 1;
    if ((file.mode & FMODE_WRITE) !== 0) inode.pipe.writers -= 1;
  }
  const { mapping } = inode;
  if (mapping !== null) {
    const written = mapping.writeFiles.indexOf(file);
    if (written >= 0) mapping.writeFiles.splice(written, 1);
  }
  fuseFilePut(fc, file);
  dPut(fc, dentry);
}
