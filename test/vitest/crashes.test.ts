import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect, vi } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import '../../src/vitest/index.ts';
import { imageFileSystem } from '../support/image-filesystem.ts';

const test = base.extend<{ readonly save: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  save: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-crashes-'));
    await use(directory);
    vi.unstubAllEnvs();
    rmSync(directory, { recursive: true });
  },
});

const message = (assertion: Promise<void>): Promise<string> =>
  assertion.then(
    () => 'it passed',
    (error: Error) => error.message,
  );

const few = { seed: 1, runs: 5 };

test('a filesystem that keeps its promises survives', async ({ save }) => {
  await expect(imageFileSystem()).toSurviveCrashes({ ...few, name: 'images', save });
  await expect(ram).toSurviveCrashes({ ...few, volatile: true, promise: 'ordered', save });
  expect(readdirSync(save)).toEqual([]);
});

test('one that does not fails with the calls and the promise; what was found is saved, and runs first', async ({
  save,
}) => {
  const options = { ...few, name: 'images', save };
  const failure = await message(expect(imageFileSystem('directories forgotten')).toSurviveCrashes(options));
  expect(failure).toContain('expected: images survives crashes (posix); ');
  expect(failure).toContain(
    '=> "/n" was there (safe since call 3), and nothing has removed it; after the crash it is gone',
  );
  const again = await message(expect(imageFileSystem('directories forgotten')).toSurviveCrashes(options));
  expect(again).toContain('saved crash');
  const [file] = readdirSync(join(save, 'crashes'));
  vi.stubEnv('ESTALE_REPLAY', join(save, 'crashes', file));
  expect(await message(expect(imageFileSystem('directories forgotten')).toSurviveCrashes(options))).toContain(
    ' fails\n',
  );
  await expect(imageFileSystem()).toSurviveCrashes(options);
});

test('a filesystem without a disk is refused', async () => {
  expect(await message(expect(ram).toSurviveCrashes())).toContain('(env.disk), given one that takes none');
});
