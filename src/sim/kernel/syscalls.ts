import type { Call, CallOf, SyscallName, SysResult } from '../../vfs/index.ts';
import { errnoNumbers as E, isSymlink, nameFromBytes } from '../../vfs/index.ts';
import * as attr from './attr.ts';
import { copyFileRange } from './copy-file-range.ts';
import * as create from './create.ts';
import { readlink as getLink } from './dir.ts';
import { dropCachesCall } from './drop-caches.ts';
import { nameToHandle, openByHandle } from './exportfs.ts';
import { fadvise } from './fadvise.ts';
import { fallocate } from './fallocate.ts';
import type { File } from './file.ts';
import { installFile } from './file-table.ts';
import { fsync, sync, syncfs } from './fsync.ts';
import type { FuseConnection } from './fuse-connection.ts';
import * as locks from './locks.ts';
import { load, mmap, msync, munmap, store } from './mmap.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW } from './nameidata.ts';
import { CREAT_FLAGS, openFile } from './open.ts';
import { afterwards, isOperation, type Operation, type Soon, settled } from './operation.ts';
import type { Process } from './process.ts';
import * as processes from './process-calls.ts';
import * as data from './read-write.ts';
import { getdents } from './readdir.ts';
import * as remove from './remove.ts';
import { lseek } from './seek.ts';
import * as statistics from './statfs.ts';
import * as xattr from './xattr.ts';

/** A call that never sleeps answers at once. */
type Handler<Name extends SyscallName> = (fc: FuseConnection, p: Process, call: CallOf<Name>) => Soon<SysResult>;

function install(file: File | number, fc: FuseConnection, p: Process, into: number | undefined): Soon<number> {
  return typeof file === 'number' ? file : installFile(fc, p, file, into);
}

function installSoon(
  fc: FuseConnection,
  p: Process,
  file: Soon<File | number>,
  into: number | undefined,
): Soon<number> {
  return isOperation(file) ? afterwards(file, install, fc, p, into) : install(file, fc, p, into);
}

const open: Handler<'open'> = (fc, p, call) =>
  installSoon(fc, p, openFile(fc, p, call.dirfd, call.path, call.flags, call.mode), call.into);

const creat: Handler<'creat'> = (fc, p, call) =>
  installSoon(fc, p, openFile(fc, p, undefined, call.path, CREAT_FLAGS, call.mode), call.into);

/** do_readlinkat. */
function* readlink(fc: FuseConnection, p: Process, call: CallOf<'readlink'>): Operation<string | number> {
  const error = yield* settled(
    pathLookup(fc, p, p.nd, call.dirfd, call.path, call.dirfd === undefined ? 0 : LOOKUP_EMPTY),
  );
  if (error !== 0) return error;
  const inode = inodeOf(p.nd);
  if (!isSymlink(inode.mode)) return call.path === '' ? -E.ENOENT : -E.EINVAL;
  const text = yield* settled(getLink(fc, p, inode));
  return typeof text === 'number' ? text : nameFromBytes(text);
}

function* chmod(fc: FuseConnection, p: Process, call: CallOf<'chmod'>): Operation<number> {
  const error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, LOOKUP_FOLLOW));
  return error !== 0 ? error : yield* attr.chmodInode(fc, p, inodeOf(p.nd), call.mode);
}

function* fchmod(fc: FuseConnection, p: Process, call: CallOf<'fchmod'>): Operation<number> {
  const file = data.openFileOf(p, call.fd);
  return file === undefined ? -E.EBADF : yield* attr.chmodInode(fc, p, file.inode, call.mode);
}

function* chown(fc: FuseConnection, p: Process, call: CallOf<'chown' | 'lchown'>): Operation<number> {
  const error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, call.op === 'chown' ? LOOKUP_FOLLOW : 0));
  return error !== 0 ? error : yield* attr.chownInode(fc, p, inodeOf(p.nd), call.uid, call.gid);
}

function* fchown(fc: FuseConnection, p: Process, call: CallOf<'fchown'>): Operation<number> {
  const file = data.openFileOf(p, call.fd);
  return file === undefined ? -E.EBADF : yield* attr.chownInode(fc, p, file.inode, call.uid, call.gid);
}

const handlers: { readonly [Name in SyscallName]: Handler<Name> } = {
  open,
  creat,
  close: processes.close,
  dup: processes.dup,
  dup2: processes.dup2,
  read: data.read,
  pread: data.pread,
  readv: data.readv,
  write: data.write,
  pwrite: data.pwrite,
  writev: data.writev,
  lseek,
  truncate: attr.truncatePath,
  ftruncate: attr.ftruncate,
  fallocate,
  copy_file_range: copyFileRange,
  fsync,
  fdatasync: fsync,
  sync,
  syncfs,
  stat: attr.statPath,
  lstat: attr.statPath,
  fstat: attr.fstat,
  statx: attr.statx,
  access: attr.access,
  chmod,
  fchmod,
  chown,
  lchown: chown,
  fchown,
  utimensat: attr.utimensat,
  futimens: attr.futimens,
  statfs: statistics.statfs,
  fstatfs: statistics.fstatfs,
  mkdir: create.mkdir,
  rmdir: remove.rmdir,
  unlink: remove.unlink,
  rename: remove.rename,
  link: create.link,
  symlink: create.symlink,
  readlink,
  mknod: create.mknod,
  getdents,
  setxattr: xattr.setxattr,
  lsetxattr: xattr.setxattr,
  fsetxattr: xattr.setxattr,
  getxattr: xattr.getxattr,
  lgetxattr: xattr.getxattr,
  fgetxattr: xattr.getxattr,
  listxattr: xattr.listxattr,
  llistxattr: xattr.listxattr,
  flistxattr: xattr.listxattr,
  removexattr: xattr.removexattr,
  lremovexattr: xattr.removexattr,
  fremovexattr: xattr.removexattr,
  flock: locks.flock,
  setlk: locks.setlk,
  getlk: locks.getlk,
  mmap,
  munmap,
  msync,
  load,
  store,
  posix_fadvise: fadvise,
  drop_caches: dropCachesCall,
  name_to_handle_at: nameToHandle,
  open_by_handle_at: openByHandle,
  chdir: processes.chdir,
  fchdir: processes.fchdir,
  umask: processes.umask,
  fork: processes.fork,
  exit: processes.exit,
  kill: processes.kill,
};

/** Starts a call: its result where it needs no sleep, else the operation. */
export function startCall(fc: FuseConnection, p: Process, call: Call): Soon<SysResult> {
  return (handlers[call.op] as Handler<SyscallName>)(fc, p, call as CallOf<SyscallName>);
}
