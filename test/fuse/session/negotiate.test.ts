import { describe, expect, it, vi } from 'vitest';
import { decodeReply, IN_HEADER_SIZE, Message, opcode, Session } from '../../../src/fuse/index.ts';
import { errno } from '../../../src/vfs/index.ts';
import { entry, FakeKernel, filesystem, initFlags, initFlags2 } from './fake-kernel.ts';

const flagsOf = (kernel: FakeKernel): number => kernel.session.negotiated?.flags ?? 0;

describe('INIT', () => {
  it('agrees on the version, the sizes and the flags, and tells the filesystem', () => {
    const init = vi.fn();
    const kernel = new FakeKernel(filesystem({ init }), { maxReadahead: 4096 });
    const reply = kernel.init();
    expect(reply).toMatchObject({
      op: 'INIT',
      body: { major: 7, minor: 45, max_readahead: 4096, max_write: 1 << 20, max_pages: 256, time_gran: 1 },
    });
    expect(kernel.session.negotiated).toMatchObject({ minor: 45, maxWrite: 1 << 20, maxReadahead: 4096 });
    expect(init).toHaveBeenCalledExactlyOnceWith(kernel.session.negotiated, kernel.session.notifier);
  });

  it('asks for nothing that the kernel does not offer', () => {
    const kernel = new FakeKernel(filesystem({ wishes: { writebackCache: true, createSuppGroup: true } }));
    kernel.init({ flags: initFlags.BIG_WRITES, flags2: 0xffffffff });
    expect(kernel.session.negotiated).toMatchObject({ flags: initFlags.BIG_WRITES, flags2: 0, maxWrite: 131072 });
  });

  it('asks for what the filesystem wishes, locks only where there is a method', () => {
    const wishes = { posixLocks: true, flockLocks: true, exportSupport: true, createSuppGroup: true };
    const kernel = FakeKernel.started(filesystem({ wishes, setlk: () => undefined }));
    expect(flagsOf(kernel) & initFlags.POSIX_LOCKS).not.toBe(0);
    expect(flagsOf(kernel) & initFlags.EXPORT_SUPPORT).not.toBe(0);
    expect(flagsOf(kernel) & initFlags.FLOCK_LOCKS).toBe(0);
    expect(kernel.session.negotiated?.flags2).toBe(initFlags2.CREATE_SUPP_GROUP | initFlags2.HAS_EXPIRE_ONLY);
  });

  it.each([
    [undefined, initFlags.DO_READDIRPLUS | initFlags.READDIRPLUS_AUTO],
    ['auto', initFlags.DO_READDIRPLUS | initFlags.READDIRPLUS_AUTO],
    [true, initFlags.DO_READDIRPLUS],
    [false, 0],
  ] as const)('readdirplus %s', (readdirplus, expected) => {
    const both = initFlags.DO_READDIRPLUS | initFlags.READDIRPLUS_AUTO;
    const wishes = readdirplus === undefined ? {} : { readdirplus };
    expect(flagsOf(FakeKernel.started(filesystem({ wishes, readdirplus: () => undefined }))) & both).toBe(expected);
    expect(flagsOf(FakeKernel.started(filesystem({ wishes }))) & both).toBe(0);
  });

  it('lets only a synchronous filesystem have parallel directory operations unasked', () => {
    const parallel = (mode: 'sync' | 'async', wishes = {}): boolean =>
      (flagsOf(FakeKernel.started(filesystem({ mode, wishes }))) & initFlags.PARALLEL_DIROPS) !== 0;
    expect([parallel('sync'), parallel('async'), parallel('async', { parallelDirops: true })]).toEqual([
      true,
      false,
      true,
    ]);
    expect(parallel('sync', { parallelDirops: false })).toBe(false);
  });

  it('answers an old kernel in the layout of its version', () => {
    const message = new Message(256);
    message.words.set([IN_HEADER_SIZE + 16, opcode.INIT, 2]);
    message.words.set([7, 19, 65536, initFlags.BIG_WRITES], IN_HEADER_SIZE / 4);
    const replies: number[] = [];
    const session = new Session(filesystem(), {
      report: (problem) => expect.fail(problem),
      send: (reply, length) => {
        replies.push(length);
        expect(decodeReply(opcode.INIT, reply, length)).toMatchObject({
          op: 'INIT',
          body: { minor: 45, max_write: 131072 },
        });
      },
    });
    session.receive(message, IN_HEADER_SIZE + 16);
    expect(replies).toEqual([16 + 24]);
    expect(session.negotiated?.minor).toBe(19);
  });

  it('serves protocol 7.11, in which making a file has no umask', () => {
    const seen: unknown[] = [];
    const made = (...call: unknown[]) => {
      seen.push(call.slice(0, 4));
      return entry(2);
    };
    const kernel = new FakeKernel(
      filesystem({ mknod: made, create: (...call) => ({ entry: made(...call), opened: { fh: 1 } }) }),
    );
    kernel.init({ minor: 11 });
    kernel.get<'MKNOD'>({ op: 'MKNOD', body: { mode: 0o10600, rdev: 3, umask: 0 }, name: 'p' });
    kernel.get<'CREATE'>({ op: 'CREATE', body: { flags: 2, mode: 0o600, umask: 0, open_flags: 0 }, name: 'f' });
    expect(seen).toEqual([
      [1, 'p', 0o10600, 3],
      [1, 'f', 0o600, 2],
    ]);
  });

  it('tells a kernel with a higher major version ours, and serves its second INIT', () => {
    const kernel = new FakeKernel(filesystem());
    expect(kernel.init({ major: 8, minor: 0 })).toMatchObject({ op: 'INIT', body: { major: 7, minor: 45 } });
    expect(kernel.session.negotiated).toBeUndefined();
    expect(kernel.init()).toMatchObject({ op: 'INIT' });
    kernel.lookup('n2');
  });

  it.each([
    [6, 45],
    [7, 8],
  ])('refuses protocol %d.%d', (major, minor) => {
    const kernel = new FakeKernel(filesystem());
    expect(kernel.init({ major, minor })).toMatchObject({ error: errno.EPROTO.errno });
    expect(kernel.problems).toEqual([`INIT: expected protocol 7.9 or later, given ${major}.${minor}; it is refused`]);
  });

  it('fails the mount and reports when the init method throws', () => {
    const failure = new Error('no disk');
    const init = (): never => {
      throw failure;
    };
    const kernel = new FakeKernel(filesystem({ init }));
    expect(kernel.init()).toMatchObject({ error: errno.EIO.errno });
    expect(kernel.errors).toEqual([failure]);
  });
});

