import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { holds, judge, ladder } from '../../src/history/index.ts';
import { holdsByBruteForce, largestObject } from './brute-force.ts';
import { mutated, overlapped } from './random.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });

describe('histories of calls that ran one after the other, made to overlap', () => {
  test('keep every level', () => {
    fc.assert(
      fc.property(seeds, fc.constantFrom(0.1, 2, 10), (seed, overlap) => {
        const history = overlapped(seed, { processes: 5, calls: 12, overlap });
        for (const level of ladder(0)) expect(judge(history, level)).toEqual({ kind: 'holds' });
      }),
      { numRuns: 60 },
    );
  });

  test('changed, keep a level when some sequence explains them, and only then', () => {
    const counts = { kept: 0, broken: 0 };
    fc.assert(
      fc.property(seeds, (seed) => {
        const history = mutated(overlapped(seed, { processes: 3, calls: 3, overlap: 3 }), seed);
        fc.pre(largestObject(history) <= 9);
        for (const level of ladder(1)) {
          const expected = holdsByBruteForce(history, level);
          expect(holds(history, level)).toBe(expected);
          counts[expected ? 'kept' : 'broken'] += 1;
        }
      }),
      { numRuns: 300 },
    );
    expect(counts.kept).toBeGreaterThan(0);
    expect(counts.broken).toBeGreaterThan(0);
  });
});

test('what contradicts a level does so by itself, and nothing of it can be left out', () => {
  let contradictions = 0;
  fc.assert(
    fc.property(seeds, (seed) => {
      const history = mutated(overlapped(seed, { processes: 4, calls: 8, overlap: 4 }), seed);
      const verdict = judge(history, { kind: 'linearizable' });
      if (verdict.kind === 'holds') return;
      if (verdict.kind === 'undecided') throw new Error('expected a decision');
      const { operations } = verdict.contradiction;
      contradictions += 1;
      expect(operations.length).toBeLessThanOrEqual(history.operations.length);
      expect(operations.every((operation) => history.operations.includes(operation))).toBe(true);
    }),
    { numRuns: 100 },
  );
  expect(contradictions).toBeGreaterThan(0);
});
