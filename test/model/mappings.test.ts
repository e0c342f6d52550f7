import { describe, expect, it } from 'vitest';
import type { ModelOptions } from '../../src/model/index.ts';
import type { Call } from '../../src/vfs/index.ts';
import {
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  MS_SYNC,
  O_CREAT,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  S_IFIFO,
} from '../../src/vfs/index.ts';
import { at, Judge, stat } from './judge.ts';

const text = (data: string) => new TextEncoder().encode(data);
const READ_WRITE = PROT_READ | PROT_WRITE;
const open = (flags: number, into: number, path = '/f'): Call => ({ op: 'open', path, flags, mode: 0o644, into });
const map = (flags: number, more: Partial<Extract<Call, { op: 'mmap' }>> = {}): Call => ({
  op: 'mmap',
  fd: 3,
  offset: 0,
  size: 8192,
  protection: READ_WRITE,
  flags,
  into: 0,
  ...more,
});
const load = (offset: number, size: number, number = 0): Call => ({ op: 'load', map: number, offset, size });
const store = (offset: number, data: string, number = 0): Call => ({
  op: 'store',
  map: number,
  offset,
  data: text(data),
});
const truncate = (size: number): Call => ({ op: 'ftruncate', fd: 3, size });
const pread = (offset: number, size: number): Call => ({ op: 'pread', fd: 3, offset, size });
const pwrite = (offset: number, data: string): Call => ({ op: 'pwrite', fd: 3, offset, data: text(data) });

/** `/f` with "hello", open for reading and writing at 3, and mapped as 0. */
const mapped = (flags: number, options?: ModelOptions): Judge =>
  new Judge(options).given([open(O_RDWR | O_CREAT, 3), 3], [pwrite(0, 'hello'), 5], [map(flags), 0]);

describe('mmap', () => {
  it.each([
    [map(MAP_SHARED, { offset: 100, fd: 9 }), 'EINVAL'],
    [map(MAP_SHARED, { fd: 9, size: 0 }), 'EBADF'],
    [map(MAP_SHARED, { fd: 5 }), 'EBADF'],
    [map(0, { size: 0 }), 'EINVAL'],
    [map(0, { size: 2 ** 52 }), 'ENOMEM'],
    [map(0, { offset: -4096 }), 'EOVERFLOW'],
    [map(0), 'EINVAL'],
    [map(MAP_SHARED, { fd: 6 }), 'EACCES'],
    [map(MAP_PRIVATE, { fd: 7 }), 'EACCES'],
    [map(MAP_PRIVATE, { fd: 4 }), 'ENODEV'],
    [map(MAP_SHARED, { fd: 4 }), 'EACCES'],
    [map(MAP_PRIVATE, { fd: 8 }), 'ENODEV'],
    [map(MAP_PRIVATE, { fd: 6 }), 0],
    [map(MAP_SHARED | MAP_PRIVATE), 0],
  ] as const)('%j gives %s', (call, result) => {
    const judge = mapped(MAP_SHARED).given(
      [open(O_RDONLY, 4, '/'), 4],
      [open(O_PATH, 5), 5],
      [open(O_RDONLY, 6), 6],
      [open(O_WRONLY, 7), 7],
      [{ op: 'mknod', path: '/p', mode: S_IFIFO | 0o644, rdev: 0 }, 0],
      [open(O_RDONLY, 8, '/p'), 8],
    );
    expect(judge.says(call, 'ESTALE')).toMatch(/^expected /);
    expect(judge.says(call, result)).toBe('allowed');
  });

  it('takes the lowest free number, or the place of another mapping', () => {
    const judge = mapped(MAP_SHARED);
    expect(judge.says(map(MAP_SHARED, { into: undefined }), 2)).toBe('mapping wrong');
    expect(judge.says(map(MAP_SHARED, { into: undefined }), 1)).toBe('allowed');
    judge.given([map(MAP_SHARED, { into: 0, protection: PROT_NONE }), 0]);
    expect(judge.says(load(0, 1), 'EFAULT')).toBe('allowed');
    judge.given([{ op: 'munmap', map: 0 }, 0]);
    expect(judge.says({ op: 'munmap', map: 0 }, 0)).toBe('expected EINVAL, got success');
  });

  it('may be refused for shared mappings alone', () => {
    const judge = new Judge({ sharedMappings: 'refused' }).given([open(O_RDWR | O_CREAT, 3), 3]);
    expect(judge.says(map(MAP_SHARED), 0)).toBe('expected ENODEV, got success');
    expect(judge.says(map(MAP_SHARED), 'ENODEV')).toBe('allowed');
    expect(judge.says(map(MAP_PRIVATE), 0)).toBe('allowed');
  });
});

