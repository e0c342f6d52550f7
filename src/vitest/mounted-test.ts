import { type TestAPI, test } from 'vitest';
import type { FileSystemModule } from '../fuse/device/index.ts';
import type { DeviceMounted, MountSettings } from '../mount/index.ts';
import { loadableModule } from './module.ts';
import { offerMounting, placeFixture } from './mount-fixtures.ts';
import { keeping, type Problem, problemsFixture } from './problems.ts';

/** What a test on a real mount is given; each test has its own. */
export interface MountedFixtures {
  /** The mount point: a fresh directory below the system's temporary one. */
  readonly place: string;
  /** The mount. A test may unmount it; what is mounted is unmounted after the test, also after a timeout or a crash. */
  readonly mounted: DeviceMounted;
  /** What the filesystem threw, and notices of the mount. What is in here after the test fails it. */
  readonly problems: Problem[];
}

/**
 * vitest's `test` with a real mount for each test, through /dev/fuse. The filesystem is made by a module in a thread of its
 * own, so that a test may use the mount with the synchronous functions of node:fs; a TypeScript module is bundled for it
 * first. Where there can be no mount the test is skipped with the reason; under CI=true or ESTALE_REQUIRE_FUSE=1 it fails.
 *
 * @param source the module, as a URL or with the name of its export and options
 * @example const test = mountedTest(new URL('../src/my-filesystem.ts', import.meta.url));
 */
export function mountedTest(
  source: URL | FileSystemModule,
  settings: Omit<MountSettings, 'report'> = {},
): TestAPI<MountedFixtures> {
  const given: FileSystemModule = source instanceof URL ? { module: source.href } : source;
  return test.extend<MountedFixtures>({
    problems: problemsFixture,
    place: async ({ skip }, use) => {
      await placeFixture({ skip }, use);
    },
    mounted: [
      async ({ place, problems }, use) => {
        const module = { ...given, module: await loadableModule(given.module) };
        await offerMounting(place, keeping(problems), async (mounting) => use(await mounting(module, settings)));
      },
      { auto: true },
    ],
  });
}
