import { O_RDONLY } from '../../vfs/index.ts';
import type { Scenario, Seen } from '../scenario.ts';
import type { World } from '../world.ts';

const layer = 'file handle';
const inode = { server: { handles: { kind: 'inode' } } } as const;

/** A opens /f, which holds `old`; something happens; A reads on. */
async function readAfter(world: World, name: string, happens: () => Promise<unknown>): Promise<Seen> {
  const a = world.program('a');
  await a.put('/f', 'old');
  const fd = await a.open('/f', O_RDONLY);
  await world.strike(name, happens);
  return { read: await a.pread(fd) };
}

const remoteUnlink: Scenario = {
  id: 'remote-unlink',
  row: 1,
  title: 'a file that another client removes is gone for its reader',
  layer,
  story: 'NFSv3 has no OPEN: the server frees the inode with its last name, whoever reads it.',
  source: 'RFC 1813, 2.6',
  remedy: 'a protocol with open state: FUSE keeps the node until FORGET, NFSv4 until CLOSE',
  remedied: { protocol: 'stateful' },
  run: (world) => readAfter(world, 'B removes the file', () => world.program('b').unlink('/f')),
  symptom: { read: 'ESTALE' },
  sound: { read: 'old' },
};

const renameOver: Scenario = {
  id: 'rename-over',
  row: 2,
  title: 'a file that another client replaces is gone for its reader',
  layer,
  story: 'A rename over an open file frees its inode as a removal does; the path leads to the new one.',
  source: 'openzfs issue 6197',
  remedy: 'a protocol with open state',
  remedied: { protocol: 'stateful' },
  async run(world) {
    const b = world.program('b');
    const { read } = await readAfter(world, 'B renames another file over it', async () => {
      await b.put('/n', 'new');
      return b.rename('/n', '/f');
    });
    return { read, path: await world.program('a').get('/f') };
  },
  symptom: { read: 'ESTALE', path: 'new' },
  sound: { read: 'old', path: 'new' },
};

const restartVoidsHandles: Scenario = {
  id: 'restart-voids-handles',
  row: 3,
  title: 'a restart of the server makes every handle stale',
  layer,
  story: 'The server makes handles from the time of its start, or from a table in memory.',
  source: 'nfsserve, src/vfs.rs',
  remedy: 'handles of inode and generation',
  failing: { server: { handles: { kind: 'boot-generation' } } },
  remedied: inode,
  run: (world) => readAfter(world, 'the server is started anew', () => world.restartServer()),
  symptom: { read: 'ESTALE' },
  sound: { read: 'old' },
};

const fsidChange: Scenario = {
  id: 'fsid-change',
  row: 4,
  title: 'even the root of the mount is stale after a reboot',
  layer,
  story: 'The number of the filesystem comes from a device number, which is another one after a reboot.',
  source: 'exports(5), fsid',
  remedy: 'a fixed fsid',
  failing: { server: { fsid: 'changes' } },
  remedied: { server: { fsid: 'fixed' } },
  async run(world) {
    const a = world.program('a');
    await a.mkdir('/d');
    await world.strike('the server reboots', () => world.crashServer());
    await world.sleep(120_000);
    return { root: await a.sees('/') };
  },
  symptom: { root: 'ESTALE' },
  sound: { root: true },
};

const inodeReuse: Scenario = {
  id: 'inode-reuse',
  row: 5,
  title: "another file's data, and no error",
  layer,
  story: 'A freed inode number is used again, and the generation in the handle does not tell: the old handle is valid.',
  source: 'go-fuse issue 41',
  remedy: 'a generation that differs: the reader gets ESTALE instead of what is not its own',
  failing: { server: { handles: { kind: 'recycled-generation' } } },
  remedied: inode,
  run: (world) =>
    readAfter(world, 'B removes the file and makes another', async () => {
      const b = world.program('b');
      await b.unlink('/f');
      return b.put('/g', 'BBB');
    }),
  symptom: { read: 'BBB' },
  sound: { read: 'ESTALE' },
};

const pathBackedHandle: Scenario = {
  id: 'path-backed-handle',
  row: 6,
  title: 'a working directory is lost when it is renamed',
  layer,
  story: 'The server keeps the path that a handle was given for; after a rename the path leads nowhere.',
  source: 'rclone issue 9924',
  remedy: 'handles of inode and generation',
  failing: { server: { handles: { kind: 'path' } } },
  remedied: inode,
  async run(world) {
    const a = world.program('a');
    await a.mkdir('/a');
    await a.chdir('/a');
    await world.strike('the directory is renamed', () => world.program('b').rename('/a', '/b'));
    return { mkdir: await a.mkdir('x') };
  },
  symptom: { mkdir: 'ESTALE' },
  sound: { mkdir: 0 },
};

const evictedHandle: Scenario = {
  id: 'evicted-handle',
  row: 6,
  title: 'a file is stale because others were used',
  layer,
  story: 'The server numbers handles in a table of bounded size, and evicts the one that was not used for longest.',
  source: 'go-nfs, caching handler',
  remedy: 'handles of inode and generation',
  failing: { server: { handles: { kind: 'table', capacity: 4 } } },
  remedied: inode,
  run: (world) =>
    readAfter(world, 'B uses more files than the table has room for', async () => {
      const b = world.program('b');
      for (let i = 0; i < 20; i++) await b.put(`/other-${i}`, 'x');
    }),
  symptom: { read: 'ESTALE' },
  sound: { read: 'old' },
};

const subtreeCheck: Scenario = {
  id: 'subtree-check',
  row: 7,
  title: 'an open file is stale after a move to another directory',
  layer,
  story: 'The directory is part of the handle, and the server checks that the file is still in it.',
  source: 'exports(5), subtree_check',
  remedy: 'no_subtree_check',
  failing: { server: { handles: { kind: 'subtree-check' } } },
  remedied: inode,
  run: (world) =>
    readAfter(world, 'B moves the file', async () => {
      const b = world.program('b');
      await b.mkdir('/d');
      return b.rename('/f', '/d/f');
    }),
  symptom: { read: 'ESTALE' },
  sound: { read: 'old' },
};

/** Rows 1 to 7: file handles go stale. */
export const fileHandles: readonly Scenario[] = [
  remoteUnlink,
  renameOver,
  restartVoidsHandles,
  fsidChange,
  inodeReuse,
  pathBackedHandle,
  evictedHandle,
  subtreeCheck,
];
