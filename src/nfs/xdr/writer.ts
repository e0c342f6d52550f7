import { nameLength, type U64, writeName } from '../../vfs/index.ts';
import { xdrMismatch } from './error.ts';

const HIGH = 2 ** 32;
const CHUNK = 1 << 16;

/**
 * Writes XDR (RFC 4506). Messages are cut from chunks that are never written again: what `end` returns may be kept and sent
 * later.
 */
export class XdrWriter {
  #bytes = new Uint8Array(CHUNK);
  #view = new DataView(this.#bytes.buffer);
  #start = 0;
  #at = 0;

  /** Starts a message; what was not ended is dropped. */
  begin(): void {
    this.#at = this.#start;
  }

  /** Bytes of the message so far. */
  get length(): number {
    return this.#at - this.#start;
  }

  /** The message. */
  end(): Uint8Array {
    const message = this.#bytes.subarray(this.#start, this.#at);
    this.#start = this.#at;
    return message;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#view.setUint32(this.#at, value);
    this.#at += 4;
  }

  /** Overwrites the 4 bytes at `position` of the message. */
  patch(position: number, value: number): void {
    this.#view.setUint32(this.#start + position, value);
  }

  u64(value: U64): void {
    this.#reserve(8);
    if (typeof value === 'number') {
      this.#view.setUint32(this.#at, value < HIGH ? 0 : value / HIGH);
      this.#view.setUint32(this.#at + 4, value);
    } else this.#view.setBigUint64(this.#at, value);
    this.#at += 8;
  }

  bool(value: boolean): void {
    this.u32(value ? 1 : 0);
  }

  /** The bytes as they are, and zeros up to a multiple of 4. */
  fixed(data: Uint8Array): void {
    this.#reserve(data.length + 3);
    this.#bytes.set(data, this.#at);
    this.#at += data.length;
    this.#pad(data.length);
  }

  opaque(data: Uint8Array, most: number): void {
    if (data.length > most) xdrMismatch(`at most ${most} bytes`, data.length);
    this.u32(data.length);
    this.fixed(data);
  }

  name(name: string, most: number): void {
    const length = nameLength(name);
    if (length > most) xdrMismatch(`a name of at most ${most} bytes`, length);
    this.u32(length);
    this.#reserve(length + 3);
    this.#at = writeName(this.#bytes, this.#at, name);
    this.#pad(length);
  }

  #pad(length: number): void {
    for (let k = length; (k & 3) !== 0; k++) this.#bytes[this.#at++] = 0;
  }

  #reserve(more: number): void {
    if (this.#at + more > this.#bytes.length) this.#grow(more);
  }

  #grow(more: number): void {
    const { length } = this;
    const larger = new Uint8Array(Math.max(CHUNK, 2 * length + more + 4096));
    larger.set(this.#bytes.subarray(this.#start, this.#at));
    this.#bytes = larger;
    this.#view = new DataView(larger.buffer);
    this.#start = 0;
    this.#at = length;
  }
}
