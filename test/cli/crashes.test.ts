import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { crashToText, diskSubject, sweepCrashes } from '../../src/check/index.ts';
import { runCli } from '../support/cli.ts';
import { imageFileSystem } from '../support/image-filesystem.ts';

const test = base.extend<{ readonly directory: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-cli-crashes-'));
    await use(directory);
    rmSync(directory, { recursive: true });
  },
});

const check = (...args: string[]) => runCli(['check', ...args]);

test('nothing is found in volatile:ram, and the report counts', async ({ directory }) => {
  const { code, stdout } = await check('volatile:ram', '--crashes', '--runs', '3', '--seed', '1', '--save', directory);
  expect(stdout).toMatch(/^crashing volatile:ram at every request, promise posix, seed 1\n/);
  expect(stdout).toMatch(/sweep of length 1: no promise broken; 27 programs .* every outcome was looked at\n/);
  expect(stdout).toMatch(/generated programs: no promise broken; 3 programs, /);
  expect(code).toBe(0);
});

test('--json gives the numbers', async () => {
  const { code, stdout } = await check('volatile:ram', '--crashes', '--sweep', '1', '--promise', 'ordered', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ sweep: { complete: true, findings: [], sampled: 0 }, saved: [] });
  expect(code).toBe(0);
});

test('a crash that was saved is replayed, on the target that is named', async ({ directory }) => {
  const subject = diskSubject('images', imageFileSystem('directories forgotten'));
  const { findings } = await sweepCrashes(subject, { length: 1 });
  const file = join(directory, 'crash.json');
  writeFileSync(file, crashToText({ ...findings[0], target: 'images', promise: 'posix' }));
  const { code, stdout } = await runCli(['replay', file, '--on', 'volatile:ram']);
  expect(stdout).toBe(`volatile:ram does not fail: ${findings[0].violation.promise}\n`);
  expect(code).toBe(0);
  expect(readdirSync(directory)).toEqual(['crash.json']);
});

test.each([
  [['ram', '--crashes'], '--crashes: ram takes no disk from its environment'],
  [['volatile:ram', '--crashes', '--promise', 'ext4'], '--promise: expected posix or ordered, given "ext4"'],
  [['volatile:ram', '--sweep', '2'], '--sweep: expected with --crashes'],
  [['volatile:ram', '--crashes', '--sweep', '4'], 'sweep'],
  [['volatile:ram:late', '--crashes'], "expected a filesystem whose mode is 'sync'"],
  [['volatile:rom', '--crashes'], 'unknown filesystem "rom"'],
])('%j is refused', async (args, why) => {
  const { code, stderr } = await check(...args);
  expect(stderr).toContain(why);
  expect(code).toBe(2);
});
