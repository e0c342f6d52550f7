import { describe, expect, test } from 'vitest';
import { FaultEngine, type Rule, type RuleAt } from '../../src/fault/index.ts';
import { nfsOperations, rpcOperations } from '../../src/fault/plan/operations.ts';
import {
  decodeResult,
  goodHabits,
  mount,
  type NfsResult,
  nfs,
  type ReplyCacheHabit,
  readReply,
} from '../../src/nfs/index.ts';
import { NfsProxy } from '../../src/proxy/index.ts';
import type { TestClient } from '../nfs/harness.ts';
import { ProxiedWorld } from './world.ts';

const call = (rule: Omit<RuleAt<'rpc-call'>, 'name' | 'where'>): Rule => ({ name: 'rule', where: 'rpc-call', ...rule });
const reply = (rule: Omit<RuleAt<'rpc-reply'>, 'name' | 'where'>): Rule => ({
  name: 'rule',
  where: 'rpc-reply',
  ...rule,
});

const remembered = goodHabits.replyCache as ReplyCacheHabit & { readonly kind: 'on' };

/** A client with a file `f` of the letters a to e. */
async function withFile(world: ProxiedWorld) {
  const client = await world.connect();
  const root = await world.run(client.root());
  const file = await world.run(client.create(root, 'f'));
  await world.run(client.write(file, 'abcde'));
  return { client, root, file };
}

const statusOf = (record: Uint8Array, name: 'REMOVE' | 'GETATTR' | 'READ'): string =>
  (decodeResult(nfs, name, readReply(record).results) as NfsResult<'REMOVE'>).status;

/** Sends calls as they are, and waits until nothing happens any more; gives the xids of the replies, in their order. */
async function send(world: ProxiedWorld, client: TestClient, ...calls: readonly Uint8Array[]): Promise<number[]> {
  const before = client.replies.length;
  for (const each of calls) client.send(each);
  await world.rest();
  return client.replies.slice(before).map((record) => new DataView(record.buffer, record.byteOffset).getUint32(0));
}

test('rules know every procedure of the tables', () => {
  expect(nfsOperations).toEqual(Object.keys(nfs.procedures));
  expect(new Set(rpcOperations)).toEqual(new Set([...Object.keys(nfs.procedures), ...Object.keys(mount.procedures)]));
});

test('without rules everything passes, and is told in a line each', async () => {
  const world = await ProxiedWorld.start([]);
  const { client, file } = await withFile(world);
  expect(await world.run(client.read(file))).toBe('abcde');
  expect(world.lines.map((line) => line.replace(/^client:\d+ /, ''))).toEqual([
    '-> xid 1 MNT "/export" path /export',
    '<- xid 1 MNT OK 1 flavors',
    '-> xid 2 CREATE "/export/f"',
    '<- xid 2 CREATE OK',
    '-> xid 3 WRITE "/export/f" offset 0 count 5 stable UNSTABLE data 5 bytes',
    expect.stringMatching(/^<- xid 3 WRITE OK count 5 committed UNSTABLE verifier \d+$/),
    '-> xid 4 READ "/export/f" offset 0 count 65536',
    '<- xid 4 READ OK count 5 eof true data 5 bytes',
  ]);
});

