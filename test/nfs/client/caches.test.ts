import { describe, expect, test } from 'vitest';
import { withoutCaches } from '../../../src/nfs/index.ts';
import { O_APPEND, O_RDWR, O_WRONLY } from '../../../src/vfs/index.ts';
import { type ClientSettings, codeOr, World } from './harness.ts';

/** Two clients of one server, and a file of the second with one byte. */
async function twoClients(a: ClientSettings, b: ClientSettings = withoutCaches) {
  const world = new World();
  const server = await world.serve();
  const clients = { world, server, a: world.client('a', a), b: world.client('b', b) };
  const file = await clients.b.create('f');
  await file.write('1');
  await file.close();
  return clients;
}

describe('attributes', () => {
  test('are believed for acregmin seconds, whatever others do', async () => {
    const { world, a, b } = await twoClients({ acregmin: 3, acregmax: 3 });
    expect(await a.size('f')).toBe(1);
    const file = await b.open('f', O_WRONLY);
    await file.write('22');
    expect(await a.size('f')).toBe(1);
    await world.pass(3);
    expect(await a.size('f')).toBe(2);
  });

  test('are believed longer and longer while they do not change, up to acregmax', async () => {
    const { world, a, b } = await twoClients({ acregmin: 3, acregmax: 60, lookupcache: 'none' });
    const { node } = await a.lookup('f');
    for (let i = 0; i < 6; i++) {
      await world.pass(60);
      await a.getattr(node);
    }
    await (await b.open('f', O_WRONLY)).write('22');
    await world.pass(30);
    expect((await a.getattr(node)).size).toBe(1);
    await world.pass(31);
    expect((await a.getattr(node)).size).toBe(2);
  });

  test('are asked for each time with noac', async () => {
    const { a, b } = await twoClients(withoutCaches);
    expect(await a.size('f')).toBe(1);
    await (await b.open('f', O_WRONLY)).write('22');
    expect(await a.size('f')).toBe(2);
  });
});

describe('names', () => {
  test('that are not there are remembered, with lookupcache=positive they are not', async () => {
    const seen: Record<string, unknown> = {};
    for (const lookupcache of ['all', 'positive', 'none'] as const) {
      const { world, a, b } = await twoClients({ lookupcache, acdirmin: 30, acdirmax: 30 });
      expect(await a.size('new')).toBe('ENOENT');
      await b.create('new');
      const before = await a.size('new');
      await world.pass(31);
      seen[lookupcache] = [before, await a.size('new')];
    }
    expect(seen).toEqual({ all: ['ENOENT', 0], positive: [0, 0], none: [0, 0] });
  });

  test('whose handle is stale are looked up again, or kept until the directory is listed', async () => {
    const seen: Record<string, unknown> = {};
    for (const stale of ['looked-up-again', 'kept-until-listing'] as const) {
      const { world, a, b } = await twoClients({ stale, acregmin: 0, acregmax: 0 });
      await a.lookup('f');
      await b.unlink('f');
      await (await b.create('f')).write('new');
      const before = await a.size('f');
      await world.pass(100);
      const later = await a.size('f');
      await a.names();
      seen[stale] = [before, later, await a.size('f')];
    }
    expect(seen).toEqual({ 'looked-up-again': [3, 3, 3], 'kept-until-listing': ['ESTALE', 'ESTALE', 3] });
  });

  test('of what this client makes and removes are known at once', async () => {
    const { a } = await twoClients({});
    expect(await a.size('g')).toBe('ENOENT');
    await (await a.create('g')).close();
    expect(await a.size('g')).toBe(0);
    await a.unlink('g');
    expect(await a.size('g')).toBe('ENOENT');
  });
});

describe('data', () => {
  test('in the kernel is good at open as long as nobody else changed the file (close-to-open)', async () => {
    const { world, a, b } = await twoClients({});
    const opened = async () => {
      const file = await a.open('f');
      await file.close();
      return file.opened.keepCache;
    };
    expect([await opened(), await opened()]).toEqual([false, true]);
    await world.pass(0.001);
    await (await b.open('f', O_WRONLY)).write('2');
    expect([await opened(), await opened()]).toEqual([false, true]);
  });

  test('with nocto it is good as long as attributes are believed', async () => {
    const { world, a, b } = await twoClients({ cto: false });
    await (await a.open('f')).close();
    await (await b.open('f', O_WRONLY)).write('2');
    expect((await a.open('f')).opened.keepCache).toBe(true);
    await world.pass(61);
    expect((await a.open('f')).opened.keepCache).toBe(false);
  });

  test('that is written is with others after close, not before, or at once with writes=through', async () => {
    const seen: Record<string, unknown> = {};
    for (const writes of ['back', 'through', 'sync'] as const) {
      const { a, b } = await twoClients({ writes });
      const file = await a.open('f', O_RDWR);
      await file.write('1234');
      const before = await b.size('f');
      const own = await file.read();
      await file.close();
      seen[writes] = [before, own, await b.size('f')];
    }
    expect(seen).toEqual({ back: [1, '1234', 4], through: [4, '1234', 4], sync: [4, '1234', 4] });
  });

  test('that nobody closes is sent after a while', async () => {
    const { world, a, b } = await twoClients({});
    await (await a.open('f', O_RDWR)).write('1234');
    await world.pass(6);
    expect(await b.size('f')).toBe(4);
  });

  test('of two appends is lost where both take the size that they know, not where they ask', async () => {
    const seen: Record<string, unknown> = {};
    for (const append of ['cached-size', 'asked-size'] as const) {
      const { a, b } = await twoClients({ append, writes: 'through' }, { append, writes: 'through' });
      const flags = O_WRONLY | O_APPEND;
      const [first, second] = [await a.open('f', flags), await b.open('f', flags)];
      // Both kernels have seen a file of one byte.
      await first.write('A', 1);
      await second.write('B', 1);
      seen[append] = await (await a.open('f')).read();
    }
    expect(seen).toEqual({ 'cached-size': '1B', 'asked-size': '1AB' });
  });
});

test('who may open is what the server says; who looks at the mode bits alone fails later', async () => {
  const world = new World();
  await world.serve({}, { options: { squash: 'root' }, ram: { mode: 0o777 } });
  await (await world.client('b').create('secret', 0o600, 1000)).close();
  expect(await codeOr(world.client('a').open('secret'))).toBe('EACCES');
  const careless = await world.client('c', { access: 'mode-bits' }).open('secret');
  expect(await codeOr(careless.read())).toBe('EACCES');
});
