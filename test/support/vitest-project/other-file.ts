import { test } from 'vitest';
import { sometimes } from '../../../src/vitest/index.ts';

test('misses a mark', () => {
  sometimes('the mark of another file', false);
});
