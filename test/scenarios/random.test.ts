import { describe, expect, it } from 'vitest';
import { findAtRandom, hasRandomForm, scenarios, showRandomFinding } from '../../src/scenarios/index.ts';

const named = scenarios.filter(hasRandomForm).map((scenario) => [scenario.id, scenario] as const);
const scenario = (id: string) => {
  const [, found] = named.find(([name]) => name === id) ?? [];
  if (found === undefined) throw new Error(id);
  return found;
};
/** More than any of them needs; the time is only for a machine that stands still. */
const most = { programs: 5000, time: 150_000 };

describe('random programs', () => {
  it('look for rows 1 to 13, 18 to 26, 30 and 40', () => {
    const rows = new Set(named.map(([, { row }]) => row));
    const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);
    expect([...rows]).toEqual([...range(1, 13), ...range(18, 26), 30, 40]);
  });

  it.each(named)('find %s', { timeout: 180_000 }, async (_id, failure) => {
    const found = await findAtRandom(failure, { ...most, shrink: false });
    expect(found?.failing).not.toEqual(found?.remedied);
    expect(found).toBeDefined();
  });

  it.each([
    ['retry-new-port', 3],
    ['negative-lookup', 3],
    ['rename-over', 4],
    ['readdirplus-attr-storm', 5],
  ] as const)('find %s with a program that is made as small as %i calls', { timeout: 180_000 }, async (id, calls) => {
    const found = await findAtRandom(scenario(id), most);
    expect(found?.program.steps.length).toBeLessThanOrEqual(calls);
  });

  it('find the same with the same seed, and show it', { timeout: 180_000 }, async () => {
    const [one, other] = [
      await findAtRandom(scenario('negative-lookup'), { ...most, seed: 5 }),
      await findAtRandom(scenario('negative-lookup'), { ...most, seed: 5 }),
    ];
    expect(one).toEqual(other);
    expect(one && showRandomFinding(one)).toMatch(
      /call \d+: ENOENT\n {4}with the remedy \(lookupcache=positive\): (?!ENOENT)/,
    );
  });
});
