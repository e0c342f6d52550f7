import { errno, type NodeId, ROOT_NODE } from '../../vfs/index.ts';
import { ownContext } from './core.ts';
import type { ExportTable } from './exports/table.ts';
import { isBelow } from './exports/table.ts';
import { find } from './files/names.ts';
import { ServedVolume } from './files/volume.ts';
import type { ServerHabits, Volume } from './options.ts';
import { errnoThrown, type Step } from './step.ts';

/** Puts volumes where they are: each on its directory in the volume above. @throws Error for one that has no such directory */
export function* arrange(
  volumes: readonly Volume[],
  fsidOffset: number,
  times: ServerHabits['times'],
): Step<readonly ServedVolume[]> {
  const served: ServedVolume[] = [];
  for (const [index, { at, filesystem, fsid }] of volumes.entries())
    served.push(new ServedVolume(at, filesystem, (fsid ?? index + 1) + fsidOffset, times));
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

/** What a path of the server leads to: through the volume that it is in. Symbolic links are not followed. */
export function* walk(
  volumes: readonly ServedVolume[],
  path: string,
): Step<{ readonly volume: ServedVolume; readonly node: NodeId }> {
  let volume: ServedVolume | undefined;
  for (const each of volumes)
    if (isBelow(path, each.at) && (volume === undefined || each.at.length > volume.at.length)) volume = each;
  if (volume === undefined) throw errno.ENOENT;
  const rest = path.slice(volume.at === '/' ? 0 : volume.at.length);
  let node: NodeId = ROOT_NODE;
  for (const name of rest.split('/').filter((part) => part !== '')) {
    const entry = yield* find({ volume, node, context: ownContext }, name);
    if (entry === undefined) throw errno.ENOENT;
    node = entry.node;
  }
  return { volume, node };
}
