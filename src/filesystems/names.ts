import { Errno, errno, NAME_MAX, type NodeId, nameLength, type Timespec } from '../vfs/index.ts';

/** What finding and changing names needs of an inode. */
export interface TreeInode<I> {
  readonly node: NodeId;
  nlink: number;
  ctime: Timespec;
  readonly directory: TreeDirectory<I> | undefined;
  modified(now: Timespec): void;
}

/** The entries of a directory. */
export interface TreeDirectory<I> {
  readonly parent: I | undefined;
  readonly isEmpty: boolean;
  get(name: string): I | undefined;
  add(name: string, inode: I): void;
  replace(name: string, inode: I): void;
  remove(name: string): void;
  moveTo(parent: I): void;
}

/** The inodes that there are. */
interface Inodes<I> {
  get(node: NodeId): I | undefined;
}

type DirectoryOf<I extends TreeInode<I>> = I & { readonly directory: NonNullable<I['directory']> };

/** A character of UTF-16 is at most three bytes of UTF-8: a name this long needs no counting. */
const SURELY_SHORT = Math.floor(NAME_MAX / 3);

export const tooLong = (name: string): boolean => name.length > SURELY_SHORT && nameLength(name) > NAME_MAX;

/** Names that would break the tree; the kernel never sends them. */
export const badName = (name: string): boolean => name === '' || name === '.' || name === '..' || name.includes('/');

export function findName<I extends TreeInode<I>>(inodes: Inodes<I>, parent: NodeId, name: string): I | Errno {
  const at = inodes.get(parent);
  if (at === undefined) return errno.ESTALE;
  const found = at.directory?.get(name);
  if (found !== undefined) return found;
  // An exported handle is opened by looking these two up (fuse_get_dentry, fuse_get_parent in fs/fuse/inode.c).
  if (name === '.') return at;
  if (at.directory === undefined) return errno.ENOTDIR;
  if (name !== '..') return tooLong(name) ? errno.ENAMETOOLONG : errno.ENOENT;
  const above = at.directory.parent;
  return above !== undefined && inodes.get(above.node) === above ? above : errno.ESTALE;
}

export function directoryOf<I extends TreeInode<I>>(inodes: Inodes<I>, node: NodeId): DirectoryOf<I> | Errno {
  const inode = inodes.get(node);
  if (inode === undefined) return errno.ESTALE;
  return isDirectoryInode(inode) ? inode : errno.ENOTDIR;
}

/** The directory in which a new name may be made. */
export function directoryForNew<I extends TreeInode<I>>(
  inodes: Inodes<I>,
  node: NodeId,
  name: string,
): DirectoryOf<I> | Errno {
  const parent = directoryOf(inodes, node);
  if (parent instanceof Errno) return parent;
  if (parent.directory.get(name) !== undefined) return errno.EEXIST;
  if (parent.nlink === 0) return errno.ENOENT;
  if (badName(name)) return errno.EINVAL;
  return tooLong(name) ? errno.ENAMETOOLONG : parent;
}

const isDirectoryInode = <I extends TreeInode<I>>(inode: I): inode is DirectoryOf<I> => inode.directory !== undefined;
