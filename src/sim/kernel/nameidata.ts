import { type Dentry, dGet, dPut } from './dcache.ts';
import type { FuseConnection } from './fuse-connection.ts';

export const LAST_NORM = 0;
export const LAST_ROOT = 1;
export const LAST_DOT = 2;
export const LAST_DOTDOT = 3;

// LOOKUP_* (include/linux/namei.h).
export const LOOKUP_FOLLOW = 0x1;
export const LOOKUP_DIRECTORY = 0x2;
export const LOOKUP_EMPTY = 0x4;
export const LOOKUP_REVAL = 0x20;
export const LOOKUP_CREATE = 0x200;
export const LOOKUP_EXCL = 0x400;
/** Only who opened the descriptor, or root, may use it in place of a path. */
export const LOOKUP_LINKAT_EMPTY = 0x100000;
export const LOOKUP_RENAME_TARGET = 0x800;

/** struct nameidata (fs/namei.c): the state of a path walk. Each process has two, for calls with two paths. */
export class Nameidata {
  /** Where the walk stands; the walk has a reference. */
  dentry: Dentry | null = null;
  /** The dentry of the last component, where the walk stopped at its parent. */
  child: Dentry | null = null;
  flags = 0;
  last = '';
  lastType = LAST_ROOT;
  /** Slashes stand behind the last component. */
  trailingSlashes = false;
  /** total_link_count. */
  links = 0;
  /** What remains of the paths whose symbolic links are being followed. */
  readonly stack: string[] = [];
  directoryUid = 0;
  directoryMode = 0;

  begin(fc: FuseConnection, start: Dentry, flags: number): void {
    this.moveTo(fc, dGet(start));
    this.flags = flags;
    this.last = '';
    this.lastType = LAST_ROOT;
    this.trailingSlashes = false;
    this.links = 0;
    // To set a length is slow.
    if (this.stack.length > 0) this.stack.length = 0;
  }

  /** Takes over the caller's reference to `dentry`. */
  moveTo(fc: FuseConnection, dentry: Dentry): void {
    const old = this.dentry;
    this.dentry = dentry;
    if (old !== null) dPut(fc, old);
  }

  setChild(fc: FuseConnection, child: Dentry | null): void {
    const old = this.child;
    this.child = child;
    if (old !== null) dPut(fc, old);
  }

  /** path_put. */
  release(fc: FuseConnection): void {
    const { child, dentry } = this;
    this.child = null;
    this.dentry = null;
    if (child !== null) dPut(fc, child);
    if (dentry !== null) dPut(fc, dentry);
  }
}
