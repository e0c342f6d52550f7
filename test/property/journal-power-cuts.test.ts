import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findProblem } from '../support/journal.ts';
import { anyProgram } from '../support/journal-programs.ts';

test('a power cut at any write of any program leaves a state that it had, with all that was synchronised', () => {
  fc.assert(
    fc.property(anyProgram, (steps) => {
      expect(findProblem(steps)).toBeUndefined();
    }),
    { numRuns: 40 },
  );
});
