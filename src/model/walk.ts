import { MAXSYMLINKS, NAME_MAX, nameLength, PATH_MAX } from '../vfs/index.ts';
import type { Inode } from './inode.ts';
import { MAY_EXEC, permitted } from './permission.ts';
import { E, type State } from './state.ts';

/**
 * Path walk, after fs/namei.c. Each function gives 0 or an errno; what it found stands in the state: `walkParent` leaves
 * `dir`, `name`, `last` and `slash`, `walk` leaves `found`.
 */

const SLASH = 47;

/** An upper bound decides nearly always: a UTF-16 unit takes at most 3 bytes. */
const longerThan = (text: string, limit: number): boolean => text.length * 3 > limit && nameLength(text) > limit;

/** getname and path_init: checks the path as text and finds where the walk begins. */
function begin(s: State, dirfd: number | undefined, path: string): number {
  if (path.length === 0) return E.ENOENT;
  if (longerThan(path, PATH_MAX - 1)) return E.ENAMETOOLONG;
  s.links = 0;
  s.needDirectory = false;
  if (path.charCodeAt(0) === SLASH) s.dir = s.root;
  else if (dirfd === undefined) s.dir = s.process.cwd;
  else {
    const file = s.descriptor(dirfd);
    if (file === undefined) return E.EBADF;
    if (!file.inode.isDirectory) return E.ENOTDIR;
    s.dir = file.inode;
  }
  return 0;
}

/** link_path_walk: everything but the last component. */
function components(s: State, path: string): number {
  const end = path.length;
  let i = 0;
  while (i < end && path.charCodeAt(i) === SLASH) i++;
  if (i === end) {
    s.last = 'root';
    s.name = '';
    s.slash = false;
    return 0;
  }
  for (;;) {
    if (!permitted(s.process, s.dir, MAY_EXEC)) return E.EACCES;
    let j = i + 1;
    while (j < end && path.charCodeAt(j) !== SLASH) j++;
    const name = path.slice(i, j);
    const slash = j < end;
    while (j < end && path.charCodeAt(j) === SLASH) j++;
    if (j === end) {
      s.name = name;
      s.slash = slash;
      s.last = name === '.' ? 'dot' : name === '..' ? 'dotdot' : 'name';
      return 0;
    }
    s.name = name;
    s.last = name === '.' ? 'dot' : name === '..' ? 'dotdot' : 'name';
    const error = step(s, true);
    if (error !== 0) return error;
    const next = s.found as Inode;
    if (!next.isDirectory) return E.ENOTDIR;
    s.dir = next;
    i = j;
  }
}

/** What `name` is in a directory: 0 with `found` set (undefined where there is no such name), or an errno. */
export function lookupIn(s: State, dir: Inode, name: string): number {
  if (dir.isDead) return E.ENOENT;
  s.found = dir.entries?.get(name);
  if (s.found === undefined && longerThan(name, NAME_MAX)) return E.ENAMETOOLONG;
  return 0;
}

/** walk_component: goes to the component that the state names, through it where it is a symbolic link. */
function step(s: State, follow: boolean): number {
  if (s.last !== 'name') {
    s.found = s.last === 'dotdot' ? s.dir.parent : s.last === 'root' ? s.root : s.dir;
    return 0;
  }
  const error = lookupIn(s, s.dir, s.name);
  if (error !== 0) return error;
  const inode = s.found;
  if (inode === undefined) return E.ENOENT;
  if (!follow || !inode.isSymlink) return 0;
  const entered = enterLink(s, inode);
  return entered !== 0 ? entered : step(s, true);
}

/** pick_link: walks the content of a symbolic link but for its last component. */
export function enterLink(s: State, link: Inode): number {
  if (s.links++ >= MAXSYMLINKS) return E.ELOOP;
  s.accessed(link);
  if (link.target.charCodeAt(0) === SLASH) s.dir = s.root;
  return components(s, link.target);
}

/** path_parentat. */
export function walkParent(s: State, dirfd: number | undefined, path: string): number {
  const error = begin(s, dirfd, path);
  return error !== 0 ? error : components(s, path);
}

/** path_lookupat: a trailing slash asks for a directory, and follows. */
export function walk(s: State, dirfd: number | undefined, path: string, follow: boolean): number {
  let error = walkParent(s, dirfd, path);
  while (error === 0) {
    if (s.slash && s.last === 'name') s.needDirectory = true;
    error = trailing(s, follow || s.needDirectory);
    const found = s.found as Inode | undefined;
    if (error === 0 && found !== undefined) return s.needDirectory && !found.isDirectory ? E.ENOTDIR : 0;
  }
  return error;
}

/** The last component; 0 with `found` unset: a symbolic link was entered, and its own last component stands next. */
function trailing(s: State, follow: boolean): number {
  const error = step(s, false);
  if (error !== 0) return error;
  const inode = s.found as Inode;
  if (!follow || !inode.isSymlink) return 0;
  const entered = enterLink(s, inode);
  s.found = undefined;
  return entered;
}
