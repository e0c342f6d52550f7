import { fuse_statfs_out, opcodes } from '../../fuse/protocol/index.ts';
import { type CallOf, errnoNumbers as E, type FileSystemStatistics } from '../../vfs/index.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { OUT } from './fuse-request.ts';
import type { Inode } from './inode.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_FOLLOW } from './nameidata.ts';
import { type Operation, settled } from './operation.ts';
import type { Process } from './process.ts';

export function* statfs(
  fc: FuseConnection,
  p: Process,
  call: CallOf<'statfs'>,
): Operation<FileSystemStatistics | number> {
  const error = yield* settled(pathLookup(fc, p, p.nd, undefined, call.path, LOOKUP_FOLLOW));
  return error !== 0 ? error : yield* fuseStatfs(fc, p, inodeOf(p.nd));
}

export function* fstatfs(
  fc: FuseConnection,
  p: Process,
  call: CallOf<'fstatfs'>,
): Operation<FileSystemStatistics | number> {
  const file = p.file(call.fd);
  return file === undefined ? -E.EBADF : yield* fuseStatfs(fc, p, file.inode);
}

/** fuse_statfs (fs/fuse/inode.c). */
function* fuseStatfs(fc: FuseConnection, p: Process, inode: Inode): Operation<FileSystemStatistics | number> {
  const { request } = p;
  request.begin(opcodes.STATFS.code, inode.nodeid, 0);
  request.expected = fuse_statfs_out.size;
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) return request.error;
  const { st } = fuse_statfs_out.read(request.reply, OUT * 4);
  return {
    bsize: st.bsize,
    frsize: st.frsize === 0 ? st.bsize : st.frsize,
    blocks: Number(st.blocks),
    bfree: Number(st.bfree),
    bavail: Number(st.bavail),
    files: Number(st.files),
    ffree: Number(st.ffree),
    namelen: st.namelen,
  };
}
