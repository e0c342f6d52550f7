import { expect, test } from 'vitest';
import { scripted } from './script.ts';

const listing = (mount = {}) => {
  const sim = scripted({ cacheDirectories: true, keepCache: true, readdirplus: false, ...mount });
  sim.run(
    'mkdir("/d", 0755)\nmknod("/d/a", S_IFREG|0644, 0)\nmknod("/d/b", S_IFREG|0644, 0)\nfd3 = open("/d", O_RDONLY)',
  );
  return sim;
};
const all = 'getdents(fd3, 4096)\ngetdents(fd3, 4096)';
const names = (entries: unknown) => (entries as { name: string }[]).map(({ name }) => name);

test('a listing that was read to its end is read again without requests', () => {
  const sim = listing();
  expect(sim.sent(all)).toEqual(['READDIR', 'READDIR']);
  expect(sim.sent(`lseek(fd3, 0, SEEK_SET)\n${all}`)).toEqual([]);
  expect(names(sim.run('lseek(fd3, 0, SEEK_SET)\ngetdents(fd3, 4096)')[1])).toEqual(['.', '..', 'a', 'b']);
});

test('a change of the directory makes it void from the next start on', () => {
  const sim = listing();
  sim.run(`${all}\nunlink("/d/a")\nlseek(fd3, 0, SEEK_SET)`);
  expect(names(sim.run('getdents(fd3, 4096)')[0])).toEqual(['.', '..', 'b']);
});

test('it is for the next opendir only with FOPEN_KEEP_CACHE', () => {
  for (const [keepCache, requests] of [
    [true, []],
    [false, ['READDIR', 'READDIR']],
  ] as const) {
    const sim = listing({ keepCache });
    sim.run(`${all}\nstat("/d")`);
    const again = sim.sent('fd4 = open("/d", O_RDONLY)\ngetdents(fd4, 4096)\ngetdents(fd4, 4096)');
    expect(again.filter((name) => name.startsWith('READDIR'))).toEqual(requests);
  }
});

test('small buffers get the same entries from it', () => {
  const sim = listing();
  sim.run(`${all}\nlseek(fd3, 0, SEEK_SET)`);
  const pieces = Array.from({ length: 5 }, () => names(sim.run('getdents(fd3, 24)')[0]));
  expect(pieces).toEqual([['.'], ['..'], ['a'], ['b'], []]);
});

test('dropped caches and notifications take it away', () => {
  const sim = listing();
  sim.run(all);
  expect(sim.sent(`drop_caches(1)\nlseek(fd3, 0, SEEK_SET)\n${all}`)).toEqual(['READDIR', 'READDIR']);
  sim.session.notifier.invalInode(2, 0, 0);
  sim.run('fstat(fd3)');
  expect(sim.sent(`lseek(fd3, 0, SEEK_SET)\n${all}`)).toEqual(['READDIR', 'READDIR']);
});