describe('loads and stores', () => {
  it('end where the page with the last byte of the file does', () => {
    const judge = mapped(MAP_SHARED);
    const page = new Uint8Array(4096);
    page.set(text('hello'));
    expect(judge.says(load(0, 8192), new Uint8Array(8192))).toBe('length too long');
    expect(judge.says(load(0, 8192), page)).toBe('allowed');
    expect(judge.says(load(4096, 1), 'EFAULT')).toBe('allowed');
    expect(judge.says(load(-1, 1), 'EFAULT')).toBe('allowed');
    expect(judge.says(store(4095, 'ab'), 2)).toBe('count wrong');
    expect(judge.says(store(4096, 'a'), 'EFAULT')).toBe('allowed');
    judge.given([truncate(0), 0]);
    expect(judge.says(load(0, 1), text('h'))).toBe('expected EFAULT, got success');
  });

  it('need the protection for it', () => {
    const judge = mapped(MAP_SHARED).given(
      [map(MAP_SHARED, { into: 1, protection: PROT_READ }), 1],
      [map(MAP_SHARED, { into: 2, protection: PROT_WRITE }), 2],
    );
    expect(judge.says(store(0, 'a', 1), 1)).toBe('expected EFAULT, got success');
    expect(judge.says(load(0, 1, 2), text('h'))).toBe('allowed');
  });

  it('of a shared mapping are the file', () => {
    const judge = mapped(MAP_SHARED).given([store(1, 'a'), 1]);
    expect(judge.says(pread(0, 9), text('hello'))).toBe('data wrong');
    expect(judge.says(pread(0, 9), text('hallo'))).toBe('allowed');
    judge.given([pwrite(4, 'o!'), 2]);
    expect(judge.says(load(0, 6), text('hallo!'))).toBe('allowed');
  });

  it('behind the end of the file are not in it, and open once it grows over them', () => {
    const judge = mapped(MAP_SHARED);
    expect(judge.says(load(4, 3), text('ox\0'))).toBe('data in a hole wrong');
    judge.given([store(6, 'x'), 1]);
    expect(judge.says(load(4, 4), text('o\0x\0'))).toBe('allowed');
    expect(judge.says(load(4, 4), text('o\0\0\0'))).toBe('allowed');
    expect(judge.says(pread(0, 9), text('hello'))).toBe('allowed');
    judge.given([truncate(8), 0]);
    expect(judge.says(pread(5, 9), text('\0x\0'))).toBe('allowed');
    expect(judge.says(pread(5, 9), text('\0\0\0'))).toBe('allowed');
    expect(judge.says(pread(5, 9), text('x\0\0'))).toBe('data in a hole wrong');
    judge.given([truncate(6), 0], [truncate(8), 0]);
    expect(judge.says(pread(5, 9), text('\0x\0'))).toBe('data in a hole wrong');
  });

  it('of a private mapping stay its own', () => {
    const judge = mapped(MAP_PRIVATE).given([store(1, 'a'), 1]);
    expect(judge.says(pread(0, 9), text('hello'))).toBe('allowed');
    expect(judge.says(load(0, 5), text('hello'))).toBe('data wrong');
    judge.given([pwrite(0, 'jello'), 5]);
    expect(judge.says(load(0, 5), text('hallo'))).toBe('allowed');
    expect(judge.says(load(0, 5), text('jallo'))).toBe('data wrong');
  });

  it('of a private mapping leave open whether it shows later changes of the file', () => {
    const judge = mapped(MAP_PRIVATE).given([pwrite(0, 'j'), 1]);
    expect(judge.says(load(0, 5), text('hello'))).toBe('allowed');
    expect(judge.says(load(0, 5), text('jello'))).toBe('allowed');
    expect(judge.says(load(0, 5), text('jelly'))).toBe('data wrong');
  });

  it('are inherited: what is shared is, what is private is a copy', () => {
    const judge = mapped(MAP_SHARED)
      .given([map(MAP_PRIVATE, { into: 1 }), 1], [store(0, 'j', 1), 1])
      .given([{ op: 'fork', child: 2 }, 2], [store(0, 'c', 1), 1], [store(1, 'a'), 1]);
    expect(judge.by(2, load(0, 5), text('hallo'))).toBe('allowed');
    expect(judge.by(2, load(0, 5), text('hello'))).toBe('data wrong');
    expect(judge.by(2, load(0, 2, 1), text('je'))).toBe('allowed');
    expect(judge.by(2, load(0, 2, 1), text('ce'))).toBe('data wrong');
  });
});

