import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { Lookups } from '../../../src/fuse/index.ts';
import { errno } from '../../../src/vfs/index.ts';
import { entry, FakeKernel, filesystem } from './fake-kernel.ts';

const getattr = (nodeid: number) => ({ op: 'GETATTR', header: { nodeid }, body: { getattr_flags: 0, fh: 0 } }) as const;

describe('references', () => {
  it('each entry given is one, FORGET and BATCH_FORGET take them back, and then the node is stale', () => {
    const forget = vi.fn();
    const kernel = FakeKernel.started(filesystem({ forget, mkdir: () => entry(5) }));
    kernel.lookup('n5');
    kernel.lookup('n5');
    kernel.get<'MKDIR'>({ op: 'MKDIR', body: { mode: 0o755, umask: 0o22 }, name: 'd' });
    expect([...kernel.session.lookups]).toEqual([[5, 3]]);
    expect(kernel.call({ op: 'FORGET', header: { nodeid: 5 }, body: { nlookup: 1 } })).toBeUndefined();
    expect(kernel.error(getattr(5))).toBe(0);
    kernel.lookup('n6');
    kernel.send({
      op: 'BATCH_FORGET',
      header: { nodeid: 0 },
      body: { count: 2 },
      items: [
        { nodeid: 5, nlookup: 2 },
        { nodeid: 6, nlookup: 1 },
      ],
    });
    expect(forget.mock.calls).toEqual([
      [5, 1],
      [5, 2],
      [6, 1],
    ]);
    expect(kernel.error(getattr(5))).toBe(errno.ESTALE.errno);
    expect(kernel.session.lookups.size).toBe(0);
    expect(kernel.problems).toEqual([]);
  });

  it('more forgotten than given is reported, and the filesystem is told what there was', () => {
    const forget = vi.fn();
    const kernel = FakeKernel.started(filesystem({ forget }));
    kernel.lookup('n5');
    kernel.send({ op: 'FORGET', header: { nodeid: 5 }, body: { nlookup: 2n ** 64n - 1n } });
    kernel.send({ op: 'FORGET', header: { nodeid: 6 }, body: { nlookup: 1 } });
    expect(forget.mock.calls).toEqual([[5, 1]]);
    expect(kernel.problems).toHaveLength(2);
    expect(kernel.problems[1]).toBe('FORGET of node 6: expected at most 0 references to be given back, given 1');
  });

  it('a forget method that throws is reported', () => {
    const failure = new Error('oops');
    const kernel = FakeKernel.started(
      filesystem({
        forget: () => {
          throw failure;
        },
      }),
    );
    kernel.lookup('n5');
    kernel.send({ op: 'FORGET', header: { nodeid: 5 }, body: { nlookup: 1 } });
    expect(kernel.errors).toEqual([failure]);
  });

  it('a node that was never given is stale, as target of a link or rename too', () => {
    const called = vi.fn(() => entry(9));
    const kernel = FakeKernel.started(
      filesystem({ lookup: called, link: called, rename: () => undefined, getattr: called as never }),
    );
    for (const nodeid of [0, 77, 2n ** 60n])
      expect(kernel.error({ ...getattr(1), header: { nodeid } })).toBe(errno.ESTALE.errno);
    expect(kernel.error({ op: 'LOOKUP', header: { nodeid: 77 }, name: 'a' })).toBe(errno.ESTALE.errno);
    expect(kernel.error({ op: 'LINK', body: { oldnodeid: 77 }, name: 'a' })).toBe(errno.ESTALE.errno);
    expect(kernel.error({ op: 'RENAME', body: { newdir: 77 }, name: 'a', newName: 'b' })).toBe(errno.ESTALE.errno);
    expect(called).not.toHaveBeenCalled();
  });

  it('with export support an unknown node is asked for by "."', () => {
    const lookup = vi.fn(() => entry(77));
    const kernel = FakeKernel.started(filesystem({ lookup, wishes: { exportSupport: true } }));
    kernel.lookup('.', 77);
    expect(kernel.session.lookups.count(77)).toBe(1);
    expect(kernel.error({ op: 'LOOKUP', header: { nodeid: 78 }, name: 'a' })).toBe(errno.ESTALE.errno);
  });

  it('an entry that the kernel did not take is taken back, and the file is closed', () => {
    const forget = vi.fn();
    const release = vi.fn();
    const create = () => ({ entry: entry(5), opened: { fh: 3 } });
    const kernel = FakeKernel.started(filesystem({ forget, release, create, open: () => ({ fh: 4 }) }));
    kernel.lookup('n2');
    kernel.refusal = errno.ENOENT.errno;
    kernel.send({ op: 'LOOKUP', name: 'n2' });
    kernel.send({ op: 'CREATE', body: { flags: 0, mode: 0o644, umask: 0, open_flags: 0 }, name: 'f' });
    kernel.send({ op: 'OPEN', header: { nodeid: 2 }, body: { flags: 0, open_flags: 0 } });
    expect(forget.mock.calls).toEqual([
      [2, 1],
      [5, 1],
    ]);
    expect(release.mock.calls.map(([node, fh]) => [node, fh])).toEqual([
      [5, 3],
      [2, 4],
    ]);
    expect([...kernel.session.lookups]).toEqual([[2, 1]]);
  });

  it('the table is a map of counts, whatever the size of the ids', () => {
    const node = fc.oneof(fc.nat({ max: 3000 }), fc.integer({ min: 65530, max: 65540 }), fc.maxSafeNat());
    fc.assert(
      fc.property(fc.array(fc.tuple(node, fc.nat({ max: 3 })), { maxLength: 60 }), (steps) => {
        const lookups = new Lookups();
        const map = new Map<number, number>();
        for (const [id, remove] of steps) {
          const count = map.get(id) ?? 0;
          if (remove === 0) {
            lookups.add(id);
            map.set(id, count + 1);
          } else {
            expect(lookups.remove(id, remove)).toBe(Math.min(count, remove));
            if (count <= remove) map.delete(id);
            else map.set(id, count - remove);
          }
        }
        expect(new Map(lookups)).toEqual(map);
        expect(lookups.size).toBe(map.size);
      }),
    );
  });
});

describe('names that do not exist', () => {
  it('are ENOENT, or an entry without a node where the kernel may remember them', () => {
    expect(FakeKernel.started(filesystem()).error({ op: 'LOOKUP', name: 'x' })).toBe(errno.ENOENT.errno);
    const kernel = FakeKernel.started(filesystem(), { negativeTimeout: 2.5 });
    expect(kernel.get<'LOOKUP'>({ op: 'LOOKUP', name: 'x' }).body).toMatchObject({
      nodeid: 0,
      entry_valid: 2,
      entry_valid_nsec: 500_000_000,
      attr: { ino: 0, mode: 0 },
    });
    expect(kernel.session.lookups.size).toBe(0);
  });
});
