import {
  type CallOf,
  type Data,
  dataBytes,
  nameLength,
  S_ISVTX,
  XATTR_CREATE,
  XATTR_NAME_MAX,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
} from '../vfs/index.ts';
import type { Inode } from './inode.ts';
import { MAY_READ, MAY_WRITE, ownerOrRoot, permitted } from './permission.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';
import { walk } from './walk.ts';

/** What any filesystem holds of extended attributes; ext4 has one block for all that do not fit into the inode. */
const SPACE_OF_ANY = 2048;

/** import_xattr_name. */
const badName = (name: string): boolean => name.length === 0 || nameLength(name) > XATTR_NAME_MAX;

/** xattr_permission and xattr_resolve_name (fs/xattr.c): 0 or an errno. */
function permission(s: State, inode: Inode, name: string, mask: number): number {
  const denied = (mask & MAY_WRITE) !== 0 ? E.EPERM : E.ENODATA;
  const security = name.startsWith('security.') || name.startsWith('system.');
  if (!security) {
    if (name.startsWith('trusted.')) {
      if (s.process.uid !== 0) return denied;
    } else {
      if (name.startsWith('user.')) {
        if (!inode.isRegular && !inode.isDirectory) return denied;
        if (inode.isDirectory && (inode.mode & S_ISVTX) !== 0 && (mask & MAY_WRITE) !== 0)
          if (!ownerOrRoot(s.process, inode)) return E.EPERM;
      }
      if (!permitted(s.process, inode, mask)) return E.EACCES;
    }
  }
  if (name === 'user.' || name === 'trusted.' || name === 'security.') return E.EINVAL;
  return security || name.startsWith('user.') || name.startsWith('trusted.') ? 0 : E.EOPNOTSUPP;
}

function spaceWith(inode: Inode, name: string, length: number): number {
  let total = nameLength(name) + length;
  for (const [other, value] of inode.xattrs ?? []) if (other !== name) total += nameLength(other) + value.length;
  return total;
}

/** setxattr_copy: what is wrong before the file is looked for. */
function badSet(name: string, value: Data, flags: number): number {
  if ((flags & ~(XATTR_CREATE | XATTR_REPLACE)) !== 0) return E.EINVAL;
  if (badName(name)) return E.ERANGE;
  return value.length > XATTR_SIZE_MAX ? E.E2BIG : 0;
}

function set(s: State, inode: Inode, name: string, value: Data, flags: number): Verdict {
  const error = permission(s, inode, name, MAY_WRITE);
  if (error !== 0) return s.fails(error);
  const exists = inode.xattrs?.has(name) ?? false;
  if (exists && (flags & XATTR_CREATE) !== 0) return s.fails(E.EEXIST);
  if (!exists && (flags & XATTR_REPLACE) !== 0) return s.fails(E.ENODATA);
  if (spaceWith(inode, name, value.length) > SPACE_OF_ANY && (s.isError(E.ENOSPC) || s.isError(E.E2BIG)))
    return undefined;
  if (s.failed) return s.succeeds();
  inode.xattrs ??= new Map();
  inode.xattrs.set(name, dataBytes(value));
  inode.cause = s.op;
  s.touchCtime(inode);
  return undefined;
}

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

function get(s: State, inode: Inode, name: string, size: number): Verdict {
  const error = permission(s, inode, name, MAY_READ);
  if (error !== 0) return s.fails(error);
  const value = inode.xattrs?.get(name);
  if (value === undefined) return s.fails(E.ENODATA);
  if (size > 0 && size < value.length) return s.fails(E.ERANGE);
  if (s.failed) return s.succeeds();
  const { result } = s;
  if (size === 0)
    return result === value.length ? undefined : wrongValue('length', 'wrong', value.length, String(result));
  if (!(result instanceof Uint8Array)) return wrongValue('result', 'malformed', 'bytes', typeof result);
  return sameBytes(value, result)
    ? undefined
    : wrongValue('value', 'wrong', `${value.length} bytes`, `${result.length} others`);
}

function list(s: State, inode: Inode, size: number): Verdict {
  const names: string[] = [];
  let total = 0;
  for (const name of inode.xattrs?.keys() ?? []) {
    if (name.startsWith('trusted.') && s.process.uid !== 0) continue;
    names.push(name);
    total += nameLength(name) + 1;
  }
  if (size > 0 && size < total) return s.fails(E.ERANGE);
  if (s.failed) return s.succeeds();
  const { result } = s;
  if (size === 0) {
    if (Array.isArray(result) && result.length === 0 && total === 0) return undefined;
    return result === total ? undefined : wrongValue('length', 'wrong', total, String(result));
  }
  if (!Array.isArray(result)) return wrongValue('result', 'malformed', 'names', typeof result);
  const shown = (some: readonly unknown[]) => [...some].sort().join(' ');
  return shown(names) === shown(result) ? undefined : wrongValue('names', 'wrong', shown(names), shown(result));
}

function remove(s: State, inode: Inode, name: string): Verdict {
  const error = permission(s, inode, name, MAY_WRITE);
  if (error !== 0) return s.fails(error);
  if (!inode.xattrs?.has(name)) return s.fails(E.ENODATA);
  if (s.failed) return s.succeeds();
  inode.xattrs.delete(name);
  inode.cause = s.op;
  s.touchCtime(inode);
  return undefined;
}

export function setxattr(s: State, call: CallOf<'setxattr' | 'lsetxattr'>): Verdict {
  const error = badSet(call.name, call.value, call.flags) || walk(s, undefined, call.path, call.op === 'setxattr');
  return error !== 0 ? s.fails(error) : set(s, s.found as Inode, call.name, call.value, call.flags);
}

export function fsetxattr(s: State, call: CallOf<'fsetxattr'>): Verdict {
  const error = badSet(call.name, call.value, call.flags);
  if (error !== 0) return s.fails(error);
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : set(s, file.inode, call.name, call.value, call.flags);
}

export function getxattr(s: State, call: CallOf<'getxattr' | 'lgetxattr'>): Verdict {
  if (badName(call.name)) return s.fails(E.ERANGE);
  const error = walk(s, undefined, call.path, call.op === 'getxattr');
  return error !== 0 ? s.fails(error) : get(s, s.found as Inode, call.name, call.size);
}

export function fgetxattr(s: State, call: CallOf<'fgetxattr'>): Verdict {
  if (badName(call.name)) return s.fails(E.ERANGE);
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : get(s, file.inode, call.name, call.size);
}

export function listxattr(s: State, call: CallOf<'listxattr' | 'llistxattr'>): Verdict {
  const error = walk(s, undefined, call.path, call.op === 'listxattr');
  return error !== 0 ? s.fails(error) : list(s, s.found as Inode, call.size);
}

export function flistxattr(s: State, call: CallOf<'flistxattr'>): Verdict {
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : list(s, file.inode, call.size);
}

export function removexattr(s: State, call: CallOf<'removexattr' | 'lremovexattr'>): Verdict {
  if (badName(call.name)) return s.fails(E.ERANGE);
  const error = walk(s, undefined, call.path, call.op === 'removexattr');
  return error !== 0 ? s.fails(error) : remove(s, s.found as Inode, call.name);
}

export function fremovexattr(s: State, call: CallOf<'fremovexattr'>): Verdict {
  if (badName(call.name)) return s.fails(E.ERANGE);
  const file = s.file(call.fd);
  return file === undefined ? s.fails(E.EBADF) : remove(s, file.inode, call.name);
}
