import type { Timespec, U64 } from '../../vfs/index.ts';
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

// i_state and fi->state: what is true of an inode or not.
const BAD = 1 << 0;
const NOSEC = 1 << 1;
const HASHED = 1 << 2;
const DEAD = 1 << 3;
const LINKABLE = 1 << 4;
const ADVISE_RDPLUS = 1 << 5;
const INIT_RDPLUS = 1 << 6;

/**
 * struct inode and struct fuse_inode in one (include/linux/fs.h, fs/fuse/fuse_i.h). There may be a million of them: i_rwsem
 * is part of it, switches share a word, and what few inodes have is an object that only they have.
 */
export class Inode extends RwSemaphore {
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
  invalMask = STATX_BASIC_STATS | STATX_BTIME;
  /** i_btime, where the filesystem has told it (FUSE_I_BTIME). */
  btime: Timespec | undefined;
  attrVersion = 0;
  #state = HASHED;
  /** i_data: the page cache of a file, made when it is needed. */
  mapping: AddressSpace | null = null;
  /** The cached listing of a directory. */
  readdirCache: ReaddirCache | null = null;
  /** The cached content of a symbolic link (CACHE_SYMLINKS). */
  link: Uint8Array | undefined = undefined;
  /** The first of its dentries; the others follow by `nextAlias` (i_dentry). */
  firstAlias: Dentry | null = null;
  /** i_flctx. */
  locks: FileLocks | undefined = undefined;
  /** i_pipe of a FIFO that somebody has open. */
  pipe: Pipe | undefined = undefined;

  constructor(nodeid: U64, generation: U64) {
    super();
    this.nodeid = nodeid;
    this.generation = generation;
  }

  /** i_rwsem. */
  get rwsem(): RwSemaphore {
    return this;
  }

  #has(bit: number): boolean {
    return (this.#state & bit) !== 0;
  }

  #set(bit: number, on: boolean): void {
    this.#state = on ? this.#state | bit : this.#state & ~bit;
  }

  /** FUSE_I_BAD: the filesystem gave its node id to another inode; everything fails with EIO. */
  get bad(): boolean {
    return this.#has(BAD);
  }
  set bad(on: boolean) {
    this.#set(BAD, on);
  }
  /** S_NOSEC: there is nothing that a write would have to take away. */
  get nosec(): boolean {
    return this.#has(NOSEC);
  }
  set nosec(on: boolean) {
    this.#set(NOSEC, on);
  }
  /** Whether the inode is in the connection's table. */
  get hashed(): boolean {
    return this.#has(HASHED);
  }
  set hashed(on: boolean) {
    this.#set(HASHED, on);
  }
  /** S_DEAD: a directory that was removed. */
  get dead(): boolean {
    return this.#has(DEAD);
  }
  set dead(on: boolean) {
    this.#set(DEAD, on);
  }
  /** I_LINKABLE: a nameless inode (O_TMPFILE) that may be given a name. */
  get linkable(): boolean {
    return this.#has(LINKABLE);
  }
  set linkable(on: boolean) {
    this.#set(LINKABLE, on);
  }
  /** FUSE_I_ADVISE_RDPLUS, FUSE_I_INIT_RDPLUS (fs/fuse/fuse_i.h). */
  get adviseReaddirplus(): boolean {
    return this.#has(ADVISE_RDPLUS);
  }
  set adviseReaddirplus(on: boolean) {
    this.#set(ADVISE_RDPLUS, on);
  }
  get initReaddirplus(): boolean {
    return this.#has(INIT_RDPLUS);
  }
  set initReaddirplus(on: boolean) {
    this.#set(INIT_RDPLUS, on);
  }
}

/** Open ends of a FIFO. */
interface Pipe {
  readers: number;
  writers: number;
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
