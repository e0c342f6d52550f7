import { expect, test } from 'vitest';
import { Remembered } from '../../../src/check/crash/remembered.ts';
import type { SectorRead, Stored } from '../../../src/check/crash/store.ts';

/** A disk of which a run reads some sectors, in this order. */
function stored(sectors: readonly number[], ...read: readonly number[]): Stored {
  const holds = (_: string, sector: number): number => sectors[sector];
  const reads = read.map((sector): SectorRead => ({ disk: 'd', sector, held: sectors[sector] }));
  return { fingerprint: sectors.join(), holds, reads };
}

test('is asked by what is stored, or by the sectors that were read', () => {
  const looks = new Remembered<{ name: string }>();
  looks.keep(stored([7, 1, 5], 0, 2), { name: 'one' });
  expect(looks.find(stored([7, 1, 5]))).toEqual({ name: 'one' });
  expect(looks.find(stored([7, 2, 5]))).toEqual({ name: 'one' });
  expect(looks.find(stored([7, 1, 6]))).toBeUndefined();
});

test('a sector may decide which one is read next', () => {
  const looks = new Remembered<{ name: string }>();
  looks.keep(stored([0, 8, 9], 0, 1), { name: 'the first' });
  looks.keep(stored([1, 8, 9], 0, 2), { name: 'the second' });
  expect(looks.find(stored([0, 8, 4]))).toEqual({ name: 'the first' });
  expect(looks.find(stored([1, 4, 9]))).toEqual({ name: 'the second' });
  expect(looks.find(stored([0, 4, 9]))).toBeUndefined();
  expect(looks.find(stored([2, 8, 9]))).toBeUndefined();
});

test('a filesystem that reads otherwise than before is taken as it read last', () => {
  const looks = new Remembered<{ name: string }>();
  looks.keep(stored([0, 8, 9], 0, 1), { name: 'before' });
  looks.keep(stored([0, 8, 7], 0, 2), { name: 'now' });
  expect(looks.find(stored([0, 6, 7]))).toEqual({ name: 'now' });
  expect(looks.find(stored([0, 8, 5]))).toBeUndefined();
});
