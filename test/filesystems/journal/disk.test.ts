import { describe, expect, test } from 'vitest';
import { checkJournal } from '../../../src/filesystems/index.ts';
import { codeOf, ok, rootContext } from '../../support/direct.ts';
import { journalOn, SMALL, shown } from '../../support/journal.ts';
import { programs } from '../../support/journal-programs.ts';
import { DiskImage } from '../../support/power-cuts.ts';

const newDisk = (size = SMALL) => new DiskImage(size);
/** Changes the bytes of a block. */
function spoil(disk: DiskImage, block: number, change: (bytes: Uint8Array) => void): void {
  const bytes = new Uint8Array(4096);
  disk.read(block * 8, bytes);
  change(bytes);
  disk.write(block * 8, bytes);
}

describe('a disk', () => {
  test('is formatted where it is new, and is the same filesystem from then on', () => {
    const disk = newDisk();
    const fs = journalOn(disk);
    fs.mkdir('/d');
    fs.write('/d/a', 'text');
    fs.symlink('x'.repeat(4095), '/s');
    fs.link('/d/a', '/b');
    fs.set('/b', { mtime: { sec: -5, nsec: 999_999_999 }, atime: { sec: 2 ** 40, nsec: 1 }, mode: 0o4711, uid: 7 });
    fs.at('/b', (node) => ok(fs.fs.setxattr!(node, 'user.\udcff', Buffer.alloc(60_000, 'v'), 0, rootContext)));
    const before = shown(fs);
    fs.fs.destroy!();
    expect(checkJournal(disk)).toEqual([]);
    expect(shown(journalOn(disk))).toEqual(before);
  });

  test('is refused where it holds something else, damaged or of another version', () => {
    const other = newDisk();
    other.write(0, new Uint8Array(512).fill(65));
    expect(() => journalOn(other)).toThrow(/superblock: magic: expected 65 73 .* found 4141/);
    expect(checkJournal(other)).toHaveLength(1);
    const damaged = newDisk();
    journalOn(damaged);
    spoil(damaged, 0, (bytes) => {
      bytes[20] ^= 1;
    });
    expect(() => journalOn(damaged)).toThrow(
      /superblock: checksum: expected \d+, found \d+; zero its first 4096 bytes/,
    );
  });

  test('is refused where it is too small', () => {
    expect(() => journalOn(newDisk(100_000))).toThrow(/expected a disk of \d+ to \d+ bytes for 62 inodes/);
  });

  test('with a transaction that is damaged in the log shows the state before it', () => {
    const disk = newDisk();
    const fs = journalOn(disk);
    const sync = () => fs.at('', (node) => ok(fs.fs.fsyncdir!(node, 0, false, rootContext)));
    fs.write('/a', 'a');
    sync();
    const inLog = disk.copy();
    fs.write('/b', 'b');
    sync();
    const written = Array.from({ length: 100 }, (_, i) => i + 2).filter((block) => {
      const [before, after] = [new Uint8Array(4096), new Uint8Array(4096)];
      inLog.read(block * 8, before);
      disk.read(block * 8, after);
      return before.some((byte, i) => byte !== after[i]);
    });
    // Any bit of it but those behind the checksum of the commit block, its last.
    for (const block of written.slice(0, -1)) {
      const damaged = disk.copy();
      spoil(damaged, block, (bytes) => {
        bytes[4000] ^= 1;
      });
      expect(journalOn(damaged).names('')).toEqual(['a']);
    }
    expect(journalOn(disk.copy()).names('')).toEqual(['a', 'b']);
  });

  test('that fails while a transaction is written can be read, and not changed any more', () => {
    const disk = newDisk();
    const fs = journalOn(disk);
    fs.write('/a', 'text');
    const broken = Object.assign(new Error('EIO'), { code: 'EIO' });
    disk.flush = () => {
      throw broken;
    };
    const sync = () => fs.fs.syncfs!(1, rootContext);
    expect(codeOf(sync)).toBe('EIO');
    disk.flush = () => undefined;
    expect(codeOf(sync)).toBe('EIO');
    expect(codeOf(() => fs.write('/b'))).toBe('EROFS');
    expect(fs.read('/a')).toBe('text');
    expect(journalOn(disk).names('')).toEqual([]);
  });
});

describe('a disk that fails once, at any access,', () => {
  test.for(Object.entries(programs))('is left undamaged: %s', ([, steps]) => {
    const broken = Object.assign(new Error('the disk failed'), { code: 'EIO' });
    let accesses = 0;
    for (let failing = 1; ; failing += 1) {
      const disk = newDisk();
      const fs = journalOn(disk);
      accesses = 0;
      const struck =
        <A extends readonly unknown[]>(access: (...given: A) => void) =>
        (...given: A): void => {
          accesses += 1;
          if (accesses === failing) throw broken;
          access(...given);
        };
      const { read, write, flush } = disk;
      disk.read = struck(read.bind(disk));
      disk.write = struck(write.bind(disk));
      disk.flush = struck(flush.bind(disk));
      for (const { run } of steps) codeOf(() => run(fs));
      Object.assign(disk, { read, write, flush });
      expect(checkJournal(disk)).toEqual([]);
      journalOn(disk).fs.destroy!();
      expect(checkJournal(disk)).toEqual([]);
      if (accesses < failing) return;
    }
  });
});

describe('the check of a disk', () => {
  test('tells what is wrong', () => {
    const disk = newDisk();
    const fs = journalOn(disk);
    fs.mkdir('/d');
    fs.write('/d/a', 'x'.repeat(5000));
    fs.fs.destroy!();
    // Superblock, header of the log, 100 blocks of log; then bitmaps, state, inodes.
    const bitmap = 102;
    spoil(disk, bitmap, (bytes) => {
      bytes[31] = 0xff;
      bytes[Math.floor(110 / 8)] = 0;
    });
    spoil(disk, bitmap + 3, (bytes) => {
      bytes[3 * 256 + 12] += 1;
    });
    const problems = checkJournal(disk).join('\n');
    expect(problems).toContain('taken, and of nothing');
    expect(problems).toContain('free, and of');
    expect(problems).toContain('inode 3: wrong checksum');
    expect(problems).toContain('/a: inode 3, which is free');
  });
});
