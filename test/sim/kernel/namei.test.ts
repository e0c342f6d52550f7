import { describe, expect, test } from 'vitest';
import {
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_PATH,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
} from '../../../src/vfs/index.ts';
import { contentOf, traced, user } from './trace.ts';

function tree() {
  const sim = traced();
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  sim.call({ op: 'open', path: '/d/f', flags: O_CREAT | O_RDWR, mode: 0o644 });
  sim.call({ op: 'write', fd: 3, data: Buffer.from('text') });
  sim.call({ op: 'close', fd: 3 });
  sim.call({ op: 'symlink', target: 'd/f', path: '/link' });
  sim.call({ op: 'symlink', target: '/d', path: '/dirlink' });
  sim.call({ op: 'symlink', target: 'loop', path: '/loop' });
  sim.call({ op: 'symlink', target: 'nowhere', path: '/dangling' });
  return sim;
}

describe('path walk', () => {
  const sim = tree();
  const stat = (path: string) => {
    const result = sim.call({ op: 'stat', path });
    return typeof result === 'string' ? result : 'ok';
  };

  test.each([
    ['/d/f', 'ok'],
    ['/d//f', 'ok'],
    ['/d/./f', 'ok'],
    ['/d/../d/f', 'ok'],
    ['/../d', 'ok'],
    ['d/f', 'ok'],
    ['/', 'ok'],
    ['/d/', 'ok'],
    ['/d/.', 'ok'],
    ['/link', 'ok'],
    ['/dirlink/f', 'ok'],
    ['/dirlink/', 'ok'],
    ['', 'ENOENT'],
    ['/d/f/', 'ENOTDIR'],
    ['/d/f/x', 'ENOTDIR'],
    ['/d/f/.', 'ENOTDIR'],
    ['/link/', 'ENOTDIR'],
    ['/missing/x', 'ENOENT'],
    ['/loop', 'ELOOP'],
    ['/loop/x', 'ELOOP'],
    ['/dangling', 'ENOENT'],
    [`/${'n'.repeat(256)}`, 'ENAMETOOLONG'],
    [`/${'d/../'.repeat(818)}d`, 'ok'],
    [`/${'d/../'.repeat(819)}d`, 'ENAMETOOLONG'],
  ])('path %$ of the table', (path, expected) => {
    expect(stat(path)).toBe(expected);
  });

  test('forty links are followed, one more is not', () => {
    sim.call({ op: 'symlink', target: 'd/f', path: '/l0' });
    for (let i = 1; i <= 40; i++) sim.call({ op: 'symlink', target: `l${i - 1}`, path: `/l${i}` });
    expect(stat('/l39')).toBe('ok');
    expect(stat('/l40')).toBe('ELOOP');
  });

  test('a directory descriptor is where relative paths start', () => {
    expect(sim.call({ op: 'open', path: '/d', flags: O_PATH | O_DIRECTORY, mode: 0 })).toBe(3);
    expect(sim.call({ op: 'stat', path: 'f', dirfd: 3 })).toMatchObject({ size: 4 });
    expect(sim.call({ op: 'stat', path: '/d', dirfd: 99 })).toMatchObject({ nlink: 2 });
    expect(sim.call({ op: 'stat', path: 'f', dirfd: 99 })).toBe('EBADF');
    sim.call({ op: 'open', path: '/d/f', flags: 0, mode: 0 });
    expect(sim.call({ op: 'stat', path: 'f', dirfd: 4 })).toBe('ENOTDIR');
  });
});

