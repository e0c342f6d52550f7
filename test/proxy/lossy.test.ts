import { expect, test } from 'vitest';
import type { Rule } from '../../src/fault/index.ts';
import { defaultClientOptions, NfsClient, usualHabits } from '../../src/nfs/index.ts';
import { Surroundings } from '../../src/sim/index.ts';
import { type Context, O_EXCL, O_RDWR, type WriteOptions } from '../../src/vfs/index.ts';
import { ProxiedWorld } from './world.ts';

const context: Context = { uid: 0, gid: 0, pid: 1, umask: 0, signal: new AbortController().signal };
const plain: WriteOptions = { flags: O_RDWR, fromCache: false, killPrivileges: false, lockOwner: undefined };

const rules: readonly Rule[] = [
  { name: 'lost call', where: 'rpc-call', when: { probability: 0.05 }, what: { kind: 'drop' } },
  { name: 'lost reply', where: 'rpc-reply', when: { probability: 0.05 }, what: { kind: 'drop' } },
  {
    name: 'late call',
    where: 'rpc-call',
    when: { probability: 0.1 },
    what: { kind: 'delay', ms: { exponential: 700 } },
  },
  { name: 'copy', where: 'rpc-call', when: { probability: 0.1 }, what: { kind: 'duplicate', ms: 20 } },
  { name: 'overtaken', where: 'rpc-reply', when: { probability: 0.1 }, what: { kind: 'reorder', window: 2, ms: 300 } },
  { name: 'twice', where: 'rpc-reply', when: { probability: 0.1 }, what: { kind: 'duplicate', ms: 5 } },
  { name: 'cut', where: 'rpc-reply', when: { probability: 0.02 }, what: { kind: 'reset' } },
  { name: 'another port', where: 'rpc-reply', when: { probability: 0.05 }, what: { kind: 'reconnect' } },
];

test('our client and server get over what is lost, late, doubled and cut: each thing is done once', async () => {
  const world = await ProxiedWorld.start(rules);
  const { environment } = new Surroundings(world.clock, 2, { network: world.hosts.from('client') });
  const client = new NfsClient(environment, {
    ...defaultClientOptions,
    host: 'proxy',
    port: 111,
    mountport: 111,
    path: '/export',
    timeo: 5,
    writes: 'through',
    habits: usualHabits,
  });
  const done = async (): Promise<void> => {
    for (let i = 0; i < 40; i++) {
      const { entry, opened } = await client.create(1, `f${i}`, 0o644, O_RDWR | O_EXCL, context);
      const text = Buffer.from(`what is in file ${i}`);
      await client.write(entry.node, opened.fh, text, 0, context, plain);
      await client.flush(entry.node, opened.fh, 0, context);
      const into = Buffer.alloc(100);
      const count = await client.read(entry.node, opened.fh, into, 0, context);
      expect(into.subarray(0, count)).toEqual(text);
      await client.release(entry.node, opened.fh, O_RDWR, context);
      await client.rename(1, `f${i}`, 1, `g${i}`, 0, context);
      if (i % 2 === 0) await client.unlink(1, `g${i}`, context);
    }
  };
  await world.run(done());
  expect(world.unfired).toEqual([]);
  world.faults.turn(false);
  const direct = await world.connect('other');
  const root = await world.run(direct.root());
  const listed = await world.run(direct.nfs('READDIR', { dir: root, cookie: 0, cookieVerifier: 0, count: 65536 }));
  const names = listed.status === 'OK' ? listed.entries.map(({ name }) => name) : [listed.status];
  const odd = Array.from({ length: 20 }, (_, i) => `g${2 * i + 1}`);
  expect(names.filter((name) => !name.startsWith('.')).sort()).toEqual(odd.sort());
});
