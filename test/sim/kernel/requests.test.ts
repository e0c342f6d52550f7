import { describe, expect, test } from 'vitest';
import { O_CREAT, O_EXCL, O_RDWR, O_TRUNC, O_WRONLY } from '../../../src/vfs/index.ts';
import { plainRam, traced, user } from './trace.ts';

const always = { mount: { entryTimeout: Infinity, attributeTimeout: Infinity } };

describe('requests with timeouts of zero', () => {
  test('each component costs a permission check and a lookup', () => {
    const sim = traced();
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    sim.call({ op: 'mknod', path: '/d/f', mode: 0o644, rdev: 0 });
    expect(sim.traced({ op: 'stat', path: '/d/f' })).toEqual(['GETATTR', 'LOOKUP', 'GETATTR', 'LOOKUP', 'GETATTR']);
    expect(sim.traced({ op: 'stat', path: '/missing' })).toEqual(['GETATTR', 'LOOKUP']);
  });

  test('without default_permissions the walk asks for names only', () => {
    const sim = traced({ mount: { defaultPermissions: false } });
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['LOOKUP', 'GETATTR']);
  });

  test('a file is made and opened by one CREATE; an existing one is opened', () => {
    const sim = traced({}, plainRam);
    const create = { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644 } as const;
    // The permission check of a file just made asks for its attributes, which are not valid any more.
    expect(sim.traced(create)).toEqual(['GETATTR', 'GETATTR', 'LOOKUP', 'CREATE', 'GETATTR']);
    expect(sim.traced(create)).toEqual(['GETATTR', 'LOOKUP', 'GETATTR', 'OPEN']);
    expect(sim.traced({ ...create, flags: O_WRONLY | O_TRUNC })).toEqual([
      'GETATTR',
      'LOOKUP',
      'GETATTR',
      'OPEN',
      'GETXATTR',
      'SETATTR',
    ]);
  });

  test('a close flushes and releases; what was unlinked is forgotten then', () => {
    const sim = traced();
    sim.call({ op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644 });
    sim.call({ op: 'dup', fd: 3 });
    expect(sim.traced({ op: 'close', fd: 4 })).toEqual(['FLUSH']);
    expect(sim.traced({ op: 'unlink', path: '/f' })).toEqual(['GETATTR', 'LOOKUP', 'GETATTR', 'UNLINK']);
    // The filesystem has no FLUSH: it is not asked again.
    expect(sim.traced({ op: 'close', fd: 3 })).toEqual(['RELEASE', 'FORGET']);
  });

  test('an unlink of a file that nobody has open ends with a FORGET', () => {
    const sim = traced();
    sim.call({ op: 'mknod', path: '/f', mode: 0o644, rdev: 0 });
    expect(sim.traced({ op: 'unlink', path: '/f' })).toEqual(['GETATTR', 'LOOKUP', 'GETATTR', 'UNLINK', 'FORGET']);
  });

  test('a write asks for file capabilities first; one by a user of a set-user-id file takes the bit away', () => {
    const sim = traced({}, plainRam);
    sim.kernel.spawn(2, user(1000));
    sim.call({ op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o666 });
    sim.call({ op: 'fchmod', fd: 3, mode: 0o6777 });
    expect(sim.traced({ op: 'write', fd: 3, data: { seed: 0, length: 10 } })).toEqual(['GETXATTR', 'WRITE']);
    sim.call({ op: 'open', path: '/f', flags: O_RDWR, mode: 0 }, 2);
    expect(sim.traced({ op: 'write', fd: 3, data: { seed: 0, length: 10 } }, 2)).toEqual([
      'GETXATTR',
      'GETATTR',
      'SETATTR',
      'WRITE',
    ]);
    expect(sim.call({ op: 'fstat', fd: 3 })).toMatchObject({ mode: 0o100777 });
  });
});

