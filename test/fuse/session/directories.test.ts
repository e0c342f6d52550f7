import { describe, expect, it } from 'vitest';
import { direntSize, Message, OUT_HEADER_SIZE, type ReplyOf, writeDirent } from '../../../src/fuse/index.ts';
import { errno, type FileSystem, type PackedDirents } from '../../../src/vfs/index.ts';
import { attributes, entry, FakeKernel, filesystem } from './fake-kernel.ts';

const names = ['.', '..', ...Array.from({ length: 50 }, (_, i) => `entry${i}`.padEnd(6 + (i % 9), 'x'))];

const readdir = (offset: number | bigint, size: number) =>
  ({ op: 'READDIR', body: { fh: 1, offset, size, read_flags: 0, lock_owner: 0, flags: 0 } }) as const;
const readdirplus = (offset: number, size: number) => ({ ...readdir(offset, size), op: 'READDIRPLUS' }) as const;

function packed(): PackedDirents {
  const message = new Message(8192);
  const ends = new Uint32Array(names.length);
  const offsets = new Float64Array(names.length);
  let end = 0;
  names.forEach((name, i) => {
    end = writeDirent(message, end, name, i + 10, 8, 3 * (i + 1));
    ends[i] = end;
    offsets[i] = 3 * (i + 1);
  });
  return { bytes: message.bytes.subarray(0, end), offsets, ends, count: names.length };
}

const oneByOne: FileSystem['readdir'] = (_node, _fh, offset, sink) => {
  for (let i = Number(offset) / 3; i < names.length; i++) if (!sink.add(names[i], i + 10, 8, 3 * (i + 1))) return;
};
const inOne: FileSystem['readdir'] = (_node, _fh, offset, sink) => sink.addPacked(packed(), offset);

describe('READDIR', () => {
  it.each([
    ['one by one', oneByOne],
    ['packed', inOne],
  ])('given %s, is what fits, and the rest behind it', (_, method) => {
    const kernel = FakeKernel.started(filesystem({ readdir: method }));
    for (const size of [32, 33, 48, 100, 512, 4096, 65536]) {
      const seen: string[] = [];
      for (let offset: number | bigint = 0; ; ) {
        const { entries }: ReplyOf<'READDIR'> = kernel.get<'READDIR'>(readdir(offset, size));
        if (entries.length === 0) break;
        const used = entries.reduce((sum, { name }) => sum + direntSize(name.length), 0);
        expect(used).toBeLessThanOrEqual(size);
        seen.push(...entries.map(({ name }) => name));
        offset = entries[entries.length - 1].off;
      }
      // A buffer that is smaller than the next entry ends the listing, as it does with Linux.
      expect(seen).toEqual(size < 48 ? names.slice(0, seen.length) : names);
      if (size >= 48) expect(seen).toHaveLength(names.length);
    }
    expect(kernel.problems).toEqual([]);
  });

  it('offsets of others are opaque 64-bit values', () => {
    const given: unknown[] = [];
    const kernel = FakeKernel.started(
      filesystem({
        readdir: (_node, _fh, offset, sink) => {
          given.push(offset);
          sink.add('a', 2n ** 64n - 1n, 4, 140845872255170450n);
        },
      }),
    );
    const { entries } = kernel.get<'READDIR'>(readdir(140845872255170450n, 4096));
    expect(given).toEqual([140845872255170450n]);
    expect(entries).toEqual([{ name: 'a', ino: 2n ** 64n - 1n, type: 4, off: 140845872255170450n }]);
  });

  it('nothing is taken behind an entry that did not fit', () => {
    const results: boolean[] = [];
    const kernel = FakeKernel.started(
      filesystem({
        readdir: (_node, _fh, _offset, sink) => {
          results.push(sink.add('a'.repeat(100), 1, 8, 1), sink.add('b', 1, 8, 2));
        },
      }),
    );
    expect(kernel.get<'READDIR'>(readdir(0, 64)).entries).toEqual([]);
    expect(results).toEqual([false, false]);
  });

  it('entries after the answer are an error of the filesystem, and have no effect', async () => {
    let late = (): boolean => true;
    const kernel = FakeKernel.started(
      filesystem({
        readdir: (_node, _fh, _offset, sink) => {
          late = () => sink.add('late', 1, 8, 1);
        },
      }),
    );
    expect(kernel.get<'READDIR'>(readdir(0, 64)).entries).toEqual([]);
    expect(late).toThrow('expected entries before the answer');
  });
});

describe('READDIRPLUS', () => {
  const method: FileSystem['readdirplus'] = (_node, _fh, offset, sink) => {
    for (let i = Number(offset); i < names.length; i++)
      if (!sink.add(names[i], entry(100 + i, { attributes: attributes(100 + i) }), i + 1)) return;
  };

  it('counts a reference for each entry that was delivered, none for . and ..', () => {
    const kernel = FakeKernel.started(filesystem({ readdirplus: method }));
    const { entries } = kernel.get<'READDIRPLUS'>(readdirplus(0, 1000));
    expect(entries.map(({ name }) => name)).toEqual(names.slice(0, entries.length));
    expect(entries.length).toBeGreaterThan(3);
    expect([...kernel.session.lookups]).toEqual(entries.slice(2).map((_, i) => [102 + i, 1]));
    expect(entries[2]).toMatchObject({ ino: 102, type: 8, entry_out: { nodeid: 102 } });
  });

  it('counts nothing where the method fails in the end', () => {
    const kernel = FakeKernel.started(
      filesystem({
        readdirplus: (node, fh, offset, sink, context) => {
          method(node, fh, offset, sink, context);
          return errno.EACCES;
        },
      }),
    );
    expect(kernel.error(readdirplus(0, 4096))).toBe(errno.EACCES.errno);
    expect(kernel.session.lookups.size).toBe(0);
  });

  it('gives references back that the kernel did not take', () => {
    const forgotten: number[] = [];
    const kernel = FakeKernel.started(filesystem({ readdirplus: method, forget: (node) => void forgotten.push(node) }));
    kernel.refusal = errno.ENOENT.errno;
    kernel.send(readdirplus(0, 700));
    expect(kernel.session.lookups.size).toBe(0);
    expect(forgotten.length).toBeGreaterThan(0);
  });
});

it('a packed entry is laid out as the kernel reads it', () => {
  const { bytes, ends } = packed();
  expect(ends[0]).toBe(direntSize(1));
  expect(bytes).toHaveLength(names.reduce((sum, name) => sum + direntSize(name.length), 0));
  expect(OUT_HEADER_SIZE % 8).toBe(0);
});
