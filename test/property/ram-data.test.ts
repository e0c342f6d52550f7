import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  SEEK_DATA,
  SEEK_HOLE,
} from '../../src/vfs/index.ts';
import { codeOf, Direct, type OpenFile, ok } from '../support/direct.ts';
import { testEnvironment } from '../support/environment.ts';

const PAGE = 4096;
const LIMIT = 8 * PAGE;

const offset = fc.oneof(
  fc.integer({ min: 0, max: LIMIT }),
  fc.tuple(fc.integer({ min: 0, max: 7 }), fc.integer({ min: -1, max: 1 })).map(([p, d]) => Math.max(0, p * PAGE + d)),
);
const step = fc.record({
  kind: fc.constantFrom('write', 'truncate', 'punch', 'zero', 'allocate', 'keep'),
  at: offset,
  length: fc.oneof(fc.integer({ min: 1, max: 2 * PAGE }), fc.constantFrom(1, PAGE, 2 * PAGE)),
  byte: fc.integer({ min: 1, max: 255 }),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The simplest file there is: all bytes up to a limit, and a size. */
class PlainFile {
  readonly bytes = new Uint8Array(2 * LIMIT);
  size = 0;

  apply({ kind, at, length, byte }: Step): void {
    switch (kind) {
      case 'write':
        this.bytes.fill(byte, at, at + length);
        this.size = Math.max(this.size, at + length);
        break;
      case 'truncate':
        this.bytes.fill(0, at);
        this.size = at;
        break;
      case 'punch':
        this.bytes.fill(0, at, at + length);
        break;
      case 'zero':
        this.bytes.fill(0, at, at + length);
        this.size = Math.max(this.size, at + length);
        break;
      case 'allocate':
        this.size = Math.max(this.size, at + length);
    }
  }
}

function perform(file: OpenFile, { kind, at, length, byte }: Step): void {
  switch (kind) {
    case 'write':
      expect(file.write(new Uint8Array(length).fill(byte), at)).toBe(length);
      break;
    case 'truncate':
      file.truncate(at);
      break;
    case 'punch':
      file.fallocate(FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, length);
      break;
    case 'zero':
      file.fallocate(FALLOC_FL_ZERO_RANGE, at, length);
      break;
    case 'allocate':
      file.fallocate(0, at, length);
      break;
    case 'keep':
      file.fallocate(FALLOC_FL_KEEP_SIZE, at, length);
  }
}

test('the data of a file is what a plain array of bytes holds', () => {
  const fs = new Direct(ram(testEnvironment(), {}));
  const { bfree } = ok(fs.fs.statfs!(1, fs.context));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const file = fs.create('/a');
      const plain = new PlainFile();
      for (const each of steps) {
        perform(file, each);
        plain.apply(each);
      }
      const { size, blocks } = file.stat();
      expect(size).toBe(plain.size);
      expect(Buffer.compare(file.read(0, 2 * LIMIT), plain.bytes.subarray(0, size))).toBe(0);
      expect(ok(fs.fs.statfs!(1, fs.context)).bfree).toBe(bfree - blocks / 8);
      // Whatever SEEK_DATA skips is zero, and the two ways to seek go through the file in turns.
      for (let at = 0; at < size; ) {
        const data = codeOf(() => file.lseek(at, SEEK_DATA)) === 'ok' ? file.lseek(at, SEEK_DATA) : size;
        expect(plain.bytes.subarray(at, data).every((byte) => byte === 0)).toBe(true);
        if (data === size) break;
        const hole = file.lseek(data, SEEK_HOLE);
        expect(hole).toBeGreaterThan(data);
        at = hole;
      }
      fs.unlink('/a');
      file.close();
      expect(ok(fs.fs.statfs!(1, fs.context)).bfree).toBe(bfree);
    }),
    { numRuns: 500 },
  );
});
