import { describe, expect, test } from 'vitest';
import {
  builtInSource,
  builtInTargets,
  check,
  checkInParallel,
  faultClasses,
  showFinding,
} from '../../../src/check/index.ts';

describe('a check in threads', () => {
  test.for([
    ['memfs', { seed: 3, runs: 20, shrinkRuns: 200 }],
    ['ram', { seed: 4, runs: 70 }],
    ['loopback:memfs', { seed: 5, runs: 24, shrinkRuns: 60, faults: { classes: faultClasses } }],
  ] as const)('gives the report of one without, however many they are: %s', async ([name, options]) => {
    const expected = await check(builtInTargets[name](), options);
    expect(expected.faults === undefined).toBe(!('faults' in options));
    expect(expected.faults?.injected).not.toBe(0);
    const found: string[] = [];
    const onFinding = ({ signature }: { readonly signature: string }) => found.push(signature);
    for (const jobs of [1, 2, 3]) {
      const report = await checkInParallel(builtInSource(name), { ...options, jobs, onFinding });
      const { callsPerSecond } = report;
      expect(callsPerSecond).toBeGreaterThan(0);
      expect({ ...report, callsPerSecond: 0 }).toEqual(expected);
      expect(found.splice(0)).toEqual(expected.findings.map(({ signature }) => signature));
    }
  });

  test('lists known divergences apart', async () => {
    const options = { seed: 3, runs: 8, shrinkRuns: 50, jobs: 2 };
    const { findings } = await checkInParallel(builtInSource('memfs'), options);
    const [{ signature }] = findings;
    const again = await checkInParallel(builtInSource('memfs'), { ...options, known: [{ signature }] });
    expect(again.known.map((finding) => finding.signature)).toEqual([signature]);
    expect(again.findings).toHaveLength(findings.length - 1);
  });

  test('leaves out what it is told that the target does without', async () => {
    const without = ['links', 'symlinks'] as const;
    const { findings } = await checkInParallel(builtInSource('memfs'), { seed: 1, runs: 8, shrinkRuns: 50, without });
    const ops = new Set(findings.flatMap(({ program }) => program.steps.map(({ call }) => call.op)));
    expect(ops).toContain('open');
    expect(ops).not.toContain('symlink');
    expect(findings[0].conditions?.without).toEqual([...builtInTargets.memfs().without, ...without]);
  });

  test('ends with the time', async () => {
    const { runs, calls } = await checkInParallel(builtInSource('ram'), { seed: 1, time: 300, jobs: 2 });
    expect(runs).toBeGreaterThan(0);
    expect(calls).toBeGreaterThan(runs);
  });

  test('ends with the calls, and not long after', async () => {
    const { calls } = await checkInParallel(builtInSource('ram'), { seed: 1, calls: 2000, jobs: 2 });
    expect(calls).toBeGreaterThanOrEqual(2000);
    expect(calls).toBeLessThan(4000);
  });

  test('ends when it is aborted, with what was done', async () => {
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const options = { seed: 1, runs: Infinity, jobs: 2, signal: controller.signal, onProgress };
    const { runs } = await checkInParallel(builtInSource('ram'), options);
    expect(runs).toBeGreaterThan(0);
    expect(runs).toBeLessThan(1000);
  });

  test('does nothing where it is aborted before', async () => {
    const { runs } = await checkInParallel(builtInSource('ram'), { signal: AbortSignal.abort() });
    expect(runs).toBe(0);
  });
});

test('a filesystem whose answers are promises is checked in a thread as here', async () => {
  const { findings, calls } = await checkInParallel(builtInSource('ram:late'), { seed: 7, runs: 60 });
  expect(findings.map(showFinding)).toEqual([]);
  expect(calls).toBe((await check(builtInTargets['ram:late'](), { seed: 7, runs: 60 })).calls);
});
