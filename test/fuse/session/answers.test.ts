import { describe, expect, it, vi } from 'vitest';
import { encodeRequest, IN_HEADER_SIZE, Message, opcode, Session } from '../../../src/fuse/index.ts';
import { type Answer, type Attributes, type Context, errno, type FileSystem } from '../../../src/vfs/index.ts';
import { attributes, entry, FakeKernel, filesystem } from './fake-kernel.ts';

const getattr = { op: 'GETATTR', body: { getattr_flags: 0, fh: 0 } } as const;
const read = (size: number) =>
  ({ op: 'READ', body: { fh: 0, offset: 0, size, read_flags: 0, lock_owner: 0, flags: 0 } }) as const;

/** A filesystem whose getattr waits until the test answers. */
function waiting() {
  const answers: ((answer: Attributes | Error) => void)[] = [];
  const contexts: Context[] = [];
  const fs = filesystem({
    mode: 'async',
    getattr: (_node, _fh, context) => {
      contexts.push(context);
      return new Promise((resolve, reject) =>
        answers.push((answer) => (answer instanceof Error ? reject(answer) : resolve(answer))),
      );
    },
  });
  return { kernel: FakeKernel.started(fs), answers, contexts };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('answers', () => {
  it('promises are answered in the order in which they settle, each with its own caller', async () => {
    const { kernel, answers, contexts } = waiting();
    const first = kernel.send({ ...getattr, header: { uid: 1 } });
    const second = kernel.send({ ...getattr, header: { uid: 2 } });
    expect(kernel.session.pending).toBe(2);
    expect(contexts.map(({ uid }) => uid)).toEqual([1, 2]);
    answers[1](attributes(22));
    await turn();
    answers[0](attributes(11));
    await turn();
    expect(kernel.replies.slice(1).map(({ unique }) => unique)).toEqual([second, first]);
    expect(kernel.replies.slice(1)).toMatchObject([{ body: { attr: { ino: 22 } } }, { body: { attr: { ino: 11 } } }]);
    expect(kernel.session.pending).toBe(0);
  });

  it('a unique that is still in use is dropped and reported: it is answered once', async () => {
    const { kernel, answers } = waiting();
    const unique = kernel.send(getattr);
    kernel.send({ ...getattr, header: { unique } });
    expect(kernel.problems).toEqual([`request ${unique}: expected a unique that is not in use; it is dropped`]);
    answers[0](attributes(1));
    await turn();
    expect(answers).toHaveLength(1);
    expect(kernel.reply(unique)).toMatchObject({ error: 0 });
  });

  it('read data of several promises does not mix', async () => {
    const fill: (() => void)[] = [];
    const fs = filesystem({
      mode: 'async',
      read: (_node, _fh, into) =>
        new Promise((resolve) =>
          fill.push(() => {
            into.fill(65 + fill.length);
            resolve(into.length);
          }),
        ),
    });
    const kernel = FakeKernel.started(fs);
    const uniques = [kernel.send(read(4)), kernel.send(read(4))];
    fill[1]();
    fill.push(() => undefined);
    fill[0]();
    await turn();
    const data = uniques.map((unique) =>
      Buffer.from((kernel.reply(unique) as unknown as { data: Uint8Array }).data).toString(),
    );
    expect(data).toEqual(['DDDD', 'CCCC']);
  });

  it.each([
    ['returned', errno.EROFS],
    ['thrown', Object.assign(new Error('x'), { code: 'EROFS' })],
    ['thrown by its alias', { code: 'EWOULDBLOCK' }],
  ])('an errno %s is the reply, and no problem', (how, error) => {
    const unlink = (): Answer<void> => {
      if (how === 'returned') return errno.EROFS;
      throw error;
    };
    const kernel = FakeKernel.started(filesystem({ unlink }));
    expect(kernel.error({ op: 'UNLINK', name: 'a' })).toBe(
      how.includes('alias') ? errno.EAGAIN.errno : errno.EROFS.errno,
    );
    expect(kernel.problems).toEqual([]);
  });

  it('anything else that is thrown is EIO and reported with the error', async () => {
    const failure = new TypeError('undefined is not a function');
    const kernel = FakeKernel.started(
      filesystem({
        mode: 'async',
        unlink: () => {
          throw failure;
        },
        rmdir: () => Promise.reject(failure),
      }),
    );
    expect(kernel.error({ op: 'UNLINK', name: 'a' })).toBe(errno.EIO.errno);
    const unique = kernel.send({ op: 'RMDIR', name: 'a' });
    await turn();
    expect(kernel.reply(unique)?.error).toBe(errno.EIO.errno);
    expect(kernel.errors).toEqual([failure, failure]);
    expect(kernel.problems[0]).toBe(
      'filesystem fake: UNLINK (request 4) threw something without a POSIX code; the caller gets EIO',
    );
  });

  it("a promise of a 'sync' filesystem is reported once, and answered all the same", async () => {
    const kernel = FakeKernel.started(filesystem({ getattr: async () => attributes(1) }));
    const uniques = [kernel.send(getattr), kernel.send(getattr)];
    await turn();
    expect(uniques.map((unique) => kernel.reply(unique)?.error)).toEqual([0, 0]);
    expect(kernel.problems).toEqual([
      "filesystem fake: expected no promise as its mode is 'sync', given one to GETATTR (request 4)",
    ]);
  });

  it('a kernel that sends from within its reply callback gets every answer', () => {
    const order: number[] = [];
    const message = new Message(256);
    const header = { nodeid: 1, uid: 0, gid: 0, pid: 0 };
    const session: Session = new Session(filesystem(), {
      report: expect.fail,
      send: (reply) => {
        const unique = reply.words[2];
        if (unique < 8)
          session.receive(message, encodeRequest(message, { ...getattr, header: { ...header, unique: unique + 2 } }));
        order.push(reply.words[2]);
      },
    });
    const body = { major: 7, minor: 45, max_readahead: 0, flags: 0, flags2: 0 };
    session.receive(message, encodeRequest(message, { op: 'INIT', header: { ...header, unique: 2 }, body }));
    expect(order).toEqual([8, 6, 4, 2]);
  });

  it('a method that is missing is ENOSYS', () => {
    const kernel = FakeKernel.started(filesystem());
    expect(kernel.error({ op: 'UNLINK', name: 'a' })).toBe(errno.ENOSYS.errno);
    expect(kernel.error({ op: 'STATFS' })).toBe(errno.ENOSYS.errno);
    const create = { op: 'CREATE', body: { flags: 0, mode: 0, umask: 0, open_flags: 0 }, name: 'a' } as const;
    expect(kernel.error(create)).toBe(errno.ENOSYS.errno);
    expect(kernel.error({ op: 'BMAP', body: { block: 0, blocksize: 512 } })).toBe(errno.ENOSYS.errno);
    expect(kernel.problems).toEqual([]);
  });

  it('without open the handle is 0 where the kernel does not know to do without', () => {
    const kernel = new FakeKernel(filesystem());
    kernel.init({ flags: 0 });
    expect(kernel.get<'OPEN'>({ op: 'OPEN', body: { flags: 0, open_flags: 0 } }).body.fh).toBe(0);
    const modern = FakeKernel.started(filesystem());
    expect(modern.error({ op: 'OPEN', body: { flags: 0, open_flags: 0 } })).toBe(errno.ENOSYS.errno);
  });

  it('sync answers use the same reply buffer again', () => {
    const buffers = new Set<Message>();
    const kernel = new FakeKernel(filesystem());
    const session = new Session(filesystem(), { report: expect.fail, send: (message) => void buffers.add(message) });
    const message = kernel.message;
    const header = { unique: 2, nodeid: 1, uid: 0, gid: 0, pid: 0 };
    const body = { major: 7, minor: 45, max_readahead: 0, flags: 0, flags2: 0 };
    session.receive(message, encodeRequest(message, { op: 'INIT', header, body }));
    for (let i = 0; i < 10; i++) session.receive(message, encodeRequest(message, { ...getattr, header }));
    expect(buffers.size).toBe(2);
  });
});

describe('answers that do not fit the contract are EIO and reported', () => {
  const wrong = (value: unknown) => () => value as never;
  const open = { op: 'OPEN', body: { flags: 0, open_flags: 0 } } as const;
  const write = {
    op: 'WRITE',
    body: { fh: 0, offset: 0, size: 3, write_flags: 0, lock_owner: 0, flags: 0 },
    data: new Uint8Array(3),
  } as const;
  const readdir = { ...read(4096), op: 'READDIR' } as const;
  const cases: readonly (readonly [string, Partial<FileSystem>, Parameters<FakeKernel['error']>[0], string])[] = [
    ['a size that is NaN', { getattr: wrong(attributes(1, { size: Number.NaN })) }, getattr, 'attributes.size'],
    ['no attributes', { getattr: wrong(undefined) }, getattr, 'attributes: expected an object, given undefined'],
    ['no times', { getattr: wrong({ ...attributes(1), mtime: undefined }) }, getattr, 'atime, mtime and ctime'],
    [
      'nanoseconds too many',
      { getattr: wrong(attributes(1, { atime: { sec: 0, nsec: 1e9 } })) },
      getattr,
      'attributes.atime',
    ],
    ['a mode without type', { getattr: wrong(attributes(1, { mode: 0o644 })) }, getattr, 'attributes.mode'],
    ['a negative uid', { getattr: wrong(attributes(1, { uid: -1 })) }, getattr, 'attributes.uid'],
    ['an ino that is not canonical', { getattr: wrong({ ...attributes(1), ino: 5n }) }, getattr, 'attributes.ino'],
    ['node 0', { lookup: wrong(entry(0)) }, { op: 'LOOKUP', name: 'a' }, 'entry.node'],
    ['no entry', { lookup: wrong(undefined) }, { op: 'LOOKUP', name: 'a' }, 'entry: expected an object'],
    [
      'a negative timeout',
      { lookup: wrong(entry(2, { entryTimeout: -1 })) },
      { op: 'LOOKUP', name: 'a' },
      'entryTimeout',
    ],
    ['no handle', { open: wrong({}) }, open, 'opened.fh'],
    ['a negative count', { read: wrong(-1) }, read(10), 'read: expected an integer from 0 to 10, given -1'],
    ['more than asked for', { read: wrong(11) }, read(10), 'read: expected an integer from 0 to 10, given 11'],
    ['a count that is no number', { read: wrong('10') }, read(10), 'read'],
    ['more written than given', { write: wrong(4) }, write, 'write: expected an integer from 0 to 3, given 4'],
    ['a link target with NUL', { readlink: wrong('a\0b') }, { op: 'READLINK' }, 'readlink'],
    [
      'a value that is a string',
      { getxattr: wrong('x') },
      { op: 'GETXATTR', body: { size: 5 }, name: 'user.a' },
      'getxattr',
    ],
    [
      'a name with a slash',
      { readdir: (_n, _f, _o, sink) => void sink.add('a/b', 1, 8, 1) },
      readdir,
      'directory entry',
    ],
    ['an empty name', { readdir: (_n, _f, _o, sink) => void sink.add('', 1, 8, 1) }, readdir, 'directory entry'],
    ['an offset of 0', { readdir: (_n, _f, _o, sink) => void sink.add('a', 1, 8, 0) }, readdir, 'offset of "a"'],
    ['statistics that are negative', { statfs: wrong({ bsize: 1, blocks: -1 }) }, { op: 'STATFS' }, 'statfs.blocks'],
  ];

  it.each(cases)('%s', (_, methods, request, problem) => {
    const kernel = FakeKernel.started(filesystem(methods));
    expect(kernel.error(request)).toBe(errno.EIO.errno);
    expect(kernel.problems).toEqual([expect.stringContaining(problem)]);
    expect(kernel.session.lookups.size).toBe(0);
  });
});

describe('malformed requests', () => {
  it('are answered EIO and reported, and the filesystem never sees them', () => {
    const lookup = vi.fn(() => entry(2));
    const kernel = FakeKernel.started(filesystem({ lookup }));
    const { message, session } = kernel;
    const header = { unique: 100, nodeid: 1, uid: 0, gid: 0, pid: 0 };
    const length = encodeRequest(message, { op: 'LOOKUP', header, name: 'abc' });
    message.bytes[length - 1] = 65;
    session.receive(message, length);
    encodeRequest(message, { op: 'LOOKUP', header: { ...header, unique: 102 }, name: 'abc' });
    session.receive(message, length - 1);
    expect(kernel.reply(100)?.error).toBe(errno.EIO.errno);
    expect(kernel.reply(102)?.error).toBe(errno.EIO.errno);
    expect(kernel.problems).toEqual([
      'LOOKUP (request 100) is malformed: expected a NUL-terminated name, given 4 bytes without NUL; it is answered EIO',
      'LOOKUP (request 102): expected a length of 43 in the header, given 44',
    ]);
    expect(lookup).not.toHaveBeenCalled();
  });

  it('too short for a unique are only reported', () => {
    const kernel = FakeKernel.started(filesystem());
    kernel.session.receive(kernel.message, IN_HEADER_SIZE - 1);
    expect(kernel.replies).toHaveLength(1);
    expect(kernel.problems).toEqual(['request: expected at least 40 bytes, given 39; it cannot be answered']);
  });

  it('with an unknown opcode are ENOSYS', () => {
    const kernel = FakeKernel.started(filesystem());
    for (const code of [7, 63, 64, 54, 1_000_000, 4_294_967_295]) {
      kernel.message.words.set([IN_HEADER_SIZE, code, 200 + code * 2, 0, 1, 0, 0, 0, 0, 0]);
      kernel.session.receive(kernel.message, IN_HEADER_SIZE);
    }
    expect(kernel.replies.slice(1).map(({ error }) => error)).toEqual(new Array(6).fill(errno.ENOSYS.errno));
  });

  it('that ask for gigabytes are refused', () => {
    const kernel = FakeKernel.started(filesystem({ read: () => 0 }));
    expect(kernel.error(read(0xffffffff))).toBe(errno.EIO.errno);
    expect(opcode.READ).toBe(15);
  });
});
