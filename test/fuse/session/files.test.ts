import { describe, expect, it, vi } from 'vitest';
import { FOPEN_DIRECT_IO, FOPEN_KEEP_CACHE, type RequestOf } from '../../../src/fuse/index.ts';
import { type AttributeChanges, errno, type FileLock, type FileSystem } from '../../../src/vfs/index.ts';
import { attributes, entry, FakeKernel, filesystem } from './fake-kernel.ts';

type Spied<Name extends keyof FileSystem> = FileSystem[Name] & ReturnType<typeof vi.fn>;
const spy = <Name extends keyof FileSystem>(answer: unknown) => vi.fn(() => answer) as unknown as Spied<Name>;
const context = expect.objectContaining({ uid: 0, gid: 0, pid: 10 });
const BIG = 2n ** 63n - 1n;

describe('reading and writing', () => {
  const read = (offset: number | bigint, size: number) =>
    ({ op: 'READ', body: { fh: 3, offset, size, read_flags: 0, lock_owner: 0, flags: 0 } }) as const;
  const write = (data: Uint8Array, changes: Partial<RequestOf<'WRITE'>['body']> = {}) =>
    ({
      op: 'WRITE',
      body: { fh: 3, offset: 7, size: 0, write_flags: 0, lock_owner: 9, flags: 2, ...changes },
      data,
    }) as const;

  it('read fills the reply itself', () => {
    const kernel = FakeKernel.started(
      filesystem({
        read: (_node, fh, into, offset) => {
          into.set([fh, offset, into.length]);
          return 3;
        },
      }),
    );
    expect([...kernel.get<'READ'>(read(5, 100)).data]).toEqual([3, 5, 100]);
    expect(kernel.get<'READ'>(read(5, 200_000)).data).toHaveLength(3);
    expect([...kernel.get<'READ'>(read(6, 10)).data]).toEqual([3, 6, 10]);
    expect(kernel.get<'READ'>(read(BIG, 100)).data).toHaveLength(0);
  });

  it('write sees the data and its flags', () => {
    const options: unknown[] = [];
    const seen: number[][] = [];
    const kernel = FakeKernel.started(
      filesystem({
        write: (_node, _fh, data, _offset, _context, given) => {
          seen.push([...data]);
          options.push({ ...given });
          return data.length;
        },
      }),
    );
    expect(kernel.get<'WRITE'>(write(new Uint8Array([1, 2, 3]))).body.size).toBe(3);
    kernel.get<'WRITE'>(write(new Uint8Array([4, 5, 6]), { write_flags: 7 }));
    kernel.get<'WRITE'>(write(new Uint8Array(0)));
    expect(seen).toEqual([[1, 2, 3], [4, 5, 6], []]);
    expect(options.slice(0, 2)).toEqual([
      { flags: 2, fromCache: false, killPrivileges: false, lockOwner: undefined },
      { flags: 2, fromCache: true, killPrivileges: true, lockOwner: 9 },
    ]);
    expect(kernel.error(write(new Uint8Array(1), { offset: BIG }))).toBe(errno.EFBIG.errno);
  });

  it('data that an asynchronous filesystem was given stays, though the buffer is used again', async () => {
    const kept: Uint8Array[] = [];
    const kernel = FakeKernel.started(
      filesystem({
        mode: 'async',
        write: async (_node, _fh, data) => {
          kept.push(data);
          await Promise.resolve();
          return data.length;
        },
      }),
    );
    kernel.send(write(new Uint8Array([1, 2])));
    kernel.send(write(new Uint8Array([3, 4])));
    await new Promise((resolve) => setImmediate(resolve));
    expect(kept.map((data) => [...data])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it('open tells the kernel the switches; directIo of the session is added', () => {
    const open = () => ({ fh: 5, keepCache: true });
    const request = { op: 'OPEN', body: { flags: 2, open_flags: 0 } } as const;
    expect(FakeKernel.started(filesystem({ open })).get<'OPEN'>(request).body).toMatchObject({
      fh: 5,
      open_flags: FOPEN_KEEP_CACHE,
    });
    const direct = FakeKernel.started(filesystem({ open }), { directIo: true }).get<'OPEN'>(request);
    expect(direct.body.open_flags).toBe(FOPEN_KEEP_CACHE | FOPEN_DIRECT_IO);
  });

  it('release, flush and fsync pass what they carry', () => {
    const methods = {
      release: spy<'release'>(undefined),
      flush: spy<'flush'>(undefined),
      fsync: spy<'fsync'>(undefined),
    };
    const kernel = FakeKernel.started(filesystem(methods));
    const owner = 2n ** 63n + 5n;
    expect(kernel.error({ op: 'RELEASE', body: { fh: 3, flags: 1, release_flags: 2, lock_owner: owner } })).toBe(0);
    expect(kernel.error({ op: 'RELEASE', body: { fh: 3, flags: 1, release_flags: 0, lock_owner: owner } })).toBe(0);
    expect(kernel.error({ op: 'FLUSH', body: { fh: 3, lock_owner: owner } })).toBe(0);
    expect(kernel.error({ op: 'FSYNC', body: { fh: 3, fsync_flags: 1 } })).toBe(0);
    expect(methods.release.mock.calls).toEqual([
      [1, 3, 1, context, owner],
      [1, 3, 1, context, undefined],
    ]);
    expect(methods.flush.mock.calls).toEqual([[1, 3, owner, context]]);
    expect(methods.fsync.mock.calls).toEqual([[1, 3, true, context]]);
  });

  it('a handle that no filesystem can have given is EBADF', () => {
    const kernel = FakeKernel.started(filesystem({ flush: spy<'flush'>(undefined) }));
    expect(kernel.error({ op: 'FLUSH', body: { fh: 2n ** 64n - 1n, lock_owner: 0 } })).toBe(errno.EBADF.errno);
  });

  it('offsets beyond 2^53 - 1 are the end of every file', () => {
    const kernel = FakeKernel.started(
      filesystem({
        lseek: spy<'lseek'>(4),
        fallocate: spy<'fallocate'>(undefined),
        copyFileRange: spy<'copyFileRange'>(0),
      }),
    );
    const copy = { fh_in: 0, off_in: 0, nodeid_out: 1, fh_out: 0, off_out: 0, len: 10, flags: 0 };
    expect(kernel.get<'LSEEK'>({ op: 'LSEEK', body: { fh: 0, offset: 3, whence: 3 } }).body.offset).toBe(4);
    expect(kernel.error({ op: 'LSEEK', body: { fh: 0, offset: BIG, whence: 3 } })).toBe(errno.ENXIO.errno);
    expect(kernel.error({ op: 'FALLOCATE', body: { fh: 0, offset: 1, length: BIG, mode: 0 } })).toBe(errno.EFBIG.errno);
    expect(kernel.get<'COPY_FILE_RANGE'>({ op: 'COPY_FILE_RANGE', body: { ...copy, off_in: BIG } }).body.size).toBe(0);
    expect(kernel.error({ op: 'COPY_FILE_RANGE', body: { ...copy, off_out: BIG } })).toBe(errno.EFBIG.errno);
    expect(kernel.error({ op: 'COPY_FILE_RANGE', body: { ...copy, flags: 1 } })).toBe(errno.EINVAL.errno);
  });

  it('copies of more than 32 bits are cut for the old opcode only', () => {
    const copyFileRange = vi.fn((_a, _b, _c, _d, _e, _f, length: number) => length);
    const kernel = FakeKernel.started(filesystem({ copyFileRange }));
    const body = { fh_in: 0, off_in: 0, nodeid_out: 1, fh_out: 0, off_out: 0, len: 2 ** 40, flags: 0 };
    expect(kernel.get<'COPY_FILE_RANGE'>({ op: 'COPY_FILE_RANGE', body }).body.size).toBe(0xffff_f000);
    expect(kernel.get<'COPY_FILE_RANGE_64'>({ op: 'COPY_FILE_RANGE_64', body }).body.bytes_copied).toBe(2 ** 40);
  });

  it('ioctl and poll', () => {
    const ioctl = vi.fn((_node, _fh, _command, _argument, input: Uint8Array) => ({
      result: -3,
      data: input.slice(0, 2),
    }));
    const poll = spy<'poll'>(5);
    const kernel = FakeKernel.started(filesystem({ ioctl, poll }));
    const body = { fh: 1, flags: 0, cmd: 0x1234, arg: 2n ** 60n, in_size: 0, out_size: 2 };
    const reply = kernel.get<'IOCTL'>({ op: 'IOCTL', body, data: new Uint8Array([1, 2, 3]) });
    expect([reply.body.result, [...reply.data]]).toEqual([-3, [1, 2]]);
    expect(kernel.error({ op: 'IOCTL', body: { ...body, out_size: 1 }, data: new Uint8Array(3) })).toBe(
      errno.EIO.errno,
    );
    const events = (flags: number) =>
      kernel.get<'POLL'>({ op: 'POLL', body: { fh: 1, kh: 77, flags, events: 3 } }).body.revents;
    expect([events(1), events(0)]).toEqual([5, 5]);
    expect(poll.mock.calls.map((call: unknown[]) => call[3])).toEqual([77, undefined]);
  });
});

describe('setattr', () => {
  const body = {
    valid: 0,
    fh: 3,
    size: 10,
    lock_owner: 4,
    atime: -5,
    mtime: 6,
    ctime: 7,
    atimensec: 1,
    mtimensec: 2,
    ctimensec: 3,
    mode: 0o600,
    uid: 1,
    gid: 2,
  };
  const cases: readonly (readonly [number, AttributeChanges, number | undefined])[] = [
    [0, {}, undefined],
    [0x7, { mode: 0o600, uid: 1, gid: 2 }, undefined],
    [0x208, { size: 10, lockOwner: 4 }, undefined],
    [0x48, { size: 10 }, 3],
    [0x30, { atime: { sec: -5, nsec: 1 }, mtime: { sec: 6, nsec: 2 } }, undefined],
    [0x1b0, { atime: 'now', mtime: 'now' }, undefined],
    [0x460, { mtime: { sec: 6, nsec: 2 }, ctime: { sec: 7, nsec: 3 } }, 3],
    [0x800, { killPrivileges: true }, undefined],
  ];

  it.each(cases)('valid 0x%s', (valid, changes, fh) => {
    const setattr = spy<'setattr'>(attributes(1));
    const kernel = FakeKernel.started(filesystem({ setattr }));
    kernel.get<'SETATTR'>({ op: 'SETATTR', body: { ...body, valid } });
    expect(setattr.mock.calls).toEqual([[1, changes, fh, context]]);
  });

  it('a size beyond 2^53 - 1 is EFBIG', () => {
    const kernel = FakeKernel.started(filesystem({ setattr: spy<'setattr'>(attributes(1)) }));
    expect(kernel.error({ op: 'SETATTR', body: { ...body, valid: 8, size: BIG } })).toBe(errno.EFBIG.errno);
  });
});

describe('names', () => {
  it('making and moving things passes modes, umask and flags', () => {
    const methods = {
      mknod: spy<'mknod'>(entry(2)),
      mkdir: spy<'mkdir'>(entry(3)),
      symlink: spy<'symlink'>(entry(4)),
      link: spy<'link'>(entry(2)),
      rename: spy<'rename'>(undefined),
      create: spy<'create'>({ entry: entry(5), opened: { fh: 8 } }),
      tmpfile: spy<'tmpfile'>({ entry: entry(6), opened: { fh: 9 } }),
    };
    const umasks: number[] = [];
    methods.mkdir.mockImplementation((_p: number, _n: string, _m: number, { umask }: { umask: number }) => {
      umasks.push(umask);
      return entry(3);
    });
    const kernel = FakeKernel.started(filesystem(methods));
    const header = { uid: 0, gid: 0, pid: 10 };
    kernel.get<'MKNOD'>({ op: 'MKNOD', header, body: { mode: 0o10644, rdev: 5, umask: 0o22 }, name: 'p' });
    kernel.get<'MKDIR'>({ op: 'MKDIR', header, body: { mode: 0o755, umask: 0o27 }, name: 'd' });
    kernel.get<'SYMLINK'>({ op: 'SYMLINK', name: 's', target: '../\udcff' });
    kernel.get<'LINK'>({ op: 'LINK', body: { oldnodeid: 2 }, name: 'h' });
    kernel.get<'RENAME'>({ op: 'RENAME', body: { newdir: 3 }, name: 'a', newName: 'b' });
    kernel.get<'RENAME2'>({ op: 'RENAME2', body: { newdir: 1, flags: 2 }, name: 'a', newName: 'b' });
    const created = kernel.get<'CREATE'>({
      op: 'CREATE',
      body: { flags: 0o102, mode: 0o100644, umask: 0o22, open_flags: 0 },
      name: 'f',
      extensions: [{ type: 'groups', groups: [5] }],
    });
    expect(created.body).toMatchObject({ entry: { nodeid: 5 }, open: { fh: 8 } });
    kernel.get<'TMPFILE'>({ op: 'TMPFILE', body: { flags: 2, mode: 0o100600, umask: 0, open_flags: 0 }, name: '#1' });
    expect(methods.mknod.mock.calls).toEqual([[1, 'p', 0o10644, 5, context]]);
    expect(umasks).toEqual([0o27]);
    expect(methods.symlink.mock.calls).toEqual([[1, 's', '../\udcff', context]]);
    expect(methods.link.mock.calls).toEqual([[2, 1, 'h', context]]);
    expect(methods.rename.mock.calls).toEqual([
      [1, 'a', 3, 'b', 0, context],
      [1, 'a', 1, 'b', 2, context],
    ]);
    expect(methods.create.mock.calls).toEqual([[1, 'f', 0o100644, 0o102, context]]);
    expect(methods.tmpfile.mock.calls).toEqual([[1, 0o100600, 2, context]]);
    expect(new Map(kernel.session.lookups)).toEqual(
      new Map([
        [2, 2],
        [3, 1],
        [4, 1],
        [5, 1],
        [6, 1],
      ]),
    );
  });

  it('readlink answers the bytes of the target', () => {
    const kernel = FakeKernel.started(filesystem({ readlink: () => 'ä\udc80' }));
    expect(kernel.get<'READLINK'>({ op: 'READLINK' }).text).toBe('ä\udc80');
  });

  it("entries take timeouts of their own, else the session's", () => {
    const lookup = (_parent: number, name: string) =>
      entry(2, name === 'own' ? { entryTimeout: 9, attributeTimeout: 8 } : {});
    const kernel = FakeKernel.started(filesystem({ lookup }), { entryTimeout: 1, attributeTimeout: 2 });
    expect(kernel.get<'LOOKUP'>({ op: 'LOOKUP', name: 'own' }).body).toMatchObject({ entry_valid: 9, attr_valid: 8 });
    expect(kernel.get<'LOOKUP'>({ op: 'LOOKUP', name: 'x' }).body).toMatchObject({ entry_valid: 1, attr_valid: 2 });
    expect(kernel.get<'GETATTR'>({ op: 'GETATTR', body: { getattr_flags: 0, fh: 0 } }).body.attr_valid).toBe(2);
  });
});

describe('extended attributes', () => {
  const methods: Partial<FileSystem> = {
    getxattr: () => new Uint8Array([1, 2, 3]),
    listxattr: () => ['user.a', 'user.bä'],
  };
  const getxattr = (size: number) => ({ op: 'GETXATTR', body: { size }, name: 'user.a' }) as const;
  const listxattr = (size: number) => ({ op: 'LISTXATTR', body: { size } }) as const;

  it('a size of 0 asks how long it is, a size that is too small is ERANGE', () => {
    const kernel = FakeKernel.started(filesystem(methods));
    const size = (data: Uint8Array): number[] => [data.length, data[0]];
    expect(size(kernel.get<'GETXATTR'>(getxattr(0)).data)).toEqual([8, 3]);
    expect([...kernel.get<'GETXATTR'>(getxattr(3)).data]).toEqual([1, 2, 3]);
    expect(kernel.error(getxattr(2))).toBe(errno.ERANGE.errno);
    expect(size(kernel.get<'LISTXATTR'>(listxattr(0)).data)).toEqual([8, 16]);
    expect(Buffer.from(kernel.get<'LISTXATTR'>(listxattr(100)).data).toString()).toBe('user.a\0user.bä\0');
    expect(kernel.error(listxattr(15))).toBe(errno.ERANGE.errno);
    expect(kernel.problems).toEqual([]);
  });

  it("the value of setxattr is the filesystem's to keep", () => {
    const setxattr = spy<'setxattr'>(undefined);
    const kernel = FakeKernel.started(filesystem({ setxattr, removexattr: () => undefined }));
    const body = { size: 0, flags: 1, setxattr_flags: 0 };
    kernel.get<'SETXATTR'>({ op: 'SETXATTR', body, name: 'user.a', data: new Uint8Array([1, 0, 2]) });
    kernel.get<'SETXATTR'>({ op: 'SETXATTR', body, name: 'user.b', data: new Uint8Array(0) });
    kernel.get<'REMOVEXATTR'>({ op: 'REMOVEXATTR', name: 'user.a' });
    expect(setxattr.mock.calls).toEqual([
      [1, 'user.a', new Uint8Array([1, 0, 2]), 1, context],
      [1, 'user.b', new Uint8Array(0), 1, context],
    ]);
  });
});

describe('locks', () => {
  const lk = (changes: object = {}) => ({ start: 5, end: 9, type: 1, pid: 10, ...changes });
  const lock = <Op extends 'GETLK' | 'SETLK' | 'SETLKW'>(op: Op, changes: object = {}, lk_flags = 0) =>
    ({ op, body: { fh: 3, owner: 2n ** 60n, lk: lk(changes), lk_flags } }) as const;

  it('POSIX locks have both ends included, and 2^63 - 1 is no end', () => {
    const setlk = spy<'setlk'>(undefined);
    const kernel = FakeKernel.started(filesystem({ setlk }));
    kernel.call(lock('SETLK'));
    kernel.call(lock('SETLKW', { type: 2, end: BIG }));
    expect(setlk.mock.calls).toEqual([
      [1, 3, { type: 'write', start: 5, end: 9, pid: 10 }, 2n ** 60n, false, context],
      [1, 3, { type: 'unlock', start: 5, end: Number.POSITIVE_INFINITY, pid: 10 }, 2n ** 60n, true, context],
    ]);
    expect(kernel.error(lock('SETLK', { start: 2n ** 60n, end: BIG }))).toBe(errno.EOVERFLOW.errno);
    expect(kernel.error(lock('SETLK', { type: 3 }))).toBe(errno.EIO.errno);
  });

  it('the lock in the way comes back the same way', () => {
    const held: FileLock = { type: 'read', start: 0, end: Number.POSITIVE_INFINITY, pid: 99 };
    const kernel = FakeKernel.started(filesystem({ getlk: () => held }));
    expect(kernel.get<'GETLK'>(lock('GETLK')).body.lk).toEqual({ start: 0, end: BIG, type: 0, pid: 99 });
  });

  it('FUSE_LK_FLOCK is flock(2)', () => {
    const flock = spy<'flock'>(errno.EAGAIN);
    const kernel = FakeKernel.started(filesystem({ flock }));
    expect(kernel.error(lock('SETLK', { type: 0 }, 1))).toBe(errno.EAGAIN.errno);
    expect(flock.mock.calls).toEqual([[1, 3, 'read', 2n ** 60n, false, context]]);
  });
});

describe('whole filesystems', () => {
  it('statfs, syncfs, access and statx', () => {
    const statistics = { bsize: 4096, frsize: 512, blocks: 1, bfree: 2, bavail: 3, files: 4, ffree: 5, namelen: 255 };
    const statx = () => ({
      mask: 0xfff,
      attributes: attributes(1, { rdev: 0x12345678, size: 77 }),
      btime: { sec: -1, nsec: 2 },
      attributeFlags: 4,
      attributeMask: 2 ** 40,
    });
    const access = spy<'access'>(errno.EACCES);
    const kernel = FakeKernel.started(filesystem({ statfs: () => statistics, syncfs: () => undefined, access, statx }));
    expect(kernel.get<'STATFS'>({ op: 'STATFS' }).body.st).toEqual(statistics);
    expect(kernel.error({ op: 'SYNCFS', body: {} })).toBe(0);
    expect(kernel.error({ op: 'ACCESS', body: { mask: 4 } })).toBe(errno.EACCES.errno);
    expect(access.mock.calls).toEqual([[1, 4, context]]);
    const { stat } = kernel.get<'STATX'>({
      op: 'STATX',
      body: { getattr_flags: 0, fh: 0, sx_flags: 0, sx_mask: 1 },
    }).body;
    expect(stat).toMatchObject({ mask: 0xfff, size: 77, btime: { tv_sec: -1, tv_nsec: 2 }, attributes_mask: 2 ** 40 });
    // makedev(0x456, 0x12378) as glibc has it.
    expect([stat.rdev_major, stat.rdev_minor]).toEqual([0x456, 0x12378]);
  });
});
