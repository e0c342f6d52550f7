import { describe, expect, it } from 'vitest';
import { type Call, dataBytes } from '../../src/vfs/index.ts';
import { Judge, stat } from './judge.ts';

const bytes = (text: string) => new TextEncoder().encode(text);
const open = (flags: number, into = 3): Call => ({ op: 'open', path: '/f', flags, mode: 0o644, into });
const write = (text: string, fd = 3): Call => ({ op: 'write', fd, data: bytes(text) });
const pread = (offset: number, size: number): Call => ({ op: 'pread', fd: 3, size, offset });
const file = () => new Judge().given([open(0o102), 3]);

describe('data', () => {
  it('is what was written, with zeros in holes', () => {
    const judge = file().given([write('hello'), 5], [{ op: 'pwrite', fd: 3, data: bytes('x'), offset: 8 }, 1]);
    expect(judge.says(pread(3, 10), bytes('lo\0\0\0x'))).toBe('allowed');
    expect(judge.says(pread(3, 10), bytes('lo\0\0\0y'))).toBe('data wrong');
    expect(judge.says(pread(3, 10), bytes('lo\0!\0x'))).toBe('data in a hole wrong');
    expect(judge.says(pread(3, 10), bytes('lo'))).toBe('length too short');
  });

  it('cut off by truncate does not come back', () => {
    const judge = file().given(
      [write('hello'), 5],
      [{ op: 'ftruncate', fd: 3, size: 2 }, 0],
      [{ op: 'ftruncate', fd: 3, size: 5 }, 0],
    );
    expect(judge.says(pread(0, 9), bytes('he\0\0\0'))).toBe('allowed');
    expect(judge.says(pread(0, 9), bytes('hello'))).toBe('data in a hole wrong');
  });

  it('with O_APPEND goes to the end, wherever the offset stands', () => {
    const judge = file().given([write('ab'), 2], [open(0o2001, 4), 4]);
    judge.given([{ op: 'pwrite', fd: 4, data: bytes('c'), offset: 0 }, 1]);
    expect(judge.says(pread(0, 9), bytes('abc'))).toBe('allowed');
  });

  it('is copied by copy_file_range, overlaps are refused', () => {
    const copy = (offset: number, offsetOut: number, size: number): Call => ({
      op: 'copy_file_range',
      fd: 3,
      fdOut: 3,
      size,
      offset,
      offsetOut,
    });
    const judge = file().given([write('abcd'), 4], [copy(0, 4, 4), 4]);
    expect(judge.says(pread(0, 9), bytes('abcdabcd'))).toBe('allowed');
    expect(judge.says(copy(0, 2, 4), 'EINVAL')).toBe('allowed');
    expect(judge.says(copy(8, 0, 4), 0)).toBe('allowed');
  });

  it('may be read by the filesystem itself, where it is said that it does', () => {
    const judge = new Judge({ ignore: new Set(['access-times']) }).given([open(0o102), 3], [write('abcd'), 4]);
    const fields = { size: 4, mtime: { sec: 1002, nsec: 0 }, ctime: { sec: 1002, nsec: 0 } };
    const shown = (sec: number) => judge.says({ op: 'fstat', fd: 3 }, stat({ ...fields, atime: { sec, nsec: 0 } }));
    expect([shown(1001), shown(1002), shown(1005)]).toEqual(['allowed', 'allowed', 'allowed']);
    expect(shown(900)).toBe('atime not updated');
  });

  it('is read by a copy that is refused for its size: the time of access is open', () => {
    const judge = new Judge({ fileSizeLimit: 100 }).given([open(0o102), 3], [write('abcd'), 4]);
    const fields = { size: 4, mtime: { sec: 1002, nsec: 0 }, ctime: { sec: 1002, nsec: 0 } };
    judge.given(
      [{ op: 'copy_file_range', fd: 3, fdOut: 3, size: 4, offset: 0, offsetOut: 1000 }, 'EFBIG'],
      [{ op: 'fstat', fd: 3 }, stat({ ...fields, atime: { sec: 1003, nsec: 0 } })],
    );
    expect(judge.says({ op: 'fstat', fd: 3 }, stat({ ...fields, atime: { sec: 1005, nsec: 0 } }))).toMatch(/atime/);
  });

  it('of a pattern is the bytes of the pattern', () => {
    const data = { seed: 5, length: 5000 };
    const judge = file().given([{ op: 'write', fd: 3, data }, 5000]);
    expect(judge.says(pread(0, 9000), dataBytes(data))).toBe('allowed');
  });
});

describe('offsets', () => {
  it('move with read and write, not with pread and pwrite, and are shared by dup and fork', () => {
    const judge = file().given(
      [write('abc'), 3],
      [{ op: 'dup', fd: 3, into: 4 }, 4],
      [{ op: 'fork', child: 2 }, 2],
      [{ op: 'pwrite', fd: 3, data: bytes('z'), offset: 9 }, 1],
      [pread(0, 2), bytes('ab')],
    );
    judge.given([{ op: 'lseek', fd: 4, offset: 0, whence: 1 }, 3]);
    expect(judge.by(2, { op: 'lseek', fd: 3, offset: 1, whence: 0 }, 1)).toBe('allowed');
    expect(judge.says({ op: 'read', fd: 4, size: 1 }, bytes('b'))).toBe('allowed');
  });

  it('of holes may be rough, but data is never called a hole', () => {
    const seek = (offset: number, whence: number): Call => ({ op: 'lseek', fd: 3, offset, whence });
    const judge = file().given([{ op: 'pwrite', fd: 3, data: bytes('x'), offset: 8192 }, 1]);
    expect(judge.says(seek(0, 3), 8192)).toBe('allowed');
    expect(judge.says(seek(0, 3), 4096)).toBe('allowed');
    expect(judge.says(seek(0, 3), 'ENXIO')).toBe('expected success, got ENXIO');
    expect(judge.says(seek(0, 4), 0)).toBe('allowed');
    expect(judge.says(seek(8192, 4), 8193)).toBe('allowed');
    expect(judge.says(seek(8192, 4), 8192)).toBe('offset of a hole in data');
    expect(judge.says(seek(8193, 4), 'ENXIO')).toBe('allowed');
  });
});

