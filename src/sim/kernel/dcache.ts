import { isDirectory } from '../../vfs/index.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { type Inode, iput } from './inode.ts';
import type { Process } from './process.ts';

/** struct dentry (include/linux/dcache.h): a name in a directory; negative where the name is known not to exist. */
export class Dentry {
  name: string;
  parent: Dentry;
  inode: Inode | null = null;
  /** d_alias: the next dentry of the same inode. */
  nextAlias: Dentry | null = null;
  /** fuse_dentry_time: until when the entry is valid, in the clock's nanoseconds; 0: it is not. */
  time = 0;
  /** The connection's epoch when the name was looked up; an older one is not valid. */
  epoch: number;
  /** d_lockref: users, among them each child. */
  count = 1;
  hashed = false;
  /** DCACHE_PAR_LOOKUP: the first lookup of the name is under way, and these wait for it. */
  lookupWaiters: Process[] | null = null;
  children: Map<string, Dentry> | null = null;

  constructor(name: string, parent: Dentry | null, epoch: number) {
    this.name = name;
    this.parent = parent ?? this;
    this.epoch = epoch;
    if (parent !== null) parent.count += 1;
  }
}

/** Gives a dentry its inode: d_alias joins i_dentry, at the end. */
export function joinAlias(dentry: Dentry, inode: Inode): void {
  dentry.inode = inode;
  dentry.nextAlias = null;
  dentry.nextAlias = inode.firstAlias;
  inode.firstAlias = dentry;
}

function leaveAlias(dentry: Dentry, inode: Inode): void {
  if (inode.firstAlias === dentry) inode.firstAlias = dentry.nextAlias;
  else {
    let before = inode.firstAlias;
    while (before !== null && before.nextAlias !== dentry) before = before.nextAlias;
    if (before !== null) before.nextAlias = dentry.nextAlias;
  }
  dentry.nextAlias = null;
}

/** Every dentry of an inode. */
export function aliasesOf(inode: Inode): readonly Dentry[] {
  const all: Dentry[] = [];
  for (let dentry = inode.firstAlias; dentry !== null; dentry = dentry.nextAlias) all.push(dentry);
  return all;
}

export const isRoot = (dentry: Dentry): boolean => dentry.parent === dentry;

/** d_path: the path from the root; undefined where a directory on the way is removed or no longer known by its name. */
export function dPath(dentry: Dentry): string | undefined {
  let path = '';
  for (let at = dentry; !isRoot(at); at = at.parent) {
    if (!at.hashed) return undefined;
    path = `/${at.name}${path}`;
  }
  return path === '' ? '/' : path;
}

/** A dentry and all that are hashed below it. */
export function countDentries(dentry: Dentry): number {
  let count = 1;
  for (const child of dentry.children?.values() ?? []) count += countDentries(child);
  return count;
}

/** d_lookup: the hashed dentry of a name, if there is one; no reference is taken. */
export function dLookup(parent: Dentry, name: string): Dentry | undefined {
  return parent.children?.get(name);
}

/** d_rehash. */
function hash(dentry: Dentry): void {
  const { parent } = dentry;
  parent.children ??= new Map();
  parent.children.set(dentry.name, dentry);
  dentry.hashed = true;
}

/** d_alloc_parallel: makes the dentry under which a first lookup runs. */
export function dAllocParallel(fc: FuseConnection, parent: Dentry, name: string): Dentry {
  const dentry = new Dentry(name, parent, fc.epoch);
  dentry.lookupWaiters = [];
  hash(dentry);
  return dentry;
}

/** d_lookup_done: whoever looked for the same name goes on. */
export function dLookupDone(dentry: Dentry): void {
  const waiters = dentry.lookupWaiters;
  dentry.lookupWaiters = null;
  if (waiters !== null) for (const task of waiters) task.wake();
}

/** d_add, d_instantiate: gives a dentry its inode (whose reference it takes) or makes it negative, and hashes it. */
export function dAdd(dentry: Dentry, inode: Inode | null): void {
  if (inode !== null) {
    joinAlias(dentry, inode);
  }
  if (!dentry.hashed) hash(dentry);
}

/** d_drop: nobody finds the dentry any more. */
export function dDrop(dentry: Dentry): void {
  if (!dentry.hashed) return;
  dentry.hashed = false;
  const { children } = dentry.parent;
  if (children?.get(dentry.name) === dentry) children.delete(dentry.name);
}

