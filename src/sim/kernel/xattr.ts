import { fuse_getxattr_in, fuse_getxattr_out, fuse_setxattr_in, opcodes } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  dataBytes,
  errnoNumbers as E,
  isDirectory,
  isRegular,
  nameFromBytes,
  nameLength,
  S_ISVTX,
  XATTR_CREATE,
  XATTR_NAME_MAX,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
} from '../../vfs/index.ts';
import { updateCtime } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import type { Inode } from './inode.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_FOLLOW } from './nameidata.ts';
import { type Operation, settled } from './operation.ts';
import { MAY_READ, MAY_WRITE, ownerOrCapable, permission } from './permission.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';

const { SETXATTR, GETXATTR, LISTXATTR, REMOVEXATTR } = opcodes;
const COMPAT_SETXATTR_IN_SIZE = 8;
const XATTR_LIST_MAX = 65536;

type SetCall = CallOf<'setxattr' | 'lsetxattr' | 'fsetxattr'>;
type GetCall = CallOf<'getxattr' | 'lgetxattr' | 'fgetxattr'>;
type ListCall = CallOf<'listxattr' | 'llistxattr' | 'flistxattr'>;
type RemoveCall = CallOf<'removexattr' | 'lremovexattr' | 'fremovexattr'>;

const noFollow: ReadonlySet<string> = new Set(['lsetxattr', 'lgetxattr', 'llistxattr', 'lremovexattr']);

/** The inode that a call of the family means: by descriptor, or by path, following a last symbolic link or not. */
function* target(
  fc: FuseConnection,
  p: Process,
  call: SetCall | GetCall | ListCall | RemoveCall,
): Operation<Inode | number> {
  if ('fd' in call) return openFileOf(p, call.fd)?.inode ?? -E.EBADF;
  const error = yield* settled(
    pathLookup(fc, p, p.nd, undefined, call.path, noFollow.has(call.op) ? 0 : LOOKUP_FOLLOW),
  );
  return error !== 0 ? error : inodeOf(p.nd);
}

/** import_xattr_name. */
function checkName(name: string): number {
  const length = nameLength(name);
  return length === 0 || length > XATTR_NAME_MAX ? -E.ERANGE : 0;
}

/** xattr_permission (fs/xattr.c), and cap_inode_setxattr for security attributes. */
function* xattrPermission(fc: FuseConnection, p: Process, inode: Inode, name: string, mask: number): Operation<number> {
  const writes = mask === MAY_WRITE;
  if (name.startsWith('security.')) return writes && !p.capable ? -E.EPERM : 0;
  if (name.startsWith('system.')) return 0;
  if (name.startsWith('trusted.')) return p.capable ? 0 : writes ? -E.EPERM : -E.ENODATA;
  if (name.startsWith('user.')) {
    const isDir = isDirectory(inode.mode);
    if (!isDir && !isRegular(inode.mode)) return writes ? -E.EPERM : -E.ENODATA;
    if (isDir && writes && (inode.mode & S_ISVTX) !== 0 && !ownerOrCapable(p, inode)) return -E.EPERM;
  }
  return yield* settled(permission(fc, p, inode, mask));
}

