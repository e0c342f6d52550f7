import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkJournal } from '../../../src/filesystems/index.ts';
import { journalOn, SMALL } from '../../support/journal.ts';
import { DiskImage } from '../../support/power-cuts.ts';

const options = { inodes: 400, commit: 5 };
const make = () => {
  const disk = new DiskImage(2 * SMALL);
  return { disk, fs: journalOn(disk, undefined, options) };
};

test('readdir positions stay, over a restart too', () => {
  const { disk, fs } = make();
  const names = Array.from({ length: 300 }, (_, i) => `${i}${'n'.repeat(i % 50)}`);
  for (const name of names) fs.write(`/${name}`);
  const positions = (of: typeof fs) =>
    new Map(
      of
        .opendir('')
        .all(7)
        .map(({ name, offset }) => [name, offset]),
    );
  const before = positions(fs);
  expect(before.size).toBe(302);
  for (const name of names) if (name.length % 3 === 0) fs.unlink(`/${name}`);
  fs.fs.destroy!();
  const after = positions(journalOn(disk, undefined, options));
  for (const [name, offset] of after) expect(offset).toBe(before.get(name));
});

test('a listing misses and repeats none of the entries that stay while others come and go', () => {
  const name = fc.integer({ min: 0, max: 60 }).map((n) => `${n}${'n'.repeat((n * 37) % 200)}`);
  fc.assert(
    fc.property(
      fc.array(name, { minLength: 1, maxLength: 60 }),
      fc.array(name, { maxLength: 30 }),
      (first, changes) => {
        const { disk, fs } = make();
        const there = new Set(first);
        for (const made of there) fs.write(`/${made}`);
        const stays = new Set([...there].filter((each) => !changes.includes(each)));
        const directory = fs.opendir('');
        const listed: string[] = [];
        const rest = [...changes];
        for (let offset: number | bigint = 0; ; ) {
          const part = directory.read(offset, 3);
          if (part.length === 0) break;
          listed.push(...part.map((entry) => entry.name));
          offset = part[part.length - 1].offset;
          const changed = rest.pop();
          if (changed === undefined) continue;
          if (there.delete(changed)) fs.unlink(`/${changed}`);
          else {
            fs.write(`/${changed}`);
            there.add(changed);
          }
        }
        directory.close();
        const staying = listed.filter((each) => stays.has(each));
        expect(staying).toHaveLength(stays.size);
        expect(new Set(staying)).toEqual(stays);
        expect(fs.names('')).toEqual([...there].sort());
        fs.fs.destroy!();
        expect(checkJournal(disk)).toEqual([]);
      },
    ),
    { numRuns: 50 },
  );
});
