import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { InjectedFault } from '../../src/fault/index.ts';
import { encodeReply, encodeRequest, Message, replySize, requestSize } from '../../src/fuse/index.ts';
import { recordsChunk } from '../../src/trace/format/chunk.ts';
import { headerText } from '../../src/trace/format/header.ts';
import { TraceError, type TraceRecord } from '../../src/trace/index.ts';
import { header, plain, type Recorded, readAll, recorded, TraceBytes, traceBytes } from '../support/trace.ts';
import { answeredNames, replyOf, request } from './codec-arbitraries.ts';

const requestBytes = request.map((value) => {
  const message = new Message(requestSize(value));
  return message.bytes.slice(0, encodeRequest(message, value));
});
const replyBytes = fc
  .constantFrom(...answeredNames)
  .chain((op) => replyOf(op))
  .map((value) => {
    const message = new Message(replySize(value));
    return message.bytes.slice(0, encodeReply(message, value));
  });
const noise = fc.uint8Array({ minLength: 16, maxLength: 400 });
const pages = fc
  .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 16, max: 20_000 }))
  .map(([page, length]) => Uint8Array.from({ length }, (_, i) => (i >>> 12) * 7 + page + (i & 3)));

const message: fc.Arbitrary<Recorded> = fc
  .record({
    fromKernel: fc.boolean(),
    bytes: fc.oneof(requestBytes, replyBytes, noise, pages),
    thread: fc.integer({ min: 0, max: 3 }),
    refused: fc.constantFrom(0, 0, 0, 2, 22),
  })
  .map(({ fromKernel, bytes, ...more }) => recorded(fromKernel, bytes, more));

/** Messages whose times rise. */
const messages = fc
  .tuple(fc.array(message, { maxLength: 40 }), fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 40, maxLength: 40 }))
  .map(([list, steps]) => {
    let time = 0;
    return list.map((one, i) => {
      time += steps[i];
      return { ...one, time };
    });
  });

describe('a trace', () => {
  it('gives back every message with its bytes, time and thread, however it was written and comes in', async () => {
    await fc.assert(
      fc.asyncProperty(
        messages,
        fc.array(fc.constantFrom('no', 'raw', 'deflated'), { minLength: 40, maxLength: 40 }),
        fc.integer({ min: 1, max: 3000 }),
        async (list, flushes, step) => {
          const bytes = new TraceBytes();
          for (const [i, one] of list.entries()) {
            bytes.add(one);
            if (flushes[i] !== 'no') bytes.flush(flushes[i] === 'deflated');
          }
          const read = await readAll(bytes.end(), step);
          expect(plain(read.messages)).toEqual(plain(list));
          expect(read.ending).toEqual({ kind: 'complete', messages: list.length });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('gives back the faults between its messages, up to where it ends', async () => {
    const text = fc.string({ unit: 'binary', maxLength: 40 });
    const fault: fc.Arbitrary<InjectedFault> = fc.record(
      {
        rule: text,
        where: fc.constantFrom('link-request', 'filesystem'),
        kind: fc.constantFrom('errno', 'torn'),
        operation: fc.constantFrom('READ', 'WRITE'),
        label: text,
        detail: text,
        path: text,
        node: fc.nat(),
        unique: fc.oneof(fc.nat(), fc.bigInt({ min: 2n ** 60n, max: 2n ** 64n - 1n })),
        time: fc.constant(0),
      },
      { requiredKeys: ['rule', 'where', 'kind', 'operation', 'label', 'detail', 'time'] },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(message, fault), { maxLength: 30 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        async (list, share) => {
          const bytes = new TraceBytes(true);
          for (const one of list) {
            if ('rule' in one) bytes.addFault(one, 0);
            else bytes.add(one);
            bytes.flush(true);
          }
          const expected = list.map((one) => ('rule' in one ? { ...one, time: undefined } : plain([one])[0]));
          const seen = (records: readonly TraceRecord[]) =>
            records.map((one) => (one.kind === 'fault' ? { ...one.fault, time: undefined } : plain([one])[0]));
          const whole = bytes.end();
          expect(seen((await readAll(whole)).records)).toEqual(expected);
          const start = bytes.parts[0].length;
          const cut = await readAll(whole.subarray(0, start + Math.floor(share * (whole.length - 1 - start))));
          expect(seen(cut.records)).toEqual(expected.slice(0, cut.records.length));
          expect(cut.ending?.kind).toBe('truncated');
        },
      ),
      { numRuns: 100 },
    );
  });

  it('that ends early, at any byte, gives the messages up to there', async () => {
    const [drawn] = fc.sample(fc.array(message, { minLength: 40, maxLength: 40 }), { numRuns: 1, seed: 7 });
    const list = drawn.filter(({ length }) => length < 300).slice(0, 12);
    expect(list.length).toBeGreaterThan(5);
    const bytes = new TraceBytes();
    for (const one of list) {
      bytes.add(one);
      bytes.flush(false);
    }
    const whole = bytes.end();
    const headerLength = headerText(header).length;
    const all = plain(list);
    let most = 0;
    for (let length = 0; length < whole.length; length++) {
      const read = readAll(whole.subarray(0, length), 1000);
      if (length < headerLength) await expect(read).rejects.toThrow(TraceError);
      else {
        const { messages: some, ending } = await read;
        expect(plain(some)).toEqual(all.slice(0, some.length));
        expect(ending).toEqual({ kind: 'truncated', messages: some.length });
        most = Math.max(most, some.length);
      }
    }
    expect(most).toBe(list.length);
  });

  it('with a flipped bit gives the messages before it, and says where it is damaged', async () => {
    const headerLength = headerText(header).length;
    await fc.assert(
      fc.asyncProperty(messages, fc.nat(), async (list, place) => {
        const bytes = Buffer.from(traceBytes(list));
        const bit = place % (8 * (bytes.length - headerLength));
        const at = headerLength + (bit >>> 3);
        bytes[at] ^= 1 << (bit & 7);
        const read = await readAll(bytes, 500);
        expect(plain(read.messages)).toEqual(plain(list).slice(0, read.messages.length));
        expect(read.ending?.kind).toMatch(/damaged|truncated/);
      }),
      { numRuns: 200 },
    );
  });

  it('with a flipped bit in its header is none, or has the same messages', async () => {
    const list = [recorded(true, new Uint8Array(40))];
    const whole = traceBytes(list);
    for (let bit = 0; bit < 8 * headerText(header).length; bit++) {
      const bytes = Buffer.from(whole);
      bytes[bit >>> 3] ^= 1 << (bit & 7);
      const read = await readAll(bytes).catch((error: unknown) => error);
      if (!(read instanceof TraceError)) expect(read).toMatchObject({ messages: [{ length: 40 }] });
    }
  });

  it('of noise with a right checksum ends, without an exception', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), async (chunks) => {
        const parts = chunks.flatMap((records) => [...recordsChunk(records, false)]);
        const read = await readAll(Buffer.concat([Buffer.from(headerText(header)), ...parts]), 70);
        expect(read.ending).toMatchObject({ messages: read.messages.length });
      }),
      { numRuns: 1000 },
    );
  });
});
