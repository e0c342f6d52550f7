import { describe, expect, test } from 'vitest';
import { permitsOf, ruleNamed } from '../../../src/check/faults/permits.ts';
import { MOST_WORLDS, Worlds } from '../../../src/check/faults/worlds.ts';
import {
  checkPlan,
  type FaultPlan,
  type InjectedFault,
  type OperationName,
  type Rule,
} from '../../../src/fault/index.ts';
import {
  type Call,
  MAP_PRIVATE,
  O_CREAT,
  O_RDWR,
  PROT_WRITE,
  RENAME_EXCHANGE,
  type Stat,
  type SysResult,
} from '../../../src/vfs/index.ts';

const EIO = -5;
const ENOENT = -2;
const ESRCH = -3;

const stat: Stat = {
  ...{ dev: 1, ino: 1, mode: 0o40755, nlink: 2, uid: 0, gid: 0, rdev: 0, size: 0, blocks: 0, blksize: 4096 },
  ...{ atime: { sec: 1, nsec: 0 }, mtime: { sec: 1, nsec: 0 }, ctime: { sec: 1, nsec: 0 } },
};

type Event = Partial<InjectedFault> & { readonly operation: OperationName };

const USER = 1000;
const usersFile = (mode: number): Stat => ({ ...stat, mode: 0o100000 | mode, nlink: 1, uid: USER, gid: USER });

const unlooked = ['times', 'inode-numbers', 'modes'] as const;
/** Where modes are what it is about. */
const withModes = ['times', 'inode-numbers'] as const;

/** A run under one rule, told by hand: what strikes during a call, and what the call gave. */
const judged = (rule: Omit<Rule, 'name'>, ignore?: readonly (typeof unlooked)[number][]) => judgedUnder([rule], ignore);

/** The same under several rules, whose names are their numbers. */
function judgedUnder(rules: readonly Omit<Rule, 'name'>[], ignore: readonly (typeof unlooked)[number][] = unlooked) {
  const plan: FaultPlan = checkPlan({ rules: rules.map((rule, i) => ({ name: `${i}`, ...rule })) });
  const injected: InjectedFault[] = [];
  const worlds = new Worlds(
    { options: { ignore: new Set(ignore) }, tree: { stat, entries: new Map() } },
    plan,
    injected,
    false,
  );
  worlds.spawn(1, { uid: 0, gid: 0, groups: [] });
  worlds.spawn(2, { uid: USER, gid: USER, groups: [] });
  const clock = { before: { sec: 1, nsec: 0 }, after: { sec: 1, nsec: 0 }, slack: 0 };
  const by = (pid: number, call: Call, result: SysResult, ...struck: readonly Event[]): string | undefined => {
    for (const event of struck) {
      const { name, where, what } = ruleNamed(plan, event.rule ?? '0');
      injected.push({ rule: name, where, kind: what.kind, label: '', time: 0, detail: '', ...event });
    }
    return worlds.step(pid, call, result, clock)?.difference;
  };
  const call = (it: Call, result: SysResult, ...struck: readonly Event[]): string | undefined =>
    by(1, it, result, ...struck);
  return { worlds, by, call };
}

const after: Omit<Rule, 'name'> = { where: 'filesystem', what: { kind: 'errno', errno: 'EIO', effect: 'after' } };
const before: Omit<Rule, 'name'> = { where: 'filesystem', what: { kind: 'errno', errno: 'EIO' } };
const mkdir: Call = { op: 'mkdir', path: '/a', mode: 0o755 };
const lookAt: Call = { op: 'lstat', path: '/a' };

test('of a copy by reads and writes the first write may write nothing', () => {
  const copy: Call = { op: 'copy_file_range', fd: 3, fdOut: 4, size: 1 };
  const copied = (...struck: readonly Event[]): string | undefined => {
    const { call } = judged({ where: 'filesystem', what: { kind: 'short', bytes: 0 } });
    call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
    call({ op: 'ftruncate', fd: 3, size: 1 }, 0);
    call({ op: 'creat', path: '/b', mode: 0o644, into: 4 }, 4);
    return call(copy, 0, ...struck);
  };
  expect(copied()).toBe('count wrong');
  expect(copied({ operation: 'WRITE', path: '/b', offset: 0, length: 1 })).toBeUndefined();
});

