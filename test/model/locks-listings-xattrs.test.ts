import { describe, expect, it } from 'vitest';
import type { Call, DirectoryEntry } from '../../src/vfs/index.ts';
import { at, Judge, stat } from './judge.ts';

const mkdir = (path: string): Call => ({ op: 'mkdir', path, mode: 0o755 });
const madeAt = (sec: number) => ({ atime: at(sec), mtime: at(sec), ctime: at(sec) });
const open = (path: string, flags: number, into: number): Call => ({ op: 'open', path, flags, mode: 0o644, into });

describe('a listing', () => {
  const getdents: Call = { op: 'getdents', fd: 3, size: 4096 };
  const entries = (...names: string[]): DirectoryEntry[] =>
    names.map((name, i) => ({ name, ino: 0, type: 4, offset: i + 1 }));
  const started = () => new Judge().given([mkdir('/a'), 0], [mkdir('/b'), 0], [open('/', 0o200000, 3), 3]);

  it('has each name once, in any order, in any pieces', () => {
    const judge = started().given([getdents, entries('b', '..')], [getdents, entries('.', 'a')]);
    expect(judge.says(getdents, [])).toBe('allowed');
  });

  it('must not leave out what is there throughout, nor repeat it, nor make names up', () => {
    expect(
      started()
        .given([getdents, entries('.', '..', 'b')])
        .says(getdents, []),
    ).toBe('entries lack a name');
    expect(started().says(getdents, entries('a', 'a'))).toBe('entries with a name twice');
    expect(started().says(getdents, entries('x'))).toBe('entries with a name that is not there');
  });

  it('may show or not what comes and goes meanwhile', () => {
    const judge = started().given([getdents, entries('.', '..')], [mkdir('/c'), 0], [{ op: 'rmdir', path: '/a' }, 0]);
    judge.given([getdents, entries('b', 'a')]);
    expect(judge.says(getdents, [])).toBe('allowed');
  });

  it('begins again at offset 0', () => {
    const judge = started().given([getdents, entries('.', '..', 'a', 'b')], [getdents, []]);
    judge.given([{ op: 'lseek', fd: 3, offset: 0, whence: 0 }, 0]);
    expect(judge.says(getdents, entries('a', 'b', '.', '..'))).toBe('allowed');
  });

  it('needs a buffer for one entry at least', () => {
    expect(started().says({ ...getdents, size: 8 }, 'EINVAL')).toBe('allowed');
    expect(started().says(getdents, 'EINVAL')).toBe('expected success, got EINVAL');
  });
});

describe('a listing and stat', () => {
  it("agree on the number of a directory's parent", () => {
    const judge = new Judge().given([mkdir('/a'), 0], [mkdir('/a/b'), 0], [open('/a/b', 0o200000, 3), 3]);
    judge.given([
      { op: 'lstat', path: '/a' },
      stat({ mode: 0o40755, nlink: 3, ino: 5, ...madeAt(1001), mtime: at(1002), ctime: at(1002) }),
    ]);
    const getdents: Call = { op: 'getdents', fd: 3, size: 4096 };
    expect(judge.says(getdents, [{ name: '..', ino: 6, type: 4, offset: 1 }])).toBe('ino changed');
  });
});

describe('the time of birth', () => {
  it('is that of the making, and stays', () => {
    const statx: Call = { op: 'statx', path: '/f', flags: 0, mask: 0xfff };
    const judge = new Judge().given([open('/f', 0o102, 3), 3], [{ op: 'chmod', path: '/f', mode: 0o600 }, 0]);
    const seen = { ...madeAt(1001), mode: 0o100600, ctime: at(1002) };
    expect(judge.says(statx, stat({ ...seen, btime: at(1002) }))).toBe('btime changed');
    expect(judge.says(statx, stat({ ...seen, btime: at(1001) }))).toBe('allowed');
  });
});

