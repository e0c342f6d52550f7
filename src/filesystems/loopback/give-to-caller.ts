import { type Attributes, type Context, errno, errnoFrom, S_ISGID, S_ISUID } from '../../vfs/index.ts';
import type { BackingFs } from './backing.ts';
import { chmod, chown, type Reach } from './change-attributes.ts';

/**
 * Gives a new file to the caller, with the mode bits that the umask of this process or the change of owner took. The group
 * of a set-group-id directory stays. Without the right to give files away they stay with this process.
 */
export function giveToCaller(
  fs: BackingFs,
  reach: Reach,
  directory: Attributes,
  mode: number | undefined,
  { uid, gid }: Context,
): void {
  const made = reach.attributes;
  const group = directory.mode & S_ISGID ? made.gid : gid;
  const given = (made.uid !== uid || made.gid !== group) && give(fs, reach, uid, group);
  if (mode === undefined) return;
  const wanted = (mode & 0o7777) | (made.mode & S_ISGID);
  const umaskTook = (made.mode & 0o7777 & ~wanted) === 0 && (wanted & ~made.mode & 0o777) !== 0;
  if (umaskTook || (given && wanted & (S_ISUID | S_ISGID))) chmod(fs, reach, wanted);
}

function give(fs: BackingFs, reach: Reach, uid: number, gid: number): boolean {
  try {
    return chown(fs, reach, { uid, gid }) === undefined;
  } catch (error) {
    if (errnoFrom(error) !== errno.EPERM) throw error;
    return false;
  }
}