export function* setxattr(fc: FuseConnection, p: Process, call: SetCall): Operation<number> {
  const value = dataBytes(call.value);
  if ((call.flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return -E.EINVAL;
  const nameError = checkName(call.name);
  if (nameError !== 0) return nameError;
  if (value.length > XATTR_SIZE_MAX) return -E.E2BIG;
  const inode = yield* target(fc, p, call);
  if (typeof inode === 'number') return inode;
  if (fc.options.readOnly) return -E.EROFS;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  let error = yield* xattrPermission(fc, p, inode, call.name, MAY_WRITE);
  if (error === 0) error = yield* fuseSetxattr(fc, p, inode, call.name, value, call.flags);
  inode.rwsem.up(true);
  return error;
}

/** fuse_setxattr (fs/fuse/xattr.c). */
function* fuseSetxattr(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  name: string,
  value: Uint8Array,
  flags: number,
): Operation<number> {
  if (inode.bad) return -E.EIO;
  if (fc.noSetxattr) return -E.EOPNOTSUPP;
  const { request } = p;
  const size = fc.setxattrExt ? fuse_setxattr_in.size : COMPAT_SETXATTR_IN_SIZE;
  const words = request.begin(SETXATTR.code, inode.nodeid, size);
  words[IN] = value.length;
  words[IN + 1] = flags;
  if (fc.setxattrExt) {
    words[IN + 2] = 0;
    words[IN + 3] = 0;
  }
  request.name(name);
  request.bytes(value);
  if (!fc.device.send(p)) yield;
  if (request.error === -E.ENOSYS) {
    fc.noSetxattr = true;
    return -E.EOPNOTSUPP;
  }
  const { error } = request;
  if (error === 0) yield* settled(updateCtime(fc, p, inode));
  return error;
}

export function* getxattr(fc: FuseConnection, p: Process, call: GetCall): Operation<Uint8Array | number> {
  const nameError = checkName(call.name);
  if (nameError !== 0) return nameError;
  const inode = yield* target(fc, p, call);
  if (typeof inode === 'number') return inode;
  const error = yield* xattrPermission(fc, p, inode, call.name, MAY_READ);
  if (error !== 0) return error;
  if (call.size === 0) return yield* xattrSize(fc, p, inode, call.name);
  const size = Math.min(call.size, XATTR_SIZE_MAX);
  const result = yield* fuseGetxattr(fc, p, inode, call.name, size);
  if (result === -E.ERANGE && size >= XATTR_SIZE_MAX) return -E.E2BIG;
  return result < 0 ? result : p.request.data;
}

/** The size of an attribute, as GETXATTR with size 0 has it, or an error. */
export function* xattrSize(fc: FuseConnection, p: Process, inode: Inode, name: string): Operation<number> {
  const error = yield* fuseGetxattr(fc, p, inode, name, 0);
  return error !== 0 ? error : Math.min(p.request.word(0), XATTR_SIZE_MAX);
}

/** fuse_getxattr: 0 or an error; the value is in the request. */
function* fuseGetxattr(fc: FuseConnection, p: Process, inode: Inode, name: string, size: number): Operation<number> {
  if (inode.bad) return -E.EIO;
  if (fc.noGetxattr) return -E.EOPNOTSUPP;
  const { request } = p;
  const words = request.begin(GETXATTR.code, inode.nodeid, fuse_getxattr_in.size);
  words[IN] = size;
  words[IN + 1] = 0;
  request.name(name);
  request.results = size === 0 ? 'fixed' : 'bytes';
  request.expected = size === 0 ? fuse_getxattr_out.size : size;
  if (!fc.device.send(p)) yield;
  if (request.error !== -E.ENOSYS) return request.error;
  fc.noGetxattr = true;
  return -E.EOPNOTSUPP;
}

/** fuse_listxattr. */
export function* listxattr(fc: FuseConnection, p: Process, call: ListCall): Operation<readonly string[] | number> {
  const inode = yield* target(fc, p, call);
  if (typeof inode === 'number') return inode;
  if (inode.bad) return -E.EIO;
  if (fc.noListxattr) return -E.EOPNOTSUPP;
  const size = Math.min(call.size, XATTR_LIST_MAX);
  const { request } = p;
  const words = request.begin(LISTXATTR.code, inode.nodeid, fuse_getxattr_in.size);
  words[IN] = size;
  words[IN + 1] = 0;
  request.results = size === 0 ? 'fixed' : 'bytes';
  request.expected = size === 0 ? fuse_getxattr_out.size : size;
  if (!fc.device.send(p)) yield;
  if (request.error === -E.ENOSYS) {
    fc.noListxattr = true;
    return -E.EOPNOTSUPP;
  }
  if (request.error === -E.ERANGE && size >= XATTR_LIST_MAX) return -E.E2BIG;
  if (request.error !== 0) return request.error;
  return size === 0 ? Math.min(request.word(0), XATTR_LIST_MAX) : splitNames(request.data);
}

/** fuse_verify_xattr_list: names that each end with a NUL, none empty. */
function splitNames(bytes: Uint8Array): string[] | number {
  const names: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const nul = bytes.indexOf(0, at);
    if (nul <= at) return -E.EIO;
    names.push(nameFromBytes(bytes.subarray(at, nul)));
    at = nul + 1;
  }
  return names;
}

export function* removexattr(fc: FuseConnection, p: Process, call: RemoveCall): Operation<number> {
  const nameError = checkName(call.name);
  if (nameError !== 0) return nameError;
  const inode = yield* target(fc, p, call);
  if (typeof inode === 'number') return inode;
  if (fc.options.readOnly) return -E.EROFS;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  let error = yield* xattrPermission(fc, p, inode, call.name, MAY_WRITE);
  if (error === 0) error = yield* fuseRemovexattr(fc, p, inode, call.name);
  inode.rwsem.up(true);
  return error;
}

/** fuse_removexattr. */
export function* fuseRemovexattr(fc: FuseConnection, p: Process, inode: Inode, name: string): Operation<number> {
  if (inode.bad) return -E.EIO;
  if (fc.noRemovexattr) return -E.EOPNOTSUPP;
  const { request } = p;
  request.begin(REMOVEXATTR.code, inode.nodeid, 0);
  request.name(name);
  if (!fc.device.send(p)) yield;
  if (request.error === -E.ENOSYS) {
    fc.noRemovexattr = true;
    return -E.EOPNOTSUPP;
  }
  const { error } = request;
  if (error === 0) yield* settled(updateCtime(fc, p, inode));
  return error;
}
