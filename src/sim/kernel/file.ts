import type { U64 } from '../../vfs/index.ts';
import type { Dentry } from './dcache.ts';
import type { Inode } from './inode.ts';
import type { Process } from './process.ts';
import type { ReadaheadState } from './readahead.ts';
import { RwSemaphore } from './rw-semaphore.ts';

export const FMODE_READ = 1;
export const FMODE_WRITE = 2;
export const FMODE_LSEEK = 4;
export const FMODE_PREAD = 8;
export const FMODE_PWRITE = 16;
export const FMODE_PATH = 0x4000;

interface ReaddirStream {
  position: U64;
  /** cache_off: where in the listing the entry behind `position` begins, bytes. */
  at: number;
  version: number;
}

/** struct file and struct fuse_file in one (include/linux/fs.h, fs/fuse/fuse_i.h): an open file, shared by descriptors. */
export class File {
  readonly dentry: Dentry;
  readonly inode: Inode;
  /** f_cred: who opened it; credentials are never shared (copy_creds, kernel/cred.c). */
  readonly opener: Process;
  /** f_flags. */
  flags: number;
  /** f_mode. */
  mode: number;
  /** f_pos; opaque where the file is a directory. */
  position: U64 = 0;
  /** f_count: descriptors, and calls under way. */
  count = 1;
  /** f_pos_lock: taken where the file is shared. */
  readonly positionLock = new RwSemaphore();
  fh: U64 = 0;
  /** FOPEN_*. */
  openFlags = 0;
  /** Whether the filesystem gave a handle that is to be released. */
  opened = false;
  /** A flock(2) lock was asked of the filesystem. */
  flock = false;
  /** fuse_lock_owner_id of the file, the owner of flock locks. */
  readonly owner: number;

  /** refcount of struct fuse_file: the open file, and requests in the background that name its handle. */
  fuseCount = 1;
  /** f_ra, made with the first read through the page cache. */
  readahead: ReadaheadState | undefined;
  /** f_wb_err: of the inode's write-back errors, how many the file knows of. */
  errorsSeen = 0;
  /** ff->readdir: where in the cached listing of a directory the file stands. */
  readonly readdir: ReaddirStream = { position: 0, at: 0, version: 0 };

  constructor(dentry: Dentry, inode: Inode, opener: Process, flags: number, mode: number, owner: number) {
    this.dentry = dentry;
    this.inode = inode;
    this.opener = opener;
    this.flags = flags;
    this.mode = mode;
    this.owner = owner;
  }
}
