import fc from 'fast-check';
import { expect, it } from 'vitest';
import { encodeRequest, Message, Session } from '../../src/fuse/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { FakeKernel, filesystem } from '../fuse/session/fake-kernel.ts';
import { request } from './codec-arbitraries.ts';

const methods = [
  'setattr',
  'statx',
  'access',
  'readlink',
  'mknod',
  'mkdir',
  'symlink',
  'link',
  'unlink',
  'rmdir',
  'rename',
  'open',
  'create',
  'tmpfile',
  'read',
  'write',
  'flush',
  'release',
  'fsync',
  'fallocate',
  'lseek',
  'copyFileRange',
  'ioctl',
  'poll',
  'opendir',
  'readdir',
  'readdirplus',
  'releasedir',
  'fsyncdir',
  'statfs',
  'syncfs',
  'setxattr',
  'getxattr',
  'listxattr',
  'removexattr',
  'getlk',
  'setlk',
  'flock',
  'lookup',
  'getattr',
] as const;

/** A filesystem whose every method answers the same thing, whatever it is. */
const absurd = (answer: unknown): FileSystem =>
  filesystem(Object.fromEntries(methods.map((method) => [method, () => answer])) as Partial<FileSystem>);

const answer = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    0,
    -1,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '',
    [],
    {},
    Symbol('x'),
    5n,
    new Uint8Array(9),
  ),
  fc.object({ maxDepth: 2 }),
);

it('no message and no answer makes receive throw, and no unique is answered twice', () => {
  const mutation = fc.tuple(fc.nat({ max: 150 }), fc.nat({ max: 255 }));
  fc.assert(
    fc.property(
      answer,
      fc.array(fc.tuple(request, fc.array(mutation, { maxLength: 3 })), { maxLength: 5 }),
      (value, list) => {
        const kernel = FakeKernel.started(absurd(value));
        const answered: string[] = [];
        const session = new Session(absurd(value), {
          report: () => undefined,
          send: (message) => void answered.push(`${message.words[2]} ${message.words[3]}`),
        });
        const first = { unique: 1, nodeid: 0, uid: 0, gid: 0, pid: 0 };
        const init = { major: 7, minor: 45, max_readahead: 0, flags: 0xffffffff, flags2: 0xffffffff };
        const { message } = kernel;
        session.receive(message, encodeRequest(message, { op: 'INIT', header: first, body: init }));
        list.forEach(([sent, mutations], i) => {
          const length = encodeRequest(message, sent);
          for (const [at, byte] of mutations) message.bytes[at % length] = byte;
          message.words[2] = 100 + 2 * i;
          message.words[3] = 0;
          // The root is known: let most requests through.
          if (i % 2 === 0) message.words.set([1, 0], 4);
          session.receive(message, length);
        });
        expect(new Set(answered).size).toBe(answered.length);
        session.close();
      },
    ),
    { numRuns: 2000 },
  );
});

it('messages cut anywhere are answered or reported', () => {
  fc.assert(
    fc.property(request, fc.nat(), (sent, cut) => {
      const problems: string[] = [];
      let replies = 0;
      const session = new Session(filesystem(), {
        report: (problem) => void problems.push(problem),
        send: () => {
          replies++;
        },
      });
      const message = new Message(16384);
      const length = encodeRequest(message, sent);
      session.receive(message, cut % length);
      expect(problems.length + replies).toBeGreaterThan(0);
    }),
  );
});
