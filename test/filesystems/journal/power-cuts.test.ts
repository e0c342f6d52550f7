import { describe, expect, test } from 'vitest';
import { findProblem } from '../../support/journal.ts';
import { programs } from '../../support/journal-programs.ts';

describe('after a power cut at any write', () => {
  test.for(Object.entries(programs))('%s', ([, steps]) => {
    expect(findProblem(steps)).toBeUndefined();
  });
});
