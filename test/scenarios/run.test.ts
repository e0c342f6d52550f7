import { describe, expect, it } from 'vitest';
import { runScenario, scenarios } from '../../src/scenarios/index.ts';

const named = scenarios.map((scenario) => [scenario.id, scenario] as const);

describe('a scenario', () => {
  it.each(named)('%s does the same in each run', async (_id, scenario) => {
    const [one, other] = [await runScenario(scenario), await runScenario(scenario)];
    expect(one.failing.story).toEqual(other.failing.story);
    expect([one.failing.digest, one.remedied.digest]).toEqual([other.failing.digest, other.remedied.digest]);
  });

  it.each(named)('%s says that its fault never struck, where it is disarmed', async (_id, scenario) => {
    const { verdict } = await runScenario(scenario, { disarmed: true });
    expect(verdict).toMatchObject({ kind: 'never-fired', remedied: false });
    expect(verdict.kind === 'never-fired' && verdict.faults.length).toBeGreaterThan(0);
  });

  it('fails where the program does not see what it should', async () => {
    const { verdict } = await runScenario({ ...scenarios[0], symptom: { read: 'old' } });
    expect(verdict).toEqual({ kind: 'unexpected', remedied: false });
  });

  it('fails where the remedy does not help', async () => {
    const { verdict } = await runScenario({ ...scenarios[0], remedied: {} });
    expect(verdict).toEqual({ kind: 'unexpected', remedied: true });
  });

  it('fails with what its program threw', async () => {
    const { verdict, failing } = await runScenario({
      ...scenarios[0],
      async run(world) {
        await world.strike('nothing', async () => {});
        throw new Error('broken');
      },
    });
    expect([verdict.kind, String(failing.error)]).toEqual(['unexpected', 'Error: broken']);
  });
});