describe('the life of a session', () => {
  it('answers EIO before INIT and reports it', () => {
    const kernel = new FakeKernel(filesystem());
    expect(kernel.error({ op: 'GETATTR', body: { getattr_flags: 0, fh: 0 } })).toBe(errno.EIO.errno);
    expect(kernel.problems).toHaveLength(1);
  });

  it('takes one INIT only', () => {
    const kernel = FakeKernel.started(filesystem());
    expect(kernel.init()).toMatchObject({ error: errno.EIO.errno });
    kernel.lookup('n2');
  });

  it('DESTROY is answered, gives back every reference and ends the filesystem once', () => {
    const forget = vi.fn();
    const destroy = vi.fn();
    const kernel = FakeKernel.started(filesystem({ forget, destroy }));
    kernel.lookup('n2');
    kernel.lookup('n2');
    kernel.lookup('n70000');
    expect(kernel.error({ op: 'DESTROY' })).toBe(0);
    expect(forget.mock.calls).toEqual([
      [2, 2],
      [70000, 1],
    ]);
    expect(kernel.error({ op: 'STATFS' })).toBe(errno.EIO.errno);
    kernel.session.close();
    expect(destroy).toHaveBeenCalledOnce();
    expect(kernel.session.lookups.size).toBe(0);
  });

  it('closes a mount that ended without FORGET and DESTROY: promises are interrupted and their answers dropped', async () => {
    const destroy = vi.fn();
    let aborted = false;
    let answer = (_value: ReturnType<typeof entry>): void => undefined;
    const kernel = FakeKernel.started(
      filesystem({
        mode: 'async',
        destroy,
        lookup: (_parent, _name, { signal }) => {
          signal.addEventListener('abort', () => {
            aborted = true;
          });
          return new Promise((resolve) => {
            answer = resolve;
          });
        },
      }),
    );
    const unique = kernel.send({ op: 'LOOKUP', name: 'n2' });
    expect(kernel.session.pending).toBe(1);
    kernel.session.close();
    answer(entry(2));
    await Promise.resolve();
    expect([aborted, kernel.session.pending, kernel.reply(unique)]).toEqual([true, 0, undefined]);
    expect(destroy).toHaveBeenCalledOnce();
    kernel.send({ op: 'LOOKUP', name: 'n3' });
    expect(kernel.problems).toEqual([]);
  });
});
