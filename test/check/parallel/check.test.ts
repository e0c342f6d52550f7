import { describe, expect, test } from 'vitest';
import { builtInTargets, check, faultClasses, type Report } from '../../../src/check/index.ts';
import { checkInParallel } from '../../../src/check/parallel/check.ts';
import { builtInSource } from '../../../src/check/parallel/source.ts';

/** Without what depends on the machine. */
const lasting = ({ callsPerSecond: _, ...report }: Report) => report;

describe('a check in threads', () => {
  test.for([
    ['memfs', { seed: 3, runs: 60 }],
    ['ram', { seed: 4, runs: 100 }],
    ['loopback:memfs', { seed: 5, runs: 90, faults: { classes: faultClasses } }],
  ] as const)('gives the report of one without, however many they are: %s', async ([name, options]) => {
    const expected = await check(builtInTargets[name](), options);
    for (const jobs of [1, 2, 3])
      expect(lasting(await checkInParallel(builtInSource(name), { ...options, jobs }))).toEqual(lasting(expected));
  });
});