describe('byte-range locks', () => {
  const set = (type: 'read' | 'write' | 'unlock', start: number, size: number, fd = 3): Call => ({
    op: 'setlk',
    fd,
    type,
    whence: 0,
    start,
    size,
    wait: false,
  });
  const get: Call = { op: 'getlk', fd: 3, type: 'write', whence: 0, start: 0, size: 0 };
  const two = () => {
    const judge = new Judge().user(2, 0).given([open('/f', 0o102, 3), 3]);
    judge.by(2, open('/f', 2, 3), 3);
    judge.by(2, open('/f', 2, 4), 4);
    return judge;
  };

  it('stay when a descriptor is duplicated onto itself', () => {
    for (const dup of [{ op: 'dup', fd: 3, into: 3 } as const, { op: 'dup2', fd: 3, newFd: 3 } as const]) {
      const judge = two().given([set('write', 0, 1), 0], [dup, 3]);
      expect(judge.by(2, set('write', 0, 1), 'EAGAIN')).toBe('allowed');
    }
  });

  it('of two processes conflict where they overlap and one writes', () => {
    const judge = two().given([set('write', 0, 10), 0]);
    expect(judge.by(2, set('read', 9, 1), 'EAGAIN')).toBe('allowed');
    expect(judge.by(2, set('read', 10, 1), 0)).toBe('allowed');
    expect(judge.by(2, set('write', 9, 1), 0)).toBe('expected EAGAIN or EACCES, got success');
  });

  it('are merged and split, and told by F_GETLK', () => {
    const judge = two().given([set('write', 0, 5), 0], [set('write', 5, 5), 0], [set('unlock', 2, 1), 0]);
    expect(judge.by(2, get, { type: 'write', start: 0, length: 2, pid: 1 })).toBe('allowed');
    expect(judge.by(2, get, { type: 'write', start: 3, length: 7, pid: 1 })).toBe('allowed');
    expect(judge.by(2, get, { type: 'write', start: 0, length: 10, pid: 1 })).toBe('lock wrong');
  });

  it('go when the process closes any descriptor of the file', () => {
    const judge = two();
    judge.by(2, set('write', 0, 1), 0);
    expect(judge.says(set('write', 0, 1), 'EAGAIN')).toBe('allowed');
    judge.by(2, { op: 'close', fd: 4 }, 0);
    expect(judge.says(set('write', 0, 1), 'EAGAIN')).toBe('expected success, got EAGAIN');
  });
});

describe('flock', () => {
  const lock = (operation: number, fd: number): Call => ({ op: 'flock', fd, operation: operation | 4 });

  it('belongs to the open file, and conversion loses the lock where it fails', () => {
    const judge = new Judge().given([open('/f', 0o102, 3), 3], [open('/f', 2, 4), 4]);
    judge.given([lock(1, 3), 0], [lock(1, 4), 0]);
    expect(judge.says(lock(2, 4), 'EAGAIN')).toBe('allowed');
    expect(judge.says(lock(2, 3), 0)).toBe('allowed');
    expect(judge.says(lock(1, 4), 'EAGAIN')).toBe('allowed');
  });
});

describe('extended attributes', () => {
  const set = (name: string, flags = 0): Call => ({
    op: 'setxattr',
    path: '/d',
    name,
    value: { seed: 0, length: 3 },
    flags,
  });
  const judge = () => new Judge().given([mkdir('/d'), 0], [set('user.a'), 0]);

  it.each([
    [set('user.a', 1), 'EEXIST'],
    [set('user.b', 2), 'ENODATA'],
    [set('user.b', 4), 'EINVAL'],
    [set('', 0), 'ERANGE'],
    [set('nonsense'), 'EOPNOTSUPP'],
    [set('user.'), 'EINVAL'],
    [{ op: 'getxattr', path: '/d', name: 'user.b', size: 0 }, 'ENODATA'],
    [{ op: 'getxattr', path: '/d', name: 'user.a', size: 2 }, 'ERANGE'],
    [{ op: 'getxattr', path: '/d', name: 'user.a', size: 0 }, 3],
    [{ op: 'listxattr', path: '/d', size: 0 }, 7],
    [{ op: 'listxattr', path: '/d', size: 100 }, ['user.a']],
    [{ op: 'removexattr', path: '/d', name: 'user.b' }, 'ENODATA'],
  ] as const)('%j gives %s', (call, result) => {
    expect(judge().says(call as Call, result as never)).toBe('allowed');
  });
});
