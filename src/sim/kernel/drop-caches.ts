import { type CallOf, errnoNumbers as E } from '../../vfs/index.ts';
import { aliasesOf, shrinkChildren } from './dcache.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { Process } from './process.ts';
import { dropListing } from './readdir-cache.ts';
import { invalidateMappingPages } from './truncate.ts';

/** Bits of /proc/sys/vm/drop_caches: the page cache, and dentries and inodes. */
const PAGECACHE = 1;
const SLAB = 2;

/** drop_caches_sysctl_handler (fs/drop_caches.c): what nobody uses goes, and the filesystem is told (FORGET). */
export function dropCaches(fc: FuseConnection, which: number): void {
  if ((which & PAGECACHE) !== 0)
    for (const inode of fc.inodes.values()) {
      invalidateMappingPages(inode);
      dropListing(inode);
      inode.link = undefined;
    }
  if ((which & SLAB) === 0) return;
  shrinkChildren(fc, fc.root);
  // The kernel has a list of what is unused (s_dentry_lru), on which is, too, what lies below a directory that nobody finds any more.
  for (const inode of [...fc.inodes.values()]) for (const dentry of aliasesOf(inode)) shrinkChildren(fc, dentry);
}

export function dropCachesCall(fc: FuseConnection, p: Process, call: CallOf<'drop_caches'>): number {
  if (!p.capable) return -E.EACCES;
  if (call.caches < 1 || call.caches > 4) return -E.EINVAL;
  dropCaches(fc, call.caches);
  return 0;
}
