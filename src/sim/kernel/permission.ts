import { fuse_access_in, opcodes } from '../../fuse/protocol/index.ts';
import {
  errnoNumbers as E,
  isDirectory,
  isRegular,
  isSymlink,
  S_ISGID,
  S_ISUID,
  S_ISVTX,
  S_IXGRP,
} from '../../vfs/index.ts';
import { getattr } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { type Inode, STATX_GID, STATX_MODE, STATX_UID } from './inode.ts';
import { afterwards, type Operation, type Soon, settled } from './operation.ts';
import type { Process } from './process.ts';

export const MAY_EXEC = 1;
export const MAY_WRITE = 2;
export const MAY_READ = 4;
export const MAY_ACCESS = 0x10;
export const MAY_CHDIR = 0x40;

const PERMISSION_ATTRIBUTES = STATX_MODE | STATX_UID | STATX_GID;
/** What `permissionNow` answers where the filesystem must be asked first. */
const MUST_ASK = 1;

/** generic_permission (fs/namei.c): by owner, group and mode, and what root may do all the same. */
export function genericPermission(p: Process, inode: Inode, mask: number): number {
  const wanted = mask & (MAY_READ | MAY_WRITE | MAY_EXEC);
  const { mode } = inode;
  const { credentials } = p;
  const bits = credentials.uid === inode.uid ? mode >> 6 : p.inGroup(inode.gid) ? mode >> 3 : mode;
  if ((wanted & ~bits) === 0) return 0;
  if (!p.capable) return -E.EACCES;
  if (isDirectory(mode) || (wanted & MAY_EXEC) === 0 || (mode & 0o111) !== 0) return 0;
  return -E.EACCES;
}

/** Whether what permissions depend on must be asked for. */
const isStale = (fc: FuseConnection, inode: Inode): boolean =>
  (PERMISSION_ATTRIBUTES & inode.invalMask) !== 0 || inode.time < fc.now;

/** inode_permission and fuse_permission as far as they need no request: 0, an error, or MUST_ASK. */
function permissionNow(fc: FuseConnection, p: Process, inode: Inode, mask: number): number {
  if ((mask & MAY_WRITE) !== 0 && fc.options.readOnly) {
    const { mode } = inode;
    if (isRegular(mode) || isDirectory(mode) || isSymlink(mode)) return -E.EROFS;
  }
  // Links have no permission operation of their own (fuse_symlink_inode_operations).
  if (isSymlink(inode.mode)) return genericPermission(p, inode, mask);
  if (inode.bad) return -E.EIO;
  if (fc.options.defaultPermissions === false) {
    const executes = (mask & MAY_EXEC) !== 0 && isRegular(inode.mode);
    if (executes && isStale(fc, inode)) return MUST_ASK;
    if ((mask & (MAY_ACCESS | MAY_CHDIR)) !== 0) return fc.noAccess ? 0 : MUST_ASK;
    return executes && (inode.mode & 0o111) === 0 ? MUST_ASK : 0;
  }
  if (isStale(fc, inode)) return MUST_ASK;
  return genericPermission(p, inode, mask) === 0 ? 0 : MUST_ASK;
}

/** What remains of fuse_permission (fs/fuse/dir.c) where `permissionNow` said MUST_ASK. */
function askPermission(fc: FuseConnection, p: Process, inode: Inode, mask: number): Soon<number> {
  if (fc.options.defaultPermissions === false) return askRemotely(fc, p, inode, mask);
  const error = getattr(fc, p, inode);
  return typeof error === 'number' ? permitted(error, p, inode, mask) : afterwards(error, permitted, p, inode, mask);
}

const permitted = (error: number, p: Process, inode: Inode, mask: number): number =>
  error !== 0 ? error : genericPermission(p, inode, mask);

/** Without default_permissions the filesystem decides; what is executed needs one of the bits. */
function* askRemotely(fc: FuseConnection, p: Process, inode: Inode, mask: number): Operation<number> {
  const refreshes = (mask & MAY_EXEC) !== 0 && isRegular(inode.mode) && isStale(fc, inode);
  let error = refreshes ? yield* settled(getattr(fc, p, inode)) : 0;
  if (error !== 0) return error;
  if ((mask & (MAY_ACCESS | MAY_CHDIR)) !== 0) return fc.noAccess ? 0 : yield* access(fc, p, inode, mask);
  if ((inode.mode & 0o111) !== 0) return 0;
  if (refreshes) return -E.EACCES;
  error = yield* settled(getattr(fc, p, inode));
  return error !== 0 ? error : (inode.mode & 0o111) === 0 ? -E.EACCES : 0;
}

/** inode_permission (fs/namei.c). */
export function permission(fc: FuseConnection, p: Process, inode: Inode, mask: number): Soon<number> {
  const now = permissionNow(fc, p, inode, mask);
  return now === MUST_ASK ? askPermission(fc, p, inode, mask) : now;
}

/** fuse_access. */
function* access(fc: FuseConnection, p: Process, inode: Inode, mask: number): Operation<number> {
  const { request } = p;
  const words = request.begin(opcodes.ACCESS.code, inode.nodeid, fuse_access_in.size);
  words[IN] = mask & (MAY_READ | MAY_WRITE | MAY_EXEC);
  words[IN + 1] = 0;
  if (!fc.device.send(p)) yield;
  if (request.error !== -E.ENOSYS) return request.error;
  fc.noAccess = true;
  return 0;
}

/** inode_owner_or_capable. */
export const ownerOrCapable = (p: Process, inode: Inode): boolean => p.credentials.uid === inode.uid || p.capable;

/** in_group_or_capable: whether the process may keep S_ISGID. */
export const inGroupOrCapable = (p: Process, gid: number): boolean => p.inGroup(gid) || p.capable;

/** check_sticky: in a sticky directory only the owners of file and directory remove names. */
export function isSticky(p: Process, directory: Inode, inode: Inode): boolean {
  if ((directory.mode & S_ISVTX) === 0 || p.capable) return false;
  return p.credentials.uid !== inode.uid && p.credentials.uid !== directory.uid;
}

/** mode_strip_sgid: who is not in the directory's group makes no set-group-id files there. */
export function stripSgid(p: Process, directory: Inode, mode: number): number {
  if ((mode & (S_ISGID | S_IXGRP)) !== (S_ISGID | S_IXGRP) || (directory.mode & S_ISGID) === 0) return mode;
  return inGroupOrCapable(p, directory.gid) ? mode : mode & ~S_ISGID;
}

/** setattr_should_drop_sgid (fs/attr.c). */
export function shouldDropSgid(p: Process, inode: Inode): boolean {
  if ((inode.mode & S_ISGID) === 0) return false;
  return (inode.mode & S_IXGRP) !== 0 || !inGroupOrCapable(p, inode.gid);
}

/** setattr_should_drop_suidgid: a change of content by somebody without CAP_FSETID takes the bits away. */
export function shouldDropSuidgid(p: Process, inode: Inode): boolean {
  if (p.capable || !isRegular(inode.mode)) return false;
  return (inode.mode & S_ISUID) !== 0 || shouldDropSgid(p, inode);
}
