import { describe, expect, test } from 'vitest';
import { notUnderPlan, settingsUnder } from '../../../src/check/faults/limits.ts';
import { checkPlan } from '../../../src/fault/index.ts';

const settings = { entryTimeout: 1, negativeTimeout: 1, writebackCache: true };

const under = (where: string, operation: string, errno: string, more: object = {}) =>
  settingsUnder(
    checkPlan({ rules: [{ name: 'refuses', where, when: { operation }, what: { kind: 'errno', errno, ...more } }] }),
    settings,
  );

describe('the caches of a run under faults', () => {
  test('are as drawn where every fault is told', () => {
    expect(under('filesystem', 'LOOKUP', 'EIO')).toEqual(settings);
    expect(under('filesystem', 'UNLINK', 'ENOENT')).toEqual(settings);
    expect(under('link-request', 'LOOKUP', 'ENOENT')).toEqual(settings);
  });

  test('do not keep that a name is not there where the filesystem may say so wrongly', () => {
    const { negativeTimeout, ...others } = settings;
    expect(under('filesystem', 'LOOKUP', 'ENOENT')).toEqual(others);
  });

  test('keep nothing where something may take place that nobody is told of', () => {
    expect(under('filesystem', 'MKDIR', 'EIO', { effect: 'after' })).toBeUndefined();
  });
});

test('programs name no handles where something may be removed that the kernel was not told of', () => {
  const without = (more: object) =>
    notUnderPlan(
      checkPlan({
        rules: [
          {
            name: 'it',
            where: 'filesystem',
            when: { operation: 'UNLINK' },
            what: { kind: 'errno', errno: 'EIO', ...more },
          },
        ],
      }),
    );
  expect(without({ effect: 'after' })).toContain('handles');
  expect(without({})).not.toContain('handles');
});
