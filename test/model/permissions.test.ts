import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/vfs/index.ts';
import { Judge, stat } from './judge.ts';

const ALICE = 2;
const BOB = 3;
const mkdir = (path: string, mode: number): Call => ({ op: 'mkdir', path, mode });
const chmod = (path: string, mode: number): Call => ({ op: 'chmod', path, mode });
const open = (path: string, flags: number, into = 3): Call => ({ op: 'open', path, flags, mode: 0o666, into });
const unlink = (path: string): Call => ({ op: 'unlink', path });

const shared = (mode: number) =>
  new Judge()
    .user(ALICE, 1000)
    .user(BOB, 1001, 1001, [1000])
    .given([mkdir('/t', 0o777), 0], [chmod('/t', mode), 0], [mkdir('/t/private', 0o700), 0]);

describe('permissions', () => {
  it('keep users out of directories and files that are not theirs', () => {
    const judge = shared(0o777);
    expect(judge.by(ALICE, open('/t/private/x', 0), 'EACCES')).toBe('allowed');
    expect(judge.by(ALICE, open('/new', 0o101), 'EACCES')).toBe('allowed');
    expect(judge.by(ALICE, open('/t/a', 0o102), 3)).toBe('allowed');
    expect(judge.by(ALICE, chmod('/t/a', 0o640), 0)).toBe('allowed');
    expect(judge.by(BOB, open('/t/a', 0), 3)).toBe('allowed');
    expect(judge.by(BOB, open('/t/a', 1), 'EACCES')).toBe('allowed');
    expect(judge.by(BOB, chmod('/t/a', 0o777), 'EPERM')).toBe('allowed');
    expect(judge.by(BOB, open('/t/a', 1), 3)).toBe('expected EACCES, got success');
  });

  it('protect files in a sticky directory from others', () => {
    const judge = shared(0o1777);
    expect(judge.by(ALICE, open('/t/a', 0o101), 3)).toBe('allowed');
    expect(judge.by(BOB, unlink('/t/a'), 'EPERM')).toBe('allowed');
    expect(judge.by(BOB, { op: 'rename', path: '/t/a', newPath: '/t/b', flags: 0 }, 'EPERM')).toBe('allowed');
    expect(judge.by(ALICE, unlink('/t/a'), 0)).toBe('allowed');
  });

  it('give the group of a set-group-id directory to what is made in it', () => {
    const judge = shared(0o2777);
    judge.by(1, { op: 'chown', path: '/t', uid: 0, gid: 7 }, 0);
    judge.by(1, chmod('/t', 0o2777), 0);
    judge.by(ALICE, open('/t/a', 0o101), 3);
    const time = { sec: judge.second, nsec: 0 };
    const made = stat({ mode: 0o100644, uid: 1000, gid: 7, atime: time, mtime: time, ctime: time });
    expect(judge.says({ op: 'lstat', path: '/t/a' }, made)).toBe('allowed');
    expect(judge.says({ op: 'lstat', path: '/t/a' }, { ...made, gid: 1000 })).toBe('gid wrong');
  });

  it('take set-user-id away when a user writes or changes the owner', () => {
    const judge = shared(0o777);
    judge.by(ALICE, open('/t/a', 0o102), 3);
    judge.by(ALICE, chmod('/t/a', 0o6777), 0);
    judge.by(ALICE, { op: 'write', fd: 3, data: { seed: 0, length: 1 } }, 1);
    const time = { sec: judge.second, nsec: 0 };
    const shown = { uid: 1000, gid: 1000, size: 1, mtime: time, ctime: time, atime: { sec: 1004, nsec: 0 } };
    expect(judge.says({ op: 'lstat', path: '/t/a' }, stat({ ...shown, mode: 0o106777 }))).toBe('mode wrong');
    expect(judge.says({ op: 'lstat', path: '/t/a' }, stat({ ...shown, mode: 0o100777 }))).toBe('allowed');
  });

  it('let only root give files away', () => {
    const judge = shared(0o777);
    judge.by(ALICE, open('/t/a', 0o102), 3);
    expect(judge.by(ALICE, { op: 'chown', path: '/t/a', uid: 1001, gid: -1 }, 'EPERM')).toBe('allowed');
    expect(judge.by(ALICE, { op: 'chown', path: '/t/a', uid: -1, gid: 1001 }, 'EPERM')).toBe('allowed');
    expect(judge.by(ALICE, { op: 'chown', path: '/t/a', uid: 1000, gid: 1000 }, 0)).toBe('allowed');
  });

  it.each([0o102644, 0o100644])(
    'leave open whether set-group-id without group execute goes with a write: %o',
    (mode) => {
      const judge = shared(0o2777);
      judge.by(ALICE, open('/t/a', 0o102), 3);
      judge.by(1, chmod('/t/a', 0o2644), 0);
      judge.by(ALICE, { op: 'write', fd: 3, data: { seed: 0, length: 1 } }, 1);
      const time = { sec: judge.second, nsec: 0 };
      const shown = stat({ uid: 1000, size: 1, mtime: time, ctime: time, atime: { sec: 1004, nsec: 0 }, mode });
      expect(judge.says({ op: 'lstat', path: '/t/a' }, shown)).toBe('allowed');
      expect(judge.says({ op: 'lstat', path: '/t/a' }, { ...shown, mode: mode ^ 0o2000 })).toBe('mode wrong');
    },
  );
});
