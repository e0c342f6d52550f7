import { S_IFDIR, S_IFMT, S_ISGID, S_IXGRP } from '../vfs/index.ts';
import { streamsForget } from './directory.ts';
import { Inode } from './inode.ts';
import { inGroupOrRoot, MAY_EXEC, MAY_WRITE, ownerOrRoot, permitted, stickyForbids } from './permission.ts';
import { E, type State } from './state.ts';

/** may_create (fs/namei.c): may the process make a name in `dir`? */
export function mayCreate(s: State, dir: Inode): number {
  if (dir.isDead) return E.ENOENT;
  return permitted(s.process, dir, MAY_WRITE | MAY_EXEC) ? 0 : E.EACCES;
}

/** may_delete: may the process take the name of `victim` out of `dir`? */
export function mayDelete(s: State, dir: Inode, victim: Inode, asDirectory: boolean): number {
  if (!permitted(s.process, dir, MAY_WRITE | MAY_EXEC)) return E.EACCES;
  if (stickyForbids(s.process, dir, victim) && !ownerOrRoot(s.process, victim)) return E.EPERM;
  if (asDirectory) return victim.isDirectory ? 0 : E.ENOTDIR;
  return victim.isDirectory ? E.EISDIR : 0;
}

/** A new inode in `dir`: umask, set-group-id of the directory and who may have it (vfs_prepare_mode, inode_init_owner). */
export function makeInode(s: State, dir: Inode, mode: number): Inode {
  const { process } = s;
  const inherits = (dir.mode & S_ISGID) !== 0;
  const gid = inherits ? dir.gid : process.gid;
  let bits = mode & ~process.umask;
  if ((mode & S_IFMT) === S_IFDIR) {
    if (inherits) bits |= S_ISGID;
  } else if (inherits && (mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP) && !inGroupOrRoot(process, dir.gid))
    bits &= ~S_ISGID;
  const inode = new Inode(bits, process.uid, gid);
  inode.cause = s.op;
  inode.atime.touch(s.before, s.after, s.slack, s.op);
  inode.btime.touch(s.before, s.after, s.slack, s.op);
  s.touchMtime(inode);
  return inode;
}

/** Puts a name into a directory, and says so in its times. */
export function addEntry(s: State, dir: Inode, name: string, inode: Inode): void {
  setEntry(dir, name, inode);
  s.touchMtime(dir);
}

/** Puts a name into a directory in place of what it was. */
export function setEntry(dir: Inode, name: string, inode: Inode): void {
  dir.entries?.set(name, inode);
  if (inode.isDirectory && inode.parent !== dir) {
    if (inode.parent !== undefined) inode.parent.nlink--;
    inode.parent = dir;
    dir.nlink++;
  }
  streamsForget(dir, name);
}

/** Takes a name out of a directory; the inode's link count is the caller's matter. */
export function removeEntry(s: State, dir: Inode, name: string): void {
  dir.entries?.delete(name);
  streamsForget(dir, name);
  s.touchMtime(dir);
}

/** An inode lost a name; a directory lost its only one. */
export function dropLink(s: State, inode: Inode): void {
  inode.cause = s.op;
  s.touchCtime(inode);
  if (inode.isDirectory) {
    inode.nlink = 0;
    if (inode.parent !== undefined) inode.parent.nlink--;
  } else inode.nlink--;
}
