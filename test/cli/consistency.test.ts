import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { runCli } from '../support/cli.ts';
import { directoryTest as test } from '../support/work-directory.ts';

const second = 'entry_timeout=1,attr_timeout=1,negative_timeout=1';
const clients = ['--clients', '2', '-o', second, '--runs', '3', '--seed', '1'];

describe('estale check --consistency', () => {
  test('a level that holds: exit code 0', async ({ directory }) => {
    const args = ['check', 'ram', '--consistency', 'linearizable', '--runs', '5', '--seed', '1'];
    const { code, stdout, stderr } = await runCli(args, directory);
    expect(stdout).toMatch(/^checking whether ram with 1 client is linearizable, seed 1\n/);
    expect(stdout).toMatch(/\nram: linearizable in all of 5 programs, [\d,]+ calls, seed 1\n$/);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  test('a level that does not: exit code 1, saved, and it runs again', async ({ directory }) => {
    const { code, stdout } = await runCli(['check', 'ram', '--consistency', 'linearizable', ...clients], directory);
    expect(code).toBe(1);
    expect(stdout).toMatch(/\nnot linearizable \(names .*\); it still is attribute-cache:1\n/);
    expect(stdout).toMatch(/\nram: not linearizable in \d of 3 programs/);
    expect(stdout).toContain('again: estale replay counterexamples/ram-not-linearizable.json -v\n');
    const path = join('counterexamples', 'ram-not-linearizable.json');
    const again = await runCli(['replay', path, '-v'], directory);
    expect(again.stdout).toMatch(/never returned|= 0/);
    expect(again.stdout).toMatch(/not linearizable .*attribute-cache:1[\s\S]*ram still fails\n$/);
    expect(again.code).toBe(1);
    const file = JSON.parse(readFileSync(join(directory, path), 'utf8')) as object;
    writeFileSync(join(directory, path), JSON.stringify({ ...file, level: 'eventual' }));
    const weaker = await runCli(['replay', path], directory);
    expect(weaker).toMatchObject({ code: 0, stdout: 'ram does not fail: it is eventual here\n' });
  });

  test('--json prints one report', async ({ directory }) => {
    const args = ['check', 'ram', '--consistency', 'linearizable', '--json', ...clients];
    const report = JSON.parse((await runCli(args, directory)).stdout) as { finding: { saved: string } };
    expect(report).toMatchObject({ target: 'ram', level: 'linearizable', clients: 2, runs: 3, stuck: 0, undecided: 0 });
    expect(report.finding.saved).toBe('counterexamples/ram-not-linearizable.json');
  });

  test('calls that never end: exit code 3', async ({ directory }) => {
    writeFileSync(
      join(directory, 'dead.mjs'),
      `import { ram } from ${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)};
       export const without = [];
       export default (environment, options) =>
         Object.assign(ram(environment, options), { mode: 'async', unlink: () => new Promise(() => {}) });`,
    );
    const args = ['check', './dead.mjs', '--consistency', 'eventual', '--runs', '2', '--seed', '1'];
    const { code, stdout } = await runCli(args, directory);
    expect(stdout).toMatch(/\nnot live: calls that never end\n/);
    expect(stdout).toMatch(/unlink\(".*"\) never returned\nprocess \d+: unlink, which waits for UNLINK/);
    expect(stdout).toMatch(/did not come to an end/);
    expect(code).toBe(3);
  });

  test.for([
    [
      ['ram', '--consistency', 'strong'],
      '--consistency: expected linearizable, close-to-open, attribute-cache:SECONDS,',
    ],
    [['memfs', '--consistency', 'eventual'], '--consistency: memfs has one call at a time: expected a filesystem in'],
    [['ram', '--clients', '2'], '--clients: expected with --consistency LEVEL'],
    [['ram', '--consistency', 'eventual', '--clients', '9'], '--clients: expected a whole number from 1 to 8'],
    [['ram', '--consistency', 'eventual', '-o', 'attr_timeout=x'], '-o: mount option attr_timeout: expected seconds'],
  ] as const)('%j is a usage error', async ([args, message], { directory }) => {
    const { code, stderr } = await runCli(['check', ...args], directory);
    expect(stderr).toContain(`estale: ${message}`);
    expect(code).toBe(2);
  });
});
