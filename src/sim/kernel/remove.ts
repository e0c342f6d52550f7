import { fuse_rename_in, fuse_rename2_in, opcodes, writeU64 } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  errnoNumbers as E,
  isDirectory,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
} from '../../vfs/index.ts';
import { lockDirectory, mayCreate } from './create.ts';
import {
  type Dentry,
  dDelete,
  dExchange,
  dInvalidate,
  dMove,
  isRoot,
  isSubdirectory,
  shrinkChildren,
} from './dcache.ts';
import { lookupSlow } from './dir.ts';
import { updateCtime } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { IN } from './fuse-request.ts';
import { type Inode, iput } from './inode.ts';
import { inodeOf, pathParent } from './namei.ts';
import {
  LAST_DOT,
  LAST_DOTDOT,
  LAST_NORM,
  LOOKUP_CREATE,
  LOOKUP_EXCL,
  LOOKUP_RENAME_TARGET,
  type Nameidata,
} from './nameidata.ts';
import {
  afterWait,
  afterwards,
  isOperation,
  type Operation,
  onReply,
  result,
  type Soon,
  settled,
} from './operation.ts';
import { isSticky, MAY_EXEC, MAY_WRITE, permission } from './permission.ts';
import type { Process } from './process.ts';

const { UNLINK, RMDIR, RENAME, RENAME2 } = opcodes;

/** may_delete (fs/namei.c). */
function mayDelete(fc: FuseConnection, p: Process, directory: Inode, victim: Dentry, isDir: boolean): Soon<number> {
  const { inode } = victim;
  if (inode === null) return -E.ENOENT;
  const error = permission(fc, p, directory, MAY_WRITE | MAY_EXEC);
  return typeof error === 'number'
    ? mayDeletePermitted(error, p, directory, victim, inode, isDir)
    : afterwards(error, mayDeletePermitted, p, directory, victim, inode, isDir);
}

function mayDeletePermitted(
  error: number,
  p: Process,
  directory: Inode,
  victim: Dentry,
  inode: Inode,
  isDir: boolean,
): number {
  if (error !== 0) return error;
  if (isSticky(p, directory, inode)) return -E.EPERM;
  if (isDir) {
    if (!isDirectory(inode.mode)) return -E.ENOTDIR;
    if (isRoot(victim)) return -E.EBUSY;
  } else if (isDirectory(inode.mode)) return -E.EISDIR;
  return directory.dead ? -E.ENOENT : 0;
}

/** fuse_entry_unlinked: the inode has a name less. */
function entryUnlinked(fc: FuseConnection, p: Process, dentry: Dentry, inode: Inode): Soon<void> {
  inode.attrVersion = fc.nextAttrVersion();
  if (isDirectory(inode.mode)) inode.nlink = 0;
  else if (inode.nlink > 0) inode.nlink -= 1;
  dentry.time = 0;
  return updateCtime(fc, p, inode);
}

/** The request that removes `nd.child`, and what follows from its answer (fuse_unlink, fuse_rmdir). */
function fuseRemove(fc: FuseConnection, p: Process, nd: Nameidata, opcode: number): Soon<number> {
  const directory = inodeOf(nd);
  if (directory.bad) return -E.EIO;
  const child = nd.child as Dentry;
  const { request } = p;
  request.begin(opcode, directory.nodeid, 0);
  request.name(child.name);
  return fc.device.send(p) ? removed(fc, p, directory, child) : onReply(removed, fc, p, directory, child);
}

function removed(fc: FuseConnection, p: Process, directory: Inode, child: Dentry): Soon<number> {
  const { error } = p.request;
  if (error === 0) {
    fc.directoryChanged(directory);
    const told = entryUnlinked(fc, p, child, child.inode as Inode);
    if (told !== undefined) return afterWait(told, result, 0);
  } else if (error === -E.EINTR || error === -E.ENOENT) invalidateEntry(fc, child);
  return error;
}

/** fuse_invalidate_entry. */
function invalidateEntry(fc: FuseConnection, dentry: Dentry): void {
  dInvalidate(fc, dentry);
  dentry.time = 0;
}

/** do_unlinkat, vfs_unlink. */
export function* unlink(fc: FuseConnection, p: Process, call: CallOf<'unlink'>): Operation<number> {
  const { nd } = p;
  const walk = pathParent(fc, p, nd, call.dirfd, call.path);
  const error = typeof walk === 'number' ? walk : yield* walk;
  if (error !== 0) return error;
  if (nd.lastType !== LAST_NORM) return -E.EISDIR;
  return yield* removeLast(fc, p, nd, false);
}

