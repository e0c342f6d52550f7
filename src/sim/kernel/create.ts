import {
  fuse_entry_out,
  fuse_link_in,
  fuse_mkdir_in,
  fuse_mknod_in,
  opcodes,
  readU64,
  writeU64,
} from '../../fuse/protocol/index.ts';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  type CallOf,
  errnoNumbers as E,
  isDirectory,
  isRegular,
  nameLength,
  PATH_MAX,
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
  S_ISVTX,
  S_IXGRP,
} from '../../vfs/index.ts';
import { type Dentry, dDrop, dPut, dSpliceAlias } from './dcache.ts';
import { lookupSlow } from './dir.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { entryAttributeExpiry, entryExpiry, fuseIget, invalidAttributes } from './fuse-inode.ts';
import { IN, OUT } from './fuse-request.ts';
import { type Inode, invalidateAttributes } from './inode.ts';
import { inodeOf, pathLookup, pathParent } from './namei.ts';
import {
  LAST_NORM,
  LOOKUP_CREATE,
  LOOKUP_EMPTY,
  LOOKUP_EXCL,
  LOOKUP_FOLLOW,
  LOOKUP_LINKAT_EMPTY,
  type Nameidata,
} from './nameidata.ts';
import { isOperation, type Operation, onReply, type Soon, settled } from './operation.ts';
import type { PendingCall } from './pending-call.ts';
import { MAY_EXEC, MAY_READ, MAY_WRITE, ownerOrCapable, permission, stripSgid } from './permission.ts';
import type { Process } from './process.ts';
import { updateCtimeInCache } from './writeback.ts';

const { MKNOD, MKDIR, SYMLINK, LINK } = opcodes;
const ENTRY_MODE = OUT + 10 + 15;

/** inode_lock of a directory that is about to change. */
export function lockDirectory(p: Process, inode: Inode): Soon<void> {
  return inode.rwsem.tryDown(true) ? undefined : inode.rwsem.wait(p, true, 'a directory');
}

/**
 * filename_create (fs/namei.c): a negative dentry, `nd.child`, for a name that is about to be made. On success the
 * directory, `nd.dentry`, is locked.
 */
function* filenameCreate(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  isDir: boolean,
): Operation<number> {
  const walk = pathParent(fc, p, nd, dirfd, path);
  const error = typeof walk === 'number' ? walk : yield* walk;
  if (error !== 0) return error;
  if (nd.lastType !== LAST_NORM) return -E.EEXIST;
  // A trailing slash asks for a directory: the name is looked up, not made.
  const create = isDir || !nd.trailingSlashes;
  const directory = inodeOf(nd);
  const sleeps = lockDirectory(p, directory);
  if (sleeps !== undefined) yield* sleeps;
  const flags = nd.flags | LOOKUP_EXCL | (create ? LOOKUP_CREATE : 0);
  const found = lookupSlow(fc, p, nd.dentry as Dentry, nd.last, flags);
  const child = isOperation(found) ? yield* found : found;
  let result = 0;
  if (typeof child === 'number') result = child;
  else {
    nd.setChild(fc, child);
    if (child.inode !== null) result = -E.EEXIST;
    else if (!create) result = -E.ENOENT;
    else if (fc.options.readOnly) result = -E.EROFS;
  }
  if (result !== 0) directory.rwsem.up(true);
  return result;
}

/** may_create. */
export function mayCreate(fc: FuseConnection, p: Process, directory: Inode, child: Dentry): Soon<number> {
  if (child.inode !== null) return -E.EEXIST;
  if (directory.dead) return -E.ENOENT;
  return permission(fc, p, directory, MAY_WRITE | MAY_EXEC);
}

/** create_new_entry (fs/fuse/dir.c): sends what is in the process' request and joins the new inode to the name. */
function createNewEntry(fc: FuseConnection, p: Process, nd: Nameidata, type: number): Soon<number> {
  if (inodeOf(nd).bad) return -E.EIO;
  p.request.expected = fuse_entry_out.size;
  return fc.device.send(p) ? joinNew(fc, p, nd, type) : onReply(joinNew, fc, p, nd, type);
}

