import { errnoNumbers as E } from '../../vfs/index.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { Inode } from './inode.ts';

/** s_maxbytes, MAX_LFS_FILESIZE; as a number it is 2^63. */
export const MAX_BYTES = 2 ** 63;

/** The most that one read or write moves. */
export const MAX_RW_COUNT = 0x7ffff000;

/** generic_write_check_limits (fs/read_write.c): how many of `count` bytes may be written at a position, or EFBIG. */
export function writeLimits(fc: FuseConnection, position: number, count: number): number {
  const most = Math.min(fc.fileSizeLimit, MAX_BYTES);
  return position >= most ? -E.EFBIG : Math.min(count, most - position);
}

/** inode_newsize_ok (mm/truncate.c): 0, or EFBIG. */
export function newSizeOk(fc: FuseConnection, inode: Inode, size: number): number {
  return size > inode.size && (size > fc.fileSizeLimit || size >= MAX_BYTES) ? -E.EFBIG : 0;
}
