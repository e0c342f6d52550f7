import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, describe, expect, vi } from 'vitest';
import { simulatedTarget } from '../../src/check/index.ts';
import type { FileSystemFactory } from '../../src/env/index.ts';
import { hello, ram } from '../../src/filesystems/index.ts';
import { simulate } from '../../src/sim/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { simulatedTest } from '../../src/vitest/index.ts';
import { runProject } from '../support/vitest-run.ts';

const test = base.extend<{ readonly save: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  save: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-matchers-'));
    await use(directory);
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  },
});

const changed =
  (change: (filesystem: Required<FileSystem>) => Partial<FileSystem>): FileSystemFactory =>
  (environment, options) => {
    const filesystem = ram(environment, options) as Required<FileSystem>;
    return Object.assign(filesystem, change(filesystem));
  };

/** Reading a link answers with nothing. */
const mute = changed(() => ({ readlink: () => '' }));

const throwing = changed(() => ({
  forget() {
    throw new TypeError('the bug in forget');
  },
}));

/** Forgets one reference of those that it gave. */
const forgetful = changed(({ forget }) => ({
  forget(node, lookups) {
    if (lookups > 1) forget.call(this, node, lookups - 1);
  },
}));

const message = async (assertion: Promise<void>): Promise<string> => {
  const error = await assertion.then(
    () => new Error('it passed'),
    (thrown: Error) => thrown,
  );
  return error.message;
};

const few = { runs: 60, without: [], seed: 1 };

