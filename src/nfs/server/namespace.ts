import type { NodeId } from '../../vfs/index.ts';
import type { ExportTable } from './exports/table.ts';
import { isBelow } from './exports/table.ts';
import { ServedVolume } from './files/volume.ts';
import type { Volume } from './options.ts';
import { walk } from './procedures/mount.ts';
import { errnoThrown, type Step } from './step.ts';

/** Puts volumes where they are: each on its directory in the volume above. @throws Error for one that has no such directory */
export function* arrange(volumes: readonly Volume[], fsidOffset: number): Step<readonly ServedVolume[]> {
  const served: ServedVolume[] = [];
  for (const [index, { at, filesystem, fsid }] of volumes.entries())
    served.push(new ServedVolume(at, filesystem, (fsid ?? index + 1) + fsidOffset));
  for (const volume of served) {
    const others = served.filter((other) => other !== volume);
    if (!others.some((other) => isBelow(volume.at, other.at))) continue;
    try {
      const over = yield* walk(others, volume.at);
      over.volume.covered.set(over.node, volume);
      volume.over = over;
    } catch (error) {
      throw new Error(`volume at ${volume.at}: expected a directory there in the volume above: ${errnoThrown(error)}`);
    }
  }
  return served;
}

/** The directories of exports that are there now. */
export function* rootsOf(
  exports: ExportTable,
  volumes: readonly ServedVolume[],
): Step<ReadonlyMap<number, { readonly volume: ServedVolume; readonly node: NodeId }>> {
  const roots = new Map<number, { readonly volume: ServedVolume; readonly node: NodeId }>();
  for (const [index, { directory }] of exports.list().entries())
    try {
      roots.set(index, yield* walk(volumes, directory));
    } catch (error) {
      if (errnoThrown(error).code !== 'ENOENT') throw error;
    }
  return roots;
}
