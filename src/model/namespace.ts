import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  type CallOf,
  nameLength,
  PATH_MAX,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFLNK,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
} from '../vfs/index.ts';
import { addEntry, dropLink, makeInode, mayCreate, mayDelete, removeEntry, setEntry } from './entries.ts';
import type { Inode } from './inode.ts';
import { MAY_READ, MAY_WRITE, ownerOrRoot, permitted } from './permission.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';
import { lookupIn, walk, walkParent } from './walk.ts';

/** filename_create: the directory and name for something new. */
function walkToNew(s: State, dirfd: number | undefined, path: string, directory: boolean): number {
  const error = walkParent(s, dirfd, path);
  if (error !== 0) return error;
  if (s.last !== 'name') return E.EEXIST;
  const missing = lookupIn(s, s.dir, s.name);
  if (missing !== 0) return missing;
  if (s.found !== undefined) return E.EEXIST;
  return s.slash && !directory ? E.ENOENT : 0;
}

function make(s: State, mode: number): Inode {
  const { dir, name } = s;
  const inode = makeInode(s, dir, mode);
  addEntry(s, dir, name, inode);
  return inode;
}

export function mkdir(s: State, call: CallOf<'mkdir'>): Verdict {
  const error = walkToNew(s, call.dirfd, call.path, true) || mayCreate(s, s.dir);
  if (error !== 0) return s.fails(error);
  if (s.failed) return s.succeeds();
  make(s, S_IFDIR | (call.mode & 0o1777));
  return undefined;
}

export function mknod(s: State, call: CallOf<'mknod'>): Verdict {
  const type = call.mode & S_IFMT || S_IFREG;
  if (type === S_IFDIR) return s.fails(E.EPERM);
  if (type !== S_IFREG && type !== S_IFCHR && type !== S_IFBLK && type !== S_IFIFO && type !== S_IFSOCK)
    return s.fails(E.EINVAL);
  const error = walkToNew(s, call.dirfd, call.path, false) || mayCreate(s, s.dir);
  if (error !== 0) return s.fails(error);
  const device = type === S_IFCHR || type === S_IFBLK;
  // A character device 0:0 is a whiteout, which needs no privilege.
  if (device && s.process.uid !== 0 && !(type === S_IFCHR && call.rdev === 0)) return s.fails(E.EPERM);
  if (s.failed) return s.succeeds();
  const inode = make(s, type | (call.mode & 0o7777));
  if (device) inode.rdev = call.rdev;
  return undefined;
}

export function symlink(s: State, call: CallOf<'symlink'>): Verdict {
  if (call.target.length === 0) return s.fails(E.ENOENT);
  const length = nameLength(call.target);
  if (length >= PATH_MAX) return s.fails(E.ENAMETOOLONG);
  const error = walkToNew(s, call.dirfd, call.path, false) || mayCreate(s, s.dir);
  if (error !== 0) return s.fails(error);
  if (s.failed) return s.succeeds();
  const { umask } = s.process;
  s.process.umask = 0;
  const inode = make(s, S_IFLNK | 0o777);
  s.process.umask = umask;
  inode.target = call.target;
  inode.size = length;
  return undefined;
}

