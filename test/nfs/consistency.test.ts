import { describe, expect, test } from 'vitest';
import { builtInTargets, checkConsistency } from '../../src/check/index.ts';
import type { Level } from '../../src/history/index.ts';

const level: Level = { kind: 'close-to-open' };

describe('four clients of one server', () => {
  // A hundred thousand calls: estale check nfs:ram:cto --consistency close-to-open --clients 4 --runs 600 --seed 2
  test('are close-to-open where they believe no names', async () => {
    const report = await checkConsistency(builtInTargets['nfs:ram:cto'](), { level, clients: 4, seed: 2, runs: 30 });
    expect(report).toMatchObject({ runs: 30, broken: 0, stuck: 0, undecided: 0, finding: undefined });
    expect(report.calls).toBeGreaterThan(4000);
  });

  test('are not with what Linux believes of names', async () => {
    const report = await checkConsistency(builtInTargets['nfs:ram'](), { level, clients: 4, seed: 1, runs: 25 });
    expect(report.broken).toBeGreaterThan(0);
    expect(report.finding?.contradiction?.object).toMatch(/names/);
  });

  test('make an exclusive file twice where another removes it in between, as Linux does', async () => {
    const report = await checkConsistency(builtInTargets['nfs:ram:noac'](), { level, clients: 4, seed: 1, runs: 25 });
    const calls = report.finding?.contradiction?.operations.map(({ call }) => JSON.stringify(call)) ?? [];
    expect(calls.join('\n')).toMatch(/"op":"open".*\n.*"op":"unlink"/);
  });
});