test('a write that was cut to nothing may have taken set-user-id away', () => {
  const seen = (mode: number, ...struck: readonly Event[]): string | undefined => {
    const run = judged({ where: 'link-request', what: { kind: 'short', bytes: 0 } }, withModes);
    run.call({ op: 'chmod', path: '/', mode: 0o777 }, 0);
    run.by(2, { op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o4000, into: 3 }, 3);
    const write: Call = { op: 'pwrite', fd: 3, data: new Uint8Array(1), offset: 0 };
    return run.by(2, write, 0, ...struck) ?? run.by(2, { op: 'fstat', fd: 3 }, usersFile(mode));
  };
  const short = { operation: 'WRITE', path: '/a', offset: 0, length: 1 } as const;
  expect(seen(0o4000)).toBe('count wrong');
  expect(seen(0o4000, short)).toBeUndefined();
  expect(seen(0, short)).toBeUndefined();
  expect(seen(0o2000, short)).toBe('mode wrong');
});

test("where the kernel may believe in a smaller size, memory of one's own may be the file's again", () => {
  const seen = (value: number, ...struck: readonly Event[]): string | undefined => {
    const { call } = judged({ where: 'page-cache', what: { kind: 'keep-stale' } });
    call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
    call({ op: 'pwrite', fd: 3, data: new Uint8Array([1]), offset: 0 }, 1);
    const mapped = { size: 1, protection: PROT_WRITE, flags: MAP_PRIVATE } as const;
    call({ op: 'mmap', fd: 3, offset: 0, ...mapped, into: 0 }, 0);
    call({ op: 'store', map: 0, offset: 0, data: new Uint8Array([2]) }, 1);
    call({ op: 'lstat', path: '/a' }, { ...stat, mode: 0o100644, nlink: 1, size: 1 }, ...struck);
    return call({ op: 'load', map: 0, offset: 0, size: 1 }, new Uint8Array([value]));
  };
  expect(seen(2)).toBeUndefined();
  expect(seen(1)).toBe('data wrong');
  expect(seen(1, { operation: 'GETATTR', path: '/a' })).toBeUndefined();
});

