import { describe, expect, test } from 'vitest';
import {
  O_APPEND,
  O_CREAT,
  O_PATH,
  O_RDWR,
  O_WRONLY,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
} from '../../../src/vfs/index.ts';
import { contentOf, traced } from './trace.ts';

function withFile(options = {}) {
  const sim = traced(options);
  sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o644 });
  sim.call({ op: 'write', fd: 3, data: Buffer.from('hello world') });
  return sim;
}

describe('descriptors', () => {
  test('the lowest free number is taken, or the one that is asked for', () => {
    const sim = withFile();
    expect(sim.call({ op: 'dup', fd: 3 })).toBe(4);
    expect(sim.call({ op: 'close', fd: 3 })).toBe(0);
    expect(sim.call({ op: 'open', path: '/f', flags: 0, mode: 0, into: 9 })).toBe(9);
    expect(sim.call({ op: 'dup', fd: 9 })).toBe(3);
    expect(sim.call({ op: 'dup2', fd: 9, newFd: 4 })).toBe(4);
    expect(sim.call({ op: 'dup2', fd: 77, newFd: 4 })).toBe('EBADF');
    expect(sim.call({ op: 'close', fd: 77 })).toBe('EBADF');
  });

  test('a position is shared by duplicates and over a fork, and a closed file is no matter to the other process', () => {
    const sim = withFile();
    sim.call({ op: 'lseek', fd: 3, offset: 0, whence: SEEK_SET });
    sim.call({ op: 'dup', fd: 3 });
    expect(sim.call({ op: 'fork', child: 2 })).toBe(2);
    expect(sim.call({ op: 'read', fd: 3, size: 2 })).toBe('he');
    expect(sim.call({ op: 'read', fd: 4, size: 2 })).toBe('ll');
    expect(sim.call({ op: 'read', fd: 3, size: 2 }, 2)).toBe('o ');
    expect(sim.call({ op: 'exit', status: 0 }, 2)).toBe(0);
    expect(sim.call({ op: 'read', fd: 3, size: 99 })).toBe('world');
    expect(sim.call({ op: 'read', fd: 3, size: 9 }, 2)).toBe('ESRCH');
  });

  test('O_PATH is good for names only', () => {
    const sim = withFile();
    sim.call({ op: 'open', path: '/f', flags: O_PATH, mode: 0 });
    expect(sim.call({ op: 'read', fd: 4, size: 1 })).toBe('EBADF');
    expect(sim.call({ op: 'fchmod', fd: 4, mode: 0 })).toBe('EBADF');
    expect(sim.call({ op: 'fstat', fd: 4 })).toMatchObject({ size: 11 });
  });
});

