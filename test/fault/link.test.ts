import { expect, test } from 'vitest';
import { Reordering } from '../../src/fault/link/held.ts';
import { faulty } from './faulty.ts';

test('an errno at the request: the daemon hears nothing of it', () => {
  const sim = faulty([
    { where: 'link-request', when: { operation: 'MKDIR', path: '/a' }, what: { kind: 'errno', errno: 'ENOSPC' } },
  ]);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe('ENOSPC');
  expect(sim.call({ op: 'mkdir', path: '/b', mode: 0o755 })).toBe(0);
  expect(sim.call({ op: 'rmdir', path: '/a' })).toBe('ENOENT');
  expect(sim.injected).toMatchObject([
    { rule: '1', kind: 'errno', detail: 'ENOSPC', operation: 'MKDIR', path: '/a', node: 1, pid: 1 },
  ]);
});

test('an errno at the reply: the effect is there, and the daemon takes back what it gave', () => {
  const sim = faulty([
    { where: 'link-reply', when: { operation: 'MKDIR' }, what: { kind: 'errno', errno: 'EIO' }, times: 1 },
  ]);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe('EIO');
  expect([...sim.session.lookups]).toEqual([]);
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe('EEXIST');
});

test('a delay passes in virtual time, and is drawn from its distribution', () => {
  const before = (ms: unknown): number => {
    const sim = faulty([
      { where: 'link-request', when: { operation: 'STATFS' }, what: { kind: 'delay', ms: ms as number } },
    ]);
    const start = sim.environment.clock.nanoseconds;
    sim.call({ op: 'statfs', path: '/' });
    return (sim.environment.clock.nanoseconds - start) / 1e6 - 1;
  };
  expect(before(250)).toBe(250);
  expect(before({ uniform: [10, 20] })).toBeGreaterThanOrEqual(10);
  expect(before({ uniform: [10, 20] })).toBeLessThan(20);
  expect(before({ exponential: 5 })).toBeGreaterThan(0);
  expect(before({ normal: [1000, 1] })).toBeGreaterThan(900);
  expect(before({ pareto: [50, 2] })).toBeGreaterThanOrEqual(50);
});

test.for(['link-request', 'link-reply'] as const)(
  'a drop at the %s: the caller waits until the mount is aborted',
  (where) => {
    const sim = faulty([{ where, when: { operation: 'STATFS' }, what: { kind: 'drop' } }]);
    const pending = sim.kernel.submit(1, { op: 'statfs', path: '/' });
    sim.kernel.run();
    expect(pending.done).toBe(false);
    expect(() => sim.kernel.runUntilAny([pending])).toThrow(/can never finish/);
    sim.kernel.abort();
    expect(pending.result).toBe(-103);
    expect(sim.told()).toEqual(['drop']);
  },
);

test('a hang ends with EINTR when the caller is interrupted', () => {
  const sim = faulty([{ where: 'link-request', when: { operation: 'STATFS' }, what: { kind: 'hang' } }]);
  const pending = sim.kernel.submit(1, { op: 'statfs', path: '/' });
  sim.kernel.run();
  expect(pending.done).toBe(false);
  sim.kernel.interrupt(1);
  sim.kernel.run();
  expect(pending.result).toBe(-4);
});

test('a late duplicate of a request: the daemon carries it out twice', () => {
  const sim = faulty([{ where: 'link-request', when: { operation: 'MKDIR' }, what: { kind: 'duplicate', ms: 10 } }], {
    report: () => {},
  });
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe(0);
  expect(sim.call({ op: 'rmdir', path: '/a' })).toBe(0);
  sim.kernel.run();
  expect(sim.call({ op: 'rmdir', path: '/a' })).toBe(0);
});

test('a duplicated reply is refused, as nobody waits for it', () => {
  const problems: string[] = [];
  const sim = faulty([{ where: 'link-reply', when: { operation: 'STATFS' }, what: { kind: 'duplicate' } }], {
    report: (problem) => problems.push(problem),
  });
  expect(sim.call({ op: 'statfs', path: '/' })).toMatchObject({ namelen: 255 });
  sim.kernel.run();
  expect(problems.join()).toMatch(/which nobody waits for/);
});

test('reordering: a request waits until another has overtaken it', () => {
  const answered: number[] = [];
  const sim = faulty(
    [{ where: 'link-request', when: { operation: 'STATFS', nth: 1 }, what: { kind: 'reorder', window: 1 } }],
    {
      observe: (fromKernel, { words }) => {
        if (!fromKernel) answered.push(words[2]);
      },
    },
  );
  const { kernel } = sim;
  for (const pid of [2, 3]) kernel.spawn(pid, { uid: 0, gid: 0, groups: [] });
  answered.length = 0;
  const calls = [1, 2, 3].map((pid) => kernel.submit(pid, { op: 'statfs', path: '/' }));
  kernel.run();
  expect(calls.map(({ result }) => typeof result)).toEqual(['object', 'object', 'object']);
  expect(answered).toEqual([6, 4, 8]);
});

