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

test('what holds the same either way is not asked about, and equal disks have equal fingerprints', () => {
  const disk = new SimulatedDisk(4096);
  disk.write(0, sector(1));
  disk.flush();
  disk.write(0, sector(1));
  disk.write(1, sector(2));
  disk.write(2, sector(0));
  const asked: number[] = [];
  const survivors = [true, false].map((kept) =>
    disk.survivors((at) => {
      asked.push(at);
      return kept;
    }),
  );
  expect(asked).toEqual([1, 1]);
  const same = new SimulatedDisk(4096);
  same.write(1, sector(2));
  same.write(0, sector(1));
  same.flush();
  expect(survivors.map(({ fingerprint }) => fingerprint === same.fingerprint)).toEqual([true, false]);
});

test('a copy of a disk with much on it reads the same, and what either gets later is its own', () => {
  const disk = new SimulatedDisk(1 << 20);
  for (let at = 0; at < 200; at++) disk.write(at, sector(at % 7));
  disk.flush();
  const copy = disk.survivors(() => true);
  expect(copy.fingerprint).toBe(disk.fingerprint);
  disk.write(3, sector(9));
  disk.flush();
  expect([read(disk, 3), read(copy, 3), read(copy, 199)]).toEqual([9, 3, 3]);
  expect(copy.fingerprint).not.toBe(disk.fingerprint);
});

test('an access outside is refused', () => {
  const disk = new SimulatedDisk(1024);
  expect(() => disk.write(1, new Uint8Array(1024))).toThrow(RangeError);
});
