import {
  errnoNumbers as E,
  isDirectory,
  isSymlink,
  MAXSYMLINKS,
  nameLength,
  PATH_MAX,
  readName,
  S_ISVTX,
} from '../../vfs/index.ts';
import { type Dentry, isRoot } from './dcache.ts';
import { lookupFast, lookupSlow, readlink } from './dir.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { Inode } from './inode.ts';
import {
  LAST_DOTDOT,
  LAST_NORM,
  LAST_ROOT,
  LOOKUP_DIRECTORY,
  LOOKUP_EMPTY,
  LOOKUP_FOLLOW,
  LOOKUP_LINKAT_EMPTY,
  type Nameidata,
} from './nameidata.ts';
import { afterWait, afterwards, isOperation, type Soon } from './operation.ts';
import { MAY_EXEC, permission } from './permission.ts';
import type { Process } from './process.ts';

/** AT_FDCWD, as a call may spell it instead of leaving `dirfd` out. */
const AT_FDCWD = -100;

const isDirectoryDentry = (dentry: Dentry): boolean => dentry.inode !== null && isDirectory(dentry.inode.mode);

/** The inode under the walk. */
export const inodeOf = (nd: Nameidata): Inode => (nd.dentry as Dentry).inode as Inode;

/** getname and path_init: where the walk starts. */
export function pathInit(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  flags: number,
): number {
  if (path.length === 0 && (flags & LOOKUP_EMPTY) === 0) return -E.ENOENT;
  if (path.length * 3 >= PATH_MAX && nameLength(path) >= PATH_MAX) return -E.ENAMETOOLONG;
  let start = fc.root;
  if (path.charCodeAt(0) !== 0x2f) {
    if (dirfd === undefined || dirfd === AT_FDCWD) start = p.cwd;
    else {
      const file = p.file(dirfd);
      if (file === undefined) return -E.EBADF;
      if ((flags & LOOKUP_LINKAT_EMPTY) !== 0 && file.opener.shared !== p.shared && !p.capable) return -E.ENOENT;
      if (path.length > 0 && !isDirectory(file.inode.mode)) return -E.ENOTDIR;
      start = file.dentry;
    }
  }
  nd.begin(fc, start, flags | p.revalidate);
  return 0;
}

/** link_path_walk: walks everything but the last component, which is left in `nd.last`. */
export function linkPathWalk(fc: FuseConnection, p: Process, nd: Nameidata, path: string): Soon<number> {
  nd.continueAt(path, 0);
  if (nd.at < path.length) return walkOn(fc, p, nd, nd.stack.length, false);
  nd.lastType = LAST_ROOT;
  return 0;
}

/** `permitted`: the directory at hand may be searched. */
function walkOn(fc: FuseConnection, p: Process, nd: Nameidata, depth: number, permitted: boolean): Soon<number> {
  for (let asks = !permitted; ; asks = true) {
    const inode = inodeOf(nd);
    if (asks) {
      const error = permission(fc, p, inode, MAY_EXEC);
      if (typeof error !== 'number') return afterwards(error, walkPermitted, fc, p, nd, depth);
      if (error !== 0) return error;
    }
    if (nd.takeComponent(depth)) {
      nd.directoryUid = inode.uid;
      nd.directoryMode = inode.mode;
      return 0;
    }
    const link = walkComponent(fc, p, nd, false);
    if (isOperation(link)) return afterwards(link, walkEntered, fc, p, nd, depth);
    const error = enter(nd, link);
    if (error !== 0) return error;
  }
}

function walkPermitted(error: number, fc: FuseConnection, p: Process, nd: Nameidata, depth: number): Soon<number> {
  return error !== 0 ? error : walkOn(fc, p, nd, depth, true);
}

function walkEntered(
  link: number | string,
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  depth: number,
): Soon<number> {
  const error = enter(nd, link);
  return error !== 0 ? error : walkOn(fc, p, nd, depth, false);
}

/** Goes on in the directory, or with the text of the link, that a component has led to. */
function enter(nd: Nameidata, link: number | string): number {
  if (typeof link === 'string') {
    nd.followLink(link);
    return 0;
  }
  return link !== 0 ? link : isDirectoryDentry(nd.dentry as Dentry) ? 0 : -E.ENOTDIR;
}

/** walk_component and step_into: 0, an error, or the text of a symbolic link that is to be followed. */
export function walkComponent(fc: FuseConnection, p: Process, nd: Nameidata, trailing: boolean): Soon<number | string> {
  if (nd.lastType !== LAST_NORM) {
    handleDots(fc, nd);
    return 0;
  }
  const fast = lookupFast(fc, p, nd.dentry as Dentry, nd.last, nd.flags);
  return isOperation(fast) ? afterwards(fast, stepFast, fc, p, nd, trailing) : stepFast(fast, fc, p, nd, trailing);
}

function stepFast(
  fast: Dentry | number | undefined,
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  trailing: boolean,
): Soon<number | string> {
  if (typeof fast === 'number') return fast;
  if (fast === undefined) return stepSlow(fc, p, nd, trailing);
  fast.count += 1;
  return stepInto(fc, p, nd, fast, trailing);
}

