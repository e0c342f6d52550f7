import { describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import {
  FALLOC_FL_COLLAPSE_RANGE,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  O_RDWR,
  O_TRUNC,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../../src/vfs/index.ts';
import { codeOf, Direct, type OpenFile, ok } from '../../support/direct.ts';
import { testEnvironment } from '../../support/environment.ts';

const PAGE = 4096;
const make = (options = {}) => new Direct(ram(testEnvironment(), options));

const copy = (fs: Direct, from: OpenFile, at: number, to: OpenFile, target: number, length: number) =>
  ok(fs.fs.copyFileRange!(from.node, from.fh, at, to.node, to.fh, target, length, fs.context));

test('a written file reads back', () => {
  const fs = make();
  fs.write('/a', 'hello');
  expect(fs.read('/a')).toBe('hello');
  expect(fs.stat('/a')).toMatchObject({ size: 5, nlink: 1, mode: 0o100644, blocks: 8 });
});

test('a read ends at the end of the file', () => {
  const file = make().create('/a');
  file.write('hello');
  expect(file.read(3, 10)).toEqual(Uint8Array.from(Buffer.from('lo')));
  expect(file.read(5, 10)).toHaveLength(0);
  expect(file.read(2 ** 52, 10)).toHaveLength(0);
});

test('truncating zeroes what a longer file would show again', () => {
  const file = make().create('/a');
  file.write('x'.repeat(2 * PAGE));
  file.truncate(100);
  file.truncate(2 * PAGE);
  expect(file.read(0, 2 * PAGE)).toEqual(new Uint8Array(2 * PAGE).fill(0x78, 0, 100));
  expect(file.stat().blocks).toBe(8);
});

test('a page that another file gave back is clean', () => {
  const fs = make();
  fs.write('/a', 'x'.repeat(PAGE));
  fs.unlink('/a');
  const file = fs.create('/b');
  file.write('y', 10);
  expect(file.read(0, 20)).toEqual(new Uint8Array(11).fill(0x79, 10));
});

test('opening with O_TRUNC empties the file', () => {
  const fs = make();
  fs.write('/a', 'hello');
  fs.open('/a', O_RDWR | O_TRUNC).close();
  expect(fs.stat('/a').size).toBe(0);
});

describe('holes', () => {
  test('take no space, read as zeros, and are found', () => {
    const file = make().create('/a');
    file.write('x', 10 * PAGE);
    expect(file.stat()).toMatchObject({ size: 10 * PAGE + 1, blocks: 8 });
    expect(file.read(PAGE, 3)).toEqual(new Uint8Array(3));
    expect(file.lseek(0, SEEK_HOLE)).toBe(0);
    expect(file.lseek(0, SEEK_DATA)).toBe(10 * PAGE);
    expect(file.lseek(10 * PAGE, SEEK_HOLE)).toBe(10 * PAGE + 1);
    expect(codeOf(() => file.lseek(10 * PAGE + 1, SEEK_DATA))).toBe('ENXIO');
    file.truncate(20 * PAGE);
    expect(codeOf(() => file.lseek(11 * PAGE, SEEK_DATA))).toBe('ENXIO');
    expect(file.lseek(11 * PAGE, SEEK_HOLE)).toBe(11 * PAGE);
  });

  test('a very sparse file is quick to cut and to search', () => {
    const file = make().create('/a');
    file.write('x', 2 ** 50);
    file.write('y', 0);
    expect(file.lseek(PAGE, SEEK_DATA)).toBe(2 ** 50);
    file.fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 2 ** 51);
    expect(file.stat()).toMatchObject({ size: 2 ** 50 + 1, blocks: 0 });
    file.truncate(1);
    expect(file.stat().size).toBe(1);
  });
});

describe('fallocate', () => {
  test('takes space, which is a hole to SEEK_DATA until it is written', () => {
    const file = make().create('/a');
    file.fallocate(0, 100, 2 * PAGE);
    expect(file.stat()).toMatchObject({ size: 100 + 2 * PAGE, blocks: 24 });
    expect(codeOf(() => file.lseek(0, SEEK_DATA))).toBe('ENXIO');
    file.write('x', PAGE);
    expect(file.lseek(0, SEEK_DATA)).toBe(PAGE);
    expect(file.stat().blocks).toBe(24);
  });

  test('keeps the size where it is asked to, and a cut gives the space back', () => {
    const file = make().create('/a');
    file.fallocate(FALLOC_FL_KEEP_SIZE, 0, 3 * PAGE);
    expect(file.stat()).toMatchObject({ size: 0, blocks: 24 });
    file.truncate(0);
    expect(file.stat().blocks).toBe(0);
  });

  test('punches holes to the byte', () => {
    const file = make().create('/a');
    file.write('x'.repeat(4 * PAGE));
    file.fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 10, 2 * PAGE);
    expect(file.read(0, 4 * PAGE)).toEqual(new Uint8Array(4 * PAGE).fill(0x78).fill(0, 10, 10 + 2 * PAGE));
    expect(file.stat()).toMatchObject({ size: 4 * PAGE, blocks: 24 });
    file.fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE + 5, 5);
    expect(file.read(3 * PAGE, 12)).toEqual(new Uint8Array(12).fill(0x78).fill(0, 5, 10));
  });

  test('zeroes a range and keeps its space', () => {
    const file = make().create('/a');
    file.write('x'.repeat(3 * PAGE));
    file.fallocate(FALLOC_FL_ZERO_RANGE, 10, 4 * PAGE);
    expect(file.stat()).toMatchObject({ size: 4 * PAGE + 10, blocks: 40 });
    expect(file.read(0, 4 * PAGE)).toEqual(new Uint8Array(4 * PAGE).fill(0x78, 0, 10));
  });

  test('refuses what it cannot do', () => {
    const file = make().create('/a');
    expect(codeOf(() => file.fallocate(FALLOC_FL_COLLAPSE_RANGE, 0, PAGE))).toBe('EOPNOTSUPP');
    expect(codeOf(() => file.fallocate(FALLOC_FL_PUNCH_HOLE, 0, PAGE))).toBe('EOPNOTSUPP');
    expect(codeOf(() => file.fallocate(0, 0, 0))).toBe('EINVAL');
  });
});

