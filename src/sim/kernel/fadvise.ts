import {
  type CallOf,
  errnoNumbers as E,
  isRegular,
  POSIX_FADV_DONTNEED,
  POSIX_FADV_NOREUSE,
  POSIX_FADV_NORMAL,
  POSIX_FADV_RANDOM,
  POSIX_FADV_SEQUENTIAL,
  POSIX_FADV_WILLNEED,
  S_IFIFO,
  S_IFMT,
} from '../../vfs/index.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { Operation } from './operation.ts';
import { PAGE_SIZE } from './page-cache.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';
import { forcePageCacheRa, readaheadState } from './readahead.ts';
import { invalidateMappingPages } from './truncate.ts';
import { writepages } from './writeback.ts';

/** generic_fadvise (mm/fadvise.c). */
export function* fadvise(fc: FuseConnection, p: Process, call: CallOf<'posix_fadvise'>): Operation<number> {
  const file = openFileOf(p, call.fd);
  if (file === undefined) return -E.EBADF;
  const { inode } = file;
  if ((inode.mode & S_IFMT) === S_IFIFO) return -E.ESPIPE;
  const { offset, size, advice } = call;
  if (size < 0) return -E.EINVAL;
  const end = size === 0 || offset + size >= 2 ** 63 ? Number.MAX_SAFE_INTEGER : offset + size;
  const ra = readaheadState(file);
  switch (advice) {
    case POSIX_FADV_NORMAL:
      ra.pages = fc.readaheadPages;
      ra.random = false;
      return 0;
    case POSIX_FADV_RANDOM:
      ra.random = true;
      return 0;
    case POSIX_FADV_SEQUENTIAL:
      ra.pages = fc.readaheadPages * 2;
      ra.random = false;
      return 0;
    case POSIX_FADV_NOREUSE:
      return 0;
    case POSIX_FADV_WILLNEED: {
      // What has no read_folio has nothing to read ahead.
      if (!isRegular(inode.mode)) return 0;
      const first = Math.floor(Math.max(offset, 0) / PAGE_SIZE);
      yield* forcePageCacheRa(fc, p, file, first, Math.floor((end - 1) / PAGE_SIZE) - first + 1);
      return 0;
    }
    case POSIX_FADV_DONTNEED: {
      const { mapping } = inode;
      if (mapping === null) return 0;
      writepages(fc, mapping, Math.floor(Math.max(offset, 0) / PAGE_SIZE), Math.floor((end - 1) / PAGE_SIZE));
      // Only whole pages go, but a last page that ends with the file is whole.
      const first = Math.ceil(Math.max(offset, 0) / PAGE_SIZE);
      const last = end >= inode.size ? Number.MAX_SAFE_INTEGER : Math.floor(end / PAGE_SIZE) - 1;
      if (last >= first) invalidateMappingPages(inode, first, last);
      return 0;
    }
    default:
      return -E.EINVAL;
  }
}
