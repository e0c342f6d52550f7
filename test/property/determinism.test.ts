import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import { createSimulation, type SimulateOptions } from '../../src/sim/index.ts';
import { type Call, LOCK_EX, O_CREAT, O_RDWR, root, SEEK_SET } from '../../src/vfs/index.ts';
import { deferredRam } from '../sim/kernel/deferred-ram.ts';

const PROCESSES = [1, 2, 3];
const path = fc.constantFrom('/a', '/b', '/d', '/d/a', '/d/b');
const fd = fc.constantFrom(3, 4);

const call: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ op: fc.constant('open' as const), path, flags: fc.constant(O_CREAT | O_RDWR), mode: fc.constant(0o644) }),
  fc.record({ op: fc.constant('mkdir' as const), path, mode: fc.constant(0o755) }),
  fc.record({ op: fc.constant('unlink' as const), path }),
  fc.record({ op: fc.constant('rename' as const), path, newPath: path, flags: fc.constant(0) }),
  fc.record({ op: fc.constant('stat' as const), path }),
  fc.record({
    op: fc.constant('write' as const),
    fd,
    data: fc.record({ seed: fc.nat(9), length: fc.nat(9000) }),
  }),
  fc.record({ op: fc.constant('pread' as const), fd, size: fc.nat(9000), offset: fc.nat(9000) }),
  fc.record({ op: fc.constant('close' as const), fd }),
  fc.record({
    op: fc.constant('setlk' as const),
    fd,
    type: fc.constantFrom('read' as const, 'write' as const, 'unlock' as const),
    whence: fc.constant(SEEK_SET),
    start: fc.nat(3),
    size: fc.nat(3),
    wait: fc.boolean(),
  }),
);

/** What each process does, one call after the other. */
const programs = fc.tuple(...PROCESSES.map(() => fc.array(call, { maxLength: 12 })));

/** Runs the programs side by side: whenever a process is free it gets its next call. Gives the trace's hash and more. */
async function run(program: readonly (readonly Call[])[], options: SimulateOptions, factory = ram) {
  const { kernel, choices } = createSimulation(factory, { ...options, report: () => {} });
  for (const pid of PROCESSES) kernel.spawn(pid, root);
  const next = PROCESSES.map(() => 0);
  const underway = PROCESSES.map(() => undefined as ReturnType<typeof kernel.submit> | undefined);
  for (let busy = true; busy; ) {
    busy = false;
    for (const [i, pid] of PROCESSES.entries()) {
      if (underway[i]?.done === false || next[i] >= program[i].length) continue;
      underway[i] = kernel.submit(pid, program[i][next[i]]);
      next[i] += 1;
      busy = true;
    }
    await kernel.run();
  }
  const hash = kernel.traceHash;
  await kernel.close();
  return { hash, deviations: choices.deviations };
}

const settings = { numRuns: 60 };

describe('the same choices give the same trace', () => {
  test.each(['fifo', 'random'] as const)('with a seed, in %s order', async (order) => {
    await fc.assert(
      fc.asyncProperty(programs, fc.integer(), async (program, seed) => {
        const first = await run(program, { seed, order });
        expect((await run(program, { seed, order })).hash).toBe(first.hash);
      }),
      settings,
    );
  });

  test('delivered inline or by the scheduler', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.integer(), fc.constantFrom('fifo', 'random'), async (program, seed, order) => {
        const options = { seed, order } as const;
        expect((await run(program, { ...options, inline: false })).hash).toBe((await run(program, options)).hash);
      }),
      settings,
    );
  });

  test('with handlers that answer by promises, some later than others, inline or not', async () => {
    const factory = deferredRam(3, (method) => (method === 'lookup' ? 5 : method === 'write' ? 2 : 0));
    await fc.assert(
      fc.asyncProperty(programs, fc.integer(), fc.constantFrom('fifo', 'random'), async (program, seed, order) => {
        const options = { seed, order } as const;
        const first = await run(program, options, factory);
        expect((await run(program, options, factory)).hash).toBe(first.hash);
        expect((await run(program, { ...options, inline: false }, factory)).hash).toBe(first.hash);
      }),
      settings,
    );
  });

  test('the deviations that a random run records replay it in first-in-first-out order', async () => {
    await fc.assert(
      fc.asyncProperty(programs, fc.integer(), async (program, seed) => {
        const random = await run(program, { seed, order: 'random' });
        expect((await run(program, { seed, deviations: random.deviations })).hash).toBe(random.hash);
      }),
      settings,
    );
  });
});

test('different orders do give different traces', async () => {
  const program = PROCESSES.map((pid) => [{ op: 'mkdir', path: `/${pid}`, mode: 0o755 } as const]);
  const hashes = new Set<string>();
  for (let seed = 0; seed < 20; seed++) hashes.add((await run(program, { seed, order: 'random' })).hash);
  expect(hashes.size).toBeGreaterThan(1);
});

test('owners of locks are the same in the next run', () => {
  const trace = (): string => {
    const { kernel } = createSimulation(ram, { filesystem: { locks: true } });
    kernel.spawn(1, root);
    kernel.call(1, { op: 'open', path: '/a', flags: O_CREAT | O_RDWR, mode: 0o644, into: 3 });
    expect(kernel.call(1, { op: 'flock', fd: 3, operation: LOCK_EX })).toBe(0);
    kernel.call(1, { op: 'close', fd: 3 });
    kernel.close();
    return kernel.traceHash;
  };
  expect(trace()).toBe(trace());
});
