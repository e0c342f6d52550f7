import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeNotification,
  decodeReply,
  decodeRequest,
  describeNotification,
  describeReply,
  describeRequest,
  encodeNotification,
  encodeReply,
  encodeRequest,
  IN_HEADER_SIZE,
  Message,
  opcode,
  requestSize,
} from '../../src/fuse/index.ts';
import { answeredNames, notificationNames, notificationOf, replyOf, request } from './codec-arbitraries.ts';

const RUNS = { numRuns: 1500 };

interface Mutation {
  readonly at: number;
  readonly value: number;
}

const mutations = fc.array(fc.record({ at: fc.nat({ max: 200 }), value: fc.nat({ max: 255 }) }), {
  minLength: 1,
  maxLength: 4,
});

function mutate(message: Message, length: number, list: readonly Mutation[]): void {
  for (const { at, value } of list) message.bytes[at % length] = value;
}

/** Some opcodes have a shorter form that older kernels send. */
const shorterForms = [
  'GETATTR',
  'INIT',
  'READ',
  'READDIR',
  'READDIRPLUS',
  'RELEASE',
  'RELEASEDIR',
  'GETLK',
  'SETLK',
  'SETLKW',
];

describe('hostile requests', () => {
  it('a truncated request is malformed, whether or not its header says so', () => {
    fc.assert(
      fc.property(request, fc.nat(), fc.boolean(), (value, cut, honest) => {
        const message = new Message(16384);
        const length = encodeRequest(message, value);
        const shorter = cut % length;
        if (honest) message.words[0] = shorter;
        const decoded = decodeRequest(message, shorter);
        if (decoded.op !== 'MALFORMED') expect(shorterForms).toContain(decoded.op);
        else expect(decoded.problem).toMatch(/expected .*, given /);
      }),
      RUNS,
    );
  });

  it("whatever is decoded can be encoded again: to the same length, or an older kernel's shorter form to today's", () => {
    fc.assert(
      fc.property(request, mutations, (value, list) => {
        const message = new Message(16384);
        const length = encodeRequest(message, value);
        mutate(message, length, list);
        describeRequest(message, length);
        const decoded = decodeRequest(message, length);
        if (decoded.op === 'MALFORMED') return;
        // Extensions may have padding inside; then only their decoding is at stake.
        if ('extensions' in decoded) return;
        const again = new Message(requestSize(decoded));
        const encoded = encodeRequest(again, decoded);
        if (encoded === length) return;
        expect(shorterForms).toContain(decoded.op);
        expect(decodeRequest(again, encoded)).toEqual(decoded);
      }),
      RUNS,
    );
  });

  it('noise is decoded or malformed, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 0, max: 60 }), (noise, code) => {
        const message = new Message(304);
        message.bytes.set(noise);
        message.words[0] = noise.length;
        message.words[1] = code;
        message.words[9] &= 0x3;
        describeRequest(message, noise.length);
        expect(decodeRequest(message, noise.length)).toHaveProperty('op');
      }),
      RUNS,
    );
  });

  it('lengths that are larger than the buffer are malformed', () => {
    const message = new Message(64);
    message.words[0] = 128;
    message.words[1] = opcode.GETATTR;
    expect(decodeRequest(message, 128)).toMatchObject({ op: 'MALFORMED', code: opcode.GETATTR });
    expect(decodeRequest(message, 0)).toMatchObject({
      op: 'MALFORMED',
      problem: expect.stringContaining(`${IN_HEADER_SIZE}`),
    });
  });
});

describe('hostile daemons', () => {
  it('mutated replies are decoded or malformed, never an exception', () => {
    const reply = fc.constantFrom(...answeredNames).chain((op) => fc.tuple(fc.constant(op), replyOf(op)));
    fc.assert(
      fc.property(reply, mutations, fc.nat(), ([op, value], list, cut) => {
        const message = new Message(16384);
        const length = encodeReply(message, value);
        mutate(message, length, list);
        const given = cut % 3 === 0 ? cut % length : length;
        describeReply(opcode[op], message, given);
        expect(decodeReply(opcode[op], message, given)).toHaveProperty('op');
      }),
      RUNS,
    );
  });

  it('mutated notifications are decoded or malformed, never an exception', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...notificationNames).chain(notificationOf),
        mutations,
        fc.nat(),
        (value, list, cut) => {
          const message = new Message(16384);
          const length = encodeNotification(message, value);
          mutate(message, length, list);
          const given = cut % 3 === 0 ? cut % length : length;
          describeNotification(message, given);
          expect(decodeNotification(message, given)).toHaveProperty('op');
        },
      ),
      RUNS,
    );
  });

  it('an error that the kernel would refuse is malformed', () => {
    const message = new Message(16);
    message.words[0] = 16;
    message.signedWords[1] = 5;
    expect(decodeReply(opcode.GETATTR, message, 16)).toMatchObject({ op: 'MALFORMED' });
    message.signedWords[1] = -512;
    expect(decodeReply(opcode.GETATTR, message, 16)).toMatchObject({ op: 'MALFORMED' });
  });
});
