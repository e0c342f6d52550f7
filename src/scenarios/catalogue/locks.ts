import { errnoName, isError, SEEK_SET } from '../../vfs/index.ts';
import type { LockRecovery } from '../locks/lock-manager.ts';
import type { Program } from '../program.ts';
import type { Scenario } from '../scenario.ts';

const layer = 'locks';
const careful: LockRecovery = { locks: 'reclaimed', grace: 90, ends: 'by-time' };

async function lock(program: Program, path: string): Promise<string | number> {
  const fd = await program.open(path);
  const result = await program.call({
    op: 'setlk',
    fd,
    type: 'write',
    whence: SEEK_SET,
    start: 0,
    size: 0,
    wait: false,
  });
  return isError(result) ? errnoName(-result) : Number(result);
}

const locksLost: Scenario = {
  id: 'locks-lost',
  row: 34,
  title: 'two programs hold the same exclusive lock',
  layer,
  story:
    'The server forgets all locks when it reboots, and nobody asks for theirs again. (A model of the lock manager; its protocol is not spoken.)',
  source: 'fcntl(2)',
  remedy: 'clients reclaim their locks in a grace period',
  failing: { locks: { ...careful, locks: 'forgotten' } },
  remedied: { locks: careful },
  async run(world) {
    const a = await lock(world.program('a'), '/f');
    await world.strike('the server reboots', () => world.crashServer());
    return { a, b: await lock(world.program('b'), '/f') };
  },
  symptom: { a: 0, b: 0 },
  sound: { a: 0, b: 'EAGAIN' },
};

const graceStall: Scenario = {
  id: 'grace-stall',
  row: 35,
  title: 'a lock that nobody holds takes a minute and a half',
  layer,
  story: 'After a reboot the server waits for reclaims before it gives new locks. (A model of the lock manager.)',
  source: 'Linux, fs/lockd/grace.c',
  remedy: 'a grace period that ends when everybody has reclaimed',
  failing: { locks: careful },
  remedied: { locks: { ...careful, ends: 'when-reclaimed' } },
  async run(world) {
    const b = world.program('b');
    await lock(world.program('a'), '/f');
    await world.strike('the server reboots', () => world.crashServer());
    const before = world.scheduler.clock.nanoseconds;
    const free = await lock(b, '/free');
    return { lock: free, seconds: Math.floor((world.scheduler.clock.nanoseconds - before) / 1e9) };
  },
  symptom: { lock: 0, seconds: 90 },
  sound: { lock: 0, seconds: 0 },
};

/** Rows 34 and 35: locks and reboots. */
export const locks: readonly Scenario[] = [locksLost, graceStall];