describe('making names', () => {
  test.each([
    [{ op: 'mkdir', path: '/d', mode: 0o755 }, 'EEXIST'],
    [{ op: 'mkdir', path: '/', mode: 0o755 }, 'EEXIST'],
    [{ op: 'mkdir', path: '/new/', mode: 0o755 }, 0],
    [{ op: 'mkdir', path: '/d/f/x', mode: 0o755 }, 'ENOTDIR'],
    [{ op: 'mkdir', path: '/dangling', mode: 0o755 }, 'EEXIST'],
    [{ op: 'mknod', path: '/new/', mode: 0o644, rdev: 0 }, 'ENOENT'],
    [{ op: 'mknod', path: '/new', mode: 0o040755, rdev: 0 }, 'EPERM'],
    [{ op: 'mknod', path: '/new', mode: 0o120777, rdev: 0 }, 'EINVAL'],
    [{ op: 'symlink', target: '', path: '/new' }, 'ENOENT'],
    [{ op: 'link', path: '/d', newPath: '/new', flags: 0 }, 'EPERM'],
    [{ op: 'link', path: '/d/f', newPath: '/link', flags: 0 }, 'EEXIST'],
    [{ op: 'open', path: '/d', flags: O_CREAT | O_RDWR, mode: 0o644 }, 'EISDIR'],
    [{ op: 'open', path: '/new/', flags: O_CREAT | O_RDWR, mode: 0o644 }, 'EISDIR'],
    [{ op: 'open', path: '/d/f', flags: O_CREAT | O_EXCL | O_RDWR, mode: 0o644 }, 'EEXIST'],
    [{ op: 'open', path: '/dangling', flags: O_CREAT | O_EXCL | O_RDWR, mode: 0o644 }, 'EEXIST'],
    [{ op: 'open', path: '/link', flags: O_NOFOLLOW, mode: 0 }, 'ELOOP'],
    [{ op: 'open', path: '/d', flags: O_WRONLY, mode: 0 }, 'EISDIR'],
    [{ op: 'open', path: '/d/f', flags: O_DIRECTORY, mode: 0 }, 'ENOTDIR'],
    [{ op: 'open', path: '/x', flags: O_CREAT | O_DIRECTORY, mode: 0o644 }, 'EINVAL'],
    [{ op: 'open', path: '/', flags: O_TMPFILE, mode: 0o600 }, 'EINVAL'],
  ] as const)('%j: %s', (call, expected) => {
    expect(tree().call(call)).toBe(expected);
  });

  test('O_CREAT makes what a dangling link points at', () => {
    const sim = tree();
    sim.call({ op: 'open', path: '/dangling', flags: O_CREAT | O_WRONLY, mode: 0o644 });
    expect(sim.call({ op: 'write', fd: 3, data: Buffer.from('here') })).toBe(4);
    expect(contentOf(sim, '/nowhere')).toBe('here');
  });

  test('a nameless file can be given a name unless it is exclusive', () => {
    const sim = tree();
    sim.call({ op: 'open', path: '/', flags: O_TMPFILE | O_RDWR, mode: 0o600 });
    expect(sim.call({ op: 'link', path: '', dirfd: 3, newPath: '/named', flags: 0x1000 })).toBe(0);
    sim.call({ op: 'open', path: '/', flags: O_TMPFILE | O_RDWR | O_EXCL, mode: 0o600 });
    expect(sim.call({ op: 'link', path: '', dirfd: 4, newPath: '/other', flags: 0x1000 })).toBe('ENOENT');
  });
});

