import { describe, expect, test } from 'vitest';
import { sometimes } from '../../../src/vitest/index.ts';

describe('reached', () => {
  test('in one of two runs', { repeats: 1 }, ({ task }) => {
    expect(sometimes('the second run', task.result?.repeatCount === 1)).toBe(task.result?.repeatCount === 1);
  });

  test('in one of two tests', () => {
    sometimes('in another test', false);
  });

  test.concurrent('side by side', async () => {
    await Promise.resolve();
    sometimes('in another test', true);
  });

  test('at the second try', { retry: 1 }, ({ task }) => {
    const second = task.result?.retryCount === 1;
    sometimes('the second try', second);
    expect(second).toBe(true);
  });
});

describe('missed', () => {
  test('in every run', () => {
    for (let i = 0; i < 3; i++) sometimes('more than three', i > 3);
  });

  test.fails('in a test that ends before', () => {
    sometimes('after the end', false);
    throw new Error('the end');
  });
});

describe('in a failing test', () => {
  test('fails', () => {
    sometimes('before the end', false);
    throw new Error('the end');
  });
});
