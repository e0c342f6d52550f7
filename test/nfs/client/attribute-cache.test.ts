import { expect, test } from 'vitest';
import { AttributeCache } from '../../../src/nfs/client/attribute-cache.ts';
import { Node } from '../../../src/nfs/client/node.ts';
import { type ClientHabits, defaultClientOptions, type Fattr, usualHabits } from '../../../src/nfs/index.ts';
import { VirtualClock } from '../../../src/sim/index.ts';

const time = (sec: number) => ({ sec, nsec: 0 });
const fattr = (size: number, changed: number, fsid = 1): Fattr => ({
  type: 'REG',
  mode: 0o644,
  nlink: 1,
  uid: 0,
  gid: 0,
  size,
  used: size,
  rdev: { major: 0, minor: 0 },
  fsid,
  fileid: 7,
  atime: time(0),
  mtime: time(changed),
  ctime: time(changed),
});

function cacheWith(habits: Partial<ClientHabits>) {
  const options = { ...defaultClientOptions, host: 'server', path: '/', habits: { ...usualHabits, ...habits } };
  return { cache: new AttributeCache(new VirtualClock(), options), node: new Node(2, Uint8Array.of(2), '2') };
}

test('attributes that were asked for before others came do not overwrite them, unless that is the habit', () => {
  const seen: Record<string, unknown> = {};
  for (const lateAttributes of ['refused', 'taken'] as const) {
    const { cache, node } = cacheWith({ lateAttributes });
    cache.accept(node, fattr(1, 10), cache.event());
    const listing = cache.event();
    cache.accept(node, fattr(5, 20), cache.event());
    cache.accept(node, fattr(1, 10), listing);
    seen[lateAttributes] = node.attributes?.size;
  }
  expect(seen).toEqual({ refused: 5, taken: 1 });
});

test('late attributes whose time of change is newer are taken', () => {
  const { cache, node } = cacheWith({});
  const asked = cache.event();
  cache.accept(node, fattr(1, 10), cache.event());
  expect(cache.accept(node, fattr(5, 20), asked)).toBe(true);
  expect(node.attributes?.size).toBe(5);
});

test('a change is this client’s own where the attributes before it are those that it knew', () => {
  const { cache, node } = cacheWith({});
  cache.accept(node, fattr(1, 10), cache.event());
  cache.accept(node, fattr(2, 20), cache.event(), { size: 1, mtime: time(10), ctime: time(10) });
  expect(node.epoch).toBe(0);
  cache.accept(node, fattr(3, 30), cache.event(), { size: 2, mtime: time(25), ctime: time(25) });
  expect(node.epoch).toBe(1);
});

test('two changes within one tick of the clock are one', () => {
  const { cache, node } = cacheWith({});
  cache.accept(node, fattr(4, 10), cache.event());
  cache.accept(node, fattr(4, 10), cache.event());
  expect(node.epoch).toBe(0);
});

test('another filesystem’s number is ignored, or believed', () => {
  const careful = cacheWith({});
  careful.cache.accept(careful.node, fattr(1, 10), careful.cache.event());
  expect(careful.cache.accept(careful.node, fattr(1, 10, 0), careful.cache.event())).toBe(true);
  const { cache, node } = cacheWith({ fsid: 'believed' });
  cache.accept(node, fattr(1, 10), cache.event());
  expect(() => cache.accept(node, fattr(1, 10, 0), cache.event())).toThrow('ESTALE');
});