describe('removing and renaming', () => {
  test.each([
    [{ op: 'unlink', path: '/d' }, 'EISDIR'],
    [{ op: 'unlink', path: '/d/f/' }, 'ENOTDIR'],
    [{ op: 'unlink', path: '/d/.' }, 'EISDIR'],
    [{ op: 'rmdir', path: '/d' }, 'ENOTEMPTY'],
    [{ op: 'rmdir', path: '/d/f' }, 'ENOTDIR'],
    [{ op: 'rmdir', path: '/d/.' }, 'EINVAL'],
    [{ op: 'rmdir', path: '/d/..' }, 'ENOTEMPTY'],
    [{ op: 'rmdir', path: '/' }, 'EBUSY'],
    [{ op: 'rename', path: '/d', newPath: '/d/x', flags: 0 }, 'EINVAL'],
    [{ op: 'rename', path: '/d/f', newPath: '/d', flags: 0 }, 'ENOTEMPTY'],
    [{ op: 'rename', path: '/d', newPath: '/link', flags: 0 }, 'ENOTDIR'],
    [{ op: 'rename', path: '/link', newPath: '/dirlink/', flags: 0 }, 'ENOTDIR'],
    [{ op: 'rename', path: '/d/.', newPath: '/x', flags: 0 }, 'EBUSY'],
    [{ op: 'rename', path: '/d/f', newPath: '/link', flags: 1 }, 'EEXIST'],
    [{ op: 'rename', path: '/d/f', newPath: '/x', flags: 2 }, 'ENOENT'],
    [{ op: 'rename', path: '/d/f', newPath: '/x', flags: 3 }, 'EINVAL'],
    [{ op: 'rename', path: '/missing', newPath: '/x', flags: 0 }, 'ENOENT'],
    [{ op: 'rename', path: '/d', newPath: '/moved/', flags: 0 }, 0],
  ] as const)('%j: %s', (call, expected) => {
    expect(tree().call(call)).toBe(expected);
  });

  test('a rename of one hard link over the other does nothing', () => {
    const sim = tree();
    sim.call({ op: 'link', path: '/d/f', newPath: '/h', flags: 0 });
    expect(sim.traced({ op: 'rename', path: '/d/f', newPath: '/h', flags: 0 })).not.toContain('RENAME');
    expect(sim.call({ op: 'stat', path: '/h' })).toMatchObject({ nlink: 2 });
  });

  test('an exchange swaps what two names stand for', () => {
    const sim = tree();
    expect(sim.call({ op: 'rename', path: '/d', newPath: '/link', flags: 2 })).toBe(0);
    expect(contentOf(sim, '/link/f')).toBe('text');
    expect(sim.call({ op: 'readlink', path: '/d' })).toBe('d/f');
  });

  test('a removed directory takes no names and lists none', () => {
    const sim = tree();
    sim.call({ op: 'mkdir', path: '/gone', mode: 0o755 });
    sim.call({ op: 'open', path: '/gone', flags: O_DIRECTORY, mode: 0 });
    sim.call({ op: 'chdir', path: '/gone' });
    expect(sim.call({ op: 'rmdir', path: '/gone' })).toBe(0);
    expect(sim.call({ op: 'mkdir', path: 'x', mode: 0o755 })).toBe('ENOENT');
    expect(sim.call({ op: 'getdents', fd: 3, size: 4096 })).toBe('ENOENT');
  });
});

