import { nameToBytes, type PackedDirents } from '../vfs/index.ts';

/** What one packed entry is made from; `ino` up to 2^53 - 1. */
export interface PackableDirent {
  readonly name: string;
  readonly ino: number;
  readonly type: number;
  readonly offset: number;
}

const HEADER = 24;

/** Encodes entries, in rising order of offset, as `struct fuse_dirent` (include/uapi/linux/fuse.h). */
export function packDirents(entries: readonly PackableDirent[]): PackedDirents {
  let capacity = 0;
  for (const entry of entries) capacity += HEADER + 3 * entry.name.length + 8;
  const bytes = new Uint8Array(capacity & ~7);
  const words = new Uint32Array(bytes.buffer, 0, bytes.length / 4);
  const offsets = new Float64Array(entries.length);
  const ends = new Uint32Array(entries.length);
  let at = 0;
  for (let i = 0; i < entries.length; i++) {
    const { name, ino, type, offset } = entries[i];
    const length = writeName(bytes, at + HEADER, name);
    const word = at / 4;
    words[word] = ino;
    words[word + 1] = ino / 2 ** 32;
    words[word + 2] = offset;
    words[word + 3] = offset / 2 ** 32;
    words[word + 4] = length;
    words[word + 5] = type;
    at += (HEADER + length + 7) & ~7;
    offsets[i] = offset;
    ends[i] = at;
  }
  return { bytes: bytes.subarray(0, at), offsets, ends, count: entries.length };
}

function writeName(bytes: Uint8Array, at: number, name: string): number {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code > 0x7f) {
      const encoded = nameToBytes(name);
      bytes.set(encoded, at);
      return encoded.length;
    }
    bytes[at + i] = code;
  }
  return name.length;
}
