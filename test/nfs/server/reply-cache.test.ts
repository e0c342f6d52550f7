import { describe, expect, it } from 'vitest';
import type { ReplyCacheHabit } from '../../../src/nfs/index.ts';
import { decodeResult, nfs, readReply } from '../../../src/nfs/index.ts';
import { errno, type FileSystem } from '../../../src/vfs/index.ts';
import { changed, startServer, type TestClient } from '../harness.ts';

const key = { call: 'call', caller: 'address' } as const;
const on = { kind: 'on', key, size: 100, inProgress: true, atRestart: 'lost' } as const;
const startWith = (replyCache: ReplyCacheHabit) => startServer({ habits: { replyCache } });

/** The statuses of a client's last replies to MKDIR. */
const statuses = (client: TestClient, count: number) =>
  client.replies.slice(-count).map((record) => decodeResult(nfs, 'MKDIR', readReply(record).results).status);

describe('reply cache', () => {
  it('a call that comes again is answered as before, and not run', async () => {
    const client = (await startWith(on)).connect();
    const call = client.encode('MKDIR', { where: { dir: await client.root(), name: 'd' }, attributes: {} });
    client.send(call);
    client.send(call);
    expect(statuses(client, 2)).toEqual(['OK', 'OK']);
    expect(client.replies.at(-1)).toEqual(client.replies.at(-2));
  });

  it('off: it is run again', async () => {
    const client = (await startWith({ kind: 'off' })).connect();
    const call = client.encode('MKDIR', { where: { dir: await client.root(), name: 'd' }, attributes: {} });
    client.send(call);
    client.send(call);
    expect(statuses(client, 2)).toEqual(['OK', 'EXIST']);
  });

  it.each([
    ['address', 'OK'],
    ['port', 'EXIST'],
  ] as const)('by %s: the same call from another port is answered %s', async (caller, status) => {
    const { connect } = await startWith({ ...on, key: { call: 'call', caller } });
    const client = connect({ port: 700 });
    const call = client.encode('MKDIR', { where: { dir: await client.root(), name: 'd' }, attributes: {} });
    client.send(call);
    client.close();
    const again = connect({ port: 701 });
    again.send(call);
    expect(statuses(again, 1)).toEqual([status]);
  });

  it('by xid alone: a call of another client is answered with what is not its own, and never run', async () => {
    const { connect } = await startWith({ ...on, key: { call: 'xid', caller: 'none' } });
    const [one, other] = [connect({ address: '10.0.0.1' }), connect({ address: '10.0.0.2' })];
    const root = await one.root();
    one.send(one.encode('MKDIR', { where: { dir: root, name: 'd' }, attributes: {} }, 77));
    other.send(other.encode('MKDIR', { where: { dir: root, name: 'e' }, attributes: {} }, 77));
    expect(statuses(other, 1)).toEqual(['OK']);
    expect((await one.nfs('LOOKUP', { what: { dir: root, name: 'e' } })).status).toBe('NOENT');
  });

  it('keeps so many replies', async () => {
    const client = (await startWith({ ...on, size: 2 })).connect();
    const dir = await client.root();
    const calls = ['a', 'b', 'c'].map((name) => client.encode('MKDIR', { where: { dir, name }, attributes: {} }));
    for (const call of [...calls, calls[1], calls[0]]) client.send(call);
    expect(statuses(client, 5)).toEqual(['OK', 'OK', 'OK', 'OK', 'EXIST']);
  });

  it.each([
    ['lost', 'EXIST'],
    ['kept', 'OK'],
  ] as const)('%s at a restart: a call from before is answered %s', async (atRestart, status) => {
    const { server, connect } = await startWith({ ...on, atRestart });
    const client = connect();
    const call = client.encode('MKDIR', { where: { dir: await client.root(), name: 'd' }, attributes: {} });
    client.send(call);
    await server.crash();
    await server.start();
    const again = connect();
    again.send(call);
    expect(statuses(again, 1)).toEqual([status]);
  });

  it.each([
    [true, ['OK']],
    [false, ['OK', 'EXIST']],
  ] as const)('a call that comes again while it runs, remembered by then: %s', async (inProgress, expected) => {
    const waiting: (() => void)[] = [];
    // Each mkdir waits until it is told to go on.
    const slow = (inner: FileSystem): FileSystem =>
      changed(inner, {
        mode: 'async',
        mkdir: async (...args) => {
          await new Promise<void>((resolve) => waiting.push(resolve));
          return inner.mkdir?.(...args) ?? errno.ENOSYS;
        },
      });
    const { connect } = await startServer({ habits: { replyCache: { ...on, inProgress } } }, slow);
    const client = connect();
    const call = client.encode('MKDIR', { where: { dir: await client.root(), name: 'd' }, attributes: {} });
    client.send(call);
    client.send(call);
    expect(waiting).toHaveLength(expected.length);
    for (const goOn of waiting) goOn();
    await client.nfs('NULL', {});
    await expect.poll(() => client.replies.length).toBe(2 + expected.length);
    const replies = client.replies.filter((record) => record.length > 32).slice(1);
    expect(replies.map((record) => decodeResult(nfs, 'MKDIR', readReply(record).results).status)).toEqual(expected);
  });
});
