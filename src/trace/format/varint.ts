/** Bytes of the longest number: 2^53 - 1. */
export const VARINT_MAX = 8;

/** Writes a whole number, 0 to 2^53 - 1, seven bits a byte and the lowest first (LEB128); returns where it ends. */
export function writeVarint(bytes: Uint8Array, at: number, value: number): number {
  while (value >= 0x80) {
    bytes[at++] = (value & 0x7f) | 0x80;
    value = value < 0x80000000 ? value >>> 7 : Math.floor(value / 0x80);
  }
  bytes[at++] = value;
  return at;
}

/** Signed 32-bit numbers near 0 as small unsigned ones. */
export const zigzag = (value: number): number => ((value << 1) ^ (value >> 31)) >>> 0;
export const unzigzag = (value: number): number => (value >>> 1) ^ -(value & 1);

/** The bytes end, or hold something else than what should be there. */
export class Unreadable extends Error {}

/** Reads numbers and bytes one after the other. */
export class Cursor {
  readonly bytes: Uint8Array;
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    if (this.at >= this.bytes.length) throw new Unreadable('expected a byte, given the end');
    return this.bytes[this.at++];
  }

  varint(): number {
    let value = 0;
    let unit = 1;
    for (let i = 0; i < VARINT_MAX; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) {
        if (!Number.isSafeInteger(value)) break;
        return value;
      }
      unit *= 0x80;
    }
    throw new Unreadable('expected a number up to 2^53 - 1, given a larger one');
  }

  /** A number of at most `most`. */
  count(what: string, most: number): number {
    const value = this.varint();
    if (value > most) throw new Unreadable(`expected ${what} of at most ${most}, given ${value}`);
    return value;
  }

  take(length: number): Uint8Array {
    if (length > this.left) throw new Unreadable(`expected ${length} bytes, given ${this.left}`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}