export function dGet(dentry: Dentry): Dentry {
  dentry.count += 1;
  return dentry;
}

/** dput: an unused dentry stays in the cache unless it is unhashed. */
export function dPut(fc: FuseConnection, dentry: Dentry): void {
  dentry.count -= 1;
  if (dentry.count === 0 && !dentry.hashed) kill(fc, dentry);
}

/** __dentry_kill. */
function kill(fc: FuseConnection, dentry: Dentry): void {
  dDrop(dentry);
  unlinkInode(fc, dentry);
  if (!isRoot(dentry)) dPut(fc, dentry.parent);
}

/** dentry_unlink_inode: the dentry becomes negative. */
function unlinkInode(fc: FuseConnection, dentry: Dentry): void {
  const { inode } = dentry;
  if (inode === null) return;
  dentry.inode = null;
  leaveAlias(dentry, inode);
  iput(fc, inode);
}

/** d_delete: after the name was removed. Only the caller uses the dentry: it turns negative; else nobody finds it any more. */
export function dDelete(fc: FuseConnection, dentry: Dentry): void {
  if (dentry.count === 1) unlinkInode(fc, dentry);
  else dDrop(dentry);
}

/** shrink_dcache_parent: drops what is unused below a dentry. */
export function shrinkChildren(fc: FuseConnection, parent: Dentry): void {
  if (parent.children === null) return;
  for (const child of [...parent.children.values()]) {
    shrinkChildren(fc, child);
    if (child.count === 0) kill(fc, child);
  }
}

/** d_invalidate: what was found wrong is not found again, nor is what lies below it. */
export function dInvalidate(fc: FuseConnection, dentry: Dentry): void {
  if (!dentry.hashed) return;
  dDrop(dentry);
  if (dentry.inode !== null) shrinkChildren(fc, dentry);
}

/** Whether `dentry` is `ancestor` or lies below it. */
export function isSubdirectory(dentry: Dentry, ancestor: Dentry): boolean {
  for (let at = dentry; ; at = at.parent) {
    if (at === ancestor) return true;
    if (isRoot(at)) return false;
  }
}

/** d_move: `dentry` takes the place of `target`, which nobody finds any more. */
export function dMove(fc: FuseConnection, dentry: Dentry, target: Dentry): void {
  const { parent, name } = target;
  dDrop(target);
  place(fc, dentry, parent, name);
}

/** d_exchange. */
export function dExchange(fc: FuseConnection, a: Dentry, b: Dentry): void {
  const { parent, name } = b;
  const { parent: parentA, name: nameA } = a;
  dDrop(b);
  place(fc, a, parent, name);
  place(fc, b, parentA, nameA);
}

function place(fc: FuseConnection, dentry: Dentry, parent: Dentry, name: string): void {
  const old = dentry.parent;
  dDrop(dentry);
  parent.count += 1;
  dentry.parent = parent;
  dentry.name = name;
  hash(dentry);
  if (old !== dentry) dPut(fc, old);
}

/** d_obtain_alias: a dentry of an inode (whose reference it takes) that was found without a name; with a reference. */
export function dObtainAlias(fc: FuseConnection, inode: Inode): Dentry {
  const known = inode.firstAlias;
  if (known !== null) {
    dGet(known);
    iput(fc, inode);
    return known;
  }
  const dentry = new Dentry('/', null, fc.epoch);
  joinAlias(dentry, inode);
  return dentry;
}

/**
 * d_splice_alias: joins a looked-up inode (whose reference it takes) to `dentry`. A directory has one dentry only: where
 * it is known under another name it is moved here. Undefined: that would have made a loop (ELOOP).
 */
export function dSpliceAlias(fc: FuseConnection, inode: Inode | null, dentry: Dentry): Dentry | undefined {
  if (inode !== null && isDirectory(inode.mode) && inode.firstAlias !== null) {
    const alias = inode.firstAlias;
    if (isSubdirectory(dentry, alias)) {
      iput(fc, inode);
      return undefined;
    }
    dGet(alias);
    dMove(fc, alias, dentry);
    iput(fc, inode);
    return alias;
  }
  dAdd(dentry, inode);
  return dentry;
}
