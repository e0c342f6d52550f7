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
import { lookupFast, lookupSlow, readlink, revalidateNow } from './dir.ts';
import type { FuseConnection } from './fuse-connection.ts';
import type { Inode } from './inode.ts';
import {
  LAST_DOT,
  LAST_DOTDOT,
  LAST_NORM,
  LAST_ROOT,
  LOOKUP_DIRECTORY,
  LOOKUP_EMPTY,
  LOOKUP_FOLLOW,
  LOOKUP_LINKAT_EMPTY,
  type Nameidata,
} from './nameidata.ts';
import type { Operation } from './operation.ts';
import { askPermission, MAY_EXEC, permissionNow } from './permission.ts';
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
export function* linkPathWalk(fc: FuseConnection, p: Process, nd: Nameidata, name: string): Operation<number> {
  let path = name;
  let at = 0;
  const depth = nd.stack.length;
  while (path.charCodeAt(at) === 0x2f) at += 1;
  if (at >= path.length) {
    nd.lastType = LAST_ROOT;
    return 0;
  }
  for (;;) {
    const directory = nd.dentry as Dentry;
    const inode = directory.inode as Inode;
    let error = permissionNow(fc, p, inode, MAY_EXEC);
    if (error > 0) error = yield* askPermission(fc, p, inode, MAY_EXEC);
    if (error !== 0) return error;

    let end = path.indexOf('/', at);
    if (end < 0) end = path.length;
    nd.last = path.slice(at, end);
    nd.lastType = nd.last === '.' ? LAST_DOT : nd.last === '..' ? LAST_DOTDOT : LAST_NORM;
    let next = end;
    while (path.charCodeAt(next) === 0x2f) next += 1;
    if (next >= path.length) {
      if (nd.stack.length === depth) {
        nd.trailingSlashes = end < path.length;
        nd.directoryUid = inode.uid;
        nd.directoryMode = inode.mode;
        return 0;
      }
      path = nd.stack.pop() as string;
      next = 0;
    }
    const link = yield* walkComponent(fc, p, nd, false);
    if (typeof link === 'number') {
      if (link !== 0) return link;
      if (!isDirectoryDentry(nd.dentry as Dentry)) return -E.ENOTDIR;
      at = next;
    } else {
      nd.stack.push(next === 0 ? path : path.slice(next));
      path = link;
      at = 0;
      while (path.charCodeAt(at) === 0x2f) at += 1;
      if (at >= path.length) {
        // A link to the root, or an empty one: the walk goes on behind it.
        path = nd.stack.pop() as string;
        at = 0;
      }
    }
  }
}

/** walk_component and step_into: 0, an error, or the text of a symbolic link that is to be followed. */
export function* walkComponent(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  trailing: boolean,
): Operation<number | string> {
  if (nd.lastType !== LAST_NORM) {
    handleDots(fc, nd);
    return 0;
  }
  const parent = nd.dentry as Dentry;
  // The cached dentry without asking, as most often with timeouts.
  const cached = parent.children?.get(nd.last);
  if (cached !== undefined && cached.lookupWaiters === null && revalidateNow(fc, cached, nd.flags) > 0) {
    cached.count += 1;
    return yield* stepInto(fc, p, nd, cached, trailing);
  }
  const fast = cached === undefined ? undefined : yield* lookupFast(fc, p, parent, nd.last, nd.flags);
  if (typeof fast === 'number') return fast;
  let found: Dentry | number;
  if (fast !== undefined) {
    fast.count += 1;
    found = fast;
  } else {
    const { rwsem } = parent.inode as Inode;
    if (!rwsem.tryDown(!fc.parallelDirops)) yield* rwsem.wait(p, !fc.parallelDirops, 'a directory');
    found = yield* lookupSlow(fc, p, parent, nd.last, nd.flags);
    rwsem.up(!fc.parallelDirops);
    if (typeof found === 'number') return found;
  }
  return yield* stepInto(fc, p, nd, found, trailing);
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
export function* stepInto(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dentry: Dentry,
  trailing: boolean,
): Operation<number | string> {
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
  const text = yield* readlink(fc, p, inode);
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
export function* pathLookup(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  flags: number,
): Operation<number> {
  let error = pathInit(fc, p, nd, dirfd, path, flags);
  if (error !== 0) return error;
  let text = path;
  for (;;) {
    error = yield* linkPathWalk(fc, p, nd, text);
    if (error !== 0) return error;
    if (nd.lastType === LAST_NORM && nd.trailingSlashes) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
    if (nd.lastType === LAST_ROOT) break;
    const link = yield* walkComponent(fc, p, nd, true);
    if (typeof link === 'number') {
      if (link !== 0) return link;
      break;
    }
    text = link;
    nd.lastType = LAST_ROOT;
  }
  return (nd.flags & LOOKUP_DIRECTORY) !== 0 && !isDirectoryDentry(nd.dentry as Dentry) ? -E.ENOTDIR : 0;
}

/** filename_parentat: the walk ends at the directory, the last component is left in `nd.last`. */
export function* pathParent(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
): Operation<number> {
  const error = pathInit(fc, p, nd, dirfd, path, 0);
  return error !== 0 ? error : yield* linkPathWalk(fc, p, nd, path);
}