function joinNew(fc: FuseConnection, { request }: Process, nd: Nameidata, type: number): number {
  if (request.error !== 0) return request.error;
  const { words } = request.reply;
  const nodeid = readU64(words, OUT);
  if (nodeid === 0 || nodeid === 1 || invalidAttributes(words, OUT + 10)) return -E.EIO;
  if (((words[ENTRY_MODE] ^ type) & S_IFMT) !== 0) return -E.EIO;
  const inode = fuseIget(fc, words, OUT, entryAttributeExpiry(fc, words), 0);
  const child = nd.child as Dentry;
  dDrop(child);
  const expiry = entryExpiry(fc, words);
  const found = dSpliceAlias(fc, inode, child);
  if (found === undefined) return -E.ELOOP;
  found.epoch = fc.epoch;
  found.time = expiry;
  if (found !== child) dPut(fc, found);
  fc.directoryChanged(inodeOf(nd));
  return 0;
}

/** The mode as the request carries it: the umask is the kernel's business unless the filesystem asked for DONT_MASK. */
export const maskedMode = (fc: FuseConnection, p: Process, mode: number): number =>
  fc.dontMask ? mode : mode & ~p.umask;

/** fuse_mknod. */
export function fuseMknod(fc: FuseConnection, p: Process, nd: Nameidata, mode: number, rdev: number): Soon<number> {
  const { request } = p;
  const words = request.begin(MKNOD.code, inodeOf(nd).nodeid, fuse_mknod_in.size);
  words[IN] = maskedMode(fc, p, mode);
  words[IN + 1] = rdev;
  words[IN + 2] = p.umask;
  words[IN + 3] = 0;
  request.name((nd.child as Dentry).name);
  return createNewEntry(fc, p, nd, mode);
}

/** do_mkdirat, vfs_mkdir, fuse_mkdir. */
export function* mkdir(fc: FuseConnection, p: Process, call: CallOf<'mkdir'>): Operation<number> {
  const { nd } = p;
  let error = yield* filenameCreate(fc, p, nd, call.dirfd, call.path, true);
  if (error !== 0) return error;
  const directory = inodeOf(nd);
  error = yield* settled(mayCreate(fc, p, directory, nd.child as Dentry));
  if (error === 0) {
    const mode = call.mode & (0o777 | S_ISVTX);
    const words = p.request.begin(MKDIR.code, directory.nodeid, fuse_mkdir_in.size);
    words[IN] = maskedMode(fc, p, mode);
    words[IN + 1] = p.umask;
    p.request.name(nd.last);
    error = yield* settled(createNewEntry(fc, p, nd, S_IFDIR));
  }
  directory.rwsem.up(true);
  return error;
}

/** may_mknod: the types that mknod(2) makes. */
function mayMknod(mode: number): number {
  switch (mode & S_IFMT) {
    case 0:
    case S_IFREG:
    case S_IFCHR:
    case S_IFBLK:
    case S_IFIFO:
    case S_IFSOCK:
      return 0;
    case S_IFDIR:
      return -E.EPERM;
    default:
      return -E.EINVAL;
  }
}

/** do_mknodat, vfs_create, vfs_mknod. */
export function* mknod(fc: FuseConnection, p: Process, call: CallOf<'mknod'>): Operation<number> {
  let error = mayMknod(call.mode);
  if (error !== 0) return error;
  const { nd } = p;
  error = yield* filenameCreate(fc, p, nd, call.dirfd, call.path, false);
  if (error !== 0) return error;
  const directory = inodeOf(nd);
  const type = (call.mode & S_IFMT) === 0 ? S_IFREG : call.mode & S_IFMT;
  const device = type === S_IFCHR || type === S_IFBLK;
  error = yield* settled(mayCreate(fc, p, directory, nd.child as Dentry));
  // Everybody may make a whiteout, the character device 0.
  const whiteout = type === S_IFCHR && call.rdev === 0;
  if (error === 0 && device && !whiteout && !p.capable) error = -E.EPERM;
  if (error === 0) {
    const mode = type | stripSgid(p, directory, call.mode & 0o7777);
    error = yield* settled(fuseMknod(fc, p, nd, mode, device ? call.rdev : 0));
  }
  directory.rwsem.up(true);
  return error;
}

