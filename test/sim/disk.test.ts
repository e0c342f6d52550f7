import { expect, test } from 'vitest';
import { SimulatedDisk } from '../../src/sim/disk.ts';

const sector = (byte: number): Uint8Array => new Uint8Array(512).fill(byte);
const read = (disk: SimulatedDisk, at: number): number => {
  const into = new Uint8Array(512);
  disk.read(at, into);
  return into[0];
};

test('what was written is read, flushed or not', () => {
  const disk = new SimulatedDisk(4096);
  expect(disk.sectors).toBe(8);
  const data = sector(1);
  disk.write(0, data);
  data.fill(9);
  expect([read(disk, 0), read(disk, 1)]).toEqual([1, 0]);
  disk.flush();
  expect(read(disk, 0)).toBe(1);
});

test('a crash loses what was not flushed, but for the sectors that are kept', () => {
  const disk = new SimulatedDisk(4096);
  disk.write(0, sector(1));
  disk.write(1, sector(1));
  disk.flush();
  disk.write(0, new Uint8Array(1536).fill(2));
  expect(disk.unflushed).toEqual([0, 1, 2]);
  disk.crash((at) => at === 1);
  expect([0, 1, 2].map((at) => read(disk, at))).toEqual([1, 2, 0]);
  expect(disk.unflushed).toEqual([]);
  disk.crash(() => true);
  expect(read(disk, 0)).toBe(1);
});

test('an access outside is refused', () => {
  const disk = new SimulatedDisk(1024);
  expect(() => disk.write(1, new Uint8Array(1024))).toThrow(RangeError);
});