test('reordering across processes counts those of others only', () => {
  const released: string[] = [];
  const reordering = new Reordering(() => () => {});
  reordering.hold({ kind: 'reorder', window: 1, across: 'others' }, 1, () => released.push('others'));
  reordering.hold({ kind: 'reorder', window: 2 }, 1, () => released.push('any'));
  reordering.passed(1);
  expect(released).toEqual([]);
  reordering.passed(2);
  expect(released).toEqual(['others', 'any']);
});

test('what nothing overtakes goes on when its time is over', () => {
  const sim = faulty([
    { where: 'link-request', when: { operation: 'MKDIR' }, what: { kind: 'reorder', window: 3, ms: 50 } },
  ]);
  const start = sim.environment.clock.nanoseconds;
  expect(sim.call({ op: 'mkdir', path: '/a', mode: 0o755 })).toBe(0);
  expect((sim.environment.clock.nanoseconds - start) / 1e6).toBeGreaterThanOrEqual(50);
});

test('a full queue: nothing passes for its time, then everything in order', () => {
  const sim = faulty([
    { where: 'link-request', when: { operation: 'MKDIR', path: '/a' }, what: { kind: 'full-queue', ms: 100 } },
  ]);
  sim.kernel.spawn(2, { uid: 0, gid: 0, groups: [] });
  const a = sim.kernel.submit(1, { op: 'mkdir', path: '/a', mode: 0o755 });
  const b = sim.kernel.submit(2, { op: 'mkdir', path: '/b', mode: 0o755 });
  for (let i = 0; i < 20; i++)
    if (sim.kernel.scheduler.step(false) === 'awaiting-promise') sim.kernel.scheduler.promisesPending = false;
  expect([a.done, b.done]).toEqual([false, false]);
  sim.kernel.run();
  expect([a.result, b.result]).toEqual([0, 0]);
});

test('bits of what is read flip, the same in every run, and the file stays as it is', () => {
  const run = (): unknown[] => {
    const sim = faulty(
      [{ where: 'link-reply', when: { operation: 'READ', nth: 1 }, what: { kind: 'bit-flip', bits: 2 } }],
      { mount: { directIo: true } },
    );
    sim.write('/f', 'x'.repeat(100));
    return [sim.read('/f'), sim.read('/f'), sim.told()];
  };
  const [first, second, told] = run();
  expect(second).toBe('x'.repeat(100));
  expect(first).toHaveLength(100);
  expect(first).not.toBe(second);
  expect(told).toEqual([expect.stringMatching(/^bit-flip bit \d of byte \d+, bit \d of byte \d+$/)]);
  expect(run()).toEqual([first, second, told]);
});

test('data on its way to the daemon: a range is overwritten, a sector is zeroed', () => {
  const range = faulty([
    { where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'range', offset: 2, length: 3, fill: 0x2e } },
  ]);
  range.write('/f', 'abcdefgh');
  expect(range.read('/f')).toBe('ab...fgh');
  const sector = faulty([{ where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'zero-sector' } }]);
  sector.write('/f', 'z'.repeat(1024));
  expect([...(sector.read('/f') as string)].filter((c) => c === '\0')).toHaveLength(512);
});

test('a torn write is answered as if all had arrived', () => {
  const sim = faulty([{ where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'torn', size: 512 } }], {
    mount: { directIo: true },
  });
  expect(sim.write('/f', 'w'.repeat(2048))).toBe(2048);
  const { length } = sim.read('/f') as string;
  expect([512, 1024, 1536]).toContain(length);
  expect(sim.told()).toEqual([`torn ${length} of 2048 bytes arrive`]);
});

test('misdirected: a write lands elsewhere, a read comes from elsewhere', () => {
  const sim = faulty([
    { where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'misdirect', by: 4096 }, times: 1 },
  ]);
  expect(sim.write('/f', 'lost')).toBe(4);
  expect(sim.read('/f')).toBe(`${'\0'.repeat(4096)}lost`);
});

