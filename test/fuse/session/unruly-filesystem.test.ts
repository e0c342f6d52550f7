import { describe, expect, it } from 'vitest';
import type { Session } from '../../../src/fuse/index.ts';
import { type Attributes, type DirentSink, type Errno, errno } from '../../../src/vfs/index.ts';
import { attributes, entry, FakeKernel, filesystem } from './fake-kernel.ts';

const getattr = { op: 'GETATTR', body: { getattr_flags: 0, fh: 0 } } as const;
const arguments_ = { fh: 1, offset: 0, read_flags: 0, lock_owner: 0, flags: 0 };
const read = { op: 'READ', body: { ...arguments_, size: 8 } } as const;
const readdir = { op: 'READDIR', body: { ...arguments_, size: 4096 } } as const;
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('a request is answered once', () => {
  it.each([
    ['settles twice', (ok: (value: Attributes) => void) => [ok(attributes(1)), ok(attributes(2))]],
    [
      'settles and then throws',
      (ok: (value: Attributes) => void) => {
        ok(attributes(1));
        throw new Error('later');
      },
    ],
  ])('by a thenable that %s', (_, settle) => {
    const thenable = thenableOf({ value: settle }) as Promise<Attributes>;
    const kernel = FakeKernel.started(filesystem({ mode: 'async', getattr: () => thenable }));
    expect(kernel.get<'GETATTR'>(getattr).body.attr.ino).toBe(1);
    expect(kernel.session.pending).toBe(0);
  });

  it.each([
    ['whose then throws', { value: () => raise('no') }],
    ['whose then cannot be read', { get: () => raise('no') }],
  ])('with EIO by a thenable %s', (_, then) => {
    const kernel = FakeKernel.started(filesystem({ mode: 'async', getattr: () => thenableOf(then) as never }));
    expect(kernel.error(getattr)).toBe(errno.EIO.errno);
    expect(kernel.session.pending).toBe(0);
    expect(kernel.errors).toEqual([new Error('no')]);
  });
});

const thenableOf = (then: PropertyDescriptor): unknown => Object.defineProperty({}, 'then', then);

function raise(message: string): never {
  throw new Error(message);
}

describe('what a filesystem still holds of an answered request is no part of another', () => {
  it('the buffer of a read that was given up', async () => {
    const buffers: Uint8Array[] = [];
    const kernel = FakeKernel.started(
      filesystem({
        mode: 'async',
        read: async (_node, _fh, into): Promise<number | Errno> => {
          buffers.push(into.fill(0x40 + buffers.length));
          await turn();
          return buffers.length === 1 ? errno.EINTR : into.length;
        },
      }),
    );
    kernel.send(read);
    await turn();
    await turn();
    const second = kernel.send(read);
    buffers[0].fill(0x58);
    await turn();
    await turn();
    expect(kernel.reply(second)).toMatchObject({ error: 0, data: new Uint8Array(8).fill(0x41) });
  });

  it.each([
    ['failed', errno.EIO],
    ['was answered', undefined],
  ])('the sink of a listing that %s', async (_, answer) => {
    const sinks: DirentSink[] = [];
    const kernel = FakeKernel.started(
      filesystem({
        mode: 'async',
        readdir: async (_node, _fh, _offset, sink) => {
          sinks.push(sink);
          sink.add(`listing${sinks.length}`, 5, 8, 1);
          await turn();
          return sinks.length === 1 ? answer : undefined;
        },
      }),
    );
    kernel.send(readdir);
    await turn();
    await turn();
    const second = kernel.send(readdir);
    expect(() => sinks[0].add('late', 6, 8, 2)).toThrow('expected entries before the answer');
    await turn();
    await turn();
    expect(kernel.reply(second)).toMatchObject({ entries: [{ name: 'listing2' }] });
  });

  it('the sink of a synchronous listing that failed', () => {
    let kept: DirentSink | undefined;
    const kernel = FakeKernel.started(
      filesystem({
        readdir: (_node, _fh, _offset, sink) => {
          kept = sink;
          return errno.EACCES;
        },
      }),
    );
    expect(kernel.error(readdir)).toBe(errno.EACCES.errno);
    expect(() => kept?.add('late', 6, 8, 2)).toThrow('expected entries before the answer');
  });
});

it('references of a READDIRPLUS that fails in the end go back to the filesystem', () => {
  const forgotten: number[] = [];
  const kernel = FakeKernel.started(
    filesystem({
      forget: (node, lookups) => void forgotten.push(node, lookups),
      readdirplus: (_node, _fh, _offset, sink) => {
        sink.add('.', entry(1), 1);
        sink.add('a', entry(7), 2);
        return errno.EIO;
      },
    }),
  );
  expect(kernel.error({ ...readdir, op: 'READDIRPLUS' })).toBe(errno.EIO.errno);
  expect(forgotten).toEqual([7, 1]);
  expect(kernel.session.lookups.size).toBe(0);
});

it('nothing is sent once the session is closed, not even the answer under way', () => {
  const sent: number[] = [];
  const fs = filesystem({
    getattr: () => {
      session.close();
      return attributes(1);
    },
  });
  const kernel = FakeKernel.started(fs, { send: (message) => void sent.push(message.words[2]) });
  const session: Session = kernel.session;
  kernel.send(getattr);
  expect(sent).toEqual([2]);
});

describe('answers that a stat of node:fs suggests are refused by name', () => {
  it.each([
    ['size', { size: 5n }],
    ['uid', { uid: 0n }],
    ['mode', { mode: 0o100644n }],
    ['mtime', { mtime: { sec: 5n, nsec: 0 } }],
  ])('a bigint as %s', (name, changes) => {
    const kernel = FakeKernel.started(filesystem({ getattr: () => attributes(1, changes as never) }));
    expect(kernel.error(getattr)).toBe(errno.EIO.errno);
    expect(kernel.problems).toHaveLength(1);
    expect(kernel.problems[0]).toContain(`wrong answer to GETATTR (request 4): attributes.${name}: expected`);
  });
});

it.each([
  ['is empty', ['user.a', '']],
  ['holds a NUL', ['user.a\0user.b']],
])('a list of extended attributes in which a name %s is refused', (_, names) => {
  const kernel = FakeKernel.started(filesystem({ listxattr: () => names }));
  expect(kernel.error({ op: 'LISTXATTR', body: { size: 100 } })).toBe(errno.EIO.errno);
  expect(kernel.problems[0]).toContain('listxattr: expected');
});
