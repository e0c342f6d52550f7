import {
  type CallOf,
  O_ACCMODE,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECT,
  O_DIRECTORY,
  O_EXCL,
  O_NOATIME,
  O_NOFOLLOW,
  O_PATH,
  O_RDONLY,
  O_TMPFILE_BIT,
  O_TRUNC,
  O_WRONLY,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  S_ISVTX,
} from '../vfs/index.ts';
import { descriptorRefused, giveDescriptor } from './descriptors.ts';
import { DirectoryStream } from './directory.ts';
import { addEntry, makeInode, mayCreate } from './entries.ts';
import type { Inode } from './inode.ts';
import { dropPrivilegesByWrite, MAY_EXEC, MAY_READ, MAY_WRITE, ownerOrRoot, permitted } from './permission.ts';
import { OpenFile } from './process.ts';
import { E, type State } from './state.ts';
import type { Verdict } from './verdict.ts';
import { enterLink, lookupIn, walk, walkParent } from './walk.ts';

const PATH_FLAGS = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
const WILL_CREATE = O_CREAT | O_TMPFILE_BIT;

/** ACC_MODE and what build_open_flags adds (fs/open.c). */
function accessMode(flags: number): number {
  const mode = flags & O_ACCMODE;
  const access = mode === O_RDONLY ? MAY_READ : mode === O_WRONLY ? MAY_WRITE : MAY_READ | MAY_WRITE;
  return (flags & O_TRUNC) !== 0 ? access | MAY_WRITE : access;
}

export function open(s: State, call: CallOf<'open'>): Verdict {
  return openAt(s, call.dirfd, call.path, call.flags, call.mode, call.into);
}

export function creat(s: State, call: CallOf<'creat'>): Verdict {
  return openAt(s, undefined, call.path, O_CREAT | O_WRONLY | O_TRUNC, call.mode, call.into);
}

function openAt(
  s: State,
  dirfd: number | undefined,
  path: string,
  given: number,
  mode: number,
  into: number | undefined,
): Verdict {
  const flags = (given & O_PATH) !== 0 ? given & PATH_FLAGS : given;
  if ((flags & (O_DIRECTORY | O_CREAT)) === (O_DIRECTORY | O_CREAT)) return s.fails(E.EINVAL);
  if ((flags & O_TMPFILE_BIT) !== 0) {
    if ((flags & O_DIRECTORY) === 0 || (accessMode(flags) & MAY_WRITE) === 0) return s.fails(E.EINVAL);
  }
  if (descriptorRefused(into)) return s.fails(E.EBADF);
  const bits = (flags & WILL_CREATE) !== 0 ? mode & 0o7777 : 0;
  if ((flags & O_TMPFILE_BIT) !== 0) return temporary(s, dirfd, path, flags, bits, into);
  if ((flags & O_PATH) !== 0) {
    const error = walk(s, dirfd, path, (flags & O_NOFOLLOW) === 0);
    if (error !== 0) return s.fails(error);
    const inode = s.found as Inode;
    if ((flags & O_DIRECTORY) !== 0 && !inode.isDirectory) return s.fails(E.ENOTDIR);
    return opened(s, inode, flags, into);
  }
  return (flags & O_CREAT) !== 0
    ? openCreating(s, dirfd, path, flags, bits, into)
    : openExisting(s, dirfd, path, flags, into);
}

function openExisting(
  s: State,
  dirfd: number | undefined,
  path: string,
  flags: number,
  into: number | undefined,
): Verdict {
  const error = walk(s, dirfd, path, (flags & O_NOFOLLOW) === 0);
  if (error !== 0) return s.fails(error);
  const inode = s.found as Inode;
  if ((flags & O_DIRECTORY) !== 0 && !inode.isDirectory) return s.fails(E.ENOTDIR);
  return openFound(s, inode, flags, into);
}

/** The file that a handle means: do_file_open_root with no path. */
export function openInode(s: State, inode: Inode, flags: number, into: number | undefined): Verdict {
  const isPath = (flags & O_PATH) !== 0;
  if (inode.isSymlink && !isPath) return s.fails(E.ELOOP);
  if ((flags & O_DIRECTORY) !== 0 && !inode.isDirectory) return s.fails(E.ENOTDIR);
  return isPath ? opened(s, inode, flags & PATH_FLAGS, into) : openFound(s, inode, flags, into);
}

