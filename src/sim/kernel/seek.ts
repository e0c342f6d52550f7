import { fuse_lseek_in, fuse_lseek_out, opcodes, writeU64 } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  errnoNumbers as E,
  isRegular,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from '../../vfs/index.ts';
import { type File, FMODE_LSEEK } from './file.ts';
import { updateAttributes } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { wire } from './fuse-read.ts';
import { IN } from './fuse-request.ts';
import { STATX_SIZE } from './inode.ts';
import { type Operation, type Soon, settled } from './operation.ts';
import type { Process } from './process.ts';
import { atSharedPosition, isShared, openFileOf } from './read-write.ts';
import { MAX_BYTES } from './size-limits.ts';

const { LSEEK } = opcodes;

/** ksys_lseek; the position of a directory is opaque. */
export function lseek(fc: FuseConnection, p: Process, call: CallOf<'lseek'>): Soon<number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { whence, offset } = call;
  if (!Number.isInteger(whence) || whence < SEEK_SET || whence > SEEK_HOLE) return -E.EINVAL;
  if ((file.mode & FMODE_LSEEK) === 0) return -E.ESPIPE;
  return isShared(file)
    ? atSharedPosition(p, file, fileLseek, fc, p, file, offset, whence)
    : fileLseek(fc, p, file, offset, whence);
}

/** fuse_file_llseek (fs/fuse/file.c); directories use generic_file_llseek. */
function fileLseek(fc: FuseConnection, p: Process, file: File, offset: number, whence: number): Soon<number> {
  const asks = isRegular(file.inode.mode) && whence !== SEEK_SET && whence !== SEEK_CUR;
  return asks ? seekAsking(fc, p, file, offset, whence) : genericLseek(file, offset, whence);
}

function* seekAsking(fc: FuseConnection, p: Process, file: File, offset: number, whence: number): Operation<number> {
  const { inode } = file;
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
  const error = yield* settled(updateAttributes(fc, p, file, STATX_SIZE));
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
