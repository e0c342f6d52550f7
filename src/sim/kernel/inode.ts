import type { U64 } from '../../vfs/index.ts';
import type { Dentry } from './dcache.ts';
import type { FileLocks } from './file-locks.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { AddressSpace } from './page-cache.ts';
import type { ReaddirCache } from './readdir-cache.ts';
import { RwSemaphore } from './rw-semaphore.ts';

// STATX_* (include/uapi/linux/stat.h): what of an inode's attributes is meant.
export const STATX_MODE = 0x2;
export const STATX_UID = 0x8;
export const STATX_GID = 0x10;
export const STATX_ATIME = 0x20;
export const STATX_MTIME = 0x40;
export const STATX_CTIME = 0x80;
export const STATX_SIZE = 0x200;
export const STATX_BLOCKS = 0x400;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
/** fs/fuse/fuse_i.h. */
export const FUSE_STATX_MODIFY = STATX_MTIME | STATX_CTIME | STATX_BLOCKS;
export const FUSE_STATX_MODSIZE = FUSE_STATX_MODIFY | STATX_SIZE;

/** struct inode and struct fuse_inode in one (include/linux/fs.h, fs/fuse/fuse_i.h). */
export class Inode {
  readonly nodeid: U64;
  readonly generation: U64;
  /** References that the filesystem believes the kernel to have. */
  nlookup = 0;
  /** i_count. */
  count = 1;
  ino: U64 = 0;
  mode = 0;
  /** orig_i_mode: the mode as the filesystem said it, the sticky bit included. */
  originalMode = 0;
  nlink = 0;
  uid = 0;
  gid = 0;
  rdev = 0;
  size = 0;
  blocks = 0;
  blksize = 0;
  atimeSec = 0;
  atimeNsec = 0;
  mtimeSec = 0;
  mtimeNsec = 0;
  ctimeSec = 0;
  ctimeNsec = 0;
  /** i_time: until when the attributes are valid, in the clock's nanoseconds; 0: they are not. */
  time = 0;
  /** inval_mask: attributes (STATX_*) that are stale although `time` has not come. */
  invalMask = 0;
  attrVersion = 0;
  /** FUSE_I_BAD: the filesystem gave its node id to another inode; everything fails with EIO. */
  bad = false;
  /** S_NOSEC: there is nothing that a write would have to take away. */
  nosec = false;
  /** Whether the inode is in the connection's table. */
  hashed = true;
  /** S_DEAD: a directory that was removed. */
  dead = false;
  /** I_LINKABLE: a nameless inode (O_TMPFILE) that may be given a name. */
  linkable = false;
  /** FUSE_I_ADVISE_RDPLUS, FUSE_I_INIT_RDPLUS (fs/fuse/fuse_i.h). */
  adviseReaddirplus = false;
  initReaddirplus = false;
  /** The cached content of a symbolic link (CACHE_SYMLINKS). */
  link: Uint8Array | undefined;
  /** i_data: the page cache of a file, made when it is needed. */
  mapping: AddressSpace | null = null;
  /** The cached listing of a directory. */
  readdirCache: ReaddirCache | null = null;
  /** i_version of a directory: how often this kernel has changed it. */
  changes = 0;
  /** i_dentry. */
  readonly aliases: Dentry[] = [];
  /** i_rwsem. */
  readonly rwsem = new RwSemaphore();
  /** i_flctx. */
  locks: FileLocks | undefined;
  /** The FIFO of a pipe that somebody has open. */
  readers = 0;
  writers = 0;

  constructor(nodeid: U64, generation: U64) {
    this.nodeid = nodeid;
    this.generation = generation;
  }
}

/** fuse_invalidate_attr_mask (fs/fuse/dir.c). */
export function invalidateAttributes(inode: Inode, mask = STATX_BASIC_STATS): void {
  inode.invalMask |= mask;
}

/** fuse_make_bad (fs/fuse/fuse_i.h). */
export function makeBad(fc: FuseConnection, inode: Inode): void {
  inode.bad = true;
  if (inode.hashed && inode !== fc.root.inode) {
    inode.hashed = false;
    fc.inodes.delete(inode.nodeid);
  }
}

/** iput, and fuse_evict_inode at the last one: an unused inode is dropped at once (generic_delete_inode). */
export function iput(fc: FuseConnection, inode: Inode): void {
  inode.count -= 1;
  if (inode.count > 0) return;
  if (inode.hashed) {
    inode.hashed = false;
    fc.inodes.delete(inode.nodeid);
  }
  if (inode.mapping !== null) {
    inode.mapping.evict();
    fc.dirtyInodes.delete(inode.mapping);
  }
  if (inode.nlookup > 0) {
    fc.queueForget(inode.nodeid, inode.nlookup);
    inode.nlookup = 0;
  }
}
