import { describe, expect, test } from 'vitest';
import type { InjectedFault } from '../../src/fault/index.ts';
import { headerText } from '../../src/trace/format/header.ts';
import { readTrace, TraceError } from '../../src/trace/index.ts';
import { RING, SEGMENT } from '../../src/trace/record/ring.ts';
import { header, plain, readAll, recorded, TraceBytes, traceBytes } from '../support/trace.ts';

/** A message of 16 bytes and `pages` pages, which `seed` makes. */
function reply(pages: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(16 + 4096 * pages);
  const words = new Uint32Array(bytes.buffer);
  let state = seed * 2 + 1;
  for (let i = 4; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    words[i] = state;
  }
  words[2] = 2;
  return bytes;
}

describe('data in a trace', () => {
  test('is written once: what comes again is a reference', async () => {
    const list = [1, 2, 1, 2, 3, 1].map((seed) => recorded(false, reply(4, seed)));
    const bytes = traceBytes(list);
    expect(bytes.length).toBeLessThan(4 * 4096 * 3 + 1000);
    expect(plain((await readAll(bytes)).messages)).toEqual(plain(list));
  });

  test('that repeats within a message is written once, too', async () => {
    const bytes = traceBytes([recorded(false, new Uint8Array(16 + 64 * 4096))]);
    expect(bytes.length).toBeLessThan(1000);
    expect((await readAll(bytes)).messages).toMatchObject([{ length: 16 + 64 * 4096 }]);
  });

  test('is written again when its memory has been used again', async () => {
    const bytes = new TraceBytes();
    const large = 64;
    const count = Math.ceil((1.5 * RING) / (large * 4096));
    const expected: string[] = [];
    for (let i = 0; i < count; i++) {
      // The first one comes again and again, the others once.
      for (const seed of [0, i + 1]) {
        const data = reply(large, seed);
        expected.push(Buffer.from(data.subarray(16, 32)).toString('hex'));
        bytes.add(recorded(false, data));
      }
      bytes.flush(false);
    }
    const whole = bytes.end();
    expect(whole.length).toBeGreaterThan(RING + SEGMENT);
    const { messages, ending } = await readAll(whole, 1 << 20);
    expect(messages.map(({ message }) => Buffer.from(message.bytes.subarray(16, 32)).toString('hex'))).toEqual(
      expected,
    );
    expect(ending?.kind).toBe('complete');
    for (const [i, { message }] of messages.entries())
      if (i % 2 === 0) expect(Buffer.compare(message.bytes.subarray(16), reply(large, 0).subarray(16))).toBe(0);
  });

  test('of small reads costs a few bytes a message', () => {
    const list = [];
    for (let i = 0; i < 1000; i++) {
      const request = new Uint8Array(80);
      new Uint32Array(request.buffer).set([80, 15, 2 * i, 0, 5, 0, 0, 0, 77, 0, 1, 0, 4096 * i, 0, 4096]);
      const answer = reply(1, i % 8);
      new Uint32Array(answer.buffer).set([answer.length, 0, 2 * i]);
      list.push(recorded(true, request, { time: 8000 * i }), recorded(false, answer, { time: 8000 * i + 5000 }));
    }
    const bytes = new TraceBytes();
    for (const one of list) bytes.add(one);
    bytes.flush(false);
    const [, , records] = bytes.parts;
    expect((records.length - 8 * 4096) / list.length).toBeLessThan(10);
  });
});

const fault: InjectedFault = {
  rule: 'full',
  where: 'link-request',
  kind: 'errno',
  operation: 'MKDIR',
  label: 'link-request MKDIR /a by 0/- #1',
  path: '/a',
  node: 1,
  pid: 77,
  unique: 4,
  time: 12.5,
  detail: 'ENOSPC',
};

describe('faults in a trace', () => {
  const { time: _, ...kept } = fault;

  test('are where they were injected, with their rule, time and thread', async () => {
    const bytes = new TraceBytes(true);
    bytes.add(recorded(true, new Uint8Array(40), { time: 100 }));
    bytes.addFault(fault, 150, 3);
    bytes.addFault({ ...fault, unique: 2n ** 64n - 2n, lasting: true }, 150, 3);
    bytes.add(recorded(false, new Uint8Array(16), { time: 400, thread: 3 }));
    const { records, ending } = await readAll(bytes.end(), 7);
    expect(records).toMatchObject([
      { kind: 'message', time: 100, index: 0 },
      { kind: 'fault', time: 150, thread: 3, fault: kept },
      { kind: 'fault', time: 150, thread: 3, fault: { ...kept, unique: 2n ** 64n - 2n, lasting: true } },
      { kind: 'message', time: 400, thread: 3, index: 1 },
    ]);
    expect(ending).toEqual({ kind: 'complete', messages: 2 });
  });

  test('leave references to data as they were', async () => {
    const bytes = new TraceBytes(true);
    const list = [1, 2, 1].map((seed) => recorded(false, reply(4, seed)));
    for (const one of list) {
      bytes.addFault(fault, 0);
      bytes.add(one);
    }
    expect(plain((await readAll(bytes.end())).messages)).toEqual(plain(list));
  });

  test('are of version 2, and traces without any of version 1, which older readers know', () => {
    expect(headerText({ ...header, faults: true })).toMatch(/^estale trace 2\n/);
    expect(headerText(header)).toMatch(/^estale trace 1\n/);
  });

  test('with a path that is too long lack the path', async () => {
    const bytes = new TraceBytes(true);
    bytes.addFault({ ...fault, path: '/a'.repeat(50_000) }, 0);
    const { records } = await readAll(bytes.end());
    expect(records).toMatchObject([{ fault: { rule: 'full', node: 1, label: '' } }]);
    expect(records[0]).not.toHaveProperty('fault.path');
  });

  test('that are none are damage', async () => {
    const bytes = new TraceBytes(true);
    bytes.addFault({ ...fault, detail: undefined } as unknown as InjectedFault, 0);
    expect((await readAll(bytes.end())).ending).toMatchObject({
      kind: 'damaged',
      problem: 'expected a fault with the text "detail", given one without',
    });
  });
});

describe('what is no trace', () => {
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['nothing', '', /expected a trace, given nothing/],
    ['something else', '{"format":"estale counterexample"}\n\n', /expected "estale trace 1" as the first line/],
    [
      'a later version',
      headerText(header).replace('trace 1', 'trace 3'),
      /version 1 or 2, given 3: a later estale made it/,
    ],
    ['a header without JSON', 'estale trace 1\nnothing\n', /header: expected JSON/],
    ['a header that lacks something', 'estale trace 1\n{"filesystem":"ram"}\n', /header\.started: expected an object/],
    [
      'a header with a wrong value',
      headerText({ ...header, window: -1 }),
      /header\.window: expected 0 to \d+, given -1/,
    ],
    ['a header without an end', `estale trace 1\n${' '.repeat(100_000)}`, /expected a trace/],
  ];
  test.for(cases)('%s is told', async ([, text, message]) => {
    await expect(readTrace([Buffer.from(text)])).rejects.toThrow(TraceError);
    await expect(readTrace([Buffer.from(text)])).rejects.toThrow(message);
  });
});