/** lookup_slow, under the directory's lock. */
function stepSlow(fc: FuseConnection, p: Process, nd: Nameidata, trailing: boolean): Soon<number | string> {
  const exclusive = !fc.parallelDirops;
  const { rwsem } = inodeOf(nd);
  return rwsem.tryDown(exclusive)
    ? lookUpLocked(fc, p, nd, trailing)
    : afterWait(rwsem.wait(p, exclusive, 'a directory'), lookUpLocked, fc, p, nd, trailing);
}

function lookUpLocked(fc: FuseConnection, p: Process, nd: Nameidata, trailing: boolean): Soon<number | string> {
  const found = lookupSlow(fc, p, nd.dentry as Dentry, nd.last, nd.flags);
  return isOperation(found)
    ? afterwards(found, stepLocked, fc, p, nd, trailing)
    : stepLocked(found, fc, p, nd, trailing);
}

function stepLocked(
  found: Dentry | number,
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  trailing: boolean,
): Soon<number | string> {
  inodeOf(nd).rwsem.up(!fc.parallelDirops);
  return typeof found === 'number' ? found : stepInto(fc, p, nd, found, trailing);
}

/** handle_dots. */
export function handleDots(fc: FuseConnection, nd: Nameidata): void {
  const dentry = nd.dentry as Dentry;
  if (nd.lastType !== LAST_DOTDOT || isRoot(dentry)) return;
  const { parent } = dentry;
  parent.count += 1;
  nd.moveTo(fc, parent);
}

/** step_into, pick_link: takes over the reference to `dentry`. */
export function stepInto(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dentry: Dentry,
  trailing: boolean,
): Soon<number | string> {
  const { inode } = dentry;
  if (inode === null) {
    nd.setChild(fc, dentry);
    return -E.ENOENT;
  }
  if (!isSymlink(inode.mode) || (trailing && (nd.flags & LOOKUP_FOLLOW) === 0)) {
    nd.moveTo(fc, dentry);
    return 0;
  }
  nd.setChild(fc, dentry);
  nd.links += 1;
  if (nd.links > MAXSYMLINKS) return -E.ELOOP;
  if (trailing && fc.options.protectedSymlinks && !mayFollowLink(p, nd, inode)) return -E.EACCES;
  const text = readlink(fc, p, inode);
  return isOperation(text) ? afterwards(text, pickLink, fc, nd) : pickLink(text, fc, nd);
}

function pickLink(text: Uint8Array | number, fc: FuseConnection, nd: Nameidata): number | string {
  if (typeof text === 'number') return text;
  const path = readName(text, 0, text.length);
  if (path.charCodeAt(0) === 0x2f) {
    fc.root.count += 1;
    nd.moveTo(fc, fc.root);
  }
  return path;
}

/** may_follow_link under fs.protected_symlinks. */
function mayFollowLink(p: Process, nd: Nameidata, link: Inode): boolean {
  if (p.credentials.uid === link.uid) return true;
  if ((nd.directoryMode & (S_ISVTX | 0o002)) !== (S_ISVTX | 0o002)) return true;
  return nd.directoryUid === link.uid;
}

/** path_lookupat: the walk ends at what the path names. */
export function pathLookup(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  flags: number,
): Soon<number> {
  const error = pathInit(fc, p, nd, dirfd, path, flags);
  return error !== 0 ? error : walkToEnd(fc, p, nd, path);
}

function walkToEnd(fc: FuseConnection, p: Process, nd: Nameidata, path: string): Soon<number> {
  const error = linkPathWalk(fc, p, nd, path);
  return typeof error === 'number' ? walkLast(error, fc, p, nd) : afterwards(error, walkLast, fc, p, nd);
}

function walkLast(error: number, fc: FuseConnection, p: Process, nd: Nameidata): Soon<number> {
  if (error !== 0) return error;
  if (nd.lastType === LAST_NORM && nd.trailingSlashes) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
  const link = nd.lastType === LAST_ROOT ? 0 : walkComponent(fc, p, nd, true);
  return isOperation(link) ? afterwards(link, endWalk, fc, p, nd) : endWalk(link, fc, p, nd);
}

function endWalk(link: number | string, fc: FuseConnection, p: Process, nd: Nameidata): Soon<number> {
  if (typeof link === 'string') {
    nd.lastType = LAST_ROOT;
    return walkToEnd(fc, p, nd, link);
  }
  if (link !== 0) return link;
  return (nd.flags & LOOKUP_DIRECTORY) !== 0 && !isDirectoryDentry(nd.dentry as Dentry) ? -E.ENOTDIR : 0;
}

/** filename_parentat: the walk ends at the directory, the last component is left in `nd.last`. */
export function pathParent(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
): Soon<number> {
  const error = pathInit(fc, p, nd, dirfd, path, 0);
  return error !== 0 ? error : linkPathWalk(fc, p, nd, path);
}
