import { expect, test } from 'vitest';
import type { FileSystemFactory } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { deferred } from '../../src/fuse/device/deferred.ts';
import { deferredRam } from '../sim/kernel/deferred-ram.ts';
import { faulty } from './faulty.ts';

const direct = { mount: { directIo: true } } as const;

test('an errno before the effect, and one after it', () => {
  const sim = faulty([
    { where: 'filesystem', when: { operation: 'MKDIR', path: '/a' }, what: { kind: 'errno', errno: 'EDQUOT' } },
    {
      where: 'filesystem',
      when: { operation: ['MKDIR', 'OPEN', 'CREATE'], path: ['/b', '/f'] },
      what: { kind: 'errno', errno: 'EIO', effect: 'after' },
    },
  ]);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe('EDQUOT');
  expect(sim.call({ op: 'stat', path: '/a' })).toBe('ENOENT');
  expect(sim.call({ op: 'mkdir', path: '/b', mode: 0o755 })).toBe('EIO');
  expect(sim.call({ op: 'stat', path: '/b' })).toMatchObject({ nlink: 2 });
  expect(sim.write('/f', 'x')).toBe('EIO');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 0 });
  expect(sim.told()).toEqual(['errno EDQUOT', 'errno EIO after the effect', 'errno EIO after the effect']);
});

test('of several errnos one is drawn that is realistic for the operation', () => {
  const sim = faulty([
    { where: 'filesystem', when: { path: '/d/**' }, what: { kind: 'errno', errno: ['EXDEV', 'ENOTEMPTY'] } },
  ]);
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  expect(sim.call({ op: 'rename', path: '/d', newPath: '/e', flags: 0 })).toMatch(/^EXDEV|ENOTEMPTY$/);
  expect(sim.call({ op: 'rmdir', path: '/d' })).toBe('ENOTEMPTY');
});

test('a slow filesystem takes virtual time, whether it answers at once or later', async () => {
  const rules = [{ where: 'filesystem', when: { operation: 'STATFS' }, what: { kind: 'delay', ms: 300 } }] as const;
  for (const sim of [faulty(rules), faulty(rules, {}, deferredRam(1))]) {
    const start = sim.environment.clock.nanoseconds;
    expect(await sim.call({ op: 'statfs', path: '/' })).toMatchObject({ namelen: 255 });
    expect((sim.environment.clock.nanoseconds - start) / 1e6).toBeGreaterThanOrEqual(300);
  }
});

test('a call that hangs ends when its caller is interrupted; where nothing could interrupt it the plan is refused', async () => {
  const rules = [{ where: 'filesystem', when: { operation: 'STATFS' }, what: { kind: 'hang' } }] as const;
  expect(() => faulty(rules)).toThrow(/rules\[0\]: "1": hang at filesystem is not possible in a simulation/);
  const host = deferred<void>();
  const sim = faulty(rules, { awaitHost: () => host.promise }, deferredRam(1));
  const pending = sim.kernel.submit(1, { op: 'statfs', path: '/' });
  const ran = sim.kernel.run();
  await new Promise((resolve) => setImmediate(resolve));
  expect(pending.done).toBe(false);
  sim.kernel.interrupt(1);
  host.resolve();
  await ran;
  expect(pending.result).toBe(-4);
});

test('what is read and written is spoiled as on the link', () => {
  const sim = faulty(
    [
      {
        where: 'filesystem',
        when: { operation: 'READ', path: '/r' },
        what: { kind: 'range', offset: 1, length: 1, fill: 63 },
      },
      { where: 'filesystem', when: { operation: 'WRITE', path: '/w' }, what: { kind: 'bit-flip' } },
      { where: 'filesystem', when: { operation: 'WRITE', path: '/s' }, what: { kind: 'short', bytes: 2 } },
      { where: 'filesystem', when: { operation: 'READ', path: '/m' }, what: { kind: 'misdirect', by: 2 } },
      { where: 'filesystem', when: { operation: 'WRITE', path: '/t' }, what: { kind: 'torn', size: 512 } },
      { where: 'filesystem', when: { operation: 'GETXATTR' }, what: { kind: 'range', offset: 0, length: 1, fill: 33 } },
      { where: 'filesystem', when: { operation: 'READLINK' }, what: { kind: 'range', offset: 0, length: 1, fill: 33 } },
    ],
    direct,
  );
  for (const path of ['/r', '/w', '/m']) expect(sim.write(path, 'abcd')).toBe(4);
  expect(sim.read('/r')).toBe('a?cd');
  expect(sim.read('/w')).not.toBe('abcd');
  expect(sim.read('/m')).toBe('cd');
  expect(sim.write('/s', 'abcd')).toBe(2);
  expect(sim.write('/t', 't'.repeat(1024))).toBe(1024);
  expect(sim.read('/t')).toBe('t'.repeat(512));
  sim.call({ op: 'symlink', target: 'here', path: '/l' });
  expect(sim.call({ op: 'readlink', path: '/l' })).toBe('!ere');
  sim.call({ op: 'setxattr', path: '/r', name: 'user.a', value: new TextEncoder().encode('value'), flags: 0 });
  expect(sim.call({ op: 'getxattr', path: '/r', name: 'user.a', size: 100 })).toBe('!alue');
  expect(sim.injected.map(({ rule }) => rule).sort()).toEqual(['1', '2', '3', '4', '5', '6', '7']);
});

