import type { Simulation } from '../../sim/index.ts';
import { ROOT_NODE } from '../../vfs/index.ts';
import { OBSERVER } from '../program.ts';
import type { OpenHandles } from './open-handles.ts';

/**
 * What is still held of the filesystem when the kernel has written back and dropped all that nobody uses: a line for each
 * handle that was not released and for each node to which the kernel keeps references. What processes hold (descriptors,
 * working directories, mappings) counts.
 */
export async function leftOver({ kernel, session }: Simulation, handles: OpenHandles): Promise<readonly string[]> {
  const looks = !kernel.isRunning(OBSERVER.pid);
  if (looks) kernel.spawn(OBSERVER.pid, OBSERVER, OBSERVER.umask);
  await kernel.call(OBSERVER.pid, { op: 'sync' });
  await kernel.dropCaches();
  if (looks) await kernel.call(OBSERVER.pid, { op: 'exit', status: 0 });
  // The root stays as long as the mount.
  const references = [...session.lookups]
    .filter(([node]) => node !== ROOT_NODE)
    .map(([node, count]) => `references of the kernel to ${handles.describe(node)}: ${count}`);
  return [...handles.lines(), ...references];
}
