import { expect, test } from 'vitest';
import { builtInTargets, check, checkConsistency } from '../../src/check/index.ts';

test.each(['nfs:ram', 'nfs:ram:through', 'nfs:ram:noac'] as const)(
  '%s: one client of our server is to programs what POSIX says',
  async (name) => {
    const { findings, calls } = await check(builtInTargets[name](), { seed: 2004, runs: 60 });
    expect(findings.map(({ signature }) => signature)).toEqual([]);
    expect(calls).toBeGreaterThan(1500);
  },
  120_000,
);

test('four clients without caches are linearizable', async () => {
  const target = builtInTargets['nfs:ram:noac']();
  const level = { kind: 'linearizable' } as const;
  const { finding, calls } = await checkConsistency(target, { level, clients: 4, runs: 40, seed: 7 });
  expect(finding).toBeUndefined();
  expect(calls).toBeGreaterThan(5000);
}, 120_000);
