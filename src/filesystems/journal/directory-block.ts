import { nameFromBytes } from '../../vfs/index.ts';
import { BLOCK_SIZE, viewOf } from './block-disk.ts';

/**
 * A block of a directory is records one behind the other, as in ext2: inode (u32), length of the record (u16), length of the
 * name (u8), type (u8), name. A record may be longer than its entry; of inode 0 it is only space. An entry never moves.
 */
export interface DirectoryRecord {
  /** Where in the block it begins. */
  readonly at: number;
  length: number;
  /** 0 for space. */
  node: number;
  type: number;
  /** Bytes of the name. */
  nameBytes: number;
  name: string;
}

const HEAD = 8;

/** Bytes that an entry needs. */
export const entryLength = (nameBytes: number): number => HEAD + ((nameBytes + 3) & ~3);

/** Space behind the entry of a record, or all of a record that has none. */
export const spaceOf = (record: DirectoryRecord): number =>
  record.node === 0 ? record.length : record.length - entryLength(record.nameBytes);

export const emptyRecord = (at: number, length: number): DirectoryRecord => ({
  ...{ at, length, node: 0, type: 0 },
  ...{ nameBytes: 0, name: '' },
});

/** The records of a block; undefined where it is damaged. */
export function decodeDirectoryBlock(bytes: Uint8Array): DirectoryRecord[] | undefined {
  const view = viewOf(bytes);
  const records: DirectoryRecord[] = [];
  for (let at = 0; at < BLOCK_SIZE; ) {
    if (at + HEAD > BLOCK_SIZE) return undefined;
    const node = view.getUint32(at, true);
    const length = view.getUint16(at + 4, true);
    const nameBytes = bytes[at + 6];
    if (length < HEAD || at + length > BLOCK_SIZE || (node !== 0 && entryLength(nameBytes) > length)) return undefined;
    const name = node === 0 ? '' : nameFromBytes(bytes.subarray(at + HEAD, at + HEAD + nameBytes));
    records.push({ at, length, node, type: bytes[at + 7], nameBytes, name });
    at += length;
  }
  return records;
}

/** Writes the head of a record. */
export function encodeRecord({ at, length, node, type, nameBytes }: DirectoryRecord, bytes: Uint8Array): void {
  const view = viewOf(bytes);
  view.setUint32(at, node, true);
  view.setUint16(at + 4, length, true);
  bytes[at + 6] = nameBytes;
  bytes[at + 7] = type;
}

/** Writes a record with its name. */
export function encodeEntry(record: DirectoryRecord, name: Uint8Array, bytes: Uint8Array): void {
  encodeRecord(record, bytes);
  bytes.set(name, record.at + HEAD);
}