/** may_linkat with sysctl fs.protected_hardlinks. */
function mayLink(s: State, inode: Inode): boolean {
  if (!s.options.protectedHardlinks || ownerOrRoot(s.process, inode)) return true;
  const privileged = (inode.mode & S_ISUID) !== 0 || (inode.mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  return inode.isRegular && !privileged && permitted(s.process, inode, MAY_READ | MAY_WRITE);
}

export function link(s: State, call: CallOf<'link'>): Verdict {
  if ((call.flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return s.fails(E.EINVAL);
  let inode: Inode;
  const emptyAllowed = (call.flags & AT_EMPTY_PATH) !== 0;
  // Needs CAP_DAC_READ_SEARCH; since 6.10 the credentials that opened dirfd will do (path_init), whatever the path.
  if (emptyAllowed && !call.path.startsWith('/') && s.process.uid !== 0 && s.isError(E.ENOENT)) return undefined;
  if (call.path.length === 0 && emptyAllowed) {
    const file = call.dirfd === undefined ? undefined : s.descriptor(call.dirfd);
    if (call.dirfd !== undefined && file === undefined) return s.fails(E.EBADF);
    inode = file === undefined ? s.process.cwd : file.inode;
  } else {
    const error = walk(s, call.dirfd, call.path, (call.flags & AT_SYMLINK_FOLLOW) !== 0);
    if (error !== 0) return s.fails(error);
    inode = s.found as Inode;
  }
  const error = walkToNew(s, call.newDirfd, call.newPath, false);
  if (error !== 0) return s.fails(error);
  if (!mayLink(s, inode)) return s.fails(E.EPERM);
  const forbidden = mayCreate(s, s.dir);
  if (forbidden !== 0) return s.fails(forbidden);
  if (inode.isDirectory) return s.fails(E.EPERM);
  if (inode.nlink === 0 && !inode.linkable) return s.fails(E.ENOENT);
  if (s.failed) return s.succeeds();
  inode.nlink++;
  // vfs_link (fs/namei.c) clears I_LINKABLE.
  inode.linkable = false;
  inode.cause = s.op;
  s.touchCtime(inode);
  addEntry(s, s.dir, s.name, inode);
  return undefined;
}

export function unlink(s: State, call: CallOf<'unlink'>): Verdict {
  const error = walkParent(s, call.dirfd, call.path);
  if (error !== 0) return s.fails(error);
  if (s.last !== 'name') return s.fails(E.EISDIR);
  const missing = lookupIn(s, s.dir, s.name);
  if (missing !== 0) return s.fails(missing);
  const victim = s.found;
  if (victim === undefined) return s.fails(E.ENOENT);
  if (s.slash) return s.fails(victim.isDirectory ? E.EISDIR : E.ENOTDIR);
  const forbidden = mayDelete(s, s.dir, victim, false);
  if (forbidden !== 0) return s.fails(forbidden);
  if (s.failed) return s.succeeds();
  removeEntry(s, s.dir, s.name);
  dropLink(s, victim);
  return undefined;
}

export function rmdir(s: State, call: CallOf<'rmdir'>): Verdict {
  const error = walkParent(s, call.dirfd, call.path);
  if (error !== 0) return s.fails(error);
  if (s.last !== 'name') return s.fails(s.last === 'dotdot' ? E.ENOTEMPTY : s.last === 'dot' ? E.EINVAL : E.EBUSY);
  const missing = lookupIn(s, s.dir, s.name);
  if (missing !== 0) return s.fails(missing);
  const victim = s.found;
  if (victim === undefined) return s.fails(E.ENOENT);
  const forbidden = mayDelete(s, s.dir, victim, true);
  if (forbidden !== 0) return s.fails(forbidden);
  if (victim.entries !== undefined && victim.entries.size > 0) return s.fails(E.ENOTEMPTY);
  if (s.failed) return s.succeeds();
  removeEntry(s, s.dir, s.name);
  dropLink(s, victim);
  return undefined;
}

/** Is `inode` the directory `below`, or above it? */
function isAbove(inode: Inode, below: Inode): boolean {
  for (let at = below; ; at = at.parent as Inode) {
    if (at === inode) return true;
    if (at.parent === at || at.parent === undefined) return false;
  }
}

export function rename(s: State, call: CallOf<'rename'>): Verdict {
  const { flags } = call;
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return s.fails(E.EINVAL);
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const noReplace = (flags & RENAME_NOREPLACE) !== 0;
  if (exchange && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) return s.fails(E.EINVAL);

  let error = walkParent(s, call.dirfd, call.path);
  if (error !== 0) return s.fails(error);
  const { dir: oldDir, name: oldName, last: oldLast, slash: oldSlash } = s;
  error = walkParent(s, call.newDirfd, call.newPath);
  if (error !== 0) return s.fails(error);
  const { dir: newDir, name: newName, slash: newSlash } = s;
  if (oldLast !== 'name') return s.fails(E.EBUSY);
  if (s.last !== 'name') return s.fails(noReplace ? E.EEXIST : E.EBUSY);

  error = lookupIn(s, oldDir, oldName);
  if (error !== 0) return s.fails(error);
  const source = s.found;
  if (source === undefined) return s.fails(E.ENOENT);
  error = lookupIn(s, newDir, newName);
  if (error !== 0) return s.fails(error);
  const target = s.found;
  if (exchange && target === undefined) return s.fails(E.ENOENT);
  if (noReplace && target !== undefined) return s.fails(E.EEXIST);
  if (exchange && newSlash && !target?.isDirectory) return s.fails(E.ENOTDIR);
  if (!source.isDirectory && (oldSlash || (!exchange && newSlash))) return s.fails(E.ENOTDIR);
  if (source.isDirectory && isAbove(source, newDir)) return s.fails(E.EINVAL);
  if (target?.isDirectory && isAbove(target, oldDir)) return s.fails(exchange ? E.EINVAL : E.ENOTEMPTY);

  if (source === target) return s.succeeds();
  const asDirectory = source.isDirectory;
  error = mayDelete(s, oldDir, source, asDirectory);
  if (error !== 0) return s.fails(error);
  error =
    target === undefined
      ? mayCreate(s, newDir)
      : mayDelete(s, newDir, target, exchange ? target.isDirectory : asDirectory);
  if (error !== 0) return s.fails(error);
  if (newDir !== oldDir) {
    // A directory that gets another parent is itself written: its `..`.
    if (asDirectory && !permitted(s.process, source, MAY_WRITE)) return s.fails(E.EACCES);
    if (exchange && target?.isDirectory && !permitted(s.process, target, MAY_WRITE)) return s.fails(E.EACCES);
  }
  if ((flags & RENAME_WHITEOUT) !== 0 && s.failed) return s.failsWith(E.EINVAL, E.EPERM);
  if (!exchange && target?.isDirectory && (target.entries?.size ?? 0) > 0) return s.fails(E.ENOTEMPTY);
  if (s.failed) return s.succeeds();
  if ((flags & RENAME_WHITEOUT) !== 0) return wrongValue('whiteout', 'not judged', 'no success', 'success');

  source.cause = s.op;
  s.touchCtime(source);
  if (exchange && target !== undefined) {
    target.cause = s.op;
    s.touchCtime(target);
    setEntry(newDir, newName, source);
    setEntry(oldDir, oldName, target);
    s.touchMtime(oldDir);
    s.touchMtime(newDir);
    return undefined;
  }
  if (target !== undefined) dropLink(s, target);
  removeEntry(s, oldDir, oldName);
  addEntry(s, newDir, newName, source);
  return undefined;
}

export function readlink(s: State, call: CallOf<'readlink'>): Verdict {
  let inode: Inode | undefined;
  if (call.path.length === 0) {
    // readlinkat(2) of an empty path reads the link that an O_PATH descriptor stands for.
    if (call.dirfd !== undefined && s.descriptor(call.dirfd) === undefined) return s.fails(E.EBADF);
    inode = call.dirfd === undefined ? s.process.cwd : s.descriptor(call.dirfd)?.inode;
    if (!inode?.isSymlink) return s.fails(E.ENOENT);
  } else {
    const error = walk(s, call.dirfd, call.path, false);
    if (error !== 0) return s.fails(error);
    inode = s.found as Inode;
    if (!inode.isSymlink) return s.fails(E.EINVAL);
  }
  if (s.failed) return s.succeeds();
  s.accessed(inode);
  return s.result === inode.target ? undefined : wrongValue('target', 'wrong', inode.target, String(s.result));
}
