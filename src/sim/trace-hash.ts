import type { Message } from '../fuse/message.ts';
import type { SysResult } from '../vfs/index.ts';

/** Words of a message that are hashed one by one; of what lies behind them, every 16th. */
const WHOLE_WORDS = 128;
const STRIDE = 16;

/**
 * A running hash, 53 bits, not cryptographic, over every message on the link in either direction and every result of a
 * system call. Two runs with the same hash did the same.
 */
export class TraceHash {
  #a = 0x9e3779b9 | 0;
  #b = 0x85ebca6b | 0;

  #mix(word: number): void {
    this.#a = Math.imul(this.#a ^ word, 0x01000193);
    this.#b = Math.imul(this.#b + word, 0x5bd1e995) ^ (this.#a >>> 15);
  }

  /** Mixes a message of `length` bytes; `direction` tells requests from replies. */
  message(direction: number, message: Message, length: number): void {
    const { words, bytes } = message;
    let a = Math.imul(this.#a ^ (length * 2 + direction), 0x01000193);
    let b = this.#b;
    const whole = length >>> 2;
    const near = Math.min(whole, WHOLE_WORDS);
    // Two halves that do not wait for one another: a multiplication takes as long as four words do otherwise.
    let i = 0;
    for (; i + 1 < near; i += 2) {
      a = Math.imul(a ^ (a >>> 15) ^ words[i], 0x01000193);
      b = Math.imul(b ^ (b >>> 15) ^ words[i + 1], 0x5bd1e995);
    }
    for (; i < near; i++) a = Math.imul(a ^ words[i], 0x01000193);
    for (; i < whole; i += 2 * STRIDE) {
      a = Math.imul(a ^ words[i], 0x01000193);
      if (i + STRIDE < whole) b = Math.imul(b ^ words[i + STRIDE], 0x5bd1e995);
    }
    for (let at = whole * 4; at < length; at++) a = Math.imul(a ^ bytes[at], 0x01000193);
    this.#a = a;
    this.#b = (Math.imul(b, 0x5bd1e995) + a) ^ (a >>> 15);
  }

  /** Mixes the result of a system call; data and structures count with their sizes (the replies that made them count whole). */
  result(pid: number, result: SysResult): void {
    this.#mix(pid);
    if (typeof result === 'number') this.#mix(result % 0x100000000);
    else if (typeof result === 'string') {
      for (let i = 0; i < result.length; i++) this.#mix(result.charCodeAt(i));
    } else if ('length' in result) this.#mix(result.length);
    else if ('nlink' in result) {
      this.#mix(result.mode);
      this.#mix(result.nlink);
      this.#mix(result.size % 0x100000000);
    }
  }

  digest(): string {
    const high = (this.#b & 0x1fffff).toString(16).padStart(6, '0');
    return high + (this.#a >>> 0).toString(16).padStart(8, '0');
  }
}
