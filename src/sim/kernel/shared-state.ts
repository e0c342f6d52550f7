import { type Dentry, dGet } from './dcache.ts';
import type { FileHandle } from './exportfs.ts';
import type { File } from './file.ts';
import type { VmArea } from './mmap.ts';

/**
 * What the threads of a process have in common: files_struct, fs_struct and mm_struct (include/linux/fdtable.h,
 * fs_struct.h, mm_types.h), shared by CLONE_FILES, CLONE_FS and CLONE_VM.
 */
export class SharedState {
  /** Threads that are alive. */
  users = 1;
  /** The descriptor table; holes are undefined. */
  readonly files: (File | undefined)[] = [];
  /** Mappings of memory, and the file handles it keeps, by number; holes are undefined. */
  readonly maps: (VmArea | undefined)[] = [];
  readonly handles: (FileHandle | undefined)[] = [];
  /** fuse_lock_owner_id of the files_struct (fs/fuse/file.c). */
  readonly owner: number;
  umask: number;
  cwd: Dentry;

  constructor(owner: number, umask: number, cwd: Dentry) {
    this.owner = owner;
    this.umask = umask;
    this.cwd = dGet(cwd);
  }
}