describe('toRefinePosix', () => {
  test('passes on what does what POSIX says, be it a factory or a target', async ({ save }) => {
    await expect(ram).toRefinePosix({ ...few, save });
    await expect(simulatedTarget('named', ram)).toRefinePosix({ ...few, save });
    expect(readdirSync(save)).toEqual([]);
  });

  test('fails with the shrunk script, with expected and actual, and saves it', async ({ save }) => {
    const text = await message(expect(mute).toRefinePosix({ ...few, runs: 300, name: 'mute', save }));
    expect(text).toContain('expected: mute refines POSIX; ');
    expect(text).toMatch(/1 {2}p1 {2}symlink\(.*\n2 {2}p1 {2}readlink\(.*\n +expected: .*\n +actual: /);
    expect(text).toMatch(/saved: .*mute-.*\.json\n/);
    expect(text).toContain('(ESTALE_SEED=1)');
    expect(readdirSync(save).length).toBeGreaterThan(0);
  });

  test('runs what was saved first, until it does not fail any more', async ({ save }) => {
    await message(expect(mute).toRefinePosix({ ...few, runs: 300, name: 'mute', save }));
    const [file] = readdirSync(save);
    const none = { ...few, runs: 0, name: 'mute', save };
    expect(await message(expect(mute).toRefinePosix(none))).toContain(`${join(save, file)} fails\n`);
    await expect(ram).toRefinePosix(none);
    await expect(mute).toRefinePosix({ ...none, name: 'another' });
  });

  test('what is accepted is not found', async ({ save }) => {
    await message(expect(mute).toRefinePosix({ ...few, runs: 300, name: 'mute', save }));
    const known = readdirSync(save).map((file) => JSON.parse(readFileSync(join(save, file), 'utf8')));
    const text = await message(expect(mute).toRefinePosix({ ...few, runs: 0, name: 'mute', save, known }));
    expect(text).toBe('it passed');
  });

  test('with .not passes on a divergence, and saves nothing', async ({ save }) => {
    await expect(mute).not.toRefinePosix({ ...few, runs: 300, save });
    expect(readdirSync(save)).toEqual([]);
    const text = await message(expect(ram).not.toRefinePosix({ ...few, save }));
    expect(text).toMatch(/^expected not: ram refines POSIX; nothing was found in 60 programs, [\d,]+ calls/);
  });

  test('wants to be told what a filesystem does not have', async ({ save }) => {
    const text = await message(expect(hello).toRefinePosix({ runs: 1, save }));
    expect(text).toContain("without: ['directories', 'renames', ");
    expect(text).toContain('  directories: mkdir gave ENOSYS\n');
    expect(readdirSync(save)).toEqual([]);
  });

  test('fails for what the filesystem throws where no call shows it', async ({ save }) => {
    const text = await message(expect(throwing).toRefinePosix({ ...few, save }));
    expect(text).toMatch(/the filesystem's own errors:\nforget of node \d+ threw\nTypeError: the bug in forget\n +at /);
  });

  test('ESTALE_SEED decides the seed', async ({ save }) => {
    vi.stubEnv('ESTALE_SEED', '4711');
    const text = await message(expect(mute).toRefinePosix({ ...few, runs: 300, save }));
    expect(text).toContain('(ESTALE_SEED=4711)');
    vi.stubEnv('ESTALE_SEED', 'x');
    expect(await message(expect(ram).toRefinePosix({ ...few, save }))).toBe(
      'ESTALE_SEED: expected a whole number from 0 to 4294967295, given "x"',
    );
  });

  test('ESTALE_REPLAY runs that counterexample alone', async ({ save }) => {
    await message(expect(mute).toRefinePosix({ ...few, runs: 300, name: 'mute', save }));
    const file = join(save, readdirSync(save)[0]);
    vi.stubEnv('ESTALE_REPLAY', file);
    expect(await message(expect(mute).toRefinePosix({ ...few, name: 'mute' }))).toContain(`${file} fails\n`);
    await expect(ram).toRefinePosix({ name: 'mute', runs: 1e9 });
    vi.stubEnv('ESTALE_REPLAY', join(save, 'none.json'));
    expect(await message(expect(ram).toRefinePosix())).toContain(
      'none.json: expected a counterexample of estale: ENOENT',
    );
  });

  test('a check that it does not mean is skipped, and says so', async ({ save }) => {
    await message(expect(mute).toRefinePosix({ ...few, runs: 300, name: 'mute', save }));
    const file = join(save, readdirSync(save)[0]);
    const { tests, output } = await runProject(['replay.ts', '--reporter=verbose'], { env: { ESTALE_REPLAY: file } });
    expect(tests.get('the check that is meant')?.status).toBe('passed');
    expect(tests.get('a check of another filesystem')?.status).toBe('skipped');
    expect(tests.get('another check of the filesystem')?.status).toBe('skipped');
    expect(output).toContain(`ESTALE_REPLAY is of another check: ${file}`);
  });

  test('names a file that is no counterexample', async ({ save }) => {
    writeFileSync(join(save, 'other.json'), '{}');
    const text = await message(expect(ram).toRefinePosix({ ...few, save }));
    expect(text).toContain(`${join(save, 'other.json')}: expected a counterexample of estale: file.format`);
  });

  test('says what it expects', async () => {
    expect(await message(expect(1).toRefinePosix())).toBe(
      'toRefinePosix: expected a filesystem factory (environment, options) => FileSystem or a target, given number',
    );
    const without = ['link'] as never;
    expect(await message(expect(ram).toRefinePosix({ without }))).toContain('unknown capability "link" (did you mean');
  });
});

describe('toLeakNothing', () => {
  const kernelTest = simulatedTest(ram, { mount: { attributeTimeout: 1000, entryTimeout: 1000 } });

  kernelTest('of a kernel says what is open and referenced', async ({ fs, kernel }) => {
    fs.mkdirSync('/d');
    fs.writeFileSync('/d/a', 'b');
    await expect(kernel).toLeakNothing();
    const file = fs.openSync('/d/a', 'r');
    const text = await message(expect(kernel).toLeakNothing());
    expect(text.split('\n').slice(1).sort()).toEqual([
      'handle 1 of node 3 ("a") is open',
      'references of the kernel to node 2 ("d"): 1',
      'references of the kernel to node 3 ("a"): 1',
    ]);
    fs.closeSync(file);
    await expect(kernel).toLeakNothing();
  });

  test('of a kernel that nobody watched says so', async () => {
    expect(await message(expect(simulate(ram)).toLeakNothing())).toContain('expected the kernel of a simulatedTest');
  });

  test('of a factory passes where everything comes back', async ({ save }) => {
    await expect(ram).toLeakNothing({ ...few, save });
  });

  test('of a factory shrinks the program after which something is left, and keeps it', async ({ save }) => {
    const leaky = { ...few, name: 'forgetful', save };
    const text = await message(expect(forgetful).toLeakNothing(leaky));
    expect(text).toContain('expected: forgetful leaks nothing; 1 finding in ');
    expect(text).toMatch(
      /left behind: inodes in use\np1: .*\n1 {2}p1 {2}.*\n +expected: nothing left\n +actual: {3}inodes in use: 2 when all/,
    );
    expect(readdirSync(save)).toEqual(['forgetful-left-behind-inodes-in-use.json']);
    expect(await message(expect(forgetful).toLeakNothing({ ...leaky, runs: 0 }))).toContain('in-use.json fails');
    await expect(ram).toLeakNothing({ ...leaky, runs: 0 });
  });

  test('asks the filesystem itself where it can say how much it holds', async ({ save }) => {
    let held = 0;
    const text = await message(expect(ram).toLeakNothing({ ...few, save, holds: () => held++ }));
    expect(text).toMatch(/held: (\d+) when all is removed, \d+ when it was new/);
  });
});

describe('toBeLinearizable', () => {
  test('passes where every call could have been made by itself', async () => {
    await expect(ram).toBeLinearizable({ runs: 10, seed: 1 });
  });

  test('shows the calls that contradict each other, and the level that still holds', async () => {
    const cached = { clients: 2, settings: { entryTimeout: 1, attributeTimeout: 1 }, runs: 40, seed: 1 };
    const text = await message(expect(ram).toBeLinearizable(cached));
    expect(text).toMatch(/expected: ram is linearizable; \d+ programs?/);
    expect(text).toMatch(/not linearizable \(.*\); it/);
    expect(text).toMatch(/p\d+ on k[01] {2}/);
  });

  test('names the levels where another is asked for', async () => {
    expect(await message(expect(ram).toBeLinearizable({ level: 'strong' }))).toMatch(
      /level: expected one of linearizable, .*given "strong"/,
    );
  });
});

test('toRefinePosix takes faults', async ({ save }) => {
  await expect(ram).toRefinePosix({ ...few, save, faults: { classes: ['errno'] } });
});
