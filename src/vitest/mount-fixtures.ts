import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FileSystemModule } from '../fuse/device/index.ts';
import { type DeviceMounted, type MountSettings, mount, mountObject } from '../mount/index.ts';
import { mountAt } from '../mount/mount-table.ts';
import type { FileSystem } from '../vfs/index.ts';
import { needMounts } from './fuse.ts';

type Use<T> = (value: T) => Promise<void>;

/** Mounts a module's filesystem, or an object, with settings. */
export type Mounting = (source: FileSystemModule | FileSystem, settings?: MountSettings) => Promise<DeviceMounted>;

/** An empty directory below the system's temporary one; where there can be no mount the test is skipped, or fails. */
export async function placeFixture(
  { skip }: { readonly skip: (note: string) => never },
  use: Use<string>,
): Promise<void> {
  needMounts(skip);
  const place = mkdtempSync(join(tmpdir(), 'estale-test-'));
  await use(place);
  if (mountAt(place) !== undefined) throw new Error(`${place} is still mounted`);
  rmSync(place, { recursive: true });
}

/** Offers mounts on `place`, each unmounted when `use` is done; `report` is for those that have none of their own. */
export async function offerMounting(
  place: string,
  report: NonNullable<MountSettings['report']>,
  use: Use<Mounting>,
): Promise<void> {
  const mounts: DeviceMounted[] = [];
  await use(async (source, settings) => {
    const all = { report, ...settings };
    const mounted = await ('module' in source ? mount(source, place, all) : mountObject(source, place, all));
    mounts.push(mounted);
    return mounted;
  });
  for (const mounted of mounts) await mounted.unmount();
}