describe('errors', () => {
  it.each([
    [{ op: 'read', fd: 4, size: 1 }, 'EBADF'],
    [{ op: 'read', fd: 9, size: 1 }, 'EBADF'],
    [{ op: 'pread', fd: 9, size: 1, offset: -1 }, 'EINVAL'],
    [{ op: 'write', fd: 5, data: bytes('x') }, 'EBADF'],
    [{ op: 'read', fd: 5, size: 1 }, 'EISDIR'],
    [{ op: 'ftruncate', fd: 5, size: 0 }, 'EINVAL'],
    [{ op: 'ftruncate', fd: 3, size: -1 }, 'EINVAL'],
    [{ op: 'truncate', path: '/', size: 0 }, 'EISDIR'],
    [{ op: 'truncate', path: '/no', size: -1 }, 'EINVAL'],
    [{ op: 'lseek', fd: 3, offset: -1, whence: 0 }, 'EINVAL'],
    [{ op: 'lseek', fd: 3, offset: 0, whence: 9 }, 'EINVAL'],
    [{ op: 'fallocate', fd: 3, mode: 2, offset: 0, size: 1 }, 'EOPNOTSUPP'],
    [{ op: 'fallocate', fd: 3, mode: 0, offset: 0, size: 0 }, 'EINVAL'],
    [{ op: 'getdents', fd: 3, size: 100 }, 'ENOTDIR'],
    [{ op: 'fchdir', fd: 3 }, 'ENOTDIR'],
    [{ op: 'dup2', fd: 9, newFd: 3 }, 'EBADF'],
    [{ op: 'open', path: '/', flags: 2, mode: 0 }, 'EISDIR'],
    [{ op: 'open', path: '/f/', flags: 0, mode: 0 }, 'ENOTDIR'],
    [{ op: 'open', path: '/f', flags: 0o200000, mode: 0 }, 'ENOTDIR'],
    [{ op: 'open', path: '/f', flags: 0o200100, mode: 0 }, 'EINVAL'],
  ] as const)('%j gives %s', (call, result) => {
    const judge = file().given([open(0o1, 4), 4], [{ op: 'open', path: '/', flags: 0, mode: 0, into: 5 }, 5]);
    expect(judge.says(call, result)).toBe('allowed');
  });
});

describe('sizes and times', () => {
  it('follow writes', () => {
    const judge = file().given([write('abc'), 3]);
    const time = { sec: judge.second, nsec: 0 };
    const created = { sec: 1001, nsec: 0 };
    const right = stat({ size: 3, mtime: time, ctime: time, atime: created });
    expect(judge.says({ op: 'fstat', fd: 3 }, right)).toBe('allowed');
    expect(judge.says({ op: 'fstat', fd: 3 }, { ...right, size: 2 })).toBe('size wrong');
    expect(judge.says({ op: 'fstat', fd: 3 }, { ...right, mtime: created })).toBe('mtime not updated');
    const later = { sec: judge.second, nsec: 0 };
    expect(judge.says({ op: 'fstat', fd: 3 }, { ...right, ctime: later })).toBe('ctime changed');
  });

  it('set by utimensat are kept exactly', () => {
    const judge = file().given([
      { op: 'utimensat', path: '/f', atime: { sec: 5, nsec: 6 }, mtime: { sec: -7, nsec: 8 }, flags: 0 },
      0,
    ]);
    const shown = stat({
      atime: { sec: 5, nsec: 6 },
      mtime: { sec: -7, nsec: 8 },
      ctime: { sec: judge.second, nsec: 0 },
    });
    expect(judge.says({ op: 'lstat', path: '/f' }, shown)).toBe('allowed');
    expect(judge.says({ op: 'lstat', path: '/f' }, { ...shown, atime: { sec: 5, nsec: 0 } })).toBe('atime not updated');
  });

  it('of one inode have one number, of two files never the same', () => {
    const judge = file().given([{ op: 'creat', path: '/g', mode: 0o644 }, 4]);
    expect(judge.says({ op: 'lstat', path: '/f' }, stat({ ino: 5 }))).toBe('allowed');
    expect(judge.says({ op: 'fstat', fd: 3 }, stat({ ino: 6 }))).toBe('ino changed');
    const other = stat({
      ino: 5,
      atime: { sec: 1002, nsec: 0 },
      mtime: { sec: 1002, nsec: 0 },
      ctime: { sec: 1002, nsec: 0 },
    });
    expect(judge.says({ op: 'lstat', path: '/g' }, other)).toBe('ino shared by two files');
  });
});
