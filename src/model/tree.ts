import { S_IFDIR, S_IFMT, type Stat, type U64 } from '../vfs/index.ts';
import { Inode } from './inode.ts';
import type { State } from './state.ts';

/**
 * What a filesystem holds before the first call. Names with one inode number are one file; the numbers themselves and the
 * times are left open, because another filesystem of the same making has others.
 */
export interface TreeNode {
  readonly stat: Stat;
  /** Of a directory. */
  readonly entries?: ReadonlyMap<string, TreeNode>;
  /** Of a symbolic link. */
  readonly target?: string;
  /** Of a regular file. */
  readonly content?: Uint8Array;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** Makes a tree the state of the model. */
export function adoptTree(s: State, tree: TreeNode): void {
  fill(s.root, tree, new Map());
}

function fill(inode: Inode, { stat, entries, target, content, xattrs }: TreeNode, seen: Map<U64, Inode>): void {
  inode.mode = stat.mode;
  inode.uid = stat.uid;
  inode.gid = stat.gid;
  inode.nlink = stat.nlink;
  inode.rdev = stat.rdev;
  inode.size = stat.size;
  if (target !== undefined) inode.target = target;
  if (content !== undefined) inode.content?.write(0, content, '');
  if (xattrs !== undefined) inode.xattrs = new Map(xattrs);
  if ((stat.mode & S_IFMT) !== S_IFDIR) return;
  inode.nlink = 2;
  for (const [name, child] of entries ?? []) {
    const shared = seen.get(child.stat.ino);
    const made = shared ?? new Inode(child.stat.mode, child.stat.uid, child.stat.gid);
    inode.entries?.set(name, made);
    if (made.isDirectory) {
      made.parent = inode;
      inode.nlink++;
    }
    if (shared !== undefined) continue;
    seen.set(child.stat.ino, made);
    fill(made, child, seen);
  }
}
