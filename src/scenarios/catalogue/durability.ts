import { faultPlan, when } from '../../fault/index.ts';
import type { Scenario, Seen } from '../scenario.ts';
import { resultOf } from '../wire/message.ts';
import type { World } from '../world.ts';

const losing = { server: { crashLoses: 'unsynced' } } as const;

/** A writes a file and syncs it; the server crashes; what fsync said, and what B reads. */
async function syncAndCrash(world: World): Promise<Seen> {
  const a = world.program('a');
  const fd = await a.open('/f');
  await a.pwrite(fd, 'precious');
  const fsync = await a.fsync(fd);
  await world.strike('the server loses power', () => world.crashServer());
  return { fsync, file: await world.program('b').get('/f') };
}

const lostUnstableWrite: Scenario = {
  id: 'lost-unstable-write',
  row: 13,
  title: 'data is lost between WRITE and COMMIT',
  layer: 'server crash',
  story: 'The server has acknowledged an UNSTABLE write and goes down before COMMIT. Only the write verifier tells.',
  source: 'RFC 1813, 3.3.7 and 3.3.21',
  remedy: 'the client compares the verifier, and writes again',
  setting: { ...losing, client: { writes: 'through' } },
  failing: { client: { habits: { verifier: 'ignored' } } },
  remedied: { client: { habits: { verifier: 'compared' } } },
  async run(world) {
    const a = world.program('a');
    const fd = await a.open('/f');
    await a.pwrite(fd, 'precious');
    await world.strike('the server loses power', () => world.crashServer());
    const fsync = await a.fsync(fd);
    return { fsync, file: await world.program('b').get('/f') };
  },
  symptom: { fsync: 0, file: '' },
  sound: { fsync: 0, file: 'precious' },
};

const verifierSplitBrain: Scenario = {
  id: 'verifier-split-brain',
  row: 14,
  title: 'fsync never ends',
  layer: 'server bug',
  story: 'COMMIT tells another verifier than WRITE did, every time: the client writes and commits for ever.',
  source: 'dCache issue 5531',
  remedy: 'one verifier; a client that writes FILE_SYNC after some rounds',
  setting: { server: { writeVerifier: 'split-brain' } },
  failing: { client: { habits: { verifier: 'compared-forever' } } },
  remedied: { client: { habits: { verifier: 'compared' } } },
  async run(world) {
    const verifiers = new Set<unknown>();
    world.rule({
      name: 'COMMIT tells another verifier than WRITE',
      at: 'reply',
      procedure: '*',
      where: (message) => {
        const written = resultOf(message, 'WRITE');
        if (written?.status === 'OK') verifiers.add(written.verifier);
        const committed = resultOf(message, 'COMMIT');
        return committed?.status === 'OK' && !verifiers.has(committed.verifier);
      },
      fault: { kind: 'meanwhile', run: () => {} },
    });
    const a = world.program('a');
    const fd = await a.open('/f');
    await a.pwrite(fd, 'precious');
    const fsync = a.begin({ op: 'fsync', fd });
    await world.sleep(2000);
    return { fsync: fsync.done ? Number(fsync.result) : 'under way', file: await world.program('b').get('/f') };
  },
  symptom: { fsync: 'under way', file: 'precious' },
  sound: { fsync: 0, file: 'precious' },
};

const commitLies: Scenario = {
  id: 'commit-lies',
  row: 15,
  title: 'fsync succeeds, and the data is gone',
  layer: 'server bug',
  story: 'The fsync of the server fails, and the server swallows the error.',
  source: 'Linux, fs/nfsd/vfs.c (commit_reset_write_verifier)',
  remedy: 'COMMIT fails with EIO, and the write verifier changes',
  setting: {
    ...losing,
    disk: faultPlan(1)
      .rule('the disk fails', 'filesystem', when.operation('FSYNC'), { kind: 'errno', errno: 'EIO' })
      .build(),
  },
  failing: { server: { ...losing.server, sync: 'lies' } },
  remedied: { server: { ...losing.server, sync: 'honest' } },
  run: syncAndCrash,
  symptom: { fsync: 0, file: '' },
  sound: { fsync: 'EIO', file: '' },
};

const asyncExport: Scenario = {
  id: 'async-export',
  row: 16,
  title: 'what fsync made safe is lost in a crash',
  layer: 'server option',
  story: 'The server answers before anything is on stable storage.',
  source: 'exports(5), async',
  remedy: 'a sync export',
  failing: { server: { ...losing.server, sync: 'async' } },
  remedied: { server: { ...losing.server, sync: 'honest' } },
  run: syncAndCrash,
  symptom: { fsync: 0, file: '' },
  sound: { fsync: 0, file: 'precious' },
};

const createNotDurable: Scenario = {
  id: 'create-not-durable',
  row: 17,
  title: 'a file that was created and synced vanishes',
  layer: 'server crash',
  story: 'The server brings data to the disk, but not the name that leads to it.',
  source: 'openzfs issue 969',
  remedy: 'metadata is committed before the reply',
  failing: { server: { crashLoses: 'unsynced-and-names' } },
  remedied: losing,
  run: syncAndCrash,
  symptom: { fsync: 0, file: 'ENOENT' },
  sound: { fsync: 0, file: 'precious' },
};

/** Rows 13 to 17: what a server said that it has, and has not. */
export const durability: readonly Scenario[] = [
  lostUnstableWrite,
  verifierSplitBrain,
  commitLies,
  asyncExport,
  createNotDurable,
];