describe('permissions', () => {
  function shared() {
    const sim = traced();
    sim.call({ op: 'umask', mask: 0 });
    sim.call({ op: 'mkdir', path: '/private', mode: 0o700 });
    sim.call({ op: 'mkdir', path: '/tmp', mode: 0o1777 });
    sim.call({ op: 'mkdir', path: '/group', mode: 0o2775 });
    sim.call({ op: 'chown', path: '/group', uid: 0, gid: 50 });
    sim.call({ op: 'chmod', path: '/group', mode: 0o2775 });
    sim.kernel.spawn(2, user(1000));
    sim.kernel.spawn(3, user(1001, 50));
    return sim;
  }

  test('search, write and read are checked by owner, group and mode', () => {
    const sim = shared();
    expect(sim.call({ op: 'stat', path: '/private/x' }, 2)).toBe('EACCES');
    expect(sim.call({ op: 'mkdir', path: '/x', mode: 0o755 }, 2)).toBe('EACCES');
    expect(sim.call({ op: 'mkdir', path: '/group/x', mode: 0o755 }, 2)).toBe('EACCES');
    expect(sim.call({ op: 'mkdir', path: '/group/x', mode: 0o755 }, 3)).toBe(0);
    expect(sim.call({ op: 'stat', path: '/group/x' })).toMatchObject({ uid: 1001, gid: 50, mode: 0o042755 });
    expect(sim.call({ op: 'access', path: '/private', mode: 1 }, 2)).toBe('EACCES');
    expect(sim.call({ op: 'access', path: '/private', mode: 7 }, 1)).toBe(0);
  });

  test('in a sticky directory only the owner removes', () => {
    const sim = shared();
    sim.call({ op: 'mknod', path: '/tmp/f', mode: 0o666, rdev: 0 }, 2);
    expect(sim.call({ op: 'unlink', path: '/tmp/f' }, 3)).toBe('EPERM');
    expect(sim.call({ op: 'rename', path: '/tmp/f', newPath: '/tmp/g', flags: 0 }, 3)).toBe('EPERM');
    expect(sim.call({ op: 'unlink', path: '/tmp/f' }, 2)).toBe(0);
  });

  test('chmod and chown are for the owner; set-group-id stays with members only', () => {
    const sim = shared();
    sim.call({ op: 'mknod', path: '/tmp/f', mode: 0o644, rdev: 0 }, 2);
    expect(sim.call({ op: 'chmod', path: '/tmp/f', mode: 0o600 }, 3)).toBe('EPERM');
    expect(sim.call({ op: 'chown', path: '/tmp/f', uid: 1001, gid: -1 }, 2)).toBe('EPERM');
    expect(sim.call({ op: 'chown', path: '/tmp/f', uid: -1, gid: 50 }, 2)).toBe('EPERM');
    sim.call({ op: 'chown', path: '/tmp/f', uid: 1000, gid: 50 });
    expect(sim.call({ op: 'chmod', path: '/tmp/f', mode: 0o2755 }, 2)).toBe(0);
    expect(sim.call({ op: 'stat', path: '/tmp/f' })).toMatchObject({ mode: 0o100755 });
  });

  test('times: who may write sets them to now, only the owner to something else', () => {
    const sim = shared();
    sim.call({ op: 'umask', mask: 0 }, 2);
    sim.call({ op: 'mknod', path: '/tmp/f', mode: 0o666, rdev: 0 }, 2);
    const now = { op: 'utimensat', path: '/tmp/f', atime: 'now', mtime: 'now', flags: 0 } as const;
    expect(sim.call(now, 3)).toBe(0);
    expect(sim.call({ ...now, atime: 'omit' }, 3)).toBe('EPERM');
    expect(sim.call({ ...now, mtime: { sec: 5, nsec: 7 } }, 2)).toBe(0);
    expect(sim.call({ op: 'stat', path: '/tmp/f' })).toMatchObject({ mtime: { sec: 5, nsec: 7 } });
  });

  test('extended attributes: trusted is for root, user for files and directories', () => {
    const sim = shared();
    sim.call({ op: 'symlink', target: 'x', path: '/tmp/l' }, 2);
    sim.call({ op: 'mknod', path: '/tmp/f', mode: 0o644, rdev: 0 }, 2);
    const set = { op: 'setxattr', path: '/tmp/f', name: 'trusted.a', value: Buffer.from('v'), flags: 0 } as const;
    expect(sim.call(set, 2)).toBe('EPERM');
    expect(sim.call(set)).toBe(0);
    expect(sim.call({ op: 'getxattr', path: '/tmp/f', name: 'trusted.a', size: 10 }, 2)).toBe('ENODATA');
    expect(sim.call({ ...set, op: 'lsetxattr', path: '/tmp/l', name: 'user.a' }, 2)).toBe('EPERM');
    expect(sim.call({ ...set, name: 'user.a', value: new Uint8Array(65537) }, 2)).toBe('E2BIG');
    expect(sim.call({ ...set, name: '' }, 2)).toBe('ERANGE');
    expect(sim.call({ ...set, name: 'user.a', flags: 8 }, 2)).toBe('EINVAL');
    expect(sim.call({ ...set, name: 'user.a' }, 2)).toBe(0);
    expect(sim.call({ op: 'getxattr', path: '/tmp/f', name: 'user.a', size: 10 }, 3)).toBe('v');
  });

  test('a read-only mount changes nothing', () => {
    const sim = traced({ mount: { readOnly: true } });
    expect(sim.call({ op: 'mkdir', path: '/d', mode: 0o755 })).toBe('EROFS');
    expect(sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o644 })).toBe('EROFS');
    expect(sim.call({ op: 'chmod', path: '/', mode: 0o755 })).toBe('EROFS');
    expect(sim.call({ op: 'stat', path: '/' })).toMatchObject({ nlink: 2 });
  });
});
