import { release } from 'node:os';
import { expect } from 'vitest';
import {
  compareKernels,
  configurationNames,
  corpus,
  corpusCases,
  generatedCases,
  isPinned,
  type Report,
  showDifference,
} from '../../src/fidelity/index.ts';
import { syscalls } from '../../src/vfs/index.ts';
import { describeMounts, mountTest as test } from '../support/mount.ts';

/** Of another kernel than the one that is simulated it is told only. */
function expectSame({ differences, percent, scripts }: Report, least: number): void {
  const told = differences.map(showDifference);
  if (!isPinned(release())) console.log(`${percent} % of ${scripts} scripts are the same on ${release()}`, told);
  else if (percent < least) expect(told).toEqual([]);
}

const LIMIT = 300_000;

describeMounts('the simulated kernel sends the requests that the real one sends', () => {
  for (const name of configurationNames)
    test(`for every script of the corpus under ${name}`, async () => {
      const report = await compareKernels(corpusCases(undefined, new Set([name])));
      expect(report.scripts).toBeGreaterThan(1);
      expectSame(report, 100);
    });

  test('for nearly every generated script', { timeout: LIMIT }, async () => {
    const report = await compareKernels(generatedCases(1, 300));
    expect(report.scripts).toBeGreaterThan(300);
    expectSame(report, 99);
  });

  test('for scripts with every system call', () => {
    const text = corpus.flatMap(({ scripts }) => Object.values(scripts)).join('\n');
    expect(Object.keys(syscalls).filter((op) => !text.includes(`${op}(`))).toEqual([]);
  });
});
