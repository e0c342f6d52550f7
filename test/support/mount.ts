import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import type { FileSystemModule } from '../../src/fuse/device/index.ts';
import { type DeviceMounted, type MountSettings, mount, mountObject } from '../../src/mount/index.ts';
import { mountAt } from '../../src/mount/mount-table.ts';
import { checkSystem } from '../../src/mount/system.ts';
import type { FileSystem } from '../../src/vfs/index.ts';

function whyNoMount(): string | undefined {
  try {
    checkSystem();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Tests that need real mounts: skipped with the reason where there can be none, failing there under CI=true. */
export function describeMounts(name: string, body: () => void): void {
  const why = whyNoMount();
  if (why === undefined) {
    describe(name, body);
  } else if (process.env.CI === 'true') {
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
  readonly mounting: (source: FileSystemModule | FileSystem, settings?: MountSettings) => Promise<DeviceMounted>;
  /** What was reported by mounts without a `report` of their own. */
  readonly reports: string[];
}

export const mountTest = test.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  reports: async ({}, use) => {
    await use([]);
  },
  // biome-ignore lint/correctness/noEmptyPattern: as above
  place: async ({}, use) => {
    const place = mkdtempSync(join(tmpdir(), 'estale-test-'));
    await use(place);
    if (mountAt(place) !== undefined) throw new Error(`${place} is still mounted`);
    rmSync(place, { recursive: true });
  },
  mounting: async ({ place, reports }, use) => {
    const mounts: DeviceMounted[] = [];
    await use(async (source, settings) => {
      const all = {
        report: (message: string, error?: Error) => void reports.push(error?.stack ?? message),
        ...settings,
      };
      const mounted = await ('module' in source ? mount(source, place, all) : mountObject(source, place, all));
      mounts.push(mounted);
      return mounted;
    });
    for (const mounted of mounts) await mounted.unmount();
  },
});