describe('after an error that may have come too late', () => {
  test('both states are followed, until somebody looks', () => {
    for (const [seen, then] of [
      [stat, 'expected EEXIST, got success'],
      [ENOENT, undefined],
    ] as const) {
      const { worlds, call } = judged(after);
      expect(call(mkdir, EIO, { operation: 'MKDIR' })).toBeUndefined();
      expect(worlds.count).toBe(2);
      expect(call(lookAt, seen)).toBeUndefined();
      expect(worlds.count).toBe(1);
      expect(call(mkdir, 0)).toBe(then);
    }
  });

  test('a write may have grown the file, or not; no other size will do', () => {
    const sizes = [0, 3, 2].map((size) => {
      const { call } = judged(after);
      call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
      const write: Call = { op: 'pwrite', fd: 3, data: new Uint8Array([1, 2, 3]), offset: 0 };
      call(write, EIO, { operation: 'WRITE', path: '/a', offset: 0, length: 3 });
      return call({ op: 'fstat', fd: 3 }, { ...stat, mode: 0o100644, nlink: 1, size });
    });
    expect(sizes).toEqual([undefined, undefined, 'size wrong']);
  });

  test('a write is to the file with the name, or to one that may have lost it: both are open then', () => {
    const { call } = judged(after);
    const open = (flags: number, into: number): Call => ({ op: 'open', path: '/a', flags, mode: 0o644, into });
    call(open(O_RDWR | O_CREAT, 4), 4);
    call({ op: 'unlink', path: '/a' }, EIO, { operation: 'UNLINK', path: '/a' });
    call(open(O_RDWR | O_CREAT, 3), 3);
    const struck = { operation: 'WRITE', path: '/a', offset: 0, length: 1 } as const;
    call({ op: 'write', fd: 3, data: new Uint8Array(1) }, EIO, struck);
    expect(call(lookAt, { ...usersFile(0o644), uid: 0, gid: 0, size: 1 })).toBeUndefined();
    expect(call({ op: 'pread', fd: 4, size: 1, offset: 0 }, new Uint8Array(0))).toBeUndefined();
  });

  test('a call that met ESTALE when it was done is made again: two names may be exchanged twice', () => {
    const stale = { kind: 'errno', errno: 'ESTALE', effect: 'after' } as const;
    const { worlds, call } = judged({ where: 'filesystem', what: stale });
    call(mkdir, 0);
    call({ op: 'creat', path: '/b', mode: 0o644, into: 3 }, 3);
    const exchange: Call = { op: 'rename', path: '/a', newPath: '/b', flags: RENAME_EXCHANGE };
    expect(call(exchange, 0, { operation: 'RENAME' })).toBeUndefined();
    expect(worlds.count).toBe(2);
    expect(call({ op: 'rmdir', path: '/a' }, 0)).toBeUndefined();
    expect(call({ op: 'unlink', path: '/b' }, 0)).toBeUndefined();
  });

  test('a request to exchange two names that comes twice finds them whatever they are by then', () => {
    const { call } = judged({ where: 'link-request', what: { kind: 'duplicate' } });
    call({ op: 'creat', path: '/a', mode: 0o644, into: 3 }, 3);
    call({ op: 'mkdir', path: '/b', mode: 0o755 }, 0);
    const exchange: Call = { op: 'rename', path: '/b/', newPath: '/a', flags: RENAME_EXCHANGE };
    expect(call(exchange, 0, { operation: 'RENAME' })).toBeUndefined();
    expect(call(lookAt, { ...usersFile(0o644), uid: 0, gid: 0 })).toBeUndefined();
    expect(call({ op: 'rmdir', path: '/b' }, 0)).toBeUndefined();
  });

  test('an exchange that met ESTALE twice may have been done twice, which changes times', () => {
    const { worlds, call } = judged({ where: 'link-reply', what: { kind: 'errno', errno: 'ESTALE' } });
    call(mkdir, 0);
    call({ op: 'creat', path: '/b', mode: 0o644, into: 3 }, 3);
    const exchange: Call = { op: 'rename', path: '/a', newPath: '/b', flags: RENAME_EXCHANGE };
    expect(call(exchange, -116, { operation: 'RENAME' }, { operation: 'RENAME' })).toBeUndefined();
    expect(worlds.count).toBe(3);
  });

  test('an error that the call may give by itself may hide that it was done all the same', () => {
    const { worlds, call } = judged({ where: 'link-reply', what: { kind: 'errno', errno: 'EFBIG' } });
    call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
    const size = 2 ** 31;
    expect(call({ op: 'ftruncate', fd: 3, size }, -27, { operation: 'SETATTR', path: '/a' })).toBeUndefined();
    expect(worlds.count).toBe(2);
    expect(call({ op: 'fstat', fd: 3 }, { ...usersFile(0o644), uid: 0, gid: 0, size })).toBeUndefined();
  });

  test('a request that is refused and comes twice may be done by the second', () => {
    const plan = [
      { where: 'link-request', what: { kind: 'duplicate' } },
      { where: 'filesystem', what: { kind: 'errno', errno: 'EIO' } },
    ] as const;
    const { worlds, call } = judgedUnder(plan);
    expect(call(mkdir, EIO, { rule: '0', operation: 'MKDIR' }, { rule: '1', operation: 'MKDIR' })).toBeUndefined();
    expect(worlds.count).toBe(2);
    expect(call({ op: 'rmdir', path: '/a' }, 0)).toBeUndefined();
  });

  test('a file that was made and is opened again after ESTALE is cut, and loses set-user-id', () => {
    const seen = (mode: number, ...struck: readonly Event[]): string | undefined => {
      const run = judged({ where: 'link-request', what: { kind: 'stale', how: 'forgotten' } }, withModes);
      run.call({ op: 'chmod', path: '/', mode: 0o777 }, 0);
      run.by(2, { op: 'creat', path: '/a', mode: 0o4200, into: 3 }, 3, ...struck);
      return run.by(2, { op: 'fstat', fd: 3 }, usersFile(mode));
    };
    expect(seen(0o200)).toBe('mode wrong');
    expect(seen(0o200, { operation: 'GETATTR' })).toBeUndefined();
    expect(seen(0o4200, { operation: 'GETATTR' })).toBeUndefined();
  });

  test('a write takes no privileges away that the kernel was not told of', () => {
    const seen = (mode: number, result: SysResult, ...struck: readonly Event[]): string | undefined => {
      const run = judged(after, withModes);
      run.call({ op: 'chmod', path: '/', mode: 0o777 }, 0);
      run.by(2, { op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o600, into: 3 }, 3);
      run.by(2, { op: 'fchmod', fd: 3, mode: 0o2010 }, result, ...struck);
      run.by(2, { op: 'pwrite', fd: 3, data: new Uint8Array(1), offset: 0 }, 1);
      return run.by(2, { op: 'fstat', fd: 3 }, { ...usersFile(mode), size: 1 });
    };
    expect(seen(0o2010, 0)).toBe('mode wrong');
    expect(seen(0o10, 0)).toBeUndefined();
    for (const mode of [0o2010, 0o10, 0o600]) expect(seen(mode, EIO, { operation: 'SETATTR' })).toBeUndefined();
    expect(seen(0o2600, EIO, { operation: 'SETATTR' })).toBe('mode wrong');
  });

  test('of a write that two faults strike any part may be there', () => {
    const sizes = [0, 1, 2].map((size) => {
      const { call } = judged(after);
      call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
      const write: Call = { op: 'pwrite', fd: 3, data: new Uint8Array([1, 2]), offset: 0 };
      const hit = { operation: 'WRITE', path: '/a', offset: 0, length: 2 } as const;
      expect(call(write, EIO, hit, hit)).toBeUndefined();
      return call(lookAt, { ...stat, mode: 0o100644, nlink: 1, size });
    });
    expect(sizes).toEqual([undefined, undefined, undefined]);
  });

  test('what is made again may meet another type behind the slash', () => {
    const stale = { kind: 'errno', errno: 'ESTALE' } as const;
    const { call } = judged({ where: 'link-reply', what: stale });
    call(mkdir, 0);
    call({ op: 'symlink', target: '/x', path: '/b' }, 0);
    const exchange: Call = { op: 'rename', path: '/b', newPath: '/a/', flags: RENAME_EXCHANGE };
    expect(call(exchange, -20, { operation: 'RENAME' })).toBeUndefined();
    expect(call({ op: 'readlink', path: '/a' }, '/x')).toBeUndefined();
  });

  test('more states than can be followed end the judging, and it is said', () => {
    const { worlds, call } = judged(after);
    for (let i = 0; 2 ** i <= MOST_WORLDS; i++)
      call({ op: 'mkdir', path: `/${i}`, mode: 0o755 }, EIO, { operation: 'MKDIR' });
    expect(worlds.lost).toBe('too many states');
    expect(call(lookAt, stat)).toBeUndefined();
  });
});

