import { describe, expect, it } from 'vitest';
import { check, type Report, showFinding, simulatedTarget } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';

const shown = ({ findings }: Report): readonly string[] => findings.map(showFinding);

describe('the model and ram in the simulated kernel agree', () => {
  it('on generated programs', async () => {
    const report = await check(simulatedTarget('ram', ram), { seed: 11, runs: 3000, shrinkRuns: 300 });
    expect(shown(report)).toEqual([]);
    expect(report.calls).toBeGreaterThan(60_000);
  });

  it('with entries and attributes cached', async () => {
    const mount = { entryTimeout: 1, attributeTimeout: 1, negativeTimeout: 1 };
    const target = simulatedTarget('ram', ram, { simulation: { mount } });
    expect(shown(await check(target, { seed: 12, runs: 1500, shrinkRuns: 300 }))).toEqual([]);
  });
});

describe('a campaign on the simulated kernel', () => {
  it('gives the same report for the same seed', async () => {
    const broken: typeof ram = (environment, options) => {
      const filesystem = ram(environment, options);
      const rmdir = filesystem.rmdir?.bind(filesystem);
      // Each third removal of a directory is forgotten.
      let removals = 0;
      filesystem.rmdir = (parent, name, context) => (++removals % 3 === 0 ? undefined : rmdir?.(parent, name, context));
      return filesystem;
    };
    const run = () => check(simulatedTarget('broken', broken), { seed: 3, runs: 600, shrinkRuns: 300 });
    const first = await run();
    expect(first.findings.length).toBeGreaterThan(0);
    expect(await run()).toEqual(first);
  });
});
