import { opcodes } from '../../fuse/protocol/index.ts';
import {
  errnoNumbers as E,
  isDirectory,
  isRegular,
  isSymlink,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_DSYNC,
  O_EXCL,
  O_LARGEFILE,
  O_NOATIME,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_SYNC,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_ISVTX,
} from '../../vfs/index.ts';
import { truncate } from './attr.ts';
import { fuseMknod } from './create.ts';
import { Dentry, dGet, dPut } from './dcache.ts';
import { lookupCached, lookupFast, lookupNew } from './dir.ts';
import type { File } from './file.ts';
import { releaseFile } from './file-table.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { fuseCreateOpen, newFile, type Opening, vfsOpen } from './fuse-open.ts';
import type { Inode } from './inode.ts';
import { handleDots, inodeOf, linkPathWalk, pathInit, pathLookup, stepInto } from './namei.ts';
import {
  LAST_NORM,
  LAST_ROOT,
  LOOKUP_CREATE,
  LOOKUP_DIRECTORY,
  LOOKUP_EXCL,
  LOOKUP_FOLLOW,
  type Nameidata,
} from './nameidata.ts';
import { afterwards, isOperation, type Operation, type Soon, settled } from './operation.ts';
import { MAY_EXEC, MAY_READ, MAY_WRITE, ownerOrCapable, permission, stripSgid } from './permission.ts';
import type { Process } from './process.ts';

const { CREATE, TMPFILE } = opcodes;

/** Flags that open(2) knows; it ignores others (VALID_OPEN_FLAGS). O_CLOEXEC is the descriptor's business. */
const VALID_FLAGS =
  O_ACCMODE |
  O_CREAT |
  O_EXCL |
  O_NOCTTY |
  O_TRUNC |
  0o2000 |
  O_NONBLOCK |
  O_SYNC |
  0o20000 |
  0o40000 |
  O_LARGEFILE |
  O_DIRECTORY |
  O_NOFOLLOW |
  O_NOATIME |
  O_PATH |
  O_TMPFILE_BIT;
const O_PATH_FLAGS = O_DIRECTORY | O_NOFOLLOW | O_PATH;

/** ACC_MODE: the access that the flags ask for; the accidental 3 asks for both. */
const accessMode = (flags: number): number => {
  const access = flags & O_ACCMODE;
  return access === 0 ? MAY_READ : access === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
};

/** build_open_flags, do_filp_open. Gives the open file; the caller installs it. */
export function openFile(
  fc: FuseConnection,
  p: Process,
  dirfd: number | undefined,
  path: string,
  flags: number,
  mode: number,
): Soon<File | number> {
  let open = flags & VALID_FLAGS;
  if ((open & O_PATH) !== 0) open &= O_PATH_FLAGS;
  else open |= O_LARGEFILE;
  if ((open & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) return -E.EINVAL;
  if ((open & O_SYNC) === O_SYNC) open |= O_DSYNC;
  let access = accessMode(open);
  if ((open & O_TMPFILE_BIT) !== 0) {
    if ((open & O_DIRECTORY) === 0 || (access & MAY_WRITE) === 0) return -E.EINVAL;
  }
  if ((open & O_TRUNC) !== 0) access |= MAY_WRITE;
  const makes = (open & (O_CREAT | O_TMPFILE_BIT)) !== 0;
  const opening: Opening = { flags: open, mode: makes ? mode & 0o7777 : 0, access, created: false, file: undefined };
  const exclusive = (open & (O_CREAT | O_EXCL)) === (O_CREAT | O_EXCL);
  const follow = !exclusive && (open & O_NOFOLLOW) === 0;
  const lookup = ((open & O_DIRECTORY) !== 0 ? LOOKUP_DIRECTORY : 0) | (follow ? LOOKUP_FOLLOW : 0);
  const { nd } = p;
  const error =
    (open & O_TMPFILE_BIT) !== 0
      ? tmpfile(fc, p, nd, dirfd, path, opening, lookup)
      : (open & O_PATH) !== 0
        ? openPath(fc, p, nd, dirfd, path, opening, lookup)
        : pathOpen(fc, p, nd, dirfd, path, opening, lookup);
  return typeof error === 'number' ? opened(error, fc, opening) : afterwards(error, opened, fc, opening);
}

/** do_o_path. */
function* openPath(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  opening: Opening,
  lookup: number,
): Operation<number> {
  const error = yield* settled(pathLookup(fc, p, nd, dirfd, path, lookup));
  if (error === 0) opening.file = newFile(p, nd.dentry as Dentry, inodeOf(nd), opening.flags);
  return error;
}

/** What is left of an open: the file without the flags that were for the open alone, or the error. */
function opened(error: number, fc: FuseConnection, { file }: Opening): File | number {
  if (error !== 0) {
    if (file !== undefined) releaseFile(fc, file);
    return error;
  }
  if (file === undefined) return -E.EIO;
  file.flags &= ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC);
  return file;
}

