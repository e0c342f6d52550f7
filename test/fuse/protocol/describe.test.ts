import { expect, it } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { Message } from '../../../src/fuse/index.ts';
import { dialectOf, encodeReply, encodeRequest, initFlags, LinkDescriber } from '../../../src/fuse/protocol/index.ts';
import { Session } from '../../../src/fuse/session/index.ts';
import { testEnvironment } from '../../support/environment.ts';

const header = { unique: 2, nodeid: 1, uid: 0, gid: 0, pid: 7 };

it('the messages of a link are told in words, each reply as that of its request', () => {
  const lines: string[] = [];
  const describer = new LinkDescriber((line) => lines.push(line));
  const session = new Session(ram(testEnvironment(), {}), {
    send: (message, length) => {
      describer.message(false, message, length);
      return 0;
    },
    report: (problem) => lines.push(problem),
  });
  const message = new Message(4096);
  const send = (...request: Parameters<typeof encodeRequest> extends [unknown, ...infer Rest] ? Rest : never) => {
    const length = encodeRequest(message, ...request);
    describer.message(true, message, length);
    session.receive(message, length);
  };
  send({
    op: 'INIT',
    header: { ...header, nodeid: 0 },
    body: { major: 7, minor: 45, max_readahead: 131072, flags: 0x21, flags2: 0, unused: new Uint32Array(11) },
  } as never);
  send({ op: 'LOOKUP', header: { ...header, unique: 4 }, name: 'a b' });
  expect(lines[0]).toBe(
    '-> #2 INIT uid 0 gid 0 pid 7 major=7 minor=45 max_readahead=131072 flags=ASYNC_READ|BIG_WRITES flags2=0',
  );
  expect(lines[1]).toMatch(/^<- #2 INIT reply major=7 minor=45 .*flags=ASYNC_READ\|BIG_WRITES/);
  expect(lines.slice(2)).toEqual(['-> #4 LOOKUP node 1 uid 0 gid 0 pid 7 name="a b"', '<- #4 LOOKUP reply ENOENT']);
});

it('extended attributes are told in the layout that INIT agreed on', () => {
  const lines: string[] = [];
  const describer = new LinkDescriber((line) => lines.push(line));
  const message = new Message(4096);
  const dialect = dialectOf(45, initFlags.SETXATTR_EXT);
  const body = { size: 1, flags: 0, setxattr_flags: 0, padding: 0 };
  const value = { op: 'SETXATTR', header: { ...header, unique: 6 }, body, name: 'user.a', data: new Uint8Array([120]) };
  const init = { op: 'INIT', header: { ...header, nodeid: 0 }, body: { major: 7, minor: 45 } };
  describer.message(true, message, encodeRequest(message, init as never));
  const reply = { op: 'INIT', unique: 2, body: { major: 7, minor: 45, flags: initFlags.SETXATTR_EXT } };
  describer.message(false, message, encodeReply(message, reply as never));
  describer.message(true, message, encodeRequest(message, value as never, dialect));
  expect(lines[2]).toMatch(/^-> #6 SETXATTR .*name="user\.a" .*"x"/);
});
