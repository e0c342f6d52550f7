import { expect, test } from 'vitest';
import { opcodeName } from '../../src/fuse/protocol/index.ts';
import type { Context, Stat } from '../../src/vfs/index.ts';
import { faulty } from './faulty.ts';

test('at the nth request a process is killed, or interrupted', () => {
  const sim = faulty([
    { where: 'process', when: { operation: 'STATFS', pid: 2, nth: 2 }, what: { kind: 'kill' } },
    { where: 'process', when: { operation: 'MKDIR', nth: 1 }, what: { kind: 'interrupt' } },
  ]);
  sim.kernel.spawn(2, { uid: 0, gid: 0, groups: [] });
  sim.call({ op: 'statfs', path: '/' }, 2);
  expect(sim.kernel.isRunning(2)).toBe(true);
  sim.call({ op: 'statfs', path: '/' }, 2);
  expect(sim.kernel.isRunning(2)).toBe(false);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe(0);
  expect(sim.told()).toEqual(['kill process 2', 'interrupt process 1']);
});

test('an interrupt reaches the daemon as INTERRUPT', () => {
  const seen: (string | undefined)[] = [];
  const sim = faulty(
    [
      { where: 'process', when: { operation: 'STATFS' }, what: { kind: 'interrupt' } },
      { where: 'link-request', when: { operation: 'STATFS' }, what: { kind: 'hang' } },
    ],
    { observe: (fromKernel, { words }) => fromKernel && seen.push(opcodeName(words[1])) },
  );
  expect(sim.call({ op: 'statfs', path: '/' })).toBe('EINTR');
  expect(seen).toContain('INTERRUPT');
});

test('cache pressure: dentries go, the filesystem hears FORGET, and names are looked up again', () => {
  const seen: (string | undefined)[] = [];
  const mount = { entryTimeout: 1000, attributeTimeout: 1000 };
  const sim = faulty([{ where: 'page-cache', when: { operation: 'STATFS' }, what: { kind: 'drop-dentries' } }], {
    mount,
    observe: (fromKernel, { words }) => fromKernel && seen.push(opcodeName(words[1])),
  });
  const requests = (act: () => void): string[] => {
    seen.length = 0;
    act();
    return seen.filter((name) => name === 'LOOKUP' || name === 'FORGET') as string[];
  };
  sim.call({ op: 'mkdir', path: '/a', mode: 0o755 });
  expect(requests(() => sim.call({ op: 'stat', path: '/a' }))).toEqual([]);
  expect(requests(() => sim.call({ op: 'statfs', path: '/' }))).toEqual(['FORGET']);
  expect(requests(() => sim.call({ op: 'stat', path: '/a' }))).toEqual(['LOOKUP']);
});

test('cache pressure: pages go and are read again', () => {
  let reads = 0;
  const mount = { keepCache: true, autoInvalData: false };
  const sim = faulty([{ where: 'page-cache', when: { operation: 'STATFS' }, what: { kind: 'drop-pages' } }], {
    mount,
    observe: (fromKernel, { words }) => {
      if (fromKernel && opcodeName(words[1]) === 'READ') reads += 1;
    },
  });
  sim.write('/f', 'abc');
  sim.read('/f');
  sim.read('/f');
  const before = reads;
  sim.call({ op: 'statfs', path: '/' });
  sim.read('/f');
  expect(reads).toBe(before + 1);
});

test('a stale page stays: the kernel does not hear that the file has changed', () => {
  const sim = faulty([{ where: 'page-cache', when: { operation: 'READ', path: '/f' }, what: { kind: 'keep-stale' } }]);
  sim.write('/f', 'old');
  expect(sim.read('/f')).toBe('old');
  const { ino } = sim.call({ op: 'stat', path: '/f' }) as Stat;
  sim.filesystem.setattr?.(Number(ino), { size: 0 }, undefined, { uid: 0 } as Context);
  expect(sim.read('/f')).toBe('old');
  expect(sim.told()[0]).toBe('keep-stale');
});

