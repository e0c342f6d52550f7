import { Errno, isError, O_CREAT, O_RDONLY, O_RDWR, ROOT_NODE, root } from '../../vfs/index.ts';
import type { Scenario, Seen } from '../scenario.ts';
import { byRoot } from '../site.ts';
import { resultOf } from '../wire/message.ts';

const layer = 'client option';

const sillyRename: Scenario = {
  id: 'silly-rename',
  row: 26,
  title: 'a directory in which nothing is left cannot be removed',
  layer: 'client',
  story:
    'The client renames a file that is removed while it is open, so that its reader can go on: .nfsXXXX stays until it is closed.',
  source: 'Linux, fs/nfs/unlink.c',
  remedy: 'files that are removed while open are put aside elsewhere; open state of NFSv4 and FUSE',
  failing: { client: { habits: { sillyRename: 'parent' } } },
  remedied: { client: { habits: { sillyRename: 'aside' } } },
  async run(world) {
    const a = world.program('a');
    await a.mkdir('/d');
    await a.put('/d/f', 'still read');
    const fd = await a.open('/d/f', O_RDONLY);
    await world.strike('A removes a file that it has open', () => a.unlink('/d/f'));
    const left = (await a.list('/d')).map((name) => name.slice(0, 4));
    return { left, rmdir: await a.rmdir('/d'), read: await a.pread(fd) };
  },
  symptom: { left: ['.nfs'], rmdir: 'ENOTEMPTY', read: 'still read' },
  sound: { left: [], rmdir: 0, read: 'still read' },
};

const softTimeout: Scenario = {
  id: 'soft-timeout',
  row: 27,
  title: 'EIO in the middle of a write',
  layer,
  story: 'The network is away for half a minute, and the mount gives up before. What it had sent may still be done.',
  source: 'nfs(5), soft',
  remedy: 'a hard mount',
  setting: { client: { timeo: 10, retrans: 2 } },
  failing: { client: { timeo: 10, retrans: 2, recovery: 'soft' } },
  remedied: { client: { timeo: 10, retrans: 2, recovery: 'hard' } },
  async run(world) {
    const a = world.program('a');
    const fd = await a.open('/f');
    await a.pwrite(fd, 'precious');
    await world.strike('the network is away for 30 s', async () => {
      world.network.partition('a', 'server');
      world.scheduler.clock.after(30_000, () => world.network.heal('a', 'server'));
    });
    const fsync = await a.fsync(fd);
    const file = await world.program('b').get('/f');
    await world.sleep(300_000);
    return { fsync, file, 'minutes later': await world.program('b').get('/f') };
  },
  symptom: { fsync: 'EIO', file: '', 'minutes later': 'precious' },
  sound: { fsync: 0, file: 'precious', 'minutes later': 'precious' },
};

const hardHang: Scenario = {
  id: 'hard-hang',
  row: 28,
  title: 'a program waits for ever',
  layer,
  story: 'The server is gone, and the mount tries again without end.',
  source: 'nfs(5), hard',
  remedy: 'a wait that a signal ends; aborting the FUSE connection',
  remedied: {},
  async run(world) {
    const a = world.program('a');
    await a.put('/f', 'x');
    await world.sleep(120_000);
    await world.strike('the server is switched off', async () => world.server.stop());
    const stat = a.begin({ op: 'stat', path: '/f' });
    await world.sleep(600_000);
    if (!world.remedied) return { 'after ten minutes': stat.done ? 'done' : 'waiting' };
    a.interrupt();
    const result = await a.end(stat);
    return { 'after ten minutes': isError(result) ? 'interrupted' : 'done' };
  },
  symptom: { 'after ten minutes': 'waiting' },
  sound: { 'after ten minutes': 'interrupted' },
};

const deferredError: Scenario = {
  id: 'deferred-error',
  row: 29,
  title: 'write succeeds, close says that there is no space',
  layer: 'client cache',
  story: 'Data is written back later, when the server turns out to be full.',
  source: 'close(2)',
  remedy: 'writes that are sent at once (sync); a program that checks fsync and close',
  setting: { serverSpace: 65536 },
  failing: { client: { writes: 'back' } },
  remedied: { client: { writes: 'sync' } },
  async run(world) {
    const [a, b] = [world.program('a'), world.program('b')];
    const fd = await a.open('/f');
    await world.strike('B fills the server', () => b.put('/large', 'x'.repeat(61440)));
    const write = await a.pwrite(fd, 'x'.repeat(8192));
    return { write, close: await a.close(fd) };
  },
  symptom: { write: 8192, close: 'ENOSPC' },
  sound: { write: 'ENOSPC', close: 0 },
};

const rootSquash: Scenario = {
  id: 'root-squash',
  row: 33,
  title: 'root may open a file and not read it',
  layer: 'identity',
  story: 'The client looks at the mode bits, where root may do all; the server takes root for nobody.',
  source: 'open(2)',
  remedy: 'the server is asked at open (ACCESS); mapping of identities',
  setting: { exports: [{ path: '/export', clients: [{ hosts: '*', options: { squash: 'root' } }] }] },
  failing: { client: { habits: { access: 'mode-bits' } } },
  remedied: { client: { habits: { access: 'server' } } },
  async run(world) {
    const owner = { ...byRoot, uid: 1000, gid: 1000 };
    const made = await world.disk.create?.(ROOT_NODE, 'private', 0o600, O_RDWR | O_CREAT, owner);
    if (made === undefined || made instanceof Errno) throw new Error(`private: ${made}`);
    const { entry, opened } = made;
    await world.disk.setattr?.(entry.node, { size: 100 }, opened.fh, owner);
    world.rule({
      name: 'the server takes root for nobody',
      at: 'reply',
      procedure: '*',
      where: (message) => {
        const access = resultOf(message, 'ACCESS');
        return resultOf(message, 'READ')?.status === 'ACCES' || (access?.status === 'OK' && access.access === 0);
      },
      fault: { kind: 'meanwhile', run: () => {} },
    });
    const a = world.program('a', root);
    const fd = await a.open('/private', O_RDONLY);
    const seen: Seen = fd < 0 ? { open: 'EACCES' } : { open: 'a descriptor', read: await a.pread(fd) };
    return seen;
  },
  symptom: { open: 'a descriptor', read: 'EACCES' },
  sound: { open: 'EACCES' },
};

/** Rows 26 to 29 and 33: what options of the mount decide. */
export const clientOptions: readonly Scenario[] = [sillyRename, softTimeout, hardHang, deferredError, rootSquash];
