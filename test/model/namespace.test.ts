import { describe, expect, it } from 'vitest';
import { AT_EMPTY_PATH, type Call, O_TMPFILE, O_WRONLY } from '../../src/vfs/index.ts';
import { Judge } from './judge.ts';

const mkdir = (path: string, mode = 0o755): Call => ({ op: 'mkdir', path, mode });
const creat = (path: string, into = 3): Call => ({ op: 'creat', path, mode: 0o644, into });
const rename = (path: string, newPath: string, flags = 0): Call => ({ op: 'rename', path, newPath, flags });
const symlink = (target: string, path: string): Call => ({ op: 'symlink', target, path });
const lstat = (path: string): Call => ({ op: 'lstat', path });

const tree = () =>
  new Judge().given(
    [mkdir('/d'), 0],
    [mkdir('/d/e'), 0],
    [mkdir('/empty'), 0],
    [creat('/f'), 3],
    [symlink('f', '/s'), 0],
    [symlink('d', '/sd'), 0],
    [symlink('nowhere', '/dangling'), 0],
    [symlink('loop', '/loop'), 0],
  );

describe('making names', () => {
  it.each([
    [mkdir('/f'), 'EEXIST'],
    [mkdir('/f/x'), 'ENOTDIR'],
    [mkdir('/no/x'), 'ENOENT'],
    [mkdir('/'), 'EEXIST'],
    [mkdir('/d/.'), 'EEXIST'],
    [mkdir('/dangling'), 'EEXIST'],
    [mkdir('/loop/x'), 'ELOOP'],
    [mkdir(`/${'n'.repeat(256)}`), 'ENAMETOOLONG'],
    [mkdir(''), 'ENOENT'],
    [mkdir('/new/'), 0],
    [creat('/new/'), 'EISDIR'],
    [creat('/d'), 'EISDIR'],
    [symlink('x', '/new/'), 'ENOENT'],
    [symlink('', '/new'), 'ENOENT'],
    [symlink('x', '/f/'), 'EEXIST'],
    [{ op: 'link', path: '/d', newPath: '/new', flags: 0 }, 'EPERM'],
    [{ op: 'link', path: '/f', newPath: '/s', flags: 0 }, 'EEXIST'],
    [{ op: 'mknod', path: '/new', mode: 0o040644, rdev: 0 }, 'EPERM'],
  ] as const)('%j gives %s', (call, result) => {
    expect(tree().says(call, result)).toBe('allowed');
  });

  it('follows a dangling link with O_CREAT, but not with O_EXCL', () => {
    const open = (flags: number): Call => ({ op: 'open', path: '/dangling', flags, mode: 0o644, into: 4 });
    expect(tree().says(open(0o300), 'EEXIST')).toBe('allowed');
    const judge = tree();
    expect(judge.says(open(0o100), 4)).toBe('allowed');
    expect(judge.says(lstat('/nowhere'), 'ENOENT')).toBe('expected success, got ENOENT');
  });
});

describe('a file made by O_TMPFILE', () => {
  it('can be linked once; when that name is gone it cannot be linked any more', () => {
    const link: Call = { op: 'link', path: '', newPath: '/new', flags: AT_EMPTY_PATH, dirfd: 4 };
    const judge = tree().given(
      [{ op: 'open', path: '/', flags: O_TMPFILE | O_WRONLY, mode: 0o644, into: 4 }, 4],
      [link, 0],
      [{ op: 'unlink', path: '/new' }, 0],
    );
    expect(judge.says(link, 'ENOENT')).toBe('allowed');
  });
});

describe('removing names', () => {
  it.each([
    [{ op: 'rmdir', path: '/d' }, 'ENOTEMPTY'],
    [{ op: 'rmdir', path: '/' }, 'EBUSY'],
    [{ op: 'rmdir', path: '/d/.' }, 'EINVAL'],
    [{ op: 'rmdir', path: '/d/e/..' }, 'ENOTEMPTY'],
    [{ op: 'rmdir', path: '/f' }, 'ENOTDIR'],
    [{ op: 'rmdir', path: '/sd/' }, 'ENOTDIR'],
    [{ op: 'unlink', path: '/d' }, 'EISDIR'],
    [{ op: 'unlink', path: '/f/' }, 'ENOTDIR'],
    [{ op: 'unlink', path: '/d/' }, 'EISDIR'],
    [{ op: 'unlink', path: '/no' }, 'ENOENT'],
    [{ op: 'unlink', path: '/..' }, 'EISDIR'],
  ] as const)('%j gives %s', (call, result) => {
    expect(tree().says(call, result)).toBe('allowed');
  });

  it('finds fault with a directory that goes with its entries', () => {
    expect(tree().says({ op: 'rmdir', path: '/d' }, 0)).toBe('expected ENOTEMPTY, got success');
  });

  it('takes no names into a directory that was removed while it was open', () => {
    const judge = tree().given(
      [{ op: 'open', path: '/empty', flags: 0o200000, mode: 0, into: 5 }, 5],
      [{ op: 'rmdir', path: '/empty' }, 0],
    );
    expect(judge.says({ op: 'mkdir', path: 'x', mode: 0o755, dirfd: 5 }, 'ENOENT')).toBe('allowed');
    expect(judge.says({ op: 'getdents', fd: 5, size: 4096 }, 'ENOENT')).toBe('allowed');
  });
});

describe('rename', () => {
  it.each([
    [rename('/d', '/d/e/x'), 'EINVAL'],
    [rename('/d/e', '/d'), 'ENOTEMPTY'],
    [rename('/f', '/d'), 'EISDIR'],
    [rename('/d', '/f'), 'ENOTDIR'],
    [rename('/empty', '/d'), 'ENOTEMPTY'],
    [rename('/d', '/empty'), 0],
    [rename('/f', '/new/'), 'ENOTDIR'],
    [rename('/f/', '/new'), 'ENOTDIR'],
    [rename('/d/', '/new/'), 0],
    [rename('/', '/new'), 'EBUSY'],
    [rename('/f', '/d/..'), 'EBUSY'],
    [rename('/f', '/f'), 0],
    [rename('/f', '/s', 1), 'EEXIST'],
    [rename('/f', '/new', 2), 'ENOENT'],
    [rename('/f', '/d', 2), 0],
    [rename('/f', '/d', 3), 'EINVAL'],
    [rename('/d', '/d/e', 2), 'EINVAL'],
  ] as const)('%j gives %s', (call, result) => {
    expect(tree().says(call, result)).toBe('allowed');
  });

  it('of one name of a file over another leaves both', () => {
    const judge = tree().given([{ op: 'link', path: '/f', newPath: '/g', flags: 0 }, 0], [rename('/f', '/g'), 0]);
    expect(judge.says(lstat('/f'), 'ENOENT')).toBe('expected success, got ENOENT');
  });
});
