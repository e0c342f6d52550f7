import { expect } from 'vitest';
import { compareKernels, corpusCases, showDifference } from '../../src/fidelity/index.ts';
import { describeMounts, mountTest as test } from '../support/mount.ts';

describeMounts('the simulated kernel sends the requests that the real one sends', () => {
  for (const configuration of ['direct-0', 'direct-infinite'])
    test(`under ${configuration}`, async () => {
      const { scripts, differences } = await compareKernels(corpusCases(undefined, new Set([configuration])));
      expect(differences.map(showDifference)).toEqual([]);
      expect(scripts).toBeGreaterThan(1);
    });
});
