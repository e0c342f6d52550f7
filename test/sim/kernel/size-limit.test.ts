import { expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { simulate } from '../../../src/sim/index.ts';
import { errnoNumbers as E, FALLOC_FL_KEEP_SIZE, O_CREAT, O_RDWR, root } from '../../../src/vfs/index.ts';

const LIMIT = 1000;

function limited() {
  const kernel = simulate(ram, { fileSizeLimit: LIMIT });
  kernel.spawn(1, root);
  kernel.call(1, { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644, into: 3 });
  return kernel;
}

test('a write is cut at the limit, and nothing is written beyond it', () => {
  const kernel = limited();
  expect(kernel.call(1, { op: 'pwrite', fd: 3, data: { seed: 0, length: 50 }, offset: LIMIT - 20 })).toBe(20);
  expect(kernel.call(1, { op: 'pwrite', fd: 3, data: { seed: 0, length: 1 }, offset: LIMIT })).toBe(-E.EFBIG);
  expect(kernel.call(1, { op: 'pwrite', fd: 3, data: { seed: 0, length: 0 }, offset: LIMIT })).toBe(0);
  kernel.close();
});

test('a file grows up to the limit, and one that is larger may shrink', () => {
  const kernel = limited();
  expect(kernel.call(1, { op: 'ftruncate', fd: 3, size: LIMIT })).toBe(0);
  expect(kernel.call(1, { op: 'truncate', path: '/f', size: LIMIT + 1 })).toBe(-E.EFBIG);
  expect(kernel.call(1, { op: 'fallocate', fd: 3, mode: 0, offset: LIMIT, size: 1 })).toBe(-E.EFBIG);
  expect(kernel.call(1, { op: 'fallocate', fd: 3, mode: FALLOC_FL_KEEP_SIZE, offset: LIMIT, size: 1 })).toBe(0);
  kernel.close();
});

test('a copy is cut at the limit', () => {
  const kernel = limited();
  kernel.call(1, { op: 'open', path: '/g', flags: O_RDWR | O_CREAT, mode: 0o644, into: 4 });
  kernel.call(1, { op: 'write', fd: 3, data: { seed: 0, length: 100 } });
  const copy = (offsetOut: number) =>
    kernel.call(1, { op: 'copy_file_range', fd: 3, fdOut: 4, size: 100, offset: 0, offsetOut });
  expect(copy(LIMIT - 30)).toBe(30);
  expect(copy(LIMIT)).toBe(-E.EFBIG);
  kernel.close();
});
