import { expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import { SEEK_DATA, SEEK_HOLE } from '../../src/vfs/index.ts';
import { codeOf, Direct } from '../support/direct.ts';
import { testEnvironment } from '../support/environment.ts';

const make = (options = {}) => new Direct(ram(testEnvironment(), options));

test('a written file reads back', () => {
  const fs = make();
  fs.write('/a', 'hello');
  expect(fs.read('/a')).toBe('hello');
  expect(fs.stat('/a')).toMatchObject({ size: 5, nlink: 1, mode: 0o100644, blocks: 8 });
});

test('an unlinked file lives until it is closed and forgotten', () => {
  const fs = make();
  const file = fs.create('/a');
  file.write('kept');
  fs.unlink('/a');
  expect(file.text()).toBe('kept');
  expect(file.stat().nlink).toBe(0);
  file.release();
  expect(codeOf(() => fs.fs.getattr(file.node, undefined, fs.context))).toBe('ok');
  fs.fs.forget?.(file.node, 1);
  expect(codeOf(() => fs.fs.getattr(file.node, undefined, fs.context))).toBe('ESTALE');
});

test('holes take no space, read as zeros, and are found', () => {
  const fs = make();
  const file = fs.create('/a');
  file.write('x', 10 * 4096);
  expect(file.stat()).toMatchObject({ size: 40961, blocks: 8 });
  expect(file.read(4096, 3)).toEqual(new Uint8Array(3));
  expect(file.lseek(0, SEEK_HOLE)).toBe(0);
  expect(file.lseek(0, SEEK_DATA)).toBe(40960);
  expect(file.lseek(40960, SEEK_HOLE)).toBe(40961);
});
