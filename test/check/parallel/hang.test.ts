import { describe, expect, test } from 'vitest';
import {
  checkInParallel,
  isNotLive,
  type ParallelOptions,
  probeInThread,
  replayInThread,
  showScript,
} from '../../../src/check/index.ts';

const hostile = (make: string, given?: string) => ({
  module: new URL('../../support/filesystems/hostile-targets.js', import.meta.url).href,
  make,
  given,
});

/** Short programs, and a patience that a busy machine does not try. */
const options: ParallelOptions = { seed: 2, runs: 10, maxCalls: 8, patience: 1500 };

describe('a call that does not come back', () => {
  test.for([1, 2])('is a finding, shrunk, and the programs behind it are run: %i threads', async (jobs) => {
    const { runs, findings } = await checkInParallel(hostile('loopsFor', 'c'), { ...options, seed: 3, jobs });
    expect(runs).toBe(10);
    expect(findings.length).toBeGreaterThan(0);
    for (const finding of findings) {
      expect(isNotLive(finding)).toBe(true);
      expect(finding.actual).toMatch(/^nothing came back for 1.5 s; its thread was ended in \w+$/);
      expect(finding.seed).toBe(3);
      expect(finding.run).toBeLessThan(10);
      const last = showScript(finding.program).split('\n').at(-1);
      expect(last).toContain(finding.program.steps[finding.program.steps.length - 1].call.op);
      expect(showScript(finding.program)).toMatch(/[/"]c\b/);
    }
    const [{ program, conditions }] = findings;
    expect(program.steps.length).toBeLessThanOrEqual(3);
    const again = await replayInThread(hostile('loopsFor', 'c'), program, { conditions, patience: 1500 });
    expect(again.failure?.divergence.aspect).toBe('liveness');
    expect(again.failure?.program).toEqual(program);
  });

  test('in what shrinking leads to, ends the shrinking', async () => {
    const problems: string[] = [];
    const onProblem = (problem: string) => problems.push(problem);
    const { findings } = await checkInParallel(hostile('loopsWhenShrunk'), {
      ...options,
      runs: 12,
      maxCalls: 24,
      onProblem,
    });
    expect(problems.join('\n')).toMatch(
      /^a failure of program \d+ is not shrunk further than to a program that hangs: nothing came back/m,
    );
    expect(findings.map(({ signature }) => signature).join('\n')).toMatch(/^mkdir.*: expected success, got EDOM$/m);
  });

  test('is not missing when capabilities are probed', async () => {
    const missing = await probeInThread(hostile('loopsFor', 's'), { patience: 1500 });
    expect(missing).toEqual([]);
  });

  test('while the first filesystem is looked at, is an error', async () => {
    await expect(checkInParallel(hostile('neverStarts'), options)).rejects.toThrow(
      /^a look at a fresh filesystem did not come to an end within 10 s$/,
    );
  });

  test('does not keep an aborted check waiting', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 2000);
    const endless = { ...options, runs: Infinity, patience: 1e9, signal: controller.signal };
    const { findings } = await checkInParallel(hostile('loopsFor', 'c'), endless);
    expect(findings).toEqual([]);
  });
});

describe('what is thrown in a thread and is no finding', () => {
  test('ends the check with its error', async () => {
    await expect(checkInParallel(hostile('startsOnce'), { ...options, jobs: 2 })).rejects.toThrow('no kernel today');
  });

  test('is an error too where the thread ends by itself', async () => {
    await expect(checkInParallel(hostile('exits'), { ...options, runs: 60 })).rejects.toThrow(
      'its thread ended by itself, with exit code 7',
    );
  });

  test('names the module that cannot be loaded', async () => {
    const nowhere = { module: new URL('./nowhere.js', import.meta.url).href, make: 'target' };
    await expect(checkInParallel(nowhere, options)).rejects.toThrow(/Cannot find module .*nowhere\.js/);
  });

  test('names the function that a module does not have', async () => {
    await expect(checkInParallel(hostile('nothing'), options)).rejects.toThrow(
      /hostile-targets\.js: expected a function "nothing", given undefined/,
    );
  });
});
