import { nameFromBytes, nameToBytes } from './name.ts';

// A name read twice is the same string object, its hash already known: this pays in every Map that a filesystem keeps.
const CACHE_SLOTS = 4096;
const CACHED_LENGTH = 32;
const names: string[] = new Array<string>(CACHE_SLOTS).fill('');
const encoded: Uint8Array[] = new Array<Uint8Array>(CACHE_SLOTS).fill(new Uint8Array(0));

/** The name in `bytes` from `start` up to `end`, which is where its NUL stands. */
export function readName(bytes: Uint8Array, start: number, end: number): string {
  const length = end - start;
  if (length > CACHED_LENGTH || length === 0) return length === 0 ? '' : nameFromBytes(bytes.subarray(start, end));
  let hash = length;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  const slot = (hash ^ (hash >>> 12)) & (CACHE_SLOTS - 1);
  const cached = encoded[slot];
  if (cached.length === length && equals(bytes, start, cached)) return names[slot];
  const own = bytes.slice(start, end);
  const name = nameFromBytes(own);
  names[slot] = name;
  encoded[slot] = own;
  return name;
}

function equals(bytes: Uint8Array, start: number, other: Uint8Array): boolean {
  for (let i = 0; i < other.length; i++) if (other[i] !== bytes[start + i]) return false;
  return true;
}

/** Where the NUL of the name that starts at `start` stands, or -1 when there is none before `end`. */
export function nameEnd(bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) if (bytes[i] === 0) return i;
  return -1;
}

/** Writes a name without a terminating NUL at `at` and returns where it ends. The caller has made sure that it fits. */
export function writeName(bytes: Uint8Array, at: number, name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f) {
      const encoded = nameToBytes(name);
      bytes.set(encoded, at);
      return at + encoded.length;
    }
    bytes[at + i] = code;
  }
  return at + name.length;
}
