import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ram } from '../../src/filesystems/index.ts';
import { isDirectory, RENAME_EXCHANGE, RENAME_NOREPLACE } from '../../src/vfs/index.ts';
import { codeOf, Direct, ok } from '../support/direct.ts';
import { testEnvironment } from '../support/environment.ts';

const name = fc.constantFrom('a', 'b', 'c');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => `/${names.join('/')}`);
const step = fc.record({
  kind: fc.constantFrom('mkdir', 'create', 'link', 'unlink', 'rmdir', 'rename', 'rename'),
  path,
  to: path,
  flags: fc.constantFrom(0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

function perform(fs: Direct, { kind, path, to, flags }: Step): void {
  switch (kind) {
    case 'mkdir':
      fs.mkdir(path);
      break;
    case 'create':
      fs.write(path);
      break;
    case 'link':
      fs.link(path, to);
      break;
    case 'unlink':
      fs.unlink(path);
      break;
    case 'rmdir':
      fs.rmdir(path);
      break;
    case 'rename':
      fs.rename(path, to, flags);
      break;
  }
}

/** How often each inode is named in the tree, and each directory's number of subdirectories; each directory once. */
function walk(fs: Direct): { names: Map<number, number>; inodes: number } {
  const names = new Map<number, number>();
  const visit = (at: string): void => {
    let subdirectories = 0;
    for (const entry of fs.names(at)) {
      const child = `${at === '/' ? '' : at}/${entry}`;
      const { ino, mode } = fs.stat(child);
      names.set(Number(ino), (names.get(Number(ino)) ?? 0) + 1);
      if (!isDirectory(mode)) continue;
      subdirectories += 1;
      expect(names.get(Number(ino))).toBe(1);
      visit(child);
    }
    expect(fs.stat(at).nlink).toBe(2 + subdirectories);
  };
  visit('/');
  return { names, inodes: names.size + 1 };
}

test('link counts are what the tree shows, the tree is one, and no inode is lost', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const fs = new Direct(ram(testEnvironment(), { inodes: 1000 }));
      for (const each of steps) codeOf(() => perform(fs, each));
      const { names, inodes } = walk(fs);
      for (const entry of fs.names('/')) {
        const { ino, mode, nlink } = fs.stat(`/${entry}`);
        if (!isDirectory(mode)) expect(nlink).toBe(names.get(Number(ino)));
      }
      expect(ok(fs.fs.statfs!(1, fs.context)).ffree).toBe(1000 - inodes);
    }),
    { numRuns: 1000 },
  );
});
