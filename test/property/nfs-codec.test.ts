import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mount, nfs } from '../../src/nfs/protocol/index.ts';
import {
  beginCall,
  beginReply,
  endRecord,
  type Program,
  RecordReader,
  readCall,
  readReply,
} from '../../src/nfs/rpc/index.ts';
import { XdrError, XdrReader, XdrWriter } from '../../src/nfs/xdr/index.ts';
import { arbitraryOf, u32 } from '../nfs/arbitraries.ts';

const RUNS = { numRuns: 150 };
const programs: readonly Program[] = [nfs, mount];
const credential = fc.oneof(
  fc.constant({ flavor: 'NONE' } as const),
  fc.record({
    flavor: fc.constant('SYS' as const),
    stamp: u32,
    machine: fc.string({ maxLength: 60 }),
    uid: u32,
    gid: u32,
    groups: fc.array(u32, { maxLength: 16 }),
  }),
  fc.record({
    flavor: fc.constant('OTHER' as const),
    number: fc.integer({ min: 2, max: 0xffffffff }),
    body: fc.uint8Array({ maxLength: 400 }),
  }),
);

/** The one record in a stream. */
function recordOf(stream: Uint8Array): Uint8Array {
  const records: Uint8Array[] = [];
  new RecordReader((record) => records.push(record)).push(stream);
  expect(records).toHaveLength(1);
  return records[0];
}

const procedures = programs.flatMap((program) =>
  Object.entries(program.procedures).map(([name, procedure]) => ({
    title: `${program.name} ${name}`,
    program,
    procedure,
  })),
);

describe('every procedure', () => {
  const writer = new XdrWriter();

  it.each(procedures)('$title: a call comes back as it was', ({ program, procedure }) => {
    fc.assert(
      fc.property(arbitraryOf(procedure.args), u32, credential, (args, xid, caller) => {
        const header = {
          xid,
          program: program.number,
          version: program.version,
          procedure: procedure.number,
          credential: caller,
        };
        beginCall(writer, header);
        procedure.args.write(writer, args);
        const incoming = readCall(recordOf(endRecord(writer)));
        if (incoming.kind !== 'call') throw new Error(`expected a call, given ${JSON.stringify(incoming)}`);
        expect(incoming.header).toEqual(header);
        expect(procedure.args.read(incoming.args)).toEqual(args);
        incoming.args.finish();
      }),
      RUNS,
    );
  });

  it.each(procedures)('$title: a reply comes back as it was', ({ procedure }) => {
    fc.assert(
      fc.property(arbitraryOf(procedure.result), u32, (result, xid) => {
        beginReply(writer, xid, { status: 'SUCCESS' });
        procedure.result.write(writer, result);
        const incoming = readReply(recordOf(endRecord(writer)));
        expect([incoming.xid, incoming.reply]).toEqual([xid, { status: 'SUCCESS' }]);
        expect(procedure.result.read(incoming.results)).toEqual(result);
        incoming.results.finish();
      }),
      RUNS,
    );
  });

  it.each(procedures)(
    '$title: what is cut short is refused, and what is mutated is refused or means what it says',
    ({ procedure }) => {
      for (const codec of [procedure.args, procedure.result])
        fc.assert(
          fc.property(
            arbitraryOf(codec),
            fc.nat(),
            fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
            (value, cut, mutations) => {
              writer.begin();
              codec.write(writer, value);
              const bytes = writer.end();
              if (bytes.length === 0) return;
              expect(() => codec.read(new XdrReader(bytes, 0, cut % bytes.length))).toThrow(XdrError);
              const mutated = bytes.slice();
              for (const [at, byte] of mutations) mutated[at % mutated.length] = byte;
              const reader = new XdrReader(mutated);
              let read: unknown;
              try {
                read = codec.read(reader);
              } catch (error) {
                expect(error).toBeInstanceOf(XdrError);
                return;
              }
              // But for padding, the encoding of a value is the only one.
              writer.begin();
              codec.write(writer, read);
              const again = writer.end();
              expect(again.length).toBe(reader.at);
              expect(codec.read(new XdrReader(again))).toEqual(read);
            },
          ),
          RUNS,
        );
    },
  );
});

describe('random bytes', () => {
  it('are a call, a refusal or nothing, and never an exception', () => {
    const words = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 3, 100003, 100005), u32), { maxLength: 40 });
    fc.assert(
      fc.property(words, fc.uint8Array({ maxLength: 7 }), (values, tail) => {
        const bytes = Buffer.alloc(values.length * 4 + tail.length);
        for (const [i, value] of values.entries()) bytes.writeUInt32BE(value, 4 * i);
        bytes.set(tail, values.length * 4);
        expect(['call', 'refused', 'unanswerable']).toContain(readCall(bytes).kind);
      }),
      { numRuns: 3000 },
    );
  });

  it('are a reply, or an XdrError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readReply(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(XdrError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});