/** do_symlinkat, vfs_symlink, fuse_symlink. */
export function* symlink(fc: FuseConnection, p: Process, call: CallOf<'symlink'>): Operation<number> {
  if (call.target.length === 0) return -E.ENOENT;
  if (nameLength(call.target) >= PATH_MAX) return -E.ENAMETOOLONG;
  const { nd } = p;
  let error = yield* filenameCreate(fc, p, nd, call.dirfd, call.path, false);
  if (error !== 0) return error;
  const directory = inodeOf(nd);
  error = yield* settled(mayCreate(fc, p, directory, nd.child as Dentry));
  if (error === 0) {
    p.request.begin(SYMLINK.code, directory.nodeid, 0);
    p.request.name(nd.last);
    p.request.name(call.target);
    error = yield* settled(createNewEntry(fc, p, nd, S_IFLNK));
  }
  directory.rwsem.up(true);
  return error;
}

/** may_linkat, safe_hardlink_source: fs.protected_hardlinks. */
function* mayLink(fc: FuseConnection, p: Process, inode: Inode): Operation<number> {
  if (!fc.options.protectedHardlinks) return 0;
  const { mode } = inode;
  const setgid = (mode & (S_ISGID | S_IXGRP)) === (S_ISGID | S_IXGRP);
  const harmless = isRegular(mode) && (mode & S_ISUID) === 0 && !setgid;
  if (harmless && (yield* settled(permission(fc, p, inode, MAY_READ | MAY_WRITE))) === 0) return 0;
  return ownerOrCapable(p, inode) ? 0 : -E.EPERM;
}

/** do_linkat, vfs_link, fuse_link. */
export function* link(fc: FuseConnection, p: Process, call: CallOf<'link'>): Operation<number> {
  const { flags } = call;
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -E.EINVAL;
  const how =
    ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY | LOOKUP_LINKAT_EMPTY : 0) |
    ((flags & AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0);
  let error = yield* settled(pathLookup(fc, p, p.nd2, call.dirfd, call.path, how));
  if (error !== 0) return error;
  const { nd } = p;
  const inode = inodeOf(p.nd2);
  (p.pending as PendingCall).node = `${inode.ino}.${inode.generation}`;
  error = yield* filenameCreate(fc, p, nd, call.newDirfd, call.newPath, false);
  if (error !== 0) return error;
  const directory = inodeOf(nd);
  error = yield* mayLink(fc, p, inode);
  if (error === 0) error = yield* vfsLink(fc, p, nd, inode);
  directory.rwsem.up(true);
  return error;
}

function* vfsLink(fc: FuseConnection, p: Process, nd: Nameidata, inode: Inode): Operation<number> {
  const directory = inodeOf(nd);
  let error = yield* settled(mayCreate(fc, p, directory, nd.child as Dentry));
  if (error !== 0) return error;
  if (isDirectory(inode.mode)) return -E.EPERM;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  if (inode.nlink === 0 && !inode.linkable) error = -E.ENOENT;
  else if (fc.noLink) error = -E.EPERM;
  else {
    const words = p.request.begin(LINK.code, directory.nodeid, fuse_link_in.size);
    writeU64(words, IN, inode.nodeid);
    p.request.name(nd.last);
    error = yield* settled(createNewEntry(fc, p, nd, inode.mode));
    // The attributes that came with the answer are the newest (fuse_update_ctime_in_cache).
    if (error === 0) {
      inode.linkable = false;
      yield* updateCtimeInCache(fc, p, inode);
    } else if (error === -E.EINTR) invalidateAttributes(inode);
    else if (error === -E.ENOSYS) {
      fc.noLink = true;
      error = -E.EPERM;
    }
  }
  inode.rwsem.up(true);
  return error;
}
