import {
  type Errno,
  errno,
  nameLength,
  XATTR_CREATE,
  XATTR_NAME_MAX,
  XATTR_REPLACE,
  XATTR_SIZE_MAX,
} from '../../vfs/index.ts';

const namespaces = ['user.', 'trusted.', 'security.'] as const;

/** Names and values of one inode together, in bytes. */
const SPACE = 2 * XATTR_SIZE_MAX;

/** As xattr_resolve_name (fs/xattr.c): an unknown namespace is not supported, a bare one is invalid. */
export function checkXattrName(name: string): Errno | undefined {
  const namespace = namespaces.find((prefix) => name.startsWith(prefix));
  if (namespace === undefined) return errno.EOPNOTSUPP;
  if (name === namespace) return errno.EINVAL;
  return nameLength(name) > XATTR_NAME_MAX ? errno.ERANGE : undefined;
}

/** The extended attributes of one inode. */
export class ExtendedAttributes {
  readonly #values = new Map<string, Uint8Array>();
  #used = 0;

  get(name: string): Uint8Array | undefined {
    return this.#values.get(name);
  }

  /** Copies `value` (not with slice: a Buffer's shares its memory). `flags`: XATTR_CREATE, XATTR_REPLACE. */
  set(name: string, value: Uint8Array, flags: number): Errno | undefined {
    const old = this.#values.get(name);
    if (old === undefined && flags & XATTR_REPLACE) return errno.ENODATA;
    if (old !== undefined && flags & XATTR_CREATE) return errno.EEXIST;
    if (value.length > XATTR_SIZE_MAX) return errno.E2BIG;
    const change = value.length - (old === undefined ? -nameLength(name) : old.length);
    if (this.#used + change > SPACE) return errno.ENOSPC;
    this.#used += change;
    this.#values.set(name, new Uint8Array(value));
    return undefined;
  }

  /** Whether there was one. */
  remove(name: string): boolean {
    const old = this.#values.get(name);
    if (old === undefined) return false;
    this.#used -= nameLength(name) + old.length;
    return this.#values.delete(name);
  }

  names(): string[] {
    return [...this.#values.keys()];
  }
}