describe('requests with timeouts', () => {
  test('what is cached is not asked for', () => {
    const sim = traced(always);
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    sim.call({ op: 'mknod', path: '/d/f', mode: 0o644, rdev: 0 });
    sim.call({ op: 'stat', path: '/d/f' });
    expect(sim.traced({ op: 'stat', path: '/d/f' })).toEqual([]);
    expect(sim.traced({ op: 'open', path: '/d/f', flags: O_RDWR, mode: 0 })).toEqual(['OPEN']);
  });

  test('a change of a directory makes its attributes stale, and nothing else', () => {
    const sim = traced(always);
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    sim.call({ op: 'stat', path: '/d' });
    sim.call({ op: 'mknod', path: '/d/f', mode: 0o644, rdev: 0 });
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['GETATTR']);
    expect(sim.traced({ op: 'stat', path: '/d/f' })).toEqual([]);
  });

  test('an entry is valid until its time has passed', () => {
    const sim = traced({ mount: { entryTimeout: 1, attributeTimeout: 1 }, timePerCall: 600_000_000 });
    sim.call({ op: 'stat', path: '/' });
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['GETATTR']);
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['LOOKUP']);
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['GETATTR']);
  });

  test('a name that does not exist is remembered for the negative timeout', () => {
    const sim = traced({ mount: { ...always.mount, negativeTimeout: 10 } });
    sim.call({ op: 'stat', path: '/missing' });
    expect(sim.traced({ op: 'stat', path: '/missing' })).toEqual([]);
    expect(sim.traced({ op: 'open', path: '/missing', flags: O_CREAT | O_RDWR, mode: 0o600 })).toEqual(['CREATE']);
  });

  test('O_EXCL, and the target of a rename, are looked up all the same', () => {
    const sim = traced(always);
    sim.call({ op: 'mknod', path: '/a', mode: 0o644, rdev: 0 });
    sim.call({ op: 'mknod', path: '/b', mode: 0o644, rdev: 0 });
    sim.call({ op: 'stat', path: '/' });
    const exclusive = { op: 'open', path: '/a', flags: O_CREAT | O_EXCL | O_RDWR, mode: 0o600 } as const;
    expect(sim.traced(exclusive)).toEqual(['LOOKUP']);
    expect(sim.traced({ op: 'rename', path: '/a', newPath: '/b', flags: 0 })).toEqual(['LOOKUP', 'RENAME', 'FORGET']);
  });
});

test('READDIRPLUS at the start, READDIR after it, and what it brought is cached', () => {
  const sim = traced(always);
  sim.call({ op: 'mknod', path: '/f', mode: 0o644, rdev: 0 });
  sim.call({ op: 'open', path: '/', flags: 0, mode: 0 });
  expect(sim.traced({ op: 'getdents', fd: 3, size: 32768 })).toEqual(['READDIRPLUS']);
  expect(sim.traced({ op: 'getdents', fd: 3, size: 32768 })).toEqual(['READDIR']);
});

test('a symbolic link is read each time, unless the filesystem lets the kernel keep it', () => {
  for (const factory of [plainRam, undefined]) {
    const sim = traced(always, factory);
    sim.call({ op: 'symlink', target: 'x', path: '/l' });
    sim.call({ op: 'readlink', path: '/l' });
    const again = sim.traced({ op: 'readlink', path: '/l' });
    expect(again).toEqual(factory === undefined ? [] : ['READLINK']);
  }
});

test('dropped caches are forgotten in a batch', () => {
  const sim = traced(always);
  for (const name of ['a', 'b', 'c']) sim.call({ op: 'mknod', path: `/${name}`, mode: 0o644, rdev: 0 });
  sim.requests();
  sim.kernel.dropCaches();
  expect(sim.requests()).toEqual(['BATCH_FORGET']);
  expect(sim.session.lookups.count(2)).toBe(0);
});

test('uniques are even and rise by two', () => {
  const uniques: number[] = [];
  const sim = traced({ observe: (fromKernel, message) => fromKernel && uniques.push(message.words[2]) });
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  expect(uniques).toEqual(uniques.map((_, i) => 2 * (i + 1)));
});
