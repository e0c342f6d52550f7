import { expect, test } from 'vitest';
import { scripted } from './script.ts';

function exported(mount = {}) {
  const sim = scripted(mount);
  sim.run(`
    mkdir("/d", 0755)
    mkdir("/d/e", 0755)
    mknod("/d/e/f", S_IFREG|0644, 0)
    handle0 = name_to_handle_at("/d/e/f", 0)
    handle1 = name_to_handle_at("/d/e", 0)`);
  return sim;
}

test('a handle of a cached inode opens without a lookup', () => {
  expect(exported().sent('open_by_handle_at(handle0, O_RDONLY)')).toEqual(['OPEN']);
});

test('a handle of a file that is not cached is looked up as "."', () => {
  const sim = exported();
  sim.run('drop_caches(2)');
  expect(sim.sent('open_by_handle_at(handle0, O_RDONLY)')).toEqual(['LOOKUP', 'OPEN']);
});

test('a directory is connected to the root: "..", its name there, and so on', () => {
  const sim = exported();
  sim.run('drop_caches(2)');
  const requests = sim.sent('fd3 = open_by_handle_at(handle1, O_RDONLY)').filter((name) => name !== 'GETATTR');
  expect(requests).toEqual([
    ...['LOOKUP', 'LOOKUP', 'OPENDIR', 'READDIRPLUS', 'RELEASEDIR'],
    ...['LOOKUP', 'OPENDIR', 'READDIRPLUS', 'RELEASEDIR', 'OPENDIR'],
  ]);
  expect(sim.run('fchdir(fd3)\nstat("../../d/e/f")')).toMatchObject([0, { size: 0 }]);
});

test('a handle of what is gone is stale, also when its node id stands for another file', () => {
  const sim = exported();
  sim.run('unlink("/d/e/f")');
  expect(sim.run('open_by_handle_at(handle0, O_RDONLY)')).toEqual(['ESTALE']);
  sim.run('mknod("/d/e/g", S_IFREG|0644, 0)\ndrop_caches(2)');
  expect(sim.run('open_by_handle_at(handle0, O_RDONLY)')).toEqual(['ESTALE']);
});

test('without EXPORT_SUPPORT a handle is good only while the inode is cached', () => {
  const sim = exported({ exportSupport: false });
  expect(sim.run('open_by_handle_at(handle0, O_RDONLY)\nclose(fd3)\ndrop_caches(2)')).toEqual([3, 0, 0]);
  expect(sim.sent('open_by_handle_at(handle0, O_RDONLY)')).toEqual([]);
  expect(sim.run('open_by_handle_at(handle0, O_RDONLY)')).toEqual(['ESTALE']);
});
