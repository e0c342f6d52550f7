import type { U64 } from '../../vfs/index.ts';

/** A message that is not what the protocol says: what was expected and what was given. */
export interface Malformed {
  readonly op: 'MALFORMED';
  /** The opcode or notification code, as far as the header was there; else 0. */
  readonly code: number;
  /** The header's unique, as far as the header was there; else 0. */
  readonly unique: U64;
  /** One line: `GETATTR: expected 16 bytes of fuse_getattr_in, given 3`. */
  readonly problem: string;
}

/** Thrown inside the decoders, which turn it into a `Malformed`. */
export class Mismatch extends Error {}

/** Ends the decoding of a message. */
export function mismatch(expected: string, given: string | number): never {
  throw new Mismatch(`expected ${expected}, given ${given}`);
}
