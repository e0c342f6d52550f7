import { describe, expect, test } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { STATX_BTIME } from '../../../src/sim/kernel/inode.ts';
import type { Entry, NodeId } from '../../../src/vfs/index.ts';
import { O_CREAT, O_RDWR } from '../../../src/vfs/index.ts';
import { traced } from './trace.ts';

const always = { mount: { entryTimeout: Infinity, attributeTimeout: Infinity } };

/** `/d/f`, everything cached. */
function cached() {
  const sim = traced(always);
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  sim.call({ op: 'mknod', path: '/d/f', mode: 0o644, rdev: 0 });
  sim.call({ op: 'stat', path: '/d/f' });
  expect(sim.traced({ op: 'stat', path: '/d/f' })).toEqual([]);
  return sim;
}
const stat = { op: 'stat', path: '/d/f' } as const;
const D: NodeId = 2;
const F: NodeId = 3;

describe('notifications', () => {
  test.each([
    ['GETATTR', { op: 'stat', path: '/' }],
    ['STATX', { op: 'statx', path: '/', flags: 0, mask: STATX_BTIME | 0x7ff }],
  ] as const)(
    'INVAL_INODE before the reply to %s: the reply is what the call shows, and is not kept',
    (request, call) => {
      const notifying: FileSystemFactory = (environment, options) => {
        const filesystem = ram(environment, options);
        let invalidate: (node: NodeId) => void = () => {};
        const init = filesystem.init?.bind(filesystem);
        filesystem.init = (negotiated, notifier) => {
          invalidate = (node) => notifier.invalInode(node, -1, 0);
          init?.(negotiated, notifier);
        };
        const getattr = filesystem.getattr.bind(filesystem);
        filesystem.getattr = (node, fh, context) => {
          invalidate(node);
          return getattr(node, fh, context);
        };
        return filesystem;
      };
      const sim = traced(always, notifying);
      for (const nlink of [2, 3, 4]) {
        sim.requests();
        expect(sim.call(call)).toMatchObject({ mode: 0o40755, nlink });
        expect(sim.requests()).toContain(request);
        sim.call({ op: 'mkdir', path: `/${nlink}`, mode: 0o755 });
      }
    },
  );

  test('INVAL_INODE: the attributes are asked for again', () => {
    const sim = cached();
    sim.session.notifier.invalInode(F, -1, 0);
    expect(sim.traced(stat)).toEqual(['GETATTR']);
  });

  test('INVAL_ENTRY: the inode is forgotten and looked up again', () => {
    const sim = cached();
    sim.session.notifier.invalEntry(D, 'f');
    expect(sim.traced(stat)).toEqual(['FORGET', 'GETATTR', 'LOOKUP']);
  });

  test('EXPIRE_ONLY: looked up again without being forgotten', () => {
    const sim = cached();
    sim.session.notifier.invalEntry(D, 'f', { expireOnly: true });
    expect(sim.traced(stat)).toEqual(['GETATTR', 'LOOKUP']);
  });

  test('DELETE: the name is gone', () => {
    const sim = cached();
    sim.session.notifier.delete(D, F, 'f');
    expect(sim.traced({ op: 'sync' })).toEqual(['FORGET']);
  });

  test('PRUNE: unused nodes are forgotten', () => {
    const sim = cached();
    sim.session.notifier.prune([D]);
    expect(sim.traced({ op: 'sync' })).toEqual(['BATCH_FORGET']);
  });

  test('INC_EPOCH: the whole path is looked up again', () => {
    const sim = cached();
    sim.session.notifier.incrementEpoch();
    expect(sim.traced(stat).filter((name) => name === 'LOOKUP')).toHaveLength(2);
  });

  test('RETRIEVE gives nothing while nothing is cached', async () => {
    const sim = cached();
    const data = sim.session.notifier.retrieve(F, 0, 100);
    sim.call({ op: 'sync' });
    expect(await data).toHaveLength(0);
  });
});

describe('node ids that are used again', () => {
  /** The ram filesystem in which a switch changes the generation of every node but the root. */
  function regenerating() {
    const state = { generation: 0 };
    const factory: FileSystemFactory = (environment, options) => {
      const filesystem = ram(environment, options);
      const lookup = filesystem.lookup.bind(filesystem);
      return Object.defineProperty(filesystem, 'lookup', {
        value: (...parameters: Parameters<typeof lookup>) => {
          const found = lookup(...parameters) as Entry;
          return 'node' in found ? { ...found, generation: Number(found.generation) + state.generation } : found;
        },
      });
    };
    return { state, sim: traced({}, factory) };
  }

  test('make the old inode bad, and the name stands for the new one', () => {
    const { state, sim } = regenerating();
    sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o644 });
    expect(sim.call({ op: 'fstat', fd: 3 })).toMatchObject({ size: 0 });
    state.generation = 1;
    expect(sim.call({ op: 'stat', path: '/f' })).toMatchObject({ size: 0 });
    expect(sim.call({ op: 'fstat', fd: 3 })).toBe('EIO');
    expect(sim.call({ op: 'read', fd: 3, size: 1 })).toBe('EIO');
  });
});

test('ESTALE: the walk is tried once more without trusting the cache', () => {
  let stale = 1;
  const factory: FileSystemFactory = (environment, options) => {
    const filesystem = ram(environment, options);
    const getattr = filesystem.getattr.bind(filesystem);
    return Object.defineProperty(filesystem, 'getattr', {
      value: (...parameters: Parameters<typeof getattr>) => {
        if (parameters[0] !== 2 || stale-- <= 0) return getattr(...parameters);
        throw Object.assign(new Error('stale'), { code: 'ESTALE' });
      },
    });
  };
  const sim = traced({ mount: { entryTimeout: Infinity } }, factory);
  sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
  expect(sim.traced({ op: 'stat', path: '/d' })).toEqual(['GETATTR', 'GETATTR', 'GETATTR', 'LOOKUP', 'GETATTR']);
});
