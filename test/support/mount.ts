import { describe, test } from 'vitest';
import type { FileSystemModule } from '../../src/fuse/device/index.ts';
import { whyNoMount } from '../../src/vitest/fuse.ts';
import { type Mounting, offerMounting, placeFixture } from '../../src/vitest/mount-fixtures.ts';
import { fuseIsRequired } from '../../src/vitest/settings.ts';

/** Tests that need real mounts: skipped with the reason where there can be none, failing there under CI=true. */
export function describeMounts(name: string, body: () => void): void {
  const why = whyNoMount();
  if (why === undefined) {
    describe(name, body);
  } else if (fuseIsRequired()) {
    test(name, () => {
      throw new Error(why);
    });
  } else {
    console.log(`skipped: ${name}: ${why}`);
    describe.skip(name, body);
  }
}

export const ram: FileSystemModule = {
  module: new URL('../../src/filesystems/ram/index.ts', import.meta.url).href,
  exportName: 'ram',
};

/** A module of test/support/filesystems. */
export const fixture = (name: string, options = {}): FileSystemModule => ({
  module: new URL(`./filesystems/${name}.js`, import.meta.url).href,
  options,
});

interface Fixtures {
  /** An empty directory. */
  readonly place: string;
  /** Mounts on `place`; unmounted after the test, whatever happened. */
  readonly mounting: Mounting;
  /** What was reported by mounts without a `report` of their own: the stack of the error, or the line. */
  readonly reports: string[];
}

export const mountTest = test.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  reports: async ({}, use) => {
    await use([]);
  },
  place: async ({ skip }, use) => {
    await placeFixture({ skip }, use);
  },
  mounting: async ({ place, reports }, use) => {
    await offerMounting(place, (message, error) => void reports.push(error?.stack ?? message), use);
  },
});