describe('a call', () => {
  test('that is dropped does not come, by name; the next does', async () => {
    const world = await ProxiedWorld.start([
      call({ when: { path: '/export/f', operation: 'REMOVE', nth: 1 }, what: { kind: 'drop' } }),
    ]);
    const { client, root } = await withFile(world);
    const remove = client.encode('REMOVE', { object: { dir: root, name: 'f' } }, 77);
    expect(await send(world, client, remove)).toEqual([]);
    expect(await send(world, client, remove)).toEqual([77]);
    expect(statusOf(client.replies.at(-1) as Uint8Array, 'REMOVE')).toBe('OK');
    expect(world.injected).toMatchObject([{ rule: 'rule', operation: 'REMOVE', path: '/export/f', xid: 77 }]);
  });

  test('is met by its xid', async () => {
    const world = await ProxiedWorld.start([call({ when: { xid: 78 }, what: { kind: 'drop' } })]);
    const { client, file } = await withFile(world);
    const calls = [77, 78, 79].map((xid) => client.encode('GETATTR', { object: file }, xid));
    expect(await send(world, client, ...calls)).toEqual([77, 79]);
  });

  test('that is delayed is overtaken', async () => {
    const world = await ProxiedWorld.start([call({ when: { xid: 77 }, what: { kind: 'delay', ms: 500 } })]);
    const { client, file } = await withFile(world);
    const before = world.now;
    const calls = [77, 78].map((xid) => client.encode('GETATTR', { object: file }, xid));
    expect(await send(world, client, ...calls)).toEqual([78, 77]);
    expect(world.now - before).toBe(504);
  });

  test('waits until others have passed', async () => {
    const world = await ProxiedWorld.start([call({ when: { xid: 77 }, what: { kind: 'reorder', window: 2 } })]);
    const { client, file } = await withFile(world);
    const calls = [77, 78, 79, 80].map((xid) => client.encode('GETATTR', { object: file }, xid));
    expect(await send(world, client, ...calls)).toEqual([78, 79, 77, 80]);
  });

  test('that comes again later undoes what was done since, where the server has forgotten it', async () => {
    const rule = call({ when: { operation: 'WRITE', nth: 2 }, what: { kind: 'duplicate', ms: 50 } });
    const world = await ProxiedWorld.start([rule], { habits: { replyCache: { ...remembered, size: 1 } } });
    const { client, file } = await withFile(world);
    await world.run(client.write(file, 'OLD', 0));
    await world.run(client.write(file, 'NEW', 0));
    await world.rest();
    expect(await world.run(client.read(file))).toBe('OLDde');
  });

  test('loses a bit of its data and nothing else', async () => {
    const world = await ProxiedWorld.start([call({ when: { nth: 2 }, what: { kind: 'bit-flip' } })]);
    const { client, file } = await withFile(world);
    expect(await world.run(client.write(file, 'zzzzz'))).toMatchObject({ status: 'OK', count: 5 });
    const read = await world.run(client.read(file));
    expect(read).toHaveLength(5);
    const bits = [...Buffer.from(read)].map((byte, i) =>
      (byte ^ Buffer.from('zzzzz')[i]).toString(2).replaceAll('0', ''),
    );
    expect(bits.join('')).toBe('1');
  });

  test('is answered with an error, and the server does not hear of it', async () => {
    const rule = call({ when: { operation: 'REMOVE' }, what: { kind: 'errno', errno: 'ESTALE' } });
    const world = await ProxiedWorld.start([rule]);
    const { client, root, file } = await withFile(world);
    const removed = await world.run(client.nfs('REMOVE', { object: { dir: root, name: 'f' } }));
    expect(removed).toEqual({ status: 'STALE', dirWcc: { before: undefined, after: undefined } });
    expect(await world.run(client.read(file))).toBe('abcde');
  });

  test('goes over a connection from another port, with what is not answered', async () => {
    const world = await ProxiedWorld.start([
      { name: 'slow', where: 'rpc-reply', when: { xid: 77 }, what: { kind: 'drop' }, times: 1 },
      call({ when: { xid: 78 }, what: { kind: 'reconnect' } }),
    ]);
    const { client, file } = await withFile(world);
    const calls = [77, 78].map((xid) => client.encode('GETATTR', { object: file }, xid));
    expect(await send(world, client, calls[0])).toEqual([]);
    expect(await send(world, client, calls[1])).toEqual([77, 78]);
    expect(world.ports).toHaveLength(2);
    expect(world.ports[0]).not.toBe(world.ports[1]);
    expect(client.connected).toBe(true);
  });

  test('of old goes again before it, and its answer goes nowhere', async () => {
    const replay = { kind: 'replay', operation: 'REMOVE' } as const;
    const rule = call({ when: { operation: 'GETATTR' }, what: replay, times: 1 });
    // A server that remembers nothing removes the new file by the old call.
    const world = await ProxiedWorld.start([rule], { habits: { replyCache: { kind: 'off' } } });
    const { client, root } = await withFile(world);
    await world.run(client.nfs('REMOVE', { object: { dir: root, name: 'f' } }));
    await world.run(client.create(root, 'f'));
    const replies = await send(world, client, client.encode('GETATTR', { object: root }, 77));
    expect(replies).toEqual([77]);
    expect(await world.run(client.nfs('LOOKUP', { what: { dir: root, name: 'f' } }))).toMatchObject({
      status: 'NOENT',
    });
    expect(world.lines.filter((line) => line.includes('which nobody waits for'))).toHaveLength(1);
  });

  test('ends its connection, and no other', async () => {
    const world = await ProxiedWorld.start([call({ when: { operation: 'READ', nth: 1 }, what: { kind: 'reset' } })]);
    const { client, file } = await withFile(world);
    const other = await world.connect();
    expect(await send(world, client, client.encode('READ', { file, offset: 0, count: 5 }))).toEqual([]);
    expect([client.connected, other.connected]).toEqual([false, true]);
    expect(await world.run(other.read(file))).toBe('abcde');
  });
});

