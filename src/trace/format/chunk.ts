import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';
import { MAX_CHUNK } from './header.ts';
import { Unreadable } from './varint.ts';

/** Bytes of a chunk's head: kind, bytes that follow, bytes of records in them, CRC-32 of the rest of the head and of them. */
export const CHUNK_HEAD = 16;

/** ASCII, so that a dump of a trace can be read. */
const kinds = { records: 0x52, deflated: 0x44, end: 0x45 } as const;
export type ChunkKind = keyof typeof kinds;

/** Below this a chunk of records is not worth deflating, bytes. */
const DEFLATE_FROM = 128;

export interface ChunkHead {
  readonly kind: ChunkKind;
  /** Bytes behind the head. */
  readonly stored: number;
  /** Bytes of records. */
  readonly raw: number;
}

/** A chunk of records; `dense` says whether there is time to deflate it. */
export function recordsChunk(records: Uint8Array, dense: boolean): readonly [head: Uint8Array, body: Uint8Array] {
  if (dense && records.length >= DEFLATE_FROM) {
    const deflated = deflateRawSync(records, { level: 1 });
    if (deflated.length < records.length) return [chunkHead('deflated', deflated, records.length), deflated];
  }
  return [chunkHead('records', records, records.length), records];
}

/** The last chunk of a trace that was brought to its end. */
export function endChunk(): Uint8Array {
  return chunkHead('end', new Uint8Array(0), 0);
}

function chunkHead(kind: ChunkKind, body: Uint8Array, raw: number): Uint8Array {
  const head = Buffer.alloc(CHUNK_HEAD);
  head.writeUInt32LE(kinds[kind], 0);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(raw, 8);
  head.writeUInt32LE(crc32(body, crc32(head.subarray(0, 12))), 12);
  return head;
}

/** @throws Unreadable */
export function parseChunkHead(bytes: Uint8Array): ChunkHead {
  const view = new DataView(bytes.buffer, bytes.byteOffset, CHUNK_HEAD);
  const code = view.getUint32(0, true);
  const kind = (Object.keys(kinds) as ChunkKind[]).find((name) => kinds[name] === code);
  if (kind === undefined) throw new Unreadable(`expected a chunk of a known kind, given 0x${code.toString(16)}`);
  const stored = view.getUint32(4, true);
  const raw = view.getUint32(8, true);
  if (Math.max(stored, raw) > MAX_CHUNK)
    throw new Unreadable(`expected a chunk of at most ${MAX_CHUNK} bytes, given ${Math.max(stored, raw)}`);
  return { kind, stored, raw };
}

/** The records of a chunk. @throws Unreadable where its checksum or its length is another */
export function chunkRecords(head: Uint8Array, { kind, raw }: ChunkHead, body: Uint8Array): Uint8Array {
  const expected = new DataView(head.buffer, head.byteOffset, CHUNK_HEAD).getUint32(12, true);
  const given = crc32(body, crc32(head.subarray(0, 12)));
  if (expected !== given)
    throw new Unreadable(`expected a chunk with checksum ${expected.toString(16)}, given ${given.toString(16)}`);
  const records = kind === 'deflated' ? inflate(body, raw) : body;
  if (records.length !== raw) throw new Unreadable(`expected ${raw} bytes of records, given ${records.length}`);
  return records;
}

function inflate(body: Uint8Array, raw: number): Uint8Array {
  try {
    return inflateRawSync(body, { maxOutputLength: Math.max(1, raw) });
  } catch (error) {
    throw new Unreadable(`expected deflated records: ${(error as Error).message}`);
  }
}
