import { describe, expect, it } from 'vitest';
import { check, replay, type Settings, showFinding, simulatedTarget } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { type Bug, toyTarget } from './toy-kernel.ts';

/** Answers lookups with a link count that is out of date: nobody sees it unless attributes are kept. */
const forgetful: typeof ram = (environment, options) => {
  const filesystem = ram(environment, options);
  const lookup = filesystem.lookup.bind(filesystem);
  filesystem.lookup = (parent, name, context) => {
    const entry = lookup(parent, name, context);
    if (entry instanceof Promise || !('attributes' in entry) || entry.attributes.nlink < 2) return entry;
    return { ...entry, attributes: { ...entry.attributes, nlink: 1 } };
  };
  return filesystem;
};

describe('settings that are drawn', () => {
  it('find what only a cache shows, and are kept with the counterexample', async () => {
    const target = simulatedTarget('forgetful', forgetful, { without: ['directories'] });
    const { findings } = await check(target, { seed: 1, runs: 400, shrinkRuns: 200 });
    const finding = findings.find(({ conditions }) => conditions?.settings !== undefined);
    if (finding === undefined) throw new Error('expected a finding that needs a cache');
    expect(Object.keys(finding.conditions?.settings ?? {})).toEqual(['attributeTimeout']);
    expect(showFinding(finding).split('\n')[1]).toMatch(/^with attributeTimeout /);
    expect((await replay(target, finding.program)).failure).toBeUndefined();
    expect((await replay(target, finding.program, finding.conditions)).failure?.divergence.actual).toBe(finding.actual);
  });

  it('are left out of a counterexample that does not need them', async () => {
    const bug: Bug = 'rmdir of a full directory';
    const settings = (): Settings => ({ one: 1, two: true });
    const { findings } = await check({ ...toyTarget(bug), settings }, { seed: 2, runs: 300 });
    expect(findings.length).toBeGreaterThan(0);
    for (const { conditions } of findings) expect(conditions).not.toHaveProperty('settings');
  });

  it('say whether shared mappings are refused, where the mount is given too', () => {
    const drawn = simulatedTarget('ram', ram);
    expect(drawn.modelUnder?.(undefined)).toEqual({ sharedMappings: 'given' });
    expect(drawn.modelUnder?.({ directIo: true })).toEqual({ sharedMappings: 'refused' });
    expect(drawn.modelUnder?.({ directIo: true, directIoAllowMmap: true })).toEqual({ sharedMappings: 'given' });
    const given = simulatedTarget('ram', ram, { simulation: { mount: { directIo: true } } });
    expect(given.modelUnder?.(undefined)).toEqual({ sharedMappings: 'refused' });
  });

  it('stay away where the mount is given', () => {
    expect(simulatedTarget('ram', ram, { simulation: { mount: {} } })).not.toHaveProperty('settings');
  });
});