describe('space', () => {
  test('a write takes what there is, then ENOSPC; removing gives it back', () => {
    const fs = make({ size: 4 * PAGE });
    const file = fs.create('/a');
    expect(file.write('x'.repeat(10 * PAGE))).toBe(4 * PAGE);
    expect(codeOf(() => file.write('x', 4 * PAGE))).toBe('ENOSPC');
    expect(file.write('y', 10)).toBe(1);
    expect(ok(fs.fs.statfs!(1, fs.context))).toMatchObject({ blocks: 4, bfree: 0, bsize: PAGE });
    fs.unlink('/a');
    expect(ok(fs.fs.statfs!(1, fs.context)).bfree).toBe(0);
    file.close();
    expect(ok(fs.fs.statfs!(1, fs.context)).bfree).toBe(4);
  });

  test('preallocation that does not fit changes nothing', () => {
    const file = make({ size: 4 * PAGE }).create('/a');
    expect(codeOf(() => file.fallocate(0, 0, 5 * PAGE))).toBe('ENOSPC');
    expect(file.stat()).toMatchObject({ size: 0, blocks: 0 });
    file.fallocate(0, 0, 4 * PAGE);
    expect(file.write('x'.repeat(4 * PAGE))).toBe(4 * PAGE);
  });

  test('inodes run out, and come back', () => {
    const fs = make({ inodes: 3 });
    fs.write('/a');
    fs.mkdir('/d');
    expect(codeOf(() => fs.write('/b'))).toBe('ENOSPC');
    expect(codeOf(() => fs.symlink('x', '/b'))).toBe('ENOSPC');
    fs.rmdir('/d');
    fs.write('/b');
    expect(ok(fs.fs.statfs!(1, fs.context))).toMatchObject({ files: 3, ffree: 0 });
  });

  test('a file has a largest size', () => {
    const file = make({ maxFileSize: 100 }).create('/a');
    expect(file.write('x'.repeat(20), 90)).toBe(10);
    expect(codeOf(() => file.write('x', 100))).toBe('EFBIG');
    expect(codeOf(() => file.truncate(101))).toBe('EFBIG');
    expect(codeOf(() => file.fallocate(0, 0, 101))).toBe('EFBIG');
    file.truncate(100);
  });
});

describe('copy_file_range', () => {
  test('copies up to the end of the source', () => {
    const fs = make();
    const [from, to] = [fs.create('/a'), fs.create('/b')];
    from.write('x'.repeat(3 * PAGE), PAGE);
    expect(copy(fs, from, 10, to, 20, 100 * PAGE)).toBe(4 * PAGE - 10);
    expect(to.read(20, 5 * PAGE)).toEqual(from.read(10, 5 * PAGE));
    expect(copy(fs, from, 4 * PAGE, to, 0, 1)).toBe(0);
  });

  test('refuses ranges of one file that overlap', () => {
    const fs = make();
    const file = fs.create('/a');
    file.write('abcdef');
    expect(codeOf(() => copy(fs, file, 0, file, 2, 3))).toBe('EINVAL');
    expect(copy(fs, file, 0, file, 3, 3)).toBe(3);
    expect(file.text()).toBe('abcabc');
  });
});

test('a handle that is closed is bad', () => {
  const fs = make();
  const file = fs.create('/a');
  file.release();
  expect(codeOf(() => file.text())).toBe('EBADF');
  expect(codeOf(() => file.write('x'))).toBe('EBADF');
  expect(codeOf(() => file.release())).toBe('EBADF');
});
