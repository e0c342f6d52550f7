import type { TreeNode, Violation } from '../../model/index.ts';
import {
  type Call,
  type FileSystemStatistics,
  isDirectory,
  type Kernel,
  type Stat,
  type SysResult,
} from '../../vfs/index.ts';
import type { Without } from '../profile.ts';
import { OBSERVER } from '../program.ts';

/** What is taken of a filesystem. */
export interface Space {
  readonly inodes: number;
  /** Bytes, but for those of the root directory, which may stay as large as it once was. */
  readonly bytes: number;
}

const BLOCK = 512;

/** Bytes that are free, as far as that is told. */
export async function roomOf(kernel: Kernel, without: Without): Promise<number> {
  const statistics = without.has('statfs') ? 0 : await callOf(kernel, { op: 'statfs', path: '/' });
  return isStatistics(statistics) ? Number(statistics.bavail) * Number(statistics.frsize) : Infinity;
}

/** What is taken now; undefined where it is not told. */
export async function spaceOf(kernel: Kernel, without: Without): Promise<Space | undefined> {
  if (without.has('statfs')) return undefined;
  const statistics = await callOf(kernel, { op: 'statfs', path: '/' });
  const root = await callOf(kernel, { op: 'lstat', path: '/' });
  if (!isStatistics(statistics)) return undefined;
  if (typeof root !== 'object' || !('blocks' in root)) return undefined;
  const { blocks, bfree, frsize, files, ffree } = statistics;
  return {
    inodes: Number(files - ffree),
    bytes: Number(blocks - bfree) * Number(frsize) - Number((root as Stat).blocks) * BLOCK,
  };
}

/**
 * What stays taken when everything that can be reached is removed, compared with the fresh filesystem. It is tried where the
 * inodes are not as many as there are files, and for a part of the trees, as their numbers have it.
 */
export async function leakOf(
  kernel: Kernel,
  tree: TreeNode,
  fresh: Space,
  without: Without,
): Promise<Violation | undefined> {
  const now = await spaceOf(kernel, without);
  if (now === undefined) return undefined;
  const files = filesIn(tree);
  const isOdd = now.inodes - files.size !== fresh.inodes - 1;
  if (!isOdd && !isChosen(now)) return undefined;
  if (!(await empty(kernel, tree, ''))) return undefined;
  await callOf(kernel, { op: 'drop_caches', caches: 3 });
  const left = await spaceOf(kernel, without);
  if (left === undefined || (left.inodes <= fresh.inodes && left.bytes <= fresh.bytes)) return undefined;
  return {
    promise: 'what nobody can reach takes no space',
    text: `when everything is removed after the crash, ${shown(left)} are taken; of the fresh filesystem ${shown(fresh)} are`,
  };
}

const shown = ({ inodes, bytes }: Space): string => `${inodes} inodes and ${bytes} bytes`;

const PART = 8;
const isChosen = ({ inodes, bytes }: Space): boolean => (inodes + bytes / BLOCK) % PART === 0;

function filesIn(tree: TreeNode, found = new Set<unknown>()): ReadonlySet<unknown> {
  found.add(tree.stat.ino);
  for (const child of tree.entries?.values() ?? []) filesIn(child, found);
  return found;
}

/** Removes what is in a directory; false where something cannot be removed. */
async function empty(kernel: Kernel, { entries }: TreeNode, path: string): Promise<boolean> {
  for (const [name, child] of entries ?? []) {
    const below = `${path}/${name}`;
    const removed = isDirectory(child.stat.mode)
      ? (await empty(kernel, child, below)) && (await callOf(kernel, { op: 'rmdir', path: below }))
      : await callOf(kernel, { op: 'unlink', path: below });
    if (removed !== 0) return false;
  }
  return true;
}

const isStatistics = (result: SysResult): result is FileSystemStatistics =>
  typeof result === 'object' && 'bfree' in result;

async function callOf(kernel: Kernel, call: Call): Promise<SysResult> {
  return await kernel.call(OBSERVER.pid, call);
}