test('attributes lie, and reads are stale', () => {
  const sim = faulty(
    [
      { where: 'filesystem', when: { operation: 'GETATTR', path: '/f', switch: 'on' }, what: { kind: 'lie', size: 7 } },
      { where: 'filesystem', when: { operation: 'READ', nth: [2, 3] }, what: { kind: 'stale-read' } },
    ],
    direct,
  );
  sim.write('/f', 'old');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 7 });
  expect(sim.read('/f')).toBe('old');
  sim.write('/f', 'newer');
  expect(sim.read('/f')).toBe('old');
});

test('stale references: forgotten until looked up again, a handle until it is closed', () => {
  const sim = faulty(
    [
      {
        where: 'filesystem',
        when: { operation: 'READ', path: '/f', nth: 1 },
        what: { kind: 'stale', how: 'forgotten' },
      },
      { where: 'filesystem', when: { operation: 'READ', path: '/g', nth: 1 }, what: { kind: 'stale', how: 'handle' } },
      { where: 'filesystem', when: { operation: 'LOOKUP', path: '/h' }, what: { kind: 'stale', how: 'generation' } },
    ],
    direct,
  );
  for (const path of ['/f', '/g', '/h']) sim.write(path, 'abc');
  const fd = sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 }) as number;
  expect(sim.call({ op: 'pread', fd, size: 3, offset: 0 })).toBe('ESTALE');
  expect(sim.call({ op: 'fstat', fd })).toBe('ESTALE');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 3 });
  expect(sim.call({ op: 'pread', fd, size: 3, offset: 0 })).toBe('abc');
  expect(sim.read('/g')).toBe('ESTALE');
  expect(sim.read('/g')).toBe('abc');
  const held = sim.call({ op: 'open', path: '/h', flags: 0, mode: 0 }) as number;
  sim.call({ op: 'stat', path: '/h' });
  expect(sim.call({ op: 'fstat', fd: held })).toBe('EIO');
});

/** The ram filesystem that keeps count of its syncs. */
const counting =
  (synced: number[]): FileSystemFactory =>
  (environment, options) =>
    Object.assign(ram(environment, options), { fsync: (node: number) => void synced.push(node) });

test('fsync fails once, and then says that all is well although nothing was written out', () => {
  const synced: number[] = [];
  const sim = faulty(
    [{ where: 'filesystem', when: { operation: 'FSYNC', path: '/f' }, what: { kind: 'fsync-once' } }],
    {},
    counting(synced),
  );
  const fd = sim.call({ op: 'open', path: '/f', flags: 0o102, mode: 0o644 }) as number;
  const write = (): unknown => sim.call({ op: 'write', fd, data: new Uint8Array(1) });
  write();
  expect(sim.call({ op: 'fsync', fd })).toBe('EIO');
  expect(sim.call({ op: 'fsync', fd })).toBe(0);
  expect(synced).toEqual([]);
  write();
  expect(sim.call({ op: 'fsync', fd })).toBe(0);
  expect(synced).toHaveLength(1);
});

test('fsync lies', () => {
  const synced: number[] = [];
  const rules = [{ where: 'filesystem', when: { operation: 'FSYNC' }, what: { kind: 'fsync-lies' } }] as const;
  const sim = faulty(rules, {}, counting(synced));
  sim.write('/f', 'x');
  const fd = sim.call({ op: 'open', path: '/f', flags: 1, mode: 0 }) as number;
  expect(sim.call({ op: 'fsync', fd })).toBe(0);
  expect(sim.told()).toEqual(['fsync-lies']);
  expect(synced).toEqual([]);
});
