import fastGlob from 'fast-glob';
import git from 'isomorphic-git';
import { createFsFromVolume, Volume } from 'memfs';
import { beforeEach, describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { type SimulatedFs, simulate, simulatedFs } from '../../../src/sim/index.ts';
import { deferredRam } from '../kernel/deferred-ram.ts';
import { caches } from './oracle.ts';

/** What a suite has in one line: its fs. */
const suites: Readonly<Record<string, () => SimulatedFs>> = {
  memfs: () => createFsFromVolume(new Volume()) as unknown as SimulatedFs,
  simulatedFs: () => simulatedFs(simulate(ram)),
  'simulatedFs with caches': () => simulatedFs(simulate(ram, { mount: caches })),
  'simulatedFs in random order': () => simulatedFs(simulate(ram, { order: 'random', seed: 4 })),
  'simulatedFs on a filesystem that answers later': () => simulatedFs(simulate(deferredRam(2, () => 1))),
};

const author = { name: 'A U Thor', email: 'author@example.org', timestamp: 1_700_000_000, timezoneOffset: 0 };

describe.each(Object.entries(suites))('on %s', (_, make) => {
  let fs: SimulatedFs;
  beforeEach(() => {
    fs = make();
  });

  test('isomorphic-git keeps a history', async () => {
    const repository = { fs, dir: '/work' };
    const { promises } = fs;
    await promises.mkdir('/work/src', { recursive: true });
    await git.init({ ...repository, defaultBranch: 'main' });
    await promises.writeFile('/work/README', 'one\n');
    await promises.writeFile('/work/src/index.js', 'export {};\n');
    await promises.symlink('README', '/work/link');
    await git.add({ ...repository, filepath: '.' });
    const first = await git.commit({ ...repository, message: 'first', author });

    await promises.writeFile('/work/README', 'two, which is longer\n');
    expect(await git.status({ ...repository, filepath: 'README' })).toBe('*modified');
    await git.add({ ...repository, filepath: 'README' });
    await git.remove({ ...repository, filepath: 'src/index.js' });
    await promises.rm('/work/src', { recursive: true });
    const second = await git.commit({ ...repository, message: 'second', author });
    expect((await git.log(repository)).map(({ oid }) => oid)).toEqual([second, first]);
    // As git itself names it.
    expect(first).toBe('4c1637fbc9afe0e293fe481e3819f21a5b36679b');

    await git.branch({ ...repository, ref: 'old', object: first });
    await git.checkout({ ...repository, ref: 'old' });
    expect(await promises.readFile('/work/README', 'utf8')).toBe('one\n');
    expect(await promises.readdir('/work/src')).toEqual(['index.js']);
    expect(await promises.readlink('/work/link')).toBe('README');
    const matrix = await git.statusMatrix(repository);
    expect(matrix.map(([file, ...state]) => [file, state.join('')])).toEqual([
      ['README', '111'],
      ['link', '111'],
      ['src/index.js', '111'],
    ]);
  });

  test('fast-glob finds files', async () => {
    await fs.promises.mkdir('/a/b/c', { recursive: true });
    for (const path of ['/a/x.ts', '/a/b/y.ts', '/a/b/c/z.ts', '/a/b/c/z.js', '/a/.hidden.ts'])
      await fs.promises.writeFile(path, path);
    await fs.promises.symlink('b', '/a/link');
    const options = { cwd: '/', fs, stats: true } as const;
    const found = await fastGlob('a/**/*.ts', options);
    expect(found.map(({ path }) => path).sort()).toEqual([
      'a/b/c/z.ts',
      'a/b/y.ts',
      'a/link/c/z.ts',
      'a/link/y.ts',
      'a/x.ts',
    ]);
    expect(found.find(({ path }) => path === 'a/x.ts')?.stats?.size).toBe(7);
    expect(await fastGlob('**/*', { ...options, onlyDirectories: true, followSymbolicLinks: false })).toHaveLength(3);
  });
});
