import { readName, type U64 } from '../../vfs/index.ts';
import { xdrMismatch } from './error.ts';

const HIGH = 2 ** 32;

/** Reads XDR (RFC 4506) from a range of bytes, which it never leaves. What is opaque comes as a view, not as a copy. */
export class XdrReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#at = start;
    this.#end = end;
  }

  /** Where the next value starts. */
  get at(): number {
    return this.#at;
  }

  /** Bytes that are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  u32(): number {
    const at = this.#at;
    if (at + 4 > this.#end) xdrMismatch('4 bytes', this.left);
    this.#at = at + 4;
    return this.#view.getUint32(at);
  }

  u64(): U64 {
    const at = this.#at;
    if (at + 8 > this.#end) xdrMismatch('8 bytes', this.left);
    this.#at = at + 8;
    const high = this.#view.getUint32(at);
    const low = this.#view.getUint32(at + 4);
    if (high === 0) return low;
    return high < 0x200000 ? high * HIGH + low : (BigInt(high) << 32n) | BigInt(low);
  }

  bool(): boolean {
    const value = this.u32();
    if (value > 1) xdrMismatch('a boolean, 0 or 1', value);
    return value === 1;
  }

  /** `length` bytes and what pads them to a multiple of 4, whatever it is. */
  fixed(length: number): Uint8Array {
    const at = this.#skip(length);
    return this.bytes.subarray(at, at + length);
  }

  /** Opaque data of at most `most` bytes, its length in front. */
  opaque(most: number): Uint8Array {
    return this.fixed(this.#length(most));
  }

  /** A string of at most `most` bytes, as a name (any bytes are one: see vfs/name.ts). */
  name(most: number): string {
    const length = this.#length(most);
    const at = this.#skip(length);
    return readName(this.bytes, at, at + length);
  }

  /** Fails where bytes are left. */
  finish(): void {
    if (this.left !== 0) xdrMismatch('the end of the message', `${this.left} more bytes`);
  }

  #length(most: number): number {
    const length = this.u32();
    if (length > most) xdrMismatch(`a length of at most ${most}`, length);
    return length;
  }

  #skip(length: number): number {
    const at = this.#at;
    const next = at + Math.ceil(length / 4) * 4;
    if (next > this.#end) xdrMismatch(`${length} bytes and their padding`, this.left);
    this.#at = next;
    return at;
  }
}
