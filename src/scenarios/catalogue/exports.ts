import type { Export } from '../../nfs/index.ts';
import { ROOT_NODE } from '../../vfs/index.ts';
import type { Scenario } from '../scenario.ts';
import { byRoot } from '../site.ts';

const exported = (crossmnt: boolean): readonly Export[] => [
  { path: '/export', clients: [{ hosts: '*', options: { squash: 'none', crossmnt } }] },
];

const nestedExport: Scenario = {
  id: 'nested-export',
  row: 32,
  title: 'a directory is empty that has files in it',
  layer: 'export',
  story:
    'Another filesystem is mounted inside of what is exported to all hosts (*); clients see the directory below it.',
  source: 'exports(5), nohide and crossmnt',
  remedy: 'crossmnt; the pseudo-filesystem of NFSv4',
  failing: { exports: exported(false) },
  remedied: { exports: exported(true) },
  async run(world) {
    await world.program('a').mkdir('/child');
    await world.strike('the server mounts a filesystem inside of the export', async () => {
      const child = await world.mountOnServer('/child');
      await child.mkdir?.(ROOT_NODE, 'inside', 0o755, byRoot);
    });
    return { names: await world.program('b').list('/child') };
  },
  symptom: { names: [] },
  sound: { names: ['inside'] },
};

/** Row 32: filesystems below filesystems. */
export const exports: readonly Scenario[] = [nestedExport];
