import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect } from 'vitest';
import { counterexampleFromText } from '../../src/check/index.ts';
import { runCli, startCli } from '../support/cli.ts';
import { until } from '../support/daemon-process.ts';
import { directoryTest as test } from '../support/work-directory.ts';

interface JsonReport {
  readonly target: string;
  readonly seed: number;
  readonly runs: number;
  readonly callsPerSecond: number;
  readonly findings: readonly { readonly signature: string; readonly script: string[]; readonly saved: string }[];
  readonly known: readonly { readonly signature: string }[];
}

const json = (text: string): JsonReport => JSON.parse(text);

describe('estale check', () => {
  test.for([
    ['ram', '60'],
    ['hello', '60'],
  ])('finds nothing in %s: exit code 0', async ([target, runs], { directory }) => {
    const { code, stdout, stderr } = await runCli(['check', target, '--runs', runs, '--seed', '1'], directory);
    expect(stdout).toMatch(new RegExp(`^checking ${target}, seed 1`));
    expect(stdout).toMatch(
      new RegExp(`${target}: nothing found in ${runs} programs, [\\d,]+ checked calls .*seed 1\n$`),
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(readdirSync(directory)).toEqual([]);
  });

  test('finds bugs of memfs through loopback: exit code 1, saved, with what to type next', async ({ directory }) => {
    const { code, stdout } = await runCli(['check', 'loopback:memfs', '--runs', '60', '--seed', '1'], directory);
    const saved = [...stdout.matchAll(/^saved: (counterexamples\/.*\.json)$/gm)].map(([, path]) => path);
    expect(saved.length).toBeGreaterThan(3);
    expect(stdout).toContain(`\n       expected: `);
    expect(stdout).toMatch(
      new RegExp(`loopback:memfs: ${saved.length} different divergences of [0-9]+ kinds found in 60 programs`),
    );
    expect(stdout).toContain(`again: estale replay ${saved[0]} -v\n`);
    expect(code).toBe(1);
    for (const path of saved) {
      const { target } = counterexampleFromText(readFileSync(join(directory, path), 'utf8'));
      expect(target).toBe('loopback:memfs');
    }
  });

  test('without a terminal there are no escape codes', async ({ directory }) => {
    const { stdout, stderr } = await runCli(['check', 'memfs', '--runs', '10', '--seed', '2'], directory);
    expect(stdout + stderr).not.toContain('\x1b');
    expect(stdout + stderr).not.toContain('\r');
  });

  test('--json prints one report, the same for the same seed', async ({ directory }) => {
    const args = ['check', 'memfs', '--runs', '200', '--seed', '1', '--json', '--save', 'found'];
    const [first, second] = [await runCli(args, directory), await runCli(args, directory)];
    const { callsPerSecond, ...report } = json(first.stdout);
    expect(callsPerSecond).toBeGreaterThan(0);
    expect(report).toMatchObject({ target: 'memfs', seed: 1, runs: 200 });
    expect(report.findings.length).toBeGreaterThan(25);
    expect({ ...json(second.stdout), callsPerSecond }).toEqual({ ...report, callsPerSecond });
    expect(first.code).toBe(1);
    expect(
      readdirSync(join(directory, 'found'))
        .map((name) => `found/${name}`)
        .sort(),
    ).toEqual(report.findings.map(({ saved }) => saved).sort());
  });

  test('what is accepted is known the next time', async ({ directory }) => {
    const args = ['check', 'memfs', '--runs', '15', '--seed', '3', '--json', '--known', 'known.json'];
    const first = await runCli([...args, '--accept'], directory);
    expect(first.code).toBe(1);
    const second = await runCli(args, directory);
    expect(second.code).toBe(0);
    expect(json(second.stdout).findings).toEqual([]);
    expect(json(second.stdout).known.map(({ signature }) => signature)).toEqual(
      json(first.stdout).findings.map(({ signature }) => signature),
    );
  });

  test('--without leaves out what the filesystem does not promise', async ({ directory }) => {
    const args = ['check', 'memfs', '--runs', '20', '--seed', '1', '--json', '--without'];
    const { stdout } = await runCli([...args, 'links,symlinks', '--without', 'times'], directory);
    const scripts = json(stdout)
      .findings.flatMap(({ script }) => script)
      .join('\n');
    expect(scripts).not.toMatch(/\b(link|symlink)\(|utimens/);
    expect(scripts).toMatch(/open\(/);
  });

  test('a corrupt file of known divergences is told', async ({ directory }) => {
    const known = fileURLToPath(new URL('../../package.json', import.meta.url));
    const { code, stderr } = await runCli(['check', 'memfs', '--known', known], directory);
    expect(stderr).toMatch(
      /^estale: --known: .*package\.json: file\.format: expected "estale known divergences", given /,
    );
    expect(code).toBe(2);
  });

  test('--save where a file is, is told before anything is looked for', async ({ directory }) => {
    const { code, stdout, stderr } = await runCli(
      ['check', 'memfs', '--runs', '5', '--save', '/dev/null/x'],
      directory,
    );
    expect(stderr).toMatch(/^estale: --save: cannot make the directory \/dev\/null\/x/);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  });
});

describe('the end of estale check', () => {
  test.for(['SIGINT', 'SIGTERM'] as const)('%s ends a long one with what was found', async (signal, { directory }) => {
    const { child, output, ended } = startCli(['check', 'memfs', '--time', '10m', '--seed', '3'], directory);
    await until('something is found', () => output().includes('saved:'));
    child.kill(signal);
    const { code, stdout } = await ended;
    expect(code).toBe(1);
    expect(stdout).toMatch(/different divergences? of .* found in .* \(interrupted\)/);
    expect(stdout).toMatch(/\nagain: estale replay \S+ -v\n$/);
  });

  test('a reader that goes away ends it quietly', ({ directory }) => {
    const program = fileURLToPath(new URL('../../bin/estale.js', import.meta.url));
    const script = `"$0" "$1" check memfs --time 10m --seed 1 | head -n 1`;
    const { stdout, stderr, status } = spawnSync('sh', ['-c', script, process.execPath, program], {
      cwd: directory,
      encoding: 'utf8',
      timeout: 60_000,
    });
    expect(stdout).toMatch(/^checking memfs, seed 1, .*\n$/);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
  });
});

const able = process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/dev/shm');

describe.runIf(process.env.CI === 'true' || able)('estale check dir:PATH', () => {
  const onTmpfs = test.extend<{ tmpfs: string }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
    tmpfs: async ({}, use) => {
      const path = mkdtempSync('/dev/shm/estale-cli-');
      await use(path);
      rmSync(path, { recursive: true, force: true });
    },
  });

  onTmpfs('finds nothing in tmpfs, and leaves nothing behind', async ({ directory, tmpfs }) => {
    const { code, stdout } = await runCli(['check', `dir:${tmpfs}`, '--runs', '200', '--seed', '5'], directory);
    expect(stdout).toMatch(/nothing found in 200 programs/);
    expect(code).toBe(0);
    expect(readdirSync(tmpfs)).toEqual([]);
  });

  onTmpfs('leaves nothing behind when it is interrupted', async ({ directory, tmpfs }) => {
    const { child, output, ended } = startCli(['check', `dir:${tmpfs}`, '--time', '10m', '--seed', '5'], directory);
    await until('it checks', () => output().includes('checking'));
    await delay(300);
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    expect(stdout).toContain('nothing found');
    expect(stdout).toContain('(interrupted)');
    expect(code).toBe(0);
    expect(readdirSync(tmpfs)).toEqual([]);
  });
});
