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

const SLASH = 0x2f;

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
  /** The path that is walked, and how far it was: the next component starts here. */
  path = '';
  at = 0;
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

  /** Goes on at a component of a path, behind slashes. */
  continueAt(path: string, at: number): void {
    this.path = path;
    this.at = at;
    while (path.charCodeAt(this.at) === SLASH) this.at += 1;
  }

  /** Takes the next component into `last`. True where it is the last one of the path that lies `depth` links deep. */
  takeComponent(depth: number): boolean {
    const { path, at } = this;
    let end = path.indexOf('/', at);
    if (end < 0) end = path.length;
    const name = path.slice(at, end);
    this.last = name;
    this.lastType = name === '.' ? LAST_DOT : name === '..' ? LAST_DOTDOT : LAST_NORM;
    this.continueAt(path, end);
    if (this.at < path.length) return false;
    if (this.stack.length === depth) {
      this.trailingSlashes = end < path.length;
      return true;
    }
    this.continueAt(this.stack.pop() as string, 0);
    return false;
  }

  /** The text of a link comes before what remains of the path; of a link to the root, and of an empty one, nothing does. */
  followLink(text: string): void {
    const { path, at } = this;
    this.continueAt(text, 0);
    const rest = at === 0 ? path : path.slice(at);
    if (this.at < text.length) this.stack.push(rest);
    else this.continueAt(rest, 0);
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