test('what one fault has cut, another may cut again and spoil: what is left of the data, and nothing else', () => {
  const writes = { where: 'link-request', when: { operation: 'WRITE' } } as const;
  const sim = faulty(
    [
      { ...writes, what: { kind: 'short', bytes: 1000 } },
      { ...writes, what: { kind: 'torn', size: 512 } },
      { ...writes, what: { kind: 'short', bytes: 600 } },
      { ...writes, what: { kind: 'short', bytes: 10 } },
      { ...writes, what: { kind: 'range', offset: 8, length: 4, fill: 63 } },
    ],
    { mount: { directIo: true } },
  );
  sim.write('/f', 'a'.repeat(2048));
  expect(sim.told()).toEqual([
    'short 1000 of 2048 bytes',
    'torn 512 of 1000 bytes arrive',
    'short 10 of 512 bytes',
    'range bytes 8 to 9 of the data',
  ]);
  expect((sim.read('/f') as string).slice(0, 10)).toBe('aaaaaaaa??');
});

test('shortened: fewer bytes are read and written, and answered so', () => {
  const sim = faulty(
    [
      { where: 'link-request', when: { operation: 'WRITE' }, what: { kind: 'short', bytes: 3 } },
      { where: 'link-reply', when: { operation: 'READ' }, what: { kind: 'short', bytes: 2 } },
    ],
    { mount: { directIo: true } },
  );
  expect(sim.write('/f', 'abcdef')).toBe(3);
  expect(sim.read('/f')).toBe('ab');
});

test('a stale read answers what was there before', () => {
  const sim = faulty(
    [{ where: 'link-reply', when: { operation: 'READ', switch: 'on' }, what: { kind: 'stale-read' } }],
    { mount: { directIo: true } },
  );
  sim.write('/f', 'old');
  expect(sim.read('/f')).toBe('old');
  sim.write('/f', 'new!');
  expect(sim.read('/f')).toBe('old');
});

test('attributes lie', () => {
  const sim = faulty([
    {
      where: 'link-reply',
      when: { path: '/f', operation: ['GETATTR', 'LOOKUP'] },
      what: { kind: 'lie', size: { add: 1000 }, nlink: 7, mtime: 5 },
    },
  ]);
  sim.write('/f', 'abc');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 1003, nlink: 7, mtime: { sec: 5 } });
});

test('a reply of a wrong length: EIO', () => {
  const sim = faulty([{ where: 'link-reply', when: { operation: 'READ' }, what: { kind: 'wrong-length' } }], {
    report: () => {},
    mount: { directIo: true, attributeTimeout: 100 },
  });
  sim.write('/f', 'abc');
  expect(sim.read('/f')).toBe('EIO');
  expect(sim.told()).toEqual(['wrong-length 65544 bytes of results instead of 3']);
});

test('a forgotten node is stale until it is looked up again', () => {
  const sim = faulty(
    [{ where: 'link-request', when: { operation: 'READ', nth: 1 }, what: { kind: 'stale', how: 'forgotten' } }],
    { mount: { directIo: true } },
  );
  sim.write('/f', 'abc');
  const fd = sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 }) as number;
  expect(sim.call({ op: 'pread', fd, size: 3, offset: 0 })).toBe('ESTALE');
  expect(sim.call({ op: 'fstat', fd })).toBe('ESTALE');
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 3 });
  expect(sim.call({ op: 'fstat', fd })).toMatchObject({ size: 3 });
  expect(sim.told()).toEqual(['stale ESTALE', 'stale ESTALE again']);
});

test('a forgotten handle is stale until it is closed, and others are not', () => {
  const sim = faulty(
    [{ where: 'link-request', when: { operation: 'READ', nth: 1 }, what: { kind: 'stale', how: 'handle' } }],
    { mount: { directIo: true } },
  );
  sim.write('/f', 'abc');
  expect(sim.read('/f')).toBe('ESTALE');
  expect(sim.read('/f')).toBe('abc');
});

test('a generation that is bumped makes the old node stale', () => {
  const sim = faulty([
    {
      where: 'link-reply',
      when: { operation: 'LOOKUP', path: '/f', switch: 'on', nth: 2 },
      what: { kind: 'stale', how: 'generation' },
    },
  ]);
  sim.write('/f', 'abc');
  const fd = sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 }) as number;
  expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 3 });
  expect(sim.call({ op: 'fstat', fd })).toBe('EIO');
  expect(sim.told()[0]).toMatch(/^stale generation \d+ for node \d+$/);
});

test('a number that is used again leads to another file', () => {
  const sim = faulty([
    { where: 'link-request', when: { operation: 'OPEN', path: '/a' }, what: { kind: 'stale', how: 'reused' } },
  ]);
  sim.write('/b', 'the other');
  sim.write('/a', 'mine');
  sim.call({ op: 'drop_caches', caches: 3 });
  sim.call({ op: 'stat', path: '/b' });
  expect(sim.call({ op: 'open', path: '/a', flags: 0, mode: 0 })).toBeTypeOf('number');
  expect(sim.told().at(-1)).toMatch(/^stale node \d+ instead of \d+$/);
});
