import {
  Errno,
  errno,
  type NodeId,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  type Timespec,
} from '../../vfs/index.ts';
import { badName, directoryOf, type TreeDirectory, type TreeInode, tooLong } from '../names.ts';

/** A name in a live directory. */
export interface Place<I> {
  readonly inode: I;
  readonly directory: TreeDirectory<I>;
  readonly name: string;
}

/** Where a rename goes from and to; an errno where one of the two cannot be. */
export function placesOf<I extends TreeInode<I>>(
  inodes: { get(node: NodeId): I | undefined },
  parent: NodeId,
  name: string,
  newParent: NodeId,
  newName: string,
): Errno | { readonly source: Place<I>; readonly target: Place<I> } {
  const from = directoryOf(inodes, parent);
  if (from instanceof Errno) return from;
  const to = directoryOf(inodes, newParent);
  if (to instanceof Errno) return to;
  if (badName(newName)) return errno.EINVAL;
  if (tooLong(name) || tooLong(newName)) return errno.ENAMETOOLONG;
  if (to.nlink === 0) return errno.ENOENT;
  return {
    source: { inode: from, directory: from.directory, name },
    target: { inode: to, directory: to.directory, name: newName },
  };
}

/** Whether a rename with these flags can be asked for at all (renameat2(2)). */
export function validRenameFlags(flags: number): boolean {
  if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) return false;
  return !(flags & RENAME_EXCHANGE && flags & (RENAME_NOREPLACE | RENAME_WHITEOUT));
}

/** Whether `inode` is `directory` or one of the directories above it. */
function isAbove<I extends TreeInode<I>>(inode: I, directory: I): boolean {
  for (let at: I = directory; ; ) {
    if (at === inode) return true;
    const parent: I | undefined = at.directory?.parent;
    if (parent === undefined || parent === at) return false;
    at = parent;
  }
}

/** What is replaced loses a name, a directory its own `.` too. */
export function dropName<I extends TreeInode<I>>(inode: I, parent: I, now: Timespec): void {
  if (inode.directory === undefined) inode.nlink -= 1;
  else {
    inode.nlink = 0;
    parent.nlink -= 1;
  }
  inode.ctime = now;
}

/** A directory that goes elsewhere takes its `..` along. */
function reparent<I extends TreeInode<I>>(moved: I, from: I, to: I): void {
  if (moved.directory === undefined || from === to) return;
  from.nlink -= 1;
  to.nlink += 1;
  moved.directory.moveTo(to);
}

function touch<I extends TreeInode<I>>(now: Timespec, from: Place<I>, to: Place<I>): void {
  from.inode.modified(now);
  to.inode.modified(now);
}

/** RENAME_EXCHANGE: both names must exist; each gets the other's inode. */
export function exchange<I extends TreeInode<I>>(from: Place<I>, to: Place<I>, now: Timespec): Errno | undefined {
  const first = from.directory.get(from.name);
  const second = to.directory.get(to.name);
  if (first === undefined || second === undefined) return errno.ENOENT;
  if (first === second) return undefined;
  if (isAbove(first, to.inode) || isAbove(second, from.inode)) return errno.EINVAL;
  from.directory.replace(from.name, second);
  to.directory.replace(to.name, first);
  reparent(first, from.inode, to.inode);
  reparent(second, to.inode, from.inode);
  first.ctime = now;
  second.ctime = now;
  touch(now, from, to);
  return undefined;
}

/** Moves a name, over an existing one if need be. Answers the inode that lost its name there, for the caller to free. */
export function move<I extends TreeInode<I>>(
  from: Place<I>,
  to: Place<I>,
  noReplace: boolean,
  maxLinks: number,
  now: Timespec,
): Errno | { readonly replaced: I | undefined; readonly moved: boolean } {
  const moved = from.directory.get(from.name);
  if (moved === undefined) return errno.ENOENT;
  const replaced = to.directory.get(to.name);
  if (replaced !== undefined && noReplace) return errno.EEXIST;
  if (replaced === moved) return { replaced: undefined, moved: false };
  if (moved.directory !== undefined && isAbove(moved, to.inode)) return errno.EINVAL;
  if (replaced !== undefined) {
    if (moved.directory === undefined && replaced.directory !== undefined) return errno.EISDIR;
    if (moved.directory !== undefined && replaced.directory === undefined) return errno.ENOTDIR;
    if (replaced.directory?.isEmpty === false) return errno.ENOTEMPTY;
  } else if (moved.directory !== undefined && from.inode !== to.inode && to.inode.nlink >= maxLinks)
    return errno.EMLINK;

  if (replaced === undefined) to.directory.add(to.name, moved);
  else {
    to.directory.replace(to.name, moved);
    dropName(replaced, to.inode, now);
  }
  from.directory.remove(from.name);
  reparent(moved, from.inode, to.inode);
  moved.ctime = now;
  touch(now, from, to);
  return { replaced, moved: true };
}