describe('a reply', () => {
  test.for(['drop', 'reconnect'] as const)('that is lost (%s) is given again by the reply cache', async (kind) => {
    const rule = reply({ when: { operation: 'REMOVE' }, what: { kind }, times: 1 });
    const world = await ProxiedWorld.start([rule]);
    const { client, root } = await withFile(world);
    const remove = client.encode('REMOVE', { object: { dir: root, name: 'f' } }, 77);
    // With `reconnect` the proxy sends the call again; here the client does.
    const replies = [
      ...(await send(world, client, remove)),
      ...(kind === 'drop' ? await send(world, client, remove) : []),
    ];
    expect(replies).toEqual([77]);
    expect(statusOf(client.replies.at(-1) as Uint8Array, 'REMOVE')).toBe('OK');
  });

  test('that is lost with its port says NOENT where the reply cache goes by ports', async () => {
    const rule = reply({ when: { operation: 'REMOVE' }, what: { kind: 'reconnect' } });
    const world = await ProxiedWorld.start([rule], {
      habits: { replyCache: { ...remembered, key: { call: 'call', caller: 'port' } } },
    });
    const { client, root } = await withFile(world);
    const removed = await world.run(client.nfs('REMOVE', { object: { dir: root, name: 'f' } }));
    expect(removed.status).toBe('NOENT');
    expect(world.injected).toHaveLength(1);
  });

  test('says an error although the server has done it', async () => {
    const rule = reply({ when: { operation: 'REMOVE', nth: 1 }, what: { kind: 'errno', errno: 'EIO' } });
    const world = await ProxiedWorld.start([rule]);
    const { client, root } = await withFile(world);
    const remove = () => world.run(client.nfs('REMOVE', { object: { dir: root, name: 'f' } }));
    const removed = await remove();
    expect(removed).toMatchObject({ status: 'IO', dirWcc: { after: { type: 'DIR' } } });
    expect((await remove()).status).toBe('NOENT');
  });

  test('has other bits in its data', async () => {
    const rule = reply({
      when: { operation: 'READ', nth: 1 },
      what: { kind: 'range', offset: 1, length: 2, fill: 88 },
    });
    const world = await ProxiedWorld.start([rule]);
    const { client, file } = await withFile(world);
    expect(await world.run(client.read(file))).toBe('aXXde');
    expect(await world.run(client.read(file))).toBe('abcde');
  });

  test('comes twice, and is overtaken', async () => {
    const world = await ProxiedWorld.start([
      { name: 'twice', where: 'rpc-reply', when: { xid: 77 }, what: { kind: 'duplicate', ms: 50 } },
      { name: 'late', where: 'rpc-reply', when: { xid: 78 }, what: { kind: 'delay', ms: 20 } },
      { name: 'behind', where: 'rpc-reply', when: { xid: 79 }, what: { kind: 'reorder', window: 1 } },
    ]);
    const { client, file } = await withFile(world);
    const calls = [77, 78, 79, 80].map((xid) => client.encode('GETATTR', { object: file }, xid));
    expect(await send(world, client, ...calls)).toEqual([77, 80, 79, 78, 77]);
  });
});

