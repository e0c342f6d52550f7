import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CURRENT_DIALECT,
  type Dialect,
  decodeNotification,
  decodeReply,
  decodeRequest,
  describeNotification,
  describeReply,
  describeRequest,
  encodeNotification,
  encodeReply,
  encodeRequest,
  isNotification,
  Message,
  opcode,
  opcodeNames,
} from '../../src/fuse/index.ts';
import { nameLength, nameToBytes } from '../../src/vfs/index.ts';
import { answeredNames, notificationNames, notificationOf, replyOf, requestOf } from './codec-arbitraries.ts';

const RUNS = { numRuns: 60 };
// Filled with ones, so that a byte that the encoder leaves out shows.
const dirty = (): Message => {
  const message = new Message(16384);
  message.bytes.fill(0xff);
  return message;
};

describe('requests', () => {
  it.each(opcodeNames)('%s comes back as it was encoded', (op) => {
    const dialect: Dialect = { ...CURRENT_DIALECT, setxattrExt: true };
    fc.assert(
      fc.property(requestOf(op), (request) => {
        const message = dirty();
        const length = encodeRequest(message, request, dialect);
        expect(decodeRequest(message, length, dialect)).toEqual(request);
        expect(describeRequest(message, length, dialect)).toMatch(new RegExp(`^#\\d+ ${op}( |$)`));
      }),
      RUNS,
    );
  });

  it.each([
    ['MKNOD', 11, 'body.umask'],
    ['CREATE', 11, 'body.umask'],
    ['WRITE', 8, 'body.flags'],
    ['SETXATTR', 31, 'body.setxattr_flags'],
  ] as const)('%s of protocol 7.%d is shorter and lacks %s', (op, minor, missing) => {
    const dialect: Dialect = { minor, setxattrExt: false };
    fc.assert(
      fc.property(requestOf(op), (request) => {
        const message = dirty();
        const length = encodeRequest(message, request, dialect);
        expect(length).toBeLessThan(encodeRequest(dirty(), request, { minor: 45, setxattrExt: true }));
        const decoded = decodeRequest(message, length, dialect);
        expect(decoded).toHaveProperty(missing, 0);
        expect(decoded).toMatchObject({ op, header: request.header });
      }),
      RUNS,
    );
  });
});

describe('replies', () => {
  it.each(answeredNames)('%s comes back as it was encoded', (op) => {
    fc.assert(
      fc.property(replyOf(op), (reply) => {
        const message = dirty();
        const length = encodeReply(message, reply);
        expect(decodeReply(opcode[op], message, length)).toEqual(reply);
        expect(describeReply(opcode[op], message, length)).toMatch(new RegExp(`^#\\d+ ${op} reply `));
      }),
      RUNS,
    );
  });
});

describe('notifications', () => {
  it.each(notificationNames)('%s comes back as it was encoded', (op) => {
    fc.assert(
      fc.property(notificationOf(op), (notification) => {
        const message = dirty();
        const length = encodeNotification(message, notification);
        expect(isNotification(message)).toBe(true);
        const counted = {
          ...('name' in notification && { namelen: nameLength(notification.name) }),
          ...('data' in notification && { size: notification.data.length }),
          ...('nodes' in notification && { count: notification.nodes.length }),
        };
        const expected =
          'body' in notification ? { ...notification, body: { ...notification.body, ...counted } } : notification;
        expect(decodeNotification(message, length)).toEqual(expected);
        expect(describeNotification(message, length)).toMatch(new RegExp(`^notify ${op}( |$)`));
      }),
      RUNS,
    );
  });
});

it('a name in a message is its bytes and a NUL', () => {
  fc.assert(
    fc.property(requestOf('UNLINK'), (request) => {
      if (request.op !== 'UNLINK' || request.extensions !== undefined) return;
      const message = dirty();
      const length = encodeRequest(message, request);
      expect([...message.bytes.subarray(40, length)]).toEqual([...nameToBytes(request.name), 0]);
    }),
    RUNS,
  );
});