test('what is made twice may lose set-user-id, for it is cut the second time', () => {
  const { worlds, call } = judged({ where: 'link-request', what: { kind: 'duplicate' } });
  call({ op: 'creat', path: '/a', mode: 0o4644, into: 3 }, 3, { operation: 'CREATE' });
  expect(worlds.inodeOf(1, 3)).toMatchObject({ mode: 0o100644, openBits: 0o4000 });
});

describe('what a fault does not permit', () => {
  test('an error in front of the filesystem did nothing', () => {
    const { worlds, call } = judged(before);
    expect(call(mkdir, EIO, { operation: 'MKDIR' })).toBeUndefined();
    expect(worlds.count).toBe(1);
    expect(call(lookAt, stat)).toBe('expected ENOENT, got success');
  });

  test('another errno, or the same one when nothing struck', () => {
    expect(judged(before).call(mkdir, -28, { operation: 'MKDIR' })).toBe('expected success, got ENOSPC');
    expect(judged(before).call(mkdir, EIO)).toBe('expected success, got EIO');
  });

  test('silence about an error that nothing else would show', () => {
    const { call } = judged(before);
    call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
    const flush = { operation: 'FLUSH', pid: 1 } as const;
    expect(call({ op: 'close', fd: 3 }, 0, flush)).toBe('expected an error, as FLUSH gave one, got success');
  });

  test('other bytes than those that were hit', () => {
    const { call } = judged({ where: 'link-reply', what: { kind: 'bit-flip' } });
    call({ op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 }, 3);
    call({ op: 'pwrite', fd: 3, data: new Uint8Array(8), offset: 0 }, 8);
    const read: Call = { op: 'pread', fd: 3, size: 8, offset: 0 };
    const hit = { operation: 'READ', path: '/a', offset: 0, length: 4 } as const;
    expect(call(read, new Uint8Array([0, 9, 0, 0, 0, 0, 0, 0]), hit)).toBeUndefined();
    expect(call(read, new Uint8Array([0, 0, 0, 0, 9, 0, 0, 0]))).toBe('data wrong');
  });
});

