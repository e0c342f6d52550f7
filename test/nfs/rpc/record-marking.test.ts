import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordError, RecordReader } from '../../../src/nfs/rpc/index.ts';

const header = (length: number, last: boolean): Uint8Array => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length + (last ? 0x80000000 : 0));
  return bytes;
};
const fragments = (parts: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat(parts.flatMap((part, i) => [header(part.length, i === parts.length - 1), part]));

function read(pieces: readonly Uint8Array[], most?: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  const reader = new RecordReader((record) => records.push(record), most);
  for (const piece of pieces) reader.push(piece);
  return records;
}

describe('record marking', () => {
  it('gives the records, however they are cut into fragments and the stream into pieces', () => {
    const record = fc.array(fc.uint8Array({ maxLength: 20 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(record, { maxLength: 5 }), fc.array(fc.integer({ min: 1, max: 30 })), (records, cuts) => {
        const stream = Buffer.concat(records.map(fragments));
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const cut of cuts) {
          pieces.push(stream.subarray(at, at + cut));
          at += cut;
        }
        pieces.push(stream.subarray(at));
        const expected = records.map((parts) => Buffer.concat(parts).toString('hex'));
        expect(read(pieces).map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(expected);
      }),
    );
  });

  it('gives a record that came in one piece as a view of it', () => {
    const stream = Buffer.from([0x80, 0, 0, 2, 7, 8]);
    expect(read([stream])[0].buffer).toBe(stream.buffer);
  });

  it('refuses a fragment that is too long by its header alone', () => {
    expect(() => read([header(0x7fffffff, true)])).toThrow(RecordError);
    expect(() => read([header(101, false)], 100)).toThrow(
      'expected at most 100 bytes, given a fragment of 101 behind 0',
    );
  });

  it('refuses fragments that are too long together', () => {
    const fragment = Buffer.concat([header(60, false), Buffer.alloc(60)]);
    expect(() => read([fragment, fragment], 100)).toThrow('given a fragment of 60 behind 60');
  });

  it('holds only what arrived, not what a header announces', () => {
    const records: Uint8Array[] = [];
    const before = process.memoryUsage().arrayBuffers;
    const readers = Array.from({ length: 1000 }, () => new RecordReader((record) => records.push(record)));
    for (const reader of readers) reader.push(Buffer.concat([header(1 << 20, true), Buffer.alloc(1)]));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
    expect(records).toEqual([]);
  });
});