describe('reading and writing', () => {
  test('what may not be read or written says so', () => {
    const sim = withFile();
    sim.call({ op: 'open', path: '/f', flags: O_WRONLY, mode: 0 });
    sim.call({ op: 'open', path: '/', flags: 0, mode: 0 });
    expect(sim.call({ op: 'read', fd: 4, size: 1 })).toBe('EBADF');
    expect(sim.call({ op: 'read', fd: 5, size: 1 })).toBe('EISDIR');
    expect(sim.call({ op: 'write', fd: 5, data: Buffer.from('x') })).toBe('EBADF');
    expect(sim.call({ op: 'pread', fd: 3, size: 1, offset: -1 })).toBe('EINVAL');
    expect(sim.call({ op: 'pwrite', fd: 77, data: Buffer.from('x'), offset: -1 })).toBe('EINVAL');
    expect(sim.call({ op: 'pwrite', fd: 3, data: Buffer.from('x'), offset: 2 ** 63 })).toBe('EFBIG');
    expect(sim.call({ op: 'read', fd: 3, size: 0 })).toBe('');
  });

  test('large transfers go in pieces of max_read and max_write', () => {
    const sim = withFile({ mount: { maxRead: 4096, maxWrite: 8192, directIo: true } });
    const data = { seed: 7, length: 10_000 };
    expect(sim.traced({ op: 'pwrite', fd: 3, data, offset: 0 }).filter((name) => name === 'WRITE')).toHaveLength(2);
    expect(sim.traced({ op: 'pread', fd: 3, size: 20_000, offset: 0 })).toEqual(['READ', 'READ', 'READ']);
    expect(String(contentOf(sim, '/f'))).toHaveLength(10_000);
  });

  test('O_APPEND writes at the end, pwrite too, and the position follows', () => {
    const sim = withFile();
    sim.call({ op: 'open', path: '/f', flags: O_RDWR | O_APPEND, mode: 0 });
    sim.call({ op: 'pwrite', fd: 4, data: Buffer.from('!'), offset: 0 });
    sim.call({ op: 'write', fd: 4, data: Buffer.from('?') });
    expect(contentOf(sim, '/f')).toBe('hello world!?');
    expect(sim.call({ op: 'lseek', fd: 4, offset: 0, whence: SEEK_CUR })).toBe(13);
  });

  test('vectors are one transfer', () => {
    const sim = withFile();
    expect(sim.call({ op: 'writev', fd: 3, datas: [Buffer.from('a'), Buffer.from('bc')] })).toBe(3);
    sim.call({ op: 'lseek', fd: 3, offset: 9, whence: SEEK_SET });
    expect(sim.call({ op: 'readv', fd: 3, sizes: [1, 2, 100] })).toBe('ldabc');
    expect(sim.call({ op: 'readv', fd: 3, sizes: [-1] })).toBe('EINVAL');
  });

  test('lseek: ends, data and holes', () => {
    const sim = withFile();
    sim.call({ op: 'ftruncate', fd: 3, size: 1 << 20 });
    expect(sim.call({ op: 'lseek', fd: 3, offset: -5, whence: SEEK_END })).toBe((1 << 20) - 5);
    expect(sim.call({ op: 'lseek', fd: 3, offset: -1, whence: SEEK_SET })).toBe('EINVAL');
    expect(sim.call({ op: 'lseek', fd: 3, offset: 0, whence: 9 })).toBe('EINVAL');
    expect(sim.call({ op: 'lseek', fd: 3, offset: 0, whence: SEEK_HOLE })).toBe(4096);
    expect(sim.call({ op: 'lseek', fd: 3, offset: 0, whence: SEEK_DATA })).toBe(0);
    expect(sim.call({ op: 'lseek', fd: 3, offset: 1 << 20, whence: SEEK_DATA })).toBe('ENXIO');
  });

  test('truncate, fallocate and copy_file_range', () => {
    const sim = withFile();
    expect(sim.call({ op: 'truncate', path: '/f', size: 5 })).toBe(0);
    expect(sim.call({ op: 'truncate', path: '/', size: 5 })).toBe('EISDIR');
    expect(sim.call({ op: 'truncate', path: '/f', size: -5 })).toBe('EINVAL');
    expect(sim.call({ op: 'fallocate', fd: 3, mode: 0, offset: 0, size: 8 })).toBe(0);
    expect(sim.call({ op: 'fallocate', fd: 3, mode: 2, offset: 0, size: 8 })).toBe('EOPNOTSUPP');
    sim.call({ op: 'open', path: '/g', flags: O_CREAT | O_RDWR, mode: 0o644 });
    expect(sim.call({ op: 'copy_file_range', fd: 3, fdOut: 4, size: 100, offset: 1 })).toBe(7);
    expect(contentOf(sim, '/g')).toBe('ello\0\0\0');
    expect(sim.call({ op: 'copy_file_range', fd: 3, fdOut: 3, size: 4, offset: 0, offsetOut: 2 })).toBe('EINVAL');
  });
});

test('getdents: a small buffer, positions, and too small a buffer', () => {
  const sim = traced();
  for (const name of ['a', 'b', 'c']) sim.call({ op: 'mknod', path: `/${name}`, mode: 0o644, rdev: 0 });
  sim.call({ op: 'open', path: '/', flags: 0, mode: 0 });
  const names: string[] = [];
  const offsets: number[] = [];
  for (;;) {
    const entries = sim.call({ op: 'getdents', fd: 3, size: 48 }) as { name: string; offset: number }[];
    if (entries.length === 0) break;
    expect(entries).toHaveLength(2);
    names.push(...entries.map(({ name }) => name));
    offsets.push(...entries.map(({ offset }) => offset));
    if (names.length > 5) break;
    if (names.length === 4) {
      expect(sim.call({ op: 'getdents', fd: 3, size: 20 })).toBe('EINVAL');
      sim.call({ op: 'mknod', path: '/d', mode: 0o644, rdev: 0 });
    }
  }
  expect(names.sort()).toEqual(['.', '..', 'a', 'b', 'c', 'd']);
  sim.call({ op: 'lseek', fd: 3, offset: offsets[1], whence: SEEK_SET });
  expect(sim.call({ op: 'getdents', fd: 3, size: 4096 })).toHaveLength(4);
  expect(sim.call({ op: 'getdents', fd: 99, size: 4096 })).toBe('EBADF');
});
