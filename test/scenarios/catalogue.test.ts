import { describe, expect, it } from 'vitest';
import { runScenario, scenarios } from '../../src/scenarios/index.ts';

describe('each failure comes on purpose, and goes with its remedy', () => {
  it.each(scenarios.map((scenario) => [scenario.row, scenario.id, scenario] as const))(
    '%i %s',
    async (_row, _id, scenario) => {
      const { failing, remedied, verdict } = await runScenario(scenario);
      expect(failing.error ?? failing.seen, failing.story.join('\n')).toEqual(scenario.symptom);
      expect(remedied.error ?? remedied.seen, remedied.story.join('\n')).toEqual(scenario.sound);
      expect(verdict).toEqual({ kind: 'shown' });
    },
  );
});
