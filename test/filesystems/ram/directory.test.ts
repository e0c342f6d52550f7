import { describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { nameFromBytes, type U64 } from '../../../src/vfs/index.ts';
import { Direct, ok } from '../../support/direct.ts';
import { testEnvironment } from '../../support/environment.ts';

const make = () => new Direct(ram(testEnvironment(), {}));

test('a listing starts with `.` and `..` and has types and inode numbers', () => {
  const fs = make();
  fs.mkdir('/d');
  fs.symlink('x', '/d/l');
  fs.write('/d/a');
  const listing = fs.opendir('/d');
  expect(listing.all().map(({ name, ino, type }) => [name, ino, type])).toEqual([
    ['.', fs.stat('/d').ino, 4],
    ['..', 1, 4],
    ['l', fs.stat('/d/l').ino, 10],
    ['a', fs.stat('/d/a').ino, 8],
  ]);
});

test('names of any bytes come back', () => {
  const fs = make();
  const names = [nameFromBytes(Uint8Array.of(0xff, 0x41)), 'ä€😀', 'x'.repeat(255)];
  for (const name of names) fs.write(`/${name}`);
  expect(fs.names('/')).toEqual([...names].sort());
});

test('offsets rise and a listing goes on from each of them', () => {
  const fs = make();
  for (let i = 0; i < 10; i++) fs.write(`/f${i}`);
  const listing = fs.opendir('/');
  const all = listing.all();
  expect(all).toHaveLength(12);
  all.forEach(({ offset }, i) => {
    expect(listing.read(offset, 100)).toEqual(all.slice(i + 1));
  });
  expect(listing.all(1)).toEqual(all);
});

test('a name keeps its position when another file gets it, and loses it when it is made anew', () => {
  const fs = make();
  for (const name of ['a', 'b', 'c']) fs.write(`/${name}`);
  const listing = fs.opendir('/');
  const names = () => listing.all().map(({ name }) => name);
  fs.rename('/c', '/a');
  expect(names()).toEqual(['.', '..', 'a', 'b']);
  fs.unlink('/a');
  fs.write('/a');
  expect(names()).toEqual(['.', '..', 'b', 'a']);
});

describe.each([1, 3, 100])('while it is listed %i entries at a time', (room) => {
  test('nothing that stays is lost or repeated, whatever comes and goes', () => {
    const fs = make();
    const names = Array.from({ length: 300 }, (_, i) => `f${i}`);
    for (const name of names) fs.write(`/${name}`);
    const listing = fs.opendir('/');
    const seen: string[] = [];
    let offset: U64 = 0;
    for (let round = 0; ; round++) {
      const entries = listing.read(offset, room);
      if (entries.length === 0) break;
      offset = entries[entries.length - 1].offset;
      seen.push(...entries.map(({ name }) => name));
      const leaving = names[(round * 7 + 1) % 300];
      if (Number(leaving.slice(1)) % 2 === 1 && fs.names('/').includes(leaving)) fs.unlink(`/${leaving}`);
      if (round < 20) fs.write(`/new${round}`);
    }
    const stayed = names.filter((_, i) => i % 2 === 0);
    expect(seen.filter((name) => stayed.includes(name))).toEqual(stayed);
    expect(new Set(seen).size).toBe(seen.length);
  });
});

test('removing everything by what a listing shows ends with an empty directory', () => {
  const fs = make();
  fs.mkdir('/d');
  for (let i = 0; i < 200; i++) fs.write(`/d/f${i}`);
  const listing = fs.opendir('/d');
  for (let offset: U64 = 0; ; ) {
    const entries = listing.read(offset, 7);
    if (entries.length === 0) break;
    for (const { name } of entries) if (!name.startsWith('.')) fs.unlink(`/d/${name}`);
    offset = entries[entries.length - 1].offset;
  }
  fs.rmdir('/d');
});

test('readdirplus takes a reference for each entry it handed over, but for `.` and `..`', () => {
  const fs = make();
  fs.mkdir('/d');
  fs.write('/d/a');
  const listing = fs.opendir('/d');
  const entries = listing.plus();
  expect(entries.map(({ name }) => name)).toEqual(['.', '..', 'a']);
  const { node } = entries[2].entry;
  fs.unlink('/d/a');
  expect(() => ok(fs.fs.getattr(node, undefined, fs.context))).toThrow();
});
