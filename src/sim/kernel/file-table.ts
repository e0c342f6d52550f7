import {
  FOPEN_NOFLUSH,
  FUSE_RELEASE_FLOCK_UNLOCK,
  fuse_flush_in,
  fuse_release_in,
  opcodes,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isDirectory, isRegular, S_IFIFO, S_IFMT } from '../../vfs/index.ts';
import { dPut } from './dcache.ts';
import { type File, FMODE_PATH, FMODE_READ, FMODE_WRITE } from './file.ts';
import { releaseFlock, releasePosixLocks } from './file-locks.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { iput } from './inode.ts';
import type { Operation } from './operation.ts';
import { OPEN_MAX, type Process } from './process.ts';

const { FLUSH, RELEASE, RELEASEDIR } = opcodes;

/** Gives an open file to the lowest free descriptor, or to `into`, whose file is closed first. */
export function* installFile(fc: FuseConnection, p: Process, file: File, into: number | undefined): Operation<number> {
  if (into === undefined) {
    const fd = p.freeFd();
    if (fd < OPEN_MAX) {
      p.files[fd] = file;
      return fd;
    }
    fput(fc, file);
    return -E.EMFILE;
  }
  if (!Number.isInteger(into) || into < 0 || into >= OPEN_MAX) {
    yield* closeFile(fc, p, file);
    return -E.EBADF;
  }
  const old = p.files[into];
  p.files[into] = file;
  if (old !== undefined) yield* closeFile(fc, p, old);
  return into;
}

/** filp_close: FLUSH, the owner's POSIX locks, and the reference. The error is FLUSH's. */
export function* closeFile(fc: FuseConnection, p: Process, file: File): Operation<number> {
  let error = 0;
  if ((file.mode & FMODE_PATH) === 0) {
    if (isRegular(file.inode.mode)) error = yield* flush(fc, p, file);
    releasePosixLocks(file.inode, p.owner);
  }
  fput(fc, file);
  return error;
}

/** fuse_flush. */
function* flush(fc: FuseConnection, p: Process, file: File): Operation<number> {
  if (file.inode.bad) return -E.EIO;
  if ((file.openFlags & FOPEN_NOFLUSH) !== 0 || fc.noFlush) return 0;
  const { request } = p;
  const words = request.begin(FLUSH.code, file.inode.nodeid, fuse_flush_in.size);
  writeU64(words, IN, file.fh);
  words[IN + 2] = 0;
  words[IN + 3] = 0;
  writeU64(words, IN + 4, p.owner);
  request.force = true;
  if (!fc.device.send(p)) yield;
  if (request.error !== -E.ENOSYS) return request.error;
  fc.noFlush = true;
  return 0;
}

/** fput, __fput: at the last reference the file is released. */
export function fput(fc: FuseConnection, file: File): void {
  file.count -= 1;
  if (file.count > 0) return;
  releaseFlock(file);
  releaseFile(fc, file);
}

/** fuse_release_common: RELEASE goes out and nobody waits for it; it holds the inode until it is answered. */
export function releaseFile(fc: FuseConnection, file: File): void {
  const { inode, dentry } = file;
  if ((inode.mode & S_IFMT) === S_IFIFO && (file.mode & FMODE_PATH) === 0) {
    if ((file.mode & FMODE_READ) !== 0) inode.readers -= 1;
    if ((file.mode & FMODE_WRITE) !== 0) inode.writers -= 1;
  }
  const isDir = isDirectory(inode.mode);
  if (!file.opened || !fc.device.connected) iput(fc, inode);
  else {
    const request = fc.device.background(() => iput(fc, inode));
    const words = request.begin(isDir ? RELEASEDIR.code : RELEASE.code, inode.nodeid, fuse_release_in.size);
    writeU64(words, IN, file.fh);
    words[IN + 2] = file.flags;
    words[IN + 3] = file.flock ? FUSE_RELEASE_FLOCK_UNLOCK : 0;
    writeU64(words, IN + 4, file.flock ? file.owner : 0);
    fc.device.queue(request);
  }
  dPut(fc, dentry);
}
