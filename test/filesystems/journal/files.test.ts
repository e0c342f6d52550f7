import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkJournal } from '../../../src/filesystems/index.ts';
import { errno, FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, SEEK_DATA, SEEK_HOLE } from '../../../src/vfs/index.ts';
import { codeOf, type Direct, ok, rootContext } from '../../support/direct.ts';
import { journalOn, SMALL } from '../../support/journal.ts';
import { DiskImage } from '../../support/power-cuts.ts';

const statfs = (fs: Direct) => ok(fs.fs.statfs!(1, rootContext));

function make() {
  const disk = new DiskImage(SMALL);
  const fs = journalOn(disk);
  /** Ends it, and tells what is wrong on the disk. */
  const problems = () => {
    fs.fs.destroy!();
    return checkJournal(disk);
  };
  return { fs, problems };
}

describe('space', () => {
  test('that is full is refused whole, and comes back', () => {
    const { fs, problems } = make();
    fs.mkdir('/d');
    const { bfree, ffree } = statfs(fs);
    const file = fs.create('/a');
    let at = 0;
    for (; codeOf(() => file.write('x'.repeat(4096), at)) === 'ok'; at += 4096);
    expect(statfs(fs).bfree).toBe(0);
    expect(codeOf(() => file.write('x', at))).toBe('ENOSPC');
    expect(codeOf(() => fs.mkdir('/d/e'))).toBe('ENOSPC');
    expect(codeOf(() => fs.symlink('t', '/s'))).toBe('ENOSPC');
    expect(codeOf(() => file.fallocate(0, at, 4096))).toBe('ENOSPC');
    expect(fs.names('/d')).toEqual([]);
    file.truncate(0);
    expect(codeOf(() => fs.mkdir('/d/e'))).toBe('ok');
    fs.rmdir('/d/e');
    fs.unlink('/a');
    expect(statfs(fs).bfree).toBeLessThan(bfree);
    file.close();
    // The directories keep their blocks.
    expect(statfs(fs)).toMatchObject({ bfree: bfree - 1, ffree });
    expect(problems()).toEqual([]);
  });

  test('that is not there for all that the kernel has cached is told: it takes no notice of how much was written', () => {
    const { fs } = make();
    const file = fs.create('/a');
    file.fallocate(0, 0, (statfs(fs).bfree - 6) * 4096);
    const { node, fh } = fs.create('/b');
    const write = (fromCache: boolean) =>
      fs.fs.write!(node, fh, new Uint8Array(40960), 0, rootContext, {
        ...{ flags: 2, killPrivileges: false, lockOwner: undefined },
        fromCache,
      });
    expect(write(false)).toBeLessThan(40960);
    expect(write(true)).toBe(errno.ENOSPC);
  });

  test('of inodes is as many as there are', () => {
    const { fs, problems } = make();
    for (let i = 0; i < 61; i++) fs.write(`/${i}`);
    expect(codeOf(() => fs.write('/more'))).toBe('ENOSPC');
    expect(codeOf(() => fs.tmpfile(''))).toBe('ENOSPC');
    fs.unlink('/7');
    expect(codeOf(() => fs.write('/more'))).toBe('ok');
    expect(problems()).toEqual([]);
  });

  test('a freed inode comes back with another generation', () => {
    const { fs } = make();
    const entry = () => fs.in('/a', (parent, name) => ok(fs.fs.lookup(parent, name, rootContext)));
    fs.write('/a');
    const first = entry();
    fs.fs.forget!(first.node, 1);
    fs.unlink('/a');
    fs.write('/a');
    const second = entry();
    expect(second.node).toBe(first.node);
    expect(second.generation).not.toBe(first.generation);
  });

  test('far offsets take map blocks only', () => {
    const { fs, problems } = make();
    const file = fs.create('/a');
    const { bfree } = statfs(fs);
    for (const offset of [2 ** 52, 0, 2 ** 40, 2 ** 30, 70_000]) {
      file.write('x', offset);
      expect(Buffer.from(file.read(offset, 1)).toString()).toBe('x');
    }
    expect(bfree - statfs(fs).bfree).toBeLessThan(20);
    expect(file.lseek(4096, SEEK_DATA)).toBe(Math.floor(70_000 / 4096) * 4096);
    expect(file.lseek(2 ** 31, SEEK_DATA)).toBe(2 ** 40);
    file.truncate(0);
    expect(statfs(fs).bfree).toBe(bfree);
    file.close();
    expect(problems()).toEqual([]);
  });
});

describe('the bytes of a file', () => {
  type Change =
    | { readonly op: 'write'; readonly offset: number; readonly size: number }
    | { readonly op: 'truncate'; readonly size: number }
    | { readonly op: 'punch' | 'allocate'; readonly offset: number; readonly size: number }
    | { readonly op: 'sync' };
  const offset = fc.oneof(fc.nat(20_000), fc.constantFrom(0, 4095, 4096, 8192, 65_536, 70_000));
  const size = fc.oneof(fc.integer({ min: 1, max: 9000 }), fc.constantFrom(1, 4096, 8192));
  const change: fc.Arbitrary<Change> = fc.oneof(
    fc.record({ op: fc.constant('write' as const), offset, size }),
    fc.record({ op: fc.constant('truncate' as const), size: offset }),
    fc.record({ op: fc.constantFrom('punch' as const, 'allocate' as const), offset, size }),
    fc.constant({ op: 'sync' as const }),
  );

  test('are those of an array, and so they are after a restart', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const disk = new DiskImage(SMALL);
        const fs = journalOn(disk);
        const file = fs.create('/a');
        let bytes = Buffer.alloc(0);
        const grow = (to: number) => {
          bytes = Buffer.concat([bytes, Buffer.alloc(Math.max(0, to - bytes.length))]);
        };
        changes.forEach((step, i) => {
          if (step.op === 'write') {
            const data = Buffer.alloc(step.size, 97 + i);
            file.write(data, step.offset);
            grow(step.offset + step.size);
            data.copy(bytes, step.offset);
          } else if (step.op === 'truncate') {
            file.truncate(step.size);
            grow(step.size);
            bytes = bytes.subarray(0, step.size);
          } else if (step.op === 'punch') {
            file.fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, step.offset, step.size);
            bytes = Buffer.from(bytes);
            bytes.fill(0, Math.min(step.offset, bytes.length), Math.min(step.offset + step.size, bytes.length));
          } else if (step.op === 'allocate') {
            file.fallocate(0, step.offset, step.size);
            grow(step.offset + step.size);
          } else ok(fs.fs.syncfs!(1, rootContext));
        });
        expect(Buffer.from(file.read(0, 200_000)).equals(bytes)).toBe(true);
        file.close();
        fs.fs.destroy!();
        expect(checkJournal(disk)).toEqual([]);
        expect(journalOn(disk).read('/a')).toBe(bytes.toString());
      }),
    );
  });

  test('have holes where nothing was written', () => {
    const { fs } = make();
    const file = fs.create('/a');
    file.write('x', 8192);
    file.fallocate(0, 0, 4096);
    expect(file.lseek(0, SEEK_DATA)).toBe(8192);
    expect(file.lseek(0, SEEK_HOLE)).toBe(0);
    expect(file.lseek(8192, SEEK_HOLE)).toBe(8193);
    expect(file.stat().blocks).toBe(16);
  });
});
