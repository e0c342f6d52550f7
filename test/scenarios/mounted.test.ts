import { expect, test } from 'vitest';
import { mountedFaults, scenarios } from '../../src/scenarios/index.ts';

test('all but two failures can be met under a mount', () => {
  const ids = scenarios.map(({ id }) => id);
  expect(Object.keys(mountedFaults).filter((id) => !ids.includes(id))).toEqual([]);
  expect(ids.filter((id) => !Object.hasOwn(mountedFaults, id))).toEqual(['false-cache-hit', 'ip-id-wrap']);
});
