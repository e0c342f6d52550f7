import {
  type AttributeChanges,
  type Attributes,
  type Errno,
  errno,
  isSymlink,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
  type Timespec,
} from '../../vfs/index.ts';
import type { BackingFs, BackingPath } from './backing.ts';
import { backingTime } from './stat.ts';

/** A file as it can be reached: by its path, or when it is unlinked by a descriptor. */
export interface Reach {
  readonly path: BackingPath | undefined;
  readonly fd: number | undefined;
  /** One that is open for writing: the caller's, or where there is no path anybody's. */
  readonly writableFd: number | undefined;
  readonly attributes: Attributes;
}

export function truncate(fs: BackingFs, { path, writableFd }: Reach, size: number): Errno | undefined {
  if (writableFd !== undefined) fs.ftruncateSync(writableFd, size);
  else if (path !== undefined) fs.truncateSync(path, size);
  else return errno.ESTALE;
  return undefined;
}

/** `node:fs` has no chmod that leaves symbolic links alone; Linux refuses it for them. */
export function chmod(fs: BackingFs, { path, fd, attributes }: Reach, mode: number): Errno | undefined {
  if (isSymlink(attributes.mode)) return errno.EOPNOTSUPP;
  const bits = mode & 0o7777;
  if (path !== undefined && fs.chmodSync) fs.chmodSync(path, bits);
  else if (fd !== undefined && fs.fchmodSync) fs.fchmodSync(fd, bits);
  else return errno.ENOSYS;
  return undefined;
}

/** Set-user-id goes, set-group-id too where the group may execute (setattr_should_drop_suidgid, fs/attr.c). */
export function dropPrivileges(fs: BackingFs, reach: Reach): Errno | undefined {
  if (reach.fd === undefined) return errno.EBADF;
  const mode = Number(fs.fstatSync(reach.fd, { bigint: true }).mode) & 0o7777;
  const kept = mode & (mode & S_IXGRP ? ~(S_ISUID | S_ISGID) : ~S_ISUID);
  return kept === mode ? undefined : chmod(fs, reach, kept);
}

export function chown(fs: BackingFs, { path, fd, attributes }: Reach, changes: AttributeChanges): Errno | undefined {
  const { uid = attributes.uid, gid = attributes.gid } = changes;
  if (path !== undefined && fs.lchownSync) fs.lchownSync(path, uid, gid);
  else if (fd !== undefined && fs.fchownSync) fs.fchownSync(fd, uid, gid);
  else return errno.ENOSYS;
  return undefined;
}

/** The backing sets both times at once: the one that is left out is set to what it is. */
export function utimes(
  fs: BackingFs,
  { path, fd, attributes }: Reach,
  changes: AttributeChanges,
  now: () => Timespec,
): Errno | undefined {
  const [atime, mtime] = (['atime', 'mtime'] as const).map((which) => {
    const time = changes[which] ?? attributes[which];
    return backingTime(time === 'now' ? now() : time);
  });
  if (path !== undefined && fs.lutimesSync) fs.lutimesSync(path, atime, mtime);
  else if (fd !== undefined && fs.futimesSync) fs.futimesSync(fd, atime, mtime);
  else return errno.ENOSYS;
  return undefined;
}
