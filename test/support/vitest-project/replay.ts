import { expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import '../../../src/vitest/index.ts';

test('the check that is meant', async () => {
  await expect(ram).toRefinePosix({ name: 'mute', runs: 1e9 });
});

test('a check of another filesystem', async () => {
  await expect(ram).toRefinePosix({ runs: 1e9 });
});

test('another check of the filesystem', async () => {
  await expect(ram).toLeakNothing({ name: 'mute', runs: 1e9 });
});
