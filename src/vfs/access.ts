import type { Attributes } from './attributes.ts';
import { isDirectory, isRegular } from './attributes.ts';
import type { Credentials } from './credentials.ts';
import { R_OK, S_ISGID, S_ISUID, S_ISVTX, S_IXGRP, W_OK, X_OK } from './flags.ts';

// What a kernel decides about a caller before a filesystem is asked, for servers that stand in its place. Root (uid 0) has
// every capability.

/** Who owns an inode, and its mode. */
type Owned = Pick<Attributes, 'mode' | 'uid' | 'gid'>;

const inGroup = ({ gid, groups }: Credentials, group: number): boolean => gid === group || groups.includes(group);

/** generic_permission (fs/namei.c): whether all of `mask` (R_OK, W_OK, X_OK) is allowed. */
export function mayAccess(of: Owned, who: Credentials, mask: number): boolean {
  const wanted = mask & (R_OK | W_OK | X_OK);
  const { mode } = of;
  const bits = who.uid === of.uid ? mode >> 6 : inGroup(who, of.gid) ? mode >> 3 : mode;
  if ((wanted & ~bits) === 0) return true;
  return who.uid === 0 && (isDirectory(mode) || (wanted & X_OK) === 0 || (mode & 0o111) !== 0);
}

/** check_sticky: in a sticky directory only the owners of file and directory remove names. */
export function mayRemove(directory: Owned, of: Owned, who: Credentials): boolean {
  if ((directory.mode & S_ISVTX) === 0 || who.uid === 0) return true;
  return who.uid === of.uid || who.uid === directory.uid;
}

/** inode_owner_or_capable. */
export const ownsOrRoot = (of: Owned, who: Credentials): boolean => who.uid === of.uid || who.uid === 0;

/** Whether the caller may give a file to this group, and keep its S_ISGID (in_group_or_capable). */
export const mayUseGroup = (gid: number, who: Credentials): boolean => inGroup(who, gid) || who.uid === 0;

/** The mode of a file after its content or owner was changed by this caller (setattr_should_drop_suidgid). */
export function modeWithoutPrivileges(of: Owned, who: Credentials): number {
  const { mode } = of;
  if (who.uid === 0 || !isRegular(mode)) return mode;
  const dropsGroup = (mode & S_IXGRP) !== 0 || !mayUseGroup(of.gid, who);
  return mode & ~S_ISUID & (dropsGroup ? ~S_ISGID : ~0);
}

/** mode_strip_sgid: who is not in the directory's group makes no set-group-id files there. */
export function modeToCreate(directory: Owned, mode: number, who: Credentials): number {
  const executes = S_ISGID | S_IXGRP;
  if ((mode & executes) !== executes || (directory.mode & S_ISGID) === 0) return mode;
  return mayUseGroup(directory.gid, who) ? mode : mode & ~S_ISGID;
}
