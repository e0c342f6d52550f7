import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { bugs, patched } from '../../src/zoo/index.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const hostFolders = {
  ram: 'filesystems/ram/',
  loopback: 'filesystems/loopback/',
  journal: 'filesystems/journal/',
  Session: 'fuse/session/',
  SimKernel: 'sim/kernel/',
} as const;

test('there are at least forty, each with a name of its own, on every host', () => {
  expect(bugs.length).toBeGreaterThanOrEqual(40);
  expect(new Set(bugs.map(({ name }) => name)).size).toBe(bugs.length);
  expect(new Set(bugs.map(({ host }) => host))).toEqual(new Set(Object.keys(hostFolders)));
});

describe.each(bugs.map((bug) => [bug.name, bug] as const))('%s', (_, { host, file, before, after, also }) => {
  test('is in its host', () => {
    expect(file.startsWith(hostFolders[host])).toBe(true);
  });

  const patches = [{ file, before, after }, ...(also === undefined ? [] : [also])];
  test.each(patches)('changes $file, the source and the program, in one place', (patch) => {
    for (const [folder, extension] of [
      ['src', '.ts'],
      ['dist', '.js'],
    ]) {
      const text = readFileSync(join(root, folder, patch.file.replace(/\.ts$/, extension)), 'utf8');
      expect(patched(text, patch)).not.toBe(text);
    }
  });
});

test('docs/zoo.md tells of every one of them, and of no other', () => {
  const rows = readFileSync(join(root, 'docs/zoo.md'), 'utf8').match(/^\| `[\w-]+` \|/gm) ?? [];
  expect(rows.map((row) => row.slice(3, -3)).sort()).toEqual(bugs.map(({ name }) => name).sort());
});
