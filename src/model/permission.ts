import { S_IFDIR, S_IFMT, S_ISGID, S_ISUID, S_ISVTX, S_IXGRP } from '../vfs/index.ts';
import type { Inode } from './inode.ts';
import type { Process } from './process.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;

/** generic_permission (fs/namei.c): may the process do all of `mask` to the inode? uid 0 has every capability, others none. */
export function permitted(process: Process, inode: Inode, mask: number): boolean {
  if (process.uid === 0)
    return (mask & MAY_EXEC) === 0 || (inode.mode & S_IFMT) === S_IFDIR || (inode.mode & 0o111) !== 0;
  const { mode } = inode;
  const bits = process.uid === inode.uid ? mode >> 6 : process.inGroup(inode.gid) ? mode >> 3 : mode;
  return (mask & ~bits & 7) === 0;
}

/** inode_owner_or_capable. */
export function ownerOrRoot(process: Process, inode: Inode): boolean {
  return process.uid === 0 || process.uid === inode.uid;
}

/** in_group_or_capable (fs/attr.c). */
export function inGroupOrRoot(process: Process, gid: number): boolean {
  return process.uid === 0 || process.inGroup(gid);
}

/** check_sticky (fs/namei.c): does the sticky bit of `dir` forbid to remove `inode`? */
export function stickyForbids(process: Process, dir: Inode, inode: Inode): boolean {
  return (dir.mode & S_ISVTX) !== 0 && process.uid !== 0 && process.uid !== inode.uid && process.uid !== dir.uid;
}

/** setattr_should_drop_sgid (fs/attr.c). */
function dropsSgid(process: Process, inode: Inode): boolean {
  if ((inode.mode & S_ISGID) === 0) return false;
  return (inode.mode & S_IXGRP) !== 0 || !inGroupOrRoot(process, inode.gid);
}

/** After a change of the data: set-user-id and set-group-id go, unless root did it (file_remove_privs). */
export function dropPrivilegesByWrite(process: Process, inode: Inode): void {
  if (process.uid !== 0) dropPrivileges(process, inode);
}

/**
 * After chown, of root too (chown_common, fs/open.c). Set-group-id without group execute goes on local filesystems where
 * the process is not of the group; fs/fuse leaves it (fuse_setattr): open.
 */
export function dropPrivileges(process: Process, inode: Inode): void {
  if (inode.isDirectory) return;
  if (dropsSgid(process, inode)) {
    if ((inode.mode & S_IXGRP) === 0) inode.openBits |= S_ISGID;
    inode.mode &= ~S_ISGID;
  }
  inode.mode &= ~S_ISUID;
}

/** Whether chown would change the mode. */
export function losesPrivileges(process: Process, inode: Inode): boolean {
  return !inode.isDirectory && ((inode.mode & S_ISUID) !== 0 || dropsSgid(process, inode));
}