/** path_openat. */
function pathOpen(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  opening: Opening,
  lookup: number,
): Soon<number> {
  const error = pathInit(fc, p, nd, dirfd, path, lookup);
  return error !== 0 ? error : walkAndOpen(fc, p, nd, path, opening);
}

function walkAndOpen(fc: FuseConnection, p: Process, nd: Nameidata, path: string, opening: Opening): Soon<number> {
  const error = linkPathWalk(fc, p, nd, path);
  return typeof error === 'number'
    ? openWalked(error, fc, p, nd, opening)
    : afterwards(error, openWalked, fc, p, nd, opening);
}

function openWalked(error: number, fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Soon<number> {
  if (error !== 0) return error;
  const link = openLast(fc, p, nd, opening);
  return isOperation(link) ? afterwards(link, openFound, fc, p, nd, opening) : openFound(link, fc, p, nd, opening);
}

function openFound(
  link: number | string,
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  opening: Opening,
): Soon<number> {
  if (typeof link === 'number') return link !== 0 ? link : doOpen(fc, p, nd, opening);
  nd.lastType = LAST_ROOT;
  nd.trailingSlashes = false;
  return walkAndOpen(fc, p, nd, link, opening);
}

/** open_last_lookups: looks the last component up, or makes it; the text of a link where it is one to follow. */
function openLast(fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Soon<number | string> {
  const { flags } = opening;
  if (nd.lastType !== LAST_NORM) {
    handleDots(fc, nd);
    return 0;
  }
  const create = (flags & O_CREAT) !== 0;
  if (create && nd.trailingSlashes) return -E.EISDIR;
  if (nd.trailingSlashes) nd.flags |= LOOKUP_FOLLOW | LOOKUP_DIRECTORY;
  const fast = create && (flags & O_EXCL) !== 0 ? undefined : lookupFast(fc, p, nd.dentry as Dentry, nd.last, nd.flags);
  return isOperation(fast) ? afterwards(fast, openFast, fc, p, nd, opening) : openFast(fast, fc, p, nd, opening);
}

function openFast(
  fast: Dentry | number | undefined,
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  opening: Opening,
): Soon<number | string> {
  if (typeof fast === 'number') return fast;
  // A name that is known not to exist is made under the directory's lock.
  if (fast !== undefined && !((opening.flags & O_CREAT) !== 0 && fast.inode === null))
    return stepInto(fc, p, nd, dGet(fast), true);
  return openSlow(fc, p, nd, opening);
}

function* openSlow(fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Operation<number | string> {
  const create = (opening.flags & O_CREAT) !== 0;
  const { rwsem } = inodeOf(nd);
  const exclusive = create || !fc.parallelDirops;
  if (!rwsem.tryDown(exclusive)) yield* rwsem.wait(p, exclusive, 'a directory');
  const looked = yield* lookupOpen(fc, p, nd, opening);
  rwsem.up(exclusive);
  if (typeof looked === 'number') return looked;
  if (!opening.created) return yield* settled(stepInto(fc, p, nd, looked, true));
  nd.moveTo(fc, looked);
  return 0;
}

/** lookup_open, fuse_atomic_open: the directory is locked; gives the dentry with a reference. */
function* lookupOpen(fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Operation<Dentry | number> {
  const parent = nd.dentry as Dentry;
  const directory = parent.inode as Inode;
  const create = (opening.flags & O_CREAT) !== 0;
  const intent = create ? LOOKUP_CREATE | ((opening.flags & O_EXCL) !== 0 ? LOOKUP_EXCL : 0) : 0;
  const known = lookupCached(fc, p, parent, nd.last, nd.flags | intent);
  const cached = isOperation(known) ? yield* known : known;
  if (typeof cached === 'number') return cached;
  if (cached?.inode) return cached;
  const may = !create ? 0 : fc.options.readOnly ? -E.EROFS : permission(fc, p, directory, MAY_WRITE | MAY_EXEC);
  const mayCreate = typeof may === 'number' ? may : yield* may;
  const found = cached ?? lookupNew(fc, p, parent, nd.last);
  const dentry = isOperation(found) ? yield* found : found;
  if (typeof dentry === 'number' || dentry.inode !== null || !create) return dentry;
  let error = mayCreate;
  if (error === 0) {
    nd.setChild(fc, dGet(dentry));
    const made = createOpen(fc, p, nd, opening);
    error = typeof made === 'number' ? made : yield* made;
  }
  if (error === 0) return dentry;
  dPut(fc, dentry);
  return error;
}

function createOpen(fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Soon<number> {
  const mode = S_IFREG | stripSgid(p, inodeOf(nd), opening.mode);
  const error = fc.noCreate ? -E.ENOSYS : fuseCreateOpen(fc, p, nd, opening, mode, CREATE.code);
  return typeof error === 'number' && error !== -E.ENOSYS ? error : createOrMknod(fc, p, nd, opening, mode, error);
}

function* createOrMknod(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  opening: Opening,
  mode: number,
  created: Soon<number>,
): Operation<number> {
  const error = yield* settled(created);
  if (error !== -E.ENOSYS) return error;
  fc.noCreate = true;
  const failed = yield* settled(fuseMknod(fc, p, nd, mode, 0));
  if (failed === 0) opening.created = true;
  return failed;
}

/** do_open: checks and opens what the walk found. */
function doOpen(fc: FuseConnection, p: Process, nd: Nameidata, opening: Opening): Soon<number> {
  const { flags } = opening;
  const dentry = nd.dentry as Dentry;
  const inode = dentry.inode as Inode;
  if ((flags & O_CREAT) !== 0) {
    if ((flags & O_EXCL) !== 0 && !opening.created) return -E.EEXIST;
    if (isDirectory(inode.mode)) return -E.EISDIR;
    if (!opening.created && !mayCreateInSticky(p, nd, inode)) return -E.EACCES;
  }
  if ((nd.flags & LOOKUP_DIRECTORY) !== 0 && !isDirectory(inode.mode)) return -E.ENOTDIR;
  let truncates = false;
  if (opening.created) {
    opening.access = 0;
    opening.flags &= ~O_TRUNC;
  } else if (isRegular(inode.mode) && (flags & O_TRUNC) !== 0) {
    if (fc.options.readOnly) return -E.EROFS;
    truncates = true;
  }
  const may = mayOpen(fc, p, inode, opening.access, opening.flags);
  return typeof may === 'number'
    ? openAllowed(may, fc, p, dentry, opening, truncates)
    : afterwards(may, openAllowed, fc, p, dentry, opening, truncates);
}

function openAllowed(
  error: number,
  fc: FuseConnection,
  p: Process,
  dentry: Dentry,
  opening: Opening,
  truncates: boolean,
): Soon<number> {
  if (error !== 0) return error;
  const inode = dentry.inode as Inode;
  const opens = opening.file === undefined ? vfsOpen(fc, p, dentry, inode, opening) : 0;
  return truncates ? openTruncated(fc, p, inode, opening, opens) : opens;
}

/** handle_truncate, behind the open. */
function* openTruncated(
  fc: FuseConnection,
  p: Process,
  inode: Inode,
  opening: Opening,
  opens: Soon<number>,
): Operation<number> {
  const error = yield* settled(opens);
  if (error !== 0) return error;
  return yield* truncate(fc, p, inode, 0, { open: true, mtime: 'now', ctime: true, file: opening.file });
}

/** may_create_in_sticky, for what fs.protected_regular and fs.protected_fifos (0 here) do not switch. */
function mayCreateInSticky(p: Process, nd: Nameidata, inode: Inode): boolean {
  const type = inode.mode & S_IFMT;
  if ((nd.directoryMode & S_ISVTX) === 0 || type === S_IFREG || type === S_IFIFO) return true;
  if (inode.uid === nd.directoryUid || inode.uid === p.credentials.uid) return true;
  return (nd.directoryMode & 0o002) === 0;
}

/** may_open. */
function mayOpen(fc: FuseConnection, p: Process, inode: Inode, access: number, flags: number): Soon<number> {
  if (isSymlink(inode.mode)) return -E.ELOOP;
  if (isDirectory(inode.mode) && (access & MAY_WRITE) !== 0) return -E.EISDIR;
  // may_open_dev: FUSE is mounted without devices.
  const type = inode.mode & S_IFMT;
  if (type === S_IFCHR || type === S_IFBLK) return -E.EACCES;
  const may = permission(fc, p, inode, access);
  if ((flags & O_NOATIME) === 0) return may;
  return typeof may === 'number' ? mayNoatime(may, p, inode) : afterwards(may, mayNoatime, p, inode);
}

const mayNoatime = (error: number, p: Process, inode: Inode): number =>
  error !== 0 ? error : ownerOrCapable(p, inode) ? 0 : -E.EPERM;

/** do_tmpfile, vfs_tmpfile, fuse_tmpfile. */
function* tmpfile(
  fc: FuseConnection,
  p: Process,
  nd: Nameidata,
  dirfd: number | undefined,
  path: string,
  opening: Opening,
  lookup: number,
): Operation<number> {
  let error = yield* settled(pathLookup(fc, p, nd, dirfd, path, lookup | LOOKUP_DIRECTORY));
  if (error !== 0) return error;
  if (fc.options.readOnly) return -E.EROFS;
  const directory = inodeOf(nd);
  error = yield* settled(permission(fc, p, directory, MAY_WRITE | MAY_EXEC));
  if (error !== 0) return error;
  if (fc.noTmpfile) return -E.EOPNOTSUPP;
  const child = new Dentry('/', nd.dentry, fc.epoch);
  nd.setChild(fc, child);
  const mode = S_IFREG | stripSgid(p, directory, opening.mode);
  error = yield* settled(fuseCreateOpen(fc, p, nd, opening, mode, TMPFILE.code));
  if (error === -E.ENOSYS) {
    fc.noTmpfile = true;
    return -E.EOPNOTSUPP;
  }
  if (error !== 0) return error;
  const inode = child.inode as Inode;
  inode.linkable = (opening.flags & O_EXCL) === 0;
  return yield* settled(mayOpen(fc, p, inode, 0, opening.flags));
}

/**
 * file_open_root, dentry_open: opens what a file handle has led to, and takes over the reference to the dentry; `checks`:
 * as whoever opens it by a path.
 */
export function* openDentry(
  fc: FuseConnection,
  p: Process,
  dentry: Dentry,
  flags: number,
  checks = true,
): Operation<File | number> {
  let open = flags & VALID_FLAGS;
  if ((open & O_PATH) !== 0) open &= O_PATH_FLAGS;
  else if (checks) open |= O_LARGEFILE;
  if ((open & O_SYNC) === O_SYNC) open |= O_DSYNC;
  const inode = dentry.inode as Inode;
  const access = accessMode(open) | ((open & O_TRUNC) !== 0 ? MAY_WRITE : 0);
  const opening: Opening = { flags: open, mode: 0, access, created: false, file: undefined };
  let error = 0;
  if ((open & O_PATH) !== 0) opening.file = newFile(p, dentry, inode, open);
  else if (checks) {
    p.nd.begin(fc, dentry, (open & O_DIRECTORY) !== 0 ? LOOKUP_DIRECTORY : 0);
    error = yield* settled(doOpen(fc, p, p.nd, opening));
    p.nd.release(fc);
  } else error = yield* settled(vfsOpen(fc, p, dentry, inode, opening));
  dPut(fc, dentry);
  return opened(error, fc, opening);
}

/** creat(2). */
export const CREAT_FLAGS = O_CREAT | O_WRONLY | O_TRUNC;