test('a process that was killed is gone in every state', () => {
  const { worlds, call } = judged({ where: 'process', what: { kind: 'kill' } });
  expect(call(mkdir, -4, { operation: 'MKDIR', pid: 1 })).toBeUndefined();
  expect(worlds.count).toBe(2);
  expect(worlds.runs(1)).toBe(false);
});

test('who is to be killed may have been ended by a fault, in a call beside that nobody hears the end of', () => {
  const { worlds, call } = judged({ where: 'process', what: { kind: 'kill' } });
  worlds.spawn(3, { uid: 0, gid: 0, groups: [] });
  worlds.share();
  expect(call({ op: 'kill', pid: 3, signal: 9 }, ESRCH, { operation: 'GETATTR', pid: 3 })).toBeUndefined();
  worlds.shared();
  expect(worlds.runs(3)).toBe(false);
});

test('what the filesystem may not have heard the end of is found by its file handle, and the run is judged no further', () => {
  const found = (...struck: readonly Event[]): readonly unknown[] => {
    const { worlds, call } = judged(before);
    call({ op: 'creat', path: '/a', mode: 0o644, into: 3 }, 3);
    call({ op: 'name_to_handle_at', path: '/a', flags: 0, into: 0 }, 0);
    call({ op: 'close', fd: 3 }, 0, ...struck);
    call({ op: 'unlink', path: '/a' }, 0);
    return [call({ op: 'open_by_handle_at', handle: 0, flags: O_RDWR, into: 4 }, 4), worlds.lost];
  };
  expect(found()).toEqual(['expected ESTALE, got success', undefined]);
  expect(found({ operation: 'RELEASE', path: '/a' })).toEqual([undefined, 'anything is permitted']);
});

test('the table says which faults nobody may notice', () => {
  const quiet: readonly Omit<Rule, 'name'>[] = [
    { where: 'link-request', what: { kind: 'delay', ms: 1 } },
    { where: 'link-reply', what: { kind: 'reorder', window: 2 } },
    { where: 'link-request', what: { kind: 'full-queue', ms: 1 } },
    { where: 'page-cache', what: { kind: 'drop-dentries' } },
    { where: 'filesystem', what: { kind: 'fsync-lies' } },
    { where: 'process', what: { kind: 'restart', memory: 'kept', requests: 'resend' } },
  ];
  for (const rule of quiet)
    expect(permitsOf({ name: 'it', ...rule } as Rule, 'GETATTR').filter(({ kind }) => kind !== 'late')).toEqual([]);
});