/** do_rmdir, vfs_rmdir. */
export function* rmdir(fc: FuseConnection, p: Process, call: CallOf<'rmdir'>): Operation<number> {
  const { nd } = p;
  const error = yield* settled(pathParent(fc, p, nd, call.dirfd, call.path));
  if (error !== 0) return error;
  if (nd.lastType === LAST_DOTDOT) return -E.ENOTEMPTY;
  if (nd.lastType === LAST_DOT) return -E.EINVAL;
  if (nd.lastType !== LAST_NORM) return -E.EBUSY;
  return yield* removeLast(fc, p, nd, true);
}

/** Removes the last component under the directory's lock. */
function* removeLast(fc: FuseConnection, p: Process, nd: Nameidata, isDir: boolean): Operation<number> {
  if (fc.options.readOnly) return -E.EROFS;
  const directory = inodeOf(nd);
  const sleeps = lockDirectory(p, directory);
  if (sleeps !== undefined) yield* sleeps;
  const result = yield* removeLocked(fc, p, nd, isDir);
  directory.rwsem.up(true);
  return result;
}

/** Looks the last component up, checks, and removes it. The directory is locked. */
function* removeLocked(fc: FuseConnection, p: Process, nd: Nameidata, isDir: boolean): Operation<number> {
  const found = lookupSlow(fc, p, nd.dentry as Dentry, nd.last, nd.flags);
  const child = isOperation(found) ? yield* found : found;
  if (typeof child === 'number') return child;
  nd.setChild(fc, child);
  const { inode } = child;
  if (inode === null) return -E.ENOENT;
  if (!isDir && nd.trailingSlashes) return isDirectory(inode.mode) ? -E.EISDIR : -E.ENOTDIR;
  const may = mayDelete(fc, p, inodeOf(nd), child, isDir);
  const forbidden = typeof may === 'number' ? may : yield* may;
  if (forbidden !== 0) return forbidden;
  inode.count += 1;
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const removal = fuseRemove(fc, p, nd, isDir ? RMDIR.code : UNLINK.code);
  const error = typeof removal === 'number' ? removal : yield* removal;
  inode.rwsem.up(true);
  if (error === 0) {
    if (isDir) {
      shrinkChildren(fc, child);
      inode.dead = true;
    }
    dDelete(fc, child);
  }
  iput(fc, inode);
  return error;
}