/** open_last_lookups and lookup_open with O_CREAT. */
function openCreating(
  s: State,
  dirfd: number | undefined,
  path: string,
  flags: number,
  bits: number,
  into: number | undefined,
): Verdict {
  const exclusive = (flags & O_EXCL) !== 0;
  let error = walkParent(s, dirfd, path);
  for (;;) {
    if (error !== 0) return s.fails(error);
    if (s.last !== 'name') return s.fails(exclusive ? E.EEXIST : E.EISDIR);
    if (s.slash) return s.fails(E.EISDIR);
    const { dir, name } = s;
    error = lookupIn(s, dir, name);
    if (error !== 0) return s.fails(error);
    const inode = s.found;
    if (inode === undefined) {
      error = mayCreate(s, dir);
      if (error !== 0) return s.fails(error);
      if (s.failed) return s.succeeds();
      const made = makeInode(s, dir, S_IFREG | bits);
      addEntry(s, dir, name, made);
      return opened(s, made, flags, into);
    }
    if (exclusive) return s.fails(E.EEXIST);
    if (inode.isSymlink && (flags & O_NOFOLLOW) === 0) {
      error = enterLink(s, inode);
      continue;
    }
    if (inode.isDirectory) return s.fails(E.EISDIR);
    if (stickyForbidsReuse(s, dir, inode)) return s.fails(E.EACCES);
    return openFound(s, inode, flags, into);
  }
}

/** may_create_in_sticky, for what sysctl fs.protected_regular and fs.protected_fifos do not switch. */
function stickyForbidsReuse(s: State, dir: Inode, inode: Inode): boolean {
  if ((dir.mode & S_ISVTX) === 0 || (dir.mode & 0o002) === 0) return false;
  if (inode.isRegular || (inode.mode & S_IFMT) === S_IFIFO) return false;
  return inode.uid !== dir.uid && inode.uid !== s.process.uid;
}

/** do_open, may_open and handle_truncate for what exists. */
function openFound(s: State, inode: Inode, flags: number, into: number | undefined): Verdict {
  const access = accessMode(flags);
  if (inode.isSymlink) return s.fails(E.ELOOP);
  if (inode.isDirectory && (access & MAY_WRITE) !== 0) return s.fails(E.EISDIR);
  const special = !inode.isDirectory && !inode.isRegular;
  // Device nodes are not opened on a filesystem mounted nodev (may_open_dev), and have no driver elsewhere.
  const type = inode.mode & S_IFMT;
  if (special && type !== S_IFIFO && type !== S_IFSOCK && s.isError(E.EACCES)) return undefined;
  if (!permitted(s.process, inode, access)) return s.fails(E.EACCES);
  if ((flags & O_NOATIME) !== 0 && !ownerOrRoot(s.process, inode)) return s.fails(E.EPERM);
  if (special) return openSpecial(s, inode, type, flags, into);
  // Direct I/O is a filesystem's choice (FMODE_CAN_ODIRECT).
  if ((flags & O_DIRECT) !== 0 && s.isError(E.EINVAL)) return undefined;
  if (s.failed) return s.succeeds();
  if ((flags & O_TRUNC) !== 0 && inode.isRegular) {
    inode.content?.cut(0);
    inode.size = 0;
    inode.cause = s.op;
    dropPrivilegesByWrite(s.process, inode);
    s.touchMtime(inode);
  }
  return opened(s, inode, flags, into);
}

/** Sockets cannot be opened; a FIFO's writer without a reader fails when it must not wait; devices have no driver here. */
function openSpecial(s: State, inode: Inode, type: number, flags: number, into: number | undefined): Verdict {
  if (type === S_IFSOCK) return s.fails(E.ENXIO);
  if (type !== S_IFIFO) return s.failsWith(E.ENXIO, E.ENODEV, E.EACCES);
  if ((flags & O_ACCMODE) === O_ACCMODE) return s.fails(E.EINVAL);
  if (s.isError(E.ENXIO) && (flags & O_ACCMODE) === O_WRONLY) return undefined;
  return opened(s, inode, flags, into);
}

function temporary(
  s: State,
  dirfd: number | undefined,
  path: string,
  flags: number,
  bits: number,
  into: number | undefined,
): Verdict {
  const error = walk(s, dirfd, path, true);
  if (error !== 0) return s.fails(error);
  const dir = s.found as Inode;
  if (!dir.isDirectory) return s.fails(E.ENOTDIR);
  if (!permitted(s.process, dir, MAY_WRITE | MAY_EXEC)) return s.fails(E.EACCES);
  // vfs_tmpfile does not ask whether the directory was removed; a filesystem may.
  if (dir.isDead && s.isError(E.ENOENT)) return undefined;
  if (s.failed) return s.succeeds();
  const inode = makeInode(s, dir, S_IFREG | bits);
  inode.nlink = 0;
  inode.linkable = (flags & O_EXCL) === 0;
  return opened(s, inode, flags & ~O_EXCL, into);
}

/** The descriptor of a file that was opened. */
function opened(s: State, inode: Inode, flags: number, into: number | undefined): Verdict {
  if (s.failed) return s.succeeds();
  const file = new OpenFile(inode, flags);
  if (inode.isDirectory && !file.isPath) {
    file.stream = new DirectoryStream();
    inode.streams ??= [];
    inode.streams.push(file);
  }
  inode.opens++;
  return giveDescriptor(s, file, into);
}