describe('a mapping', () => {
  it('keeps the file and its flock', () => {
    const judge = mapped(MAP_SHARED)
      .given([{ op: 'flock', fd: 3, operation: 6 }, 0], [open(O_RDWR, 4), 4])
      .given([{ op: 'unlink', path: '/f' }, 0], [{ op: 'close', fd: 3 }, 0]);
    expect(judge.says(load(0, 5), text('hello'))).toBe('allowed');
    expect(judge.says({ op: 'flock', fd: 4, operation: 6 }, 0)).toBe('expected EAGAIN, got success');
    judge.given([{ op: 'munmap', map: 0 }, 0]);
    expect(judge.says({ op: 'flock', fd: 4, operation: 6 }, 0)).toBe('allowed');
  });

  it('moves the times with a store, or when it is written back, or not', () => {
    const judge = mapped(MAP_SHARED);
    const written = judge.second - 1;
    judge.given([store(0, 'j'), 1]);
    const shown = (sec: number) => stat({ size: 5, mtime: at(sec), ctime: at(sec) });
    expect(judge.says({ op: 'fstat', fd: 3 }, shown(written))).toBe('allowed');
    expect(judge.says({ op: 'fstat', fd: 3 }, shown(judge.second + 1))).toBe('allowed');
    const seen = judge.second;
    judge.given([{ op: 'msync', map: 0, offset: 0, size: 8192, flags: MS_SYNC }, 0]);
    expect(judge.says({ op: 'fstat', fd: 3 }, shown(seen))).toBe('allowed');
    expect(judge.says({ op: 'fstat', fd: 3 }, shown(judge.second))).toBe('mtime changed');
  });

  it('of a process that was killed may be written back after kill(2), that of one that exits may not', () => {
    const look = (last: Call): string => {
      const judge = mapped(MAP_SHARED);
      judge.given([store(0, 'j'), 1]).user(2, 0);
      judge.by(last.op === 'kill' ? 2 : 1, last, 0);
      return judge.by(
        2,
        { op: 'stat', path: '/f' },
        stat({ size: 5, mtime: at(judge.second + 1), ctime: at(judge.second + 1) }),
      );
    };
    expect(look({ op: 'kill', pid: 1, signal: 9 })).toBe('allowed');
    expect(look({ op: 'exit', status: 0 })).toBe('mtime changed');
  });
});

describe('msync', () => {
  const sync = (offset: number, size: number, flags: number): Call => ({ op: 'msync', map: 0, offset, size, flags });
  it.each([
    [sync(0, 8192, MS_SYNC), 0],
    [sync(4096, 1, MS_ASYNC), 0],
    [sync(16384, 0, MS_SYNC), 0],
    [sync(1, 1, MS_SYNC), 'EINVAL'],
    [sync(0, 1, MS_SYNC | MS_ASYNC), 'EINVAL'],
    [sync(0, 1, 8), 'EINVAL'],
    [sync(0, 8193, MS_SYNC), 'ENOMEM'],
    [sync(-4096, 1, MS_SYNC), 'ENOMEM'],
    [{ ...sync(0, 1, MS_SYNC), map: 7 } as Call, 'ENOMEM'],
  ] as const)('%j gives %s', (call, result) => {
    const judge = mapped(MAP_SHARED);
    expect(judge.says(call, 'ESTALE')).toMatch(/^expected /);
    expect(judge.says(call, result)).toBe('allowed');
  });
});

describe('advice and caches', () => {
  const advise = (fd: number, size: number, advice: number): Call => ({
    op: 'posix_fadvise',
    fd,
    offset: 0,
    size,
    advice,
  });
  const drop = (caches: number): Call => ({ op: 'drop_caches', caches });
  it.each([
    [advise(3, 0, 5), 0],
    [advise(3, 0, 6), 'EINVAL'],
    [advise(3, -1, 0), 'EINVAL'],
    [advise(9, -1, 0), 'EBADF'],
    [advise(4, -1, 9), 'ESPIPE'],
    [drop(3), 0],
    [drop(0), 'EINVAL'],
  ] as const)('%j gives %s', (call, result) => {
    const judge = mapped(MAP_SHARED).given(
      [{ op: 'mknod', path: '/p', mode: S_IFIFO | 0o644, rdev: 0 }, 0],
      [open(O_RDONLY, 4, '/p'), 4],
    );
    expect(judge.says(call, 'ESTALE')).toMatch(/^expected /);
    expect(judge.says(call, result)).toBe('allowed');
  });

  it('are dropped by root alone', () => {
    expect(new Judge().user(2, 1000).by(2, drop(1), 0)).toBe('expected EACCES, got success');
  });
});
