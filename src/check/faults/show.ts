import { ruleNamed } from './permits.ts';
import type { RunFaults } from './run.ts';

/** The faults for people, a line each: what strikes, and in which step. */
export function showRunFaults({ plan, only }: RunFaults): readonly string[] {
  if (only === undefined) return plan.rules.map(({ name }) => `under fault "${name}"`);
  return only.map(({ rule, step = 0, inStep }) => {
    const { kind, ...more } = ruleNamed(plan, rule).what;
    const details = Object.entries(more).map(
      ([key, value]) => ` ${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
    );
    return `fault in step ${step + 1}, at ${inStep}: ${kind}${details.join('')}`;
  });
}