describe('names', () => {
  const rule = call({ when: { path: '/export/d/**' }, what: { kind: 'delay', ms: 1 } });

  test('are learnt, go with a renamed directory, and end with a file', async () => {
    const world = await ProxiedWorld.start([rule]);
    const client = await world.connect();
    const root = await world.run(client.root());
    const dir = await world.run(client.mkdir(root, 'd'));
    const file = await world.run(client.create(dir, 'f'));
    await world.run(client.read(file));
    await world.run(client.nfs('RENAME', { from: { dir: root, name: 'd' }, to: { dir: root, name: 'e' } }));
    const before = world.injected.length;
    await world.run(client.read(file));
    expect(world.injected.map(({ operation, path }) => `${operation} ${path}`)).toEqual([
      'MKDIR /export/d',
      'CREATE /export/d/f',
      'READ /export/d/f',
      'RENAME /export/d',
    ]);
    expect(world.injected).toHaveLength(before);
    expect(world.lines.at(-2)).toContain('READ "/export/e/f"');
  });

  test('below a directory that nobody looked up here begin with a question mark', async () => {
    const world = await ProxiedWorld.start([call({ when: { path: '**/f' }, what: { kind: 'delay', ms: 1 } })]);
    const direct = await ProxiedWorld.start([]);
    const root = await direct.run((await direct.connect()).root());
    const client = await world.connect();
    await world.run(client.nfs('LOOKUP', { what: { dir: root, name: 'f' } }));
    expect(world.injected).toMatchObject([{ operation: 'LOOKUP', path: '/?2/f' }]);
  });
});

test('what is no call of NFSv3 reaches the server, and its answer the client', async () => {
  const world = await ProxiedWorld.start([call({ what: { kind: 'drop' } })]);
  const client = await world.connect();
  const strange = client.encode('NULL', {}, 5);
  new DataView(strange.buffer, strange.byteOffset).setUint32(16, 400_000);
  expect(await send(world, client, strange)).toEqual([5]);
  expect(readReply(client.replies[0]).reply).toEqual({ status: 'PROG_UNAVAIL' });
  expect(world.unfired).toEqual(['rule "rule": armed, never fired']);
});

test('a server that is not there ends the connections of its clients, not the proxy', async () => {
  const world = await ProxiedWorld.start([]);
  world.server.stop();
  const client = await world.connect();
  client.send(client.encode('NULL', {}));
  await world.rest();
  expect(client.connected).toBe(false);
  expect(world.problems.join()).toContain('server server:2049');
  await world.server.start();
  const { client: later, file } = await withFile(world);
  expect(await world.run(later.read(file))).toBe('abcde');
});

test('a record that is too long ends its connection', async () => {
  const world = await ProxiedWorld.start([]);
  const client = await world.connect();
  client.send(Uint8Array.of(0xff, 0xff, 0xff, 0xff));
  await world.rest();
  expect(client.connected).toBe(false);
  expect(world.problems.join()).toContain('expected at most');
});

test('what is held back is lost at the end, and no timer is left', async () => {
  const world = await ProxiedWorld.start([call({ when: { xid: 77 }, what: { kind: 'delay', ms: 1e9 } })]);
  const { client, file } = await withFile(world);
  client.send(client.encode('GETATTR', { object: file }, 77));
  for (let i = 0; i < 3; i++) await world.run(client.read(file));
  const before = world.now;
  world.proxy.close();
  await world.rest();
  expect(world.now - before).toBeLessThan(10);
  expect(client.connected).toBe(false);
});

test('a plan for another place is refused', () => {
  const rules: readonly Rule[] = [{ name: 'disk', where: 'link-reply', what: { kind: 'drop' } }];
  const faults = new FaultEngine({ rules }, { now: () => 0 });
  const { clock, hosts } = new ProxiedWorld([]);
  const environment = { network: hosts.from('proxy'), timers: clock };
  expect(() => new NfsProxy(environment, { to: { host: 'server', port: 2049 }, faults })).toThrow(
    '"disk": drop at link-reply is not possible in an NFS proxy: only messages of NFS pass here; use the place "rpc-call" or "rpc-reply"',
  );
});
