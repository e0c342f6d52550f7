/** Bytes that are not what the XDR description (RFC 4506) says, or a value that has no place in it. */
export class XdrError extends Error {}

/** Ends the decoding or encoding of a message. */
export function xdrMismatch(expected: string, given: string | number | bigint): never {
  throw new XdrError(`expected ${expected}, given ${given}`);
}
