import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'vitest';

/** Tests with an empty directory of their own. */
export const directoryTest = test.extend<{ directory: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-cli-'));
    await use(directory);
    rmSync(directory, { recursive: true, force: true });
  },
});
