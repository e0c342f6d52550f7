import { nameLength, readName, type U64, writeName } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { mismatch } from './malformed.ts';
import type { StructValue } from './struct.ts';
import { fuse_dirent, fuse_entry_out } from './structs.ts';

/** An entry of a READDIR reply; `off` is the opaque position behind it. */
export interface WireDirent {
  readonly ino: U64;
  readonly off: U64;
  readonly type: number;
  readonly name: string;
}

/** An entry of a READDIRPLUS reply. */
export interface WireDirentPlus extends WireDirent {
  readonly entry_out: StructValue<typeof fuse_entry_out>;
}

/** Bytes of an entry with a name of `length` bytes, padding included (FUSE_DIRENT_SIZE). */
export function direntSize(length: number): number {
  return (fuse_dirent.size + length + 7) & ~7;
}

/** Decodes the entries from `start` to `end`. */
export function decodeDirents(
  message: Message,
  start: number,
  end: number,
  plus: boolean,
): (WireDirent | WireDirentPlus)[] {
  const entries: (WireDirent | WireDirentPlus)[] = [];
  for (let at = start; at < end; ) {
    const direntAt = plus ? at + fuse_entry_out.size : at;
    if (direntAt + fuse_dirent.size > end) mismatch(`${fuse_dirent.size} bytes of fuse_dirent`, end - direntAt);
    const { ino, off, namelen, type } = fuse_dirent.read(message, direntAt);
    const nameAt = direntAt + fuse_dirent.size;
    if (namelen > end - nameAt) mismatch(`a name of at most ${end - nameAt} bytes`, namelen);
    const name = readName(message.bytes, nameAt, nameAt + namelen);
    const dirent = { ino, off, type, name };
    entries.push(plus ? { ...dirent, entry_out: fuse_entry_out.read(message, at) } : dirent);
    at = direntAt + direntSize(namelen);
    if (at > end) mismatch(`an entry padded to ${at - direntAt} bytes`, end - direntAt);
  }
  return entries;
}

/** Writes entries at `at` and returns where they end. */
export function encodeDirents(message: Message, at: number, entries: readonly (WireDirent | WireDirentPlus)[]): number {
  for (const entry of entries) {
    if ('entry_out' in entry) {
      fuse_entry_out.write(message, at, entry.entry_out);
      at += fuse_entry_out.size;
    }
    at = writeDirent(message, at, entry.name, entry.ino, entry.type, entry.off);
  }
  return at;
}

/** Bytes that encoded entries take. */
export function direntsSize(entries: readonly (WireDirent | WireDirentPlus)[]): number {
  let size = 0;
  for (const entry of entries)
    size += direntSize(nameLength(entry.name)) + ('entry_out' in entry ? fuse_entry_out.size : 0);
  return size;
}

/** Writes one entry, padded, at `at` and returns where it ends. The caller has made sure that it fits. */
export function writeDirent(message: Message, at: number, name: string, ino: U64, type: number, off: U64): number {
  const nameAt = at + fuse_dirent.size;
  const nameEnd = writeName(message.bytes, nameAt, name);
  fuse_dirent.write(message, at, { ino, off, namelen: nameEnd - nameAt, type });
  const end = (nameEnd + 7) & ~7;
  message.bytes.fill(0, nameEnd, end);
  return end;
}
