import { describe, expect, it } from 'vitest';
import type { HandleHabit } from '../../../src/nfs/index.ts';
import { changed, startServer } from '../harness.ts';

const startWith = (handles: HandleHabit) => startServer({ habits: { handles } });

const rename = (name: string, to: string, dir: Uint8Array, toDir = dir) =>
  ['RENAME', { from: { dir, name }, to: { dir: toDir, name: to } }] as const;

describe('file handles', () => {
  it('inode: outlive a rename, a restart and a crash', async () => {
    const { server, connect } = await startWith({ kind: 'inode' });
    let client = connect();
    const root = await client.root();
    const file = await client.create(await client.mkdir(root, 'd'), 'f');
    await client.write(file, 'here');
    await client.nfs(...rename('d', 'e', root));
    expect(await client.read(file)).toBe('here');
    server.stop();
    await server.start();
    expect(client.connected).toBe(false);
    client = connect();
    expect(await client.read(file)).toBe('here');
    await server.crash();
    await server.start();
    expect(await connect().read(file)).toBe('here');
  });

  it('inode: a number that another file got is stale, by its generation', async () => {
    const { connect } = await startWith({ kind: 'inode' });
    const client = connect();
    const root = await client.root();
    const old = await client.create(root, 'a');
    await client.nfs('REMOVE', { object: { dir: root, name: 'a' } });
    const young = await client.create(root, 'b');
    const fileid = async (object: Uint8Array) => await client.nfs('GETATTR', { object });
    expect(await fileid(young)).toMatchObject({ status: 'OK', attributes: { fileid: 2 } });
    expect(await fileid(old)).toEqual({ status: 'STALE' });
  });

  it('recycled-generation: a number that another file got leads to that file', async () => {
    const { connect } = await startWith({ kind: 'recycled-generation' });
    const client = connect();
    const root = await client.root();
    const old = await client.create(root, 'a');
    await client.nfs('REMOVE', { object: { dir: root, name: 'a' } });
    await client.write(await client.create(root, 'b'), 'of b');
    expect(await client.read(old)).toBe('of b');
  });

  it('boot-generation: a restart makes all of them stale, the root too', async () => {
    const { server, connect } = await startWith({ kind: 'boot-generation' });
    const root = await connect().root();
    server.stop();
    await server.start();
    expect((await connect().nfs('GETATTR', { object: root })).status).toBe('STALE');
    expect((await connect().nfs('GETATTR', { object: await connect().root() })).status).toBe('OK');
  });

  it('path: a rename makes what is below stale, and another file at the path takes its place', async () => {
    const { connect } = await startWith({ kind: 'path' });
    const client = connect();
    const root = await client.root();
    const directory = await client.mkdir(root, 'a');
    await client.nfs(...rename('a', 'b', root));
    const made = await client.nfs('MKDIR', { where: { dir: directory, name: 'x' }, attributes: {} });
    expect(made.status).toBe('STALE');
    await client.mkdir(root, 'a');
    expect((await client.nfs('GETATTR', { object: directory })).status).toBe('OK');
  });

  it('table: the file that was not used for longest is stale', async () => {
    const { connect } = await startWith({ kind: 'table', capacity: 2 });
    const client = connect();
    const root = await client.root();
    const [a, b] = [await client.create(root, 'a'), await client.create(root, 'b')];
    await client.read(a);
    const c = await client.create(root, 'c');
    expect([await client.read(a), await client.read(b), await client.read(c)]).toEqual(['', 'STALE', '']);
  });

  it('subtree-check: a move to another directory makes a file stale, one within its directory does not', async () => {
    const { connect } = await startWith({ kind: 'subtree-check' });
    const client = connect();
    const root = await client.root();
    const directory = await client.mkdir(root, 'd');
    const file = await client.create(root, 'f');
    await client.nfs(...rename('f', 'g', root));
    expect(await client.read(file)).toBe('');
    await client.nfs(...rename('g', 'g', root, directory));
    expect(await client.read(file)).toBe('STALE');
  });

  it('fsid changes: a restart makes all of them stale', async () => {
    const { server, connect } = await startServer({ habits: { fsid: 'changes' } });
    const root = await connect().root();
    server.stop();
    await server.start();
    expect((await connect().nfs('GETATTR', { object: root })).status).toBe('STALE');
  });

  it('of a filesystem whose nodes cannot be found by number: good until a restart, never another file', async () => {
    const { server, connect } = await startServer({}, (inner) => changed(inner, { wishes: {} }));
    const client = connect();
    const root = await client.root();
    const file = await client.create(root, 'f');
    expect(await client.read(file)).toBe('');
    server.stop();
    await server.start();
    expect(await connect().read(file)).toBe('STALE');
    expect((await connect().nfs('GETATTR', { object: root })).status).toBe('OK');
  });
});
