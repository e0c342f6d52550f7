import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/vfs/index.ts';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_RDWR,
} from '../../src/vfs/index.ts';
import { Judge, stat } from './judge.ts';

const name = (path: string, flags = 0, into: number | undefined = 0): Call => ({
  op: 'name_to_handle_at',
  path,
  flags,
  into,
});
const open = (flags: number, handle = 0, into = 5): Call => ({ op: 'open_by_handle_at', handle, flags, into });

/** `/f`, open at 3; `/s`, a symbolic link to it; `/d`, a directory. */
const tree = (): Judge =>
  new Judge().given(
    [{ op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3],
    [{ op: 'symlink', target: 'f', path: '/s' }, 0],
    [{ op: 'mkdir', path: '/d', mode: 0o755 }, 0],
  );

describe('a handle', () => {
  it.each([
    [name('/f', AT_SYMLINK_NOFOLLOW), 'EINVAL'],
    [name('/none'), 'ENOENT'],
    [name(''), 'ENOENT'],
    [{ ...name('', AT_EMPTY_PATH), dirfd: 3 } as Call, 0],
    [name('/f'), 0],
    [{ op: 'name_to_handle_at', path: '/f', flags: 0 } as Call, 0],
  ] as const)('%j gives %s', (call, result) => {
    expect(tree().says(call, 'ESTALE')).toMatch(/^expected /);
    expect(tree().says(call, result)).toBe('allowed');
  });

  it('may be more than a filesystem has', () => {
    expect(tree().says(name('/f'), 'EOPNOTSUPP')).toBe('allowed');
  });

  it.each([
    ['/f', O_RDWR, 5],
    ['/f', O_RDONLY | O_DIRECTORY, 'ENOTDIR'],
    ['/d', O_RDONLY | O_DIRECTORY, 5],
    ['/d', O_RDWR, 'EISDIR'],
    ['/s', O_RDONLY, 'ELOOP'],
    ['/s', O_PATH, 5],
  ] as const)('of %s, opened with %i, gives %s', (path, flags, result) => {
    const judge = tree().given([name(path), 0]);
    expect(judge.says(open(flags), 'ESTALE')).toMatch(/^expected /);
    expect(judge.says(open(flags), result)).toBe('allowed');
  });

  it('means the file, whatever it is called by now', () => {
    const judge = tree().given([name('/s', AT_SYMLINK_FOLLOW), 0], [{ op: 'fstat', fd: 3 }, stat({ ino: 7 })]);
    judge.given([{ op: 'rename', path: '/f', newPath: '/d/g', flags: 0 }, 0], [open(O_RDWR), 5]);
    expect(judge.says({ op: 'fstat', fd: 5 }, stat({ ino: 8, ctime: { sec: judge.second, nsec: 0 } }))).toBe(
      'ino changed',
    );
  });

  it('is stale once the file is gone; while it is open only, it may be', () => {
    const judge = tree().given([name('/f'), 0], [{ op: 'unlink', path: '/f' }, 0]);
    expect(judge.says(open(O_RDWR), 'ESTALE')).toBe('allowed');
    expect(judge.says(open(O_RDWR), 5)).toBe('allowed');
    judge.given([{ op: 'close', fd: 3 }, 0], [{ op: 'close', fd: 5 }, 0]);
    expect(judge.says(open(O_RDWR), 5)).toBe('expected ESTALE, got success');
  });

  it('of a removed directory may live as long as somebody or an open file may be in it', () => {
    const judge = tree().given([name('/d'), 0], [{ op: 'chdir', path: '/d' }, 0], [{ op: 'rmdir', path: '/d' }, 0]);
    expect(judge.says(open(O_RDONLY), 5)).toBe('allowed');
    judge.given([{ op: 'close', fd: 5 }, 0], [{ op: 'chdir', path: '/' }, 0]);
    expect(judge.says(open(O_RDONLY), 'ESTALE')).toBe('allowed');
    judge.given([{ op: 'close', fd: 3 }, 0]);
    expect(judge.says(open(O_RDONLY), 5)).toBe('expected ESTALE, got success');
  });

  it('is opened by root alone, by whom a child inherits it', () => {
    const judge = tree()
      .user(2, 1000)
      .given([name('/f'), 0], [{ op: 'fork', child: 3 }, 3]);
    expect(judge.by(3, open(O_RDWR), 5)).toBe('allowed');
    expect(judge.by(2, open(O_RDWR), 'EBADF')).toBe('allowed');
    expect(judge.by(2, name('/f'), 0)).toBe('allowed');
    expect(judge.by(2, open(O_RDONLY), 5)).toBe('expected EPERM, got success');
  });
});
