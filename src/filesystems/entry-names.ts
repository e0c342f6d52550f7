import { NAME_MAX, nameLength } from '../vfs/index.ts';

/** A character of UTF-16 is at most three bytes of UTF-8: a name this long needs no counting. */
const SURELY_SHORT = Math.floor(NAME_MAX / 3);

export const tooLong = (name: string): boolean => name.length > SURELY_SHORT && nameLength(name) > NAME_MAX;

/** Names that would break the tree; the kernel never sends them. */
export const badName = (name: string): boolean => name === '' || name === '.' || name === '..' || name.includes('/');
