import { expect, test } from 'vitest';
import { errno, O_RDWR } from '../../../src/vfs/index.ts';
import { changed } from '../harness.ts';
import { codeOr, LossyNetwork, World } from './harness.ts';

const free = { bsize: 4096, frsize: 4096, blocks: 9, bfree: 8, bavail: 7, files: 6, ffree: 5, namelen: 255 };

test('what a server lost before COMMIT is written again, unless nobody looks at the verifier', async () => {
  const seen: Record<string, unknown> = {};
  for (const verifier of ['compared', 'ignored'] as const) {
    const world = new World();
    const server = await world.serve({ crashLoses: 'unsynced' });
    const client = world.client('a', { verifier, writes: 'through', timeo: 10 });
    const file = await client.create('f');
    await file.write('data');
    await server.crash();
    await world.settle(server.start());
    await file.close();
    const reader = await world.client('b').open('f');
    seen[verifier] = await reader.read();
  }
  expect(seen).toEqual({ compared: 'data', ignored: '' });
});

test('a server whose COMMIT never has the verifier of its WRITE gets the data FILE_SYNC in the end', async () => {
  const world = new World();
  await world.serve({ writeVerifier: 'split-brain' });
  const file = await world.client('a').create('f');
  await file.write('data');
  await file.close();
  expect(await (await world.client('b').open('f')).read()).toBe('data');
});

test('with Linux’ habit it is written for ever, until the caller is interrupted', async () => {
  const world = new World();
  await world.serve({ writeVerifier: 'split-brain' });
  const client = world.client('a', { verifier: 'compared-forever' });
  const file = await client.create('f');
  await file.write('data');
  const abort = new AbortController();
  const context = { uid: 0, gid: 0, pid: 1, umask: 0, signal: abort.signal };
  const closing = codeOr(client.filesystem.flush(file.node, file.opened.fh, 0, context));
  await world.pass(3);
  abort.abort();
  expect(await world.settle(closing)).toBe('EINTR');
});

test('a full disk shows at close where data is sent late, at write where it is sent at once', async () => {
  const seen: Record<string, unknown> = {};
  for (const writes of ['back', 'through'] as const) {
    const world = new World();
    await world.serve({}, { ram: { size: 8192 } });
    const file = await world.client('a', { writes }).create('f');
    const written = await codeOr(file.write('x'.repeat(100_000)).then(() => 'written'));
    const flushed = await codeOr(file.flush().then(() => 'flushed'));
    seen[writes] = [written, flushed, await codeOr(file.flush().then(() => 'flushed'))];
  }
  expect(seen).toEqual({ back: ['written', 'ENOSPC', 'flushed'], through: ['ENOSPC', 'flushed', 'flushed'] });
});

test.each([
  ['stored', 'made'],
  ['forgotten', 'EEXIST'],
] as const)(
  'an exclusive create whose reply was lost: with a verifier that is %s it is %s',
  async (exclusive, result) => {
    const world = new World();
    await world.serve({ exclusive, replyCache: { kind: 'off' } });
    const lossy = new LossyNetwork();
    const client = world.client('a', {}, (network) => lossy.around(network));
    await client.names();
    lossy.armed = true;
    expect(await codeOr(client.create('f').then(() => 'made'))).toBe(result);
    expect(await client.names()).toEqual(['f']);
  },
);

test('a file is either open before it is unlinked or not opened at all', async () => {
  const world = new World();
  await world.serve();
  const client = world.client('a');
  await (await client.create('f')).close();
  const { node } = await client.lookup('f');
  const context = { uid: 0, gid: 0, pid: 1, umask: 0, signal: new AbortController().signal };
  const unlinking = client.filesystem.unlink(1, 'f', context);
  const opening = codeOr(client.filesystem.open(node, O_RDWR, context));
  await world.settle(unlinking);
  expect(await world.settle(opening)).toBe('ESTALE');
  expect(await client.names()).toEqual([]);
});

test('a server that has no time now (JUKEBOX) is asked again in a while', async () => {
  const world = new World();
  let busy = 2;
  const statfs = () => (busy-- > 0 ? errno.EAGAIN : free);
  await world.serve({}, { make: (inner) => changed(inner, { statfs }) });
  const client = world.client('a');
  await client.names();
  const before = world.clock.monotonic();
  const context = { uid: 0, gid: 0, pid: 1, umask: 0, signal: new AbortController().signal };
  expect((await world.settle(client.filesystem.statfs(1, context))).ffree).toBe(5);
  expect(Math.round((world.clock.monotonic() - before) / 1e9)).toBe(10);
});

test('a file that was unlinked while it was open is renamed, put aside, or stale', async () => {
  const seen: Record<string, unknown> = {};
  for (const sillyRename of ['parent', 'aside', 'off'] as const) {
    const world = new World();
    await world.serve();
    const client = world.client('a', { sillyRename });
    const made = await client.create('f');
    await made.write('data');
    await made.close();
    const file = await client.open('f', O_RDWR);
    await client.unlink('f');
    const listed = (await client.names()).map((name) => name.slice(0, 4));
    const { nlink } = await client.getattr(file.node).catch(() => ({ nlink: 'ESTALE' }));
    const read = await codeOr(file.read());
    await file.close();
    seen[sillyRename] = { listed, nlink, read, after: await client.names() };
  }
  expect(seen).toEqual({
    parent: { listed: ['.nfs'], nlink: 0, read: 'data', after: [] },
    aside: { listed: [], nlink: 0, read: 'data', after: [] },
    off: { listed: [], nlink: 'ESTALE', read: 'ESTALE', after: [] },
  });
});