test('the clock jumps for the kernel and the filesystem, and monotonic time does not', () => {
  const sim = faulty([{ where: 'clock', when: { operation: 'STATFS' }, what: { kind: 'jump', ms: -3_600_000 } }]);
  const { clock } = sim.environment;
  const before = [clock.now().sec, clock.monotonic()];
  sim.call({ op: 'statfs', path: '/' });
  expect(clock.now().sec).toBe((before[0] as number) - 3600);
  expect(clock.monotonic()).toBeGreaterThan(before[1] as number);
  sim.write('/f', 'x');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ mtime: { sec: clock.now().sec } });
});

test('the daemon dies, and nobody starts it again', () => {
  const sim = faulty([{ where: 'process', when: { operation: 'MKDIR' }, what: { kind: 'crash' } }]);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe('ECONNABORTED');
  expect(sim.call({ op: 'stat', path: '/' })).toBe('ENOTCONN');
});

test('the daemon comes back without its memory: old nodes are stale, and the filesystem is a new one', () => {
  const sim = faulty(
    [{ where: 'process', when: { operation: 'STATFS' }, what: { kind: 'restart', memory: 'lost', ms: 20 } }],
    { mount: { entryTimeout: 1000 } },
  );
  sim.write('/f', 'abc');
  const fd = sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 }) as number;
  expect(sim.call({ op: 'statfs', path: '/' })).toMatchObject({ namelen: 255 });
  expect(sim.call({ op: 'fstat', fd })).toBe('ESTALE');
  expect(sim.call({ op: 'stat', path: '/f' })).toBe('ENOENT');
  expect(sim.write('/g', 'new')).toBe(3);
  expect(sim.call({ op: 'close', fd })).toBe(0);
  sim.call({ op: 'drop_caches', caches: 3 });
  expect(sim.read('/g')).toBe('new');
});

test('the daemon comes back with its memory: nobody notices but for the time', () => {
  const sim = faulty([
    { where: 'process', when: { operation: 'STATFS' }, what: { kind: 'restart', memory: 'kept', ms: 20 } },
  ]);
  sim.write('/f', 'abc');
  const fd = sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 }) as number;
  sim.call({ op: 'statfs', path: '/' });
  expect(sim.call({ op: 'fstat', fd })).toMatchObject({ size: 3 });
});

test('what is to be read in the background when the daemon is gone fails, and nobody waits for it', () => {
  const sim = faulty([{ where: 'process', when: { operation: 'GETXATTR' }, what: { kind: 'crash' } }]);
  const fd = sim.call({ op: 'open', path: '/f', flags: 0o102, mode: 0o644, into: 3 }) as number;
  sim.call({ op: 'ftruncate', fd, size: 8192 });
  sim.call({ op: 'mmap', fd, offset: 0, size: 8192, protection: 3, flags: 1, into: 0 });
  sim.call({ op: 'getxattr', path: '/f', name: 'user.a', size: 10 });
  expect(sim.call({ op: 'load', map: 0, offset: 4096, size: 1 })).toBe('EFAULT');
});

test('dropping caches reaches what lies below a directory that is removed', () => {
  const sim = faulty([
    { where: 'filesystem', when: { operation: 'UNLINK' }, what: { kind: 'errno', errno: 'EIO', effect: 'after' } },
  ]);
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  sim.write('/d/f', 'x');
  const fd = sim.call({ op: 'open', path: '/d/f', flags: 0, mode: 0 }) as number;
  expect(sim.call({ op: 'unlink', path: '/d/f' })).toBe('EIO');
  expect(sim.call({ op: 'rmdir', path: '/d' })).toBe(0);
  sim.call({ op: 'close', fd });
  sim.call({ op: 'drop_caches', caches: 3 });
  expect([...sim.session.lookups].map(([node]) => node)).toEqual([]);
});
