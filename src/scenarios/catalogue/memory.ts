import type { Scenario } from '../scenario.ts';

const FILES = 1000;

const inodeCacheGrowth: Scenario = {
  id: 'inode-cache-growth',
  row: 36,
  title: 'looking at files takes memory for each, and gives none back',
  layer: 'client memory',
  story:
    'Each file that is looked at leaves an inode and a name in the kernel (nfs_inode_cache and dentry), and a node with its handle in the client.',
  source: 'B. Fitzpatrick, 2004',
  remedy: 'the kernel frees what is not in use, and tells the client (FORGET)',
  remedied: { inodesMost: 200 },
  async run(world) {
    const a = world.program('a');
    const names = world.makeFiles('d', FILES);
    await world.strike(`A looks at ${FILES} files`, async () => {
      for (const name of names) {
        await a.stat(`/d/${name}`);
        await world.squeeze('a');
      }
    });
    const { kernel, filesystem } = world.client('a');
    return { inodes: kernel.cachedInodes, dentries: kernel.cachedDentries, nodes: filesystem.nodeCount };
  },
  symptom: { inodes: FILES + 2, dentries: FILES + 2, nodes: FILES + 2 },
  sound: { inodes: 7, dentries: 7, nodes: 7 },
};

/** Row 36: memory that grows. */
export const memory: readonly Scenario[] = [inodeCacheGrowth];
