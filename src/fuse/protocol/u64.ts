import type { U64 } from '../../vfs/index.ts';

const HIGH = 2 ** 32;

/** The unsigned 64-bit value at word `i`. */
export function readU64(words: Uint32Array, i: number): U64 {
  const high = words[i + 1];
  // Most are small, and what was never multiplied stays a small integer in memory.
  if (high === 0) return words[i];
  return high < 0x200000 ? high * HIGH + words[i] : (BigInt(high) << 32n) | BigInt(words[i]);
}

/** The signed 64-bit value at word `i`, in the same canonical form as a `U64`. */
export function readS64(words: Uint32Array, i: number): U64 {
  const high = words[i + 1] | 0;
  if (high === 0) return words[i];
  const number = high * HIGH + words[i];
  return Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(words[i]);
}

/** Writes a 64-bit integer, two's complement where it is negative. */
export function writeU64(words: Uint32Array, i: number, value: U64): void {
  if (typeof value === 'number') {
    words[i] = value;
    words[i + 1] = value >= 0 && value < HIGH ? 0 : Math.floor(value / HIGH);
  } else {
    words[i] = Number(BigInt.asUintN(32, value));
    words[i + 1] = Number(BigInt.asUintN(32, value >> 32n));
  }
}

/** Whether `value` is a `U64` in its canonical form. */
export function isU64(value: unknown): value is U64 {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0;
  return typeof value === 'bigint' && value > BigInt(Number.MAX_SAFE_INTEGER) && value < 1n << 64n;
}
