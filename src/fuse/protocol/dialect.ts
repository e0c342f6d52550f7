import { FUSE_KERNEL_MINOR_VERSION, initFlags } from './constants.ts';
import type { RequestLayout } from './opcodes.ts';

/** What the INIT handshake decided about the layout of later requests. */
export interface Dialect {
  /** The minor version in force: the smaller of the two that were offered. */
  readonly minor: number;
  /** FUSE_SETXATTR_EXT is in force: the body of SETXATTR is 16 bytes, not 8. */
  readonly setxattrExt: boolean;
}

export const CURRENT_DIALECT: Dialect = { minor: FUSE_KERNEL_MINOR_VERSION, setxattrExt: false };

/** The dialect after an INIT reply with these `flags`, where both sides have at least `minor`. */
export function dialectOf(minor: number, flags: number): Dialect {
  return { minor, setxattrExt: (flags & initFlags.SETXATTR_EXT) !== 0 };
}

const COMPAT_SETXATTR_IN_SIZE = 8;

/** Bytes of a request's fixed structure in a dialect. */
export function bodySize(layout: RequestLayout, dialect: Dialect): number {
  if (layout.body === undefined) return 0;
  let size = layout.body.size;
  if (layout.older !== undefined)
    for (const [minor, olderSize] of layout.older) if (dialect.minor < minor) size = olderSize;
  if (layout.body.name === 'fuse_setxattr_in' && !dialect.setxattrExt) size = COMPAT_SETXATTR_IN_SIZE;
  return size;
}