/** do_renameat2. */
export function* rename(fc: FuseConnection, p: Process, call: CallOf<'rename'>): Operation<number> {
  const { flags } = call;
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return -E.EINVAL;
  if ((flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0 && (flags & RENAME_EXCHANGE) !== 0) return -E.EINVAL;
  const from = p.nd2;
  const to = p.nd;
  let error = yield* settled(pathParent(fc, p, from, call.dirfd, call.path));
  if (error !== 0) return error;
  error = yield* settled(pathParent(fc, p, to, call.newDirfd, call.newPath));
  if (error !== 0) return error;
  if (from.lastType !== LAST_NORM) return -E.EBUSY;
  if (to.lastType !== LAST_NORM) return (flags & RENAME_NOREPLACE) !== 0 ? -E.EEXIST : -E.EBUSY;
  if (fc.options.readOnly) return -E.EROFS;
  const [first, second] = yield* lockRename(fc, p, from, to);
  const result = yield* lockedRename(fc, p, from, to, flags);
  second?.rwsem.up(true);
  first.rwsem.up(true);
  if (second !== undefined) fc.renameMutex.up(true);
  return result;
}

/** lock_rename: both directories, the ancestor first. */
function* lockRename(
  fc: FuseConnection,
  p: Process,
  from: Nameidata,
  to: Nameidata,
): Operation<readonly [Inode, Inode | undefined]> {
  const a = inodeOf(from);
  const b = inodeOf(to);
  if (a === b) {
    yield* settled(lockDirectory(p, a));
    return [a, undefined];
  }
  if (!fc.renameMutex.tryDown(true)) yield* fc.renameMutex.wait(p, true, 'another rename');
  const aFirst = !isSubdirectory(from.dentry as Dentry, to.dentry as Dentry);
  const first = aFirst ? a : b;
  const second = aFirst ? b : a;
  yield* settled(lockDirectory(p, first));
  yield* settled(lockDirectory(p, second));
  return [first, second];
}

function* lockedRename(
  fc: FuseConnection,
  p: Process,
  from: Nameidata,
  to: Nameidata,
  flags: number,
): Operation<number> {
  const oldParent = from.dentry as Dentry;
  const newParent = to.dentry as Dentry;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  const noReplace = (flags & RENAME_NOREPLACE) !== 0;
  const oldDentry = yield* settled(lookupSlow(fc, p, oldParent, from.last, from.flags));
  if (typeof oldDentry === 'number') return oldDentry;
  from.setChild(fc, oldDentry);
  if (oldDentry.inode === null) return -E.ENOENT;
  const target = exchange ? 0 : LOOKUP_RENAME_TARGET | LOOKUP_CREATE | (noReplace ? LOOKUP_EXCL : 0);
  const newDentry = yield* settled(lookupSlow(fc, p, newParent, to.last, to.flags | target));
  if (typeof newDentry === 'number') return newDentry;
  to.setChild(fc, newDentry);
  if (oldDentry.inode === null) return -E.ENOENT;
  if (noReplace && newDentry.inode !== null) return -E.EEXIST;
  if (exchange) {
    if (newDentry.inode === null) return -E.ENOENT;
    if (!isDirectory(newDentry.inode.mode) && to.trailingSlashes) return -E.ENOTDIR;
  }
  if (!isDirectory(oldDentry.inode.mode)) {
    if (from.trailingSlashes) return -E.ENOTDIR;
    if (!exchange && to.trailingSlashes) return -E.ENOTDIR;
  }
  if (isSubdirectory(newParent, oldDentry)) return -E.EINVAL;
  if (isSubdirectory(oldParent, newDentry)) return exchange ? -E.EINVAL : -E.ENOTEMPTY;
  return yield* vfsRename(fc, p, from, to, flags);
}

/** vfs_rename. */
function* vfsRename(fc: FuseConnection, p: Process, from: Nameidata, to: Nameidata, flags: number): Operation<number> {
  const oldDirectory = inodeOf(from);
  const newDirectory = inodeOf(to);
  const oldDentry = from.child as Dentry;
  const newDentry = to.child as Dentry;
  const source = oldDentry.inode as Inode;
  const target = newDentry.inode;
  const exchange = (flags & RENAME_EXCHANGE) !== 0;
  if (source === target) return 0;
  const isDir = isDirectory(source.mode);
  let error = yield* settled(mayDelete(fc, p, oldDirectory, oldDentry, isDir));
  if (error !== 0) return error;
  if (target === null) error = yield* settled(mayCreate(fc, p, newDirectory, newDentry));
  else error = yield* settled(mayDelete(fc, p, newDirectory, newDentry, exchange ? isDirectory(target.mode) : isDir));
  if (error !== 0) return error;
  if (oldDirectory !== newDirectory) {
    // The directory's `..` is going to change.
    if (isDir) error = yield* settled(permission(fc, p, source, MAY_WRITE));
    if (error === 0 && exchange && target !== null && isDirectory(target.mode))
      error = yield* settled(permission(fc, p, target, MAY_WRITE));
    if (error !== 0) return error;
  }
  const locked = [source, target].filter((inode) => inode !== null && !isDirectory(inode.mode)) as Inode[];
  for (const inode of locked) {
    inode.count += 1;
    if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  }
  error = yield* fuseRename(fc, p, from, to, flags);
  if (error === 0) {
    if (!exchange && target !== null && isDir) {
      shrinkChildren(fc, newDentry);
      target.dead = true;
    }
    if (exchange) dExchange(fc, oldDentry, newDentry);
    else dMove(fc, oldDentry, newDentry);
  }
  for (const inode of locked) {
    inode.rwsem.up(true);
    iput(fc, inode);
  }
  return error;
}

/** fuse_rename2, fuse_rename_common. */
function* fuseRename(fc: FuseConnection, p: Process, from: Nameidata, to: Nameidata, flags: number): Operation<number> {
  const oldDirectory = inodeOf(from);
  const newDirectory = inodeOf(to);
  const oldDentry = from.child as Dentry;
  const newDentry = to.child as Dentry;
  const source = oldDentry.inode as Inode;
  const target = newDentry.inode;
  if (oldDirectory.bad) return -E.EIO;
  if (flags !== 0 && (fc.noRename2 || fc.minor < 23)) return -E.EINVAL;
  const { request } = p;
  const body = flags === 0 ? fuse_rename_in : fuse_rename2_in;
  const words = request.begin(flags === 0 ? RENAME.code : RENAME2.code, oldDirectory.nodeid, body.size);
  writeU64(words, IN, newDirectory.nodeid);
  if (flags !== 0) {
    words[IN + 2] = flags;
    words[IN + 3] = 0;
  }
  request.name(oldDentry.name);
  request.name(newDentry.name);
  if (!fc.device.send(p)) yield;
  const { error } = request;
  if (error === 0) {
    yield* settled(updateCtime(fc, p, source));
    if ((flags & RENAME_EXCHANGE) !== 0 && target !== null) yield* settled(updateCtime(fc, p, target));
    fc.directoryChanged(oldDirectory);
    if (oldDirectory !== newDirectory) fc.directoryChanged(newDirectory);
    if ((flags & RENAME_EXCHANGE) === 0 && target !== null) yield* settled(entryUnlinked(fc, p, newDentry, target));
  } else if (error === -E.EINTR || error === -E.ENOENT) {
    invalidateEntry(fc, oldDentry);
    if (target !== null) invalidateEntry(fc, newDentry);
  } else if (error === -E.ENOSYS && flags !== 0) {
    fc.noRename2 = true;
    return -E.EINVAL;
  }
  return error;
}
