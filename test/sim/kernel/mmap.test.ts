import { describe, expect, test } from 'vitest';
import { scripted } from './script.ts';

const opened = (size: number, mount = {}) => {
  const sim = scripted({ keepCache: true, ...mount });
  sim.run(
    `fd3 = open("/f", O_RDWR|O_CREAT, 0644)\nwrite(fd3, pattern(0, ${size}))\nfsync(fd3)\ndrop_caches(1)\nfstat(fd3)`,
  );
  return sim;
};
const shared = 'map0 = mmap(fd3, 0, 8192, PROT_READ|PROT_WRITE, MAP_SHARED)';

describe('mappings of memory', () => {
  test('a fault reads a window around the page, and pages that are cached need no request', () => {
    const sim = opened(300_000);
    sim.run('map0 = mmap(fd3, 0, 300000, PROT_READ, MAP_SHARED)');
    expect(sim.sent('load(map0, 200000, 5)')).toEqual(['READ 131072+131072']);
    expect(sim.sent('load(map0, 150000, 5)\nload(map0, 140000, 20)')).toEqual([]);
  });

  test('a shared store is seen by read at once, and written by msync', () => {
    const sim = opened(8192);
    sim.run(shared);
    expect(sim.run('store(map0, 3, bytes("XY"))\npread(fd3, 7, 0)')).toEqual([2, 'abcXYfg']);
    expect(sim.sent('msync(map0, 0, 8192, MS_SYNC)')).toEqual(['WRITE 0+4096']);
    expect(sim.sent('msync(map0, 0, 8192, MS_SYNC)')).toEqual([]);
  });

  test('a dirty page is written when the memory is unmapped, and when its process ends', () => {
    const sim = opened(8192);
    sim.run(`${shared}\nstore(map0, 4096, bytes("Z"))`);
    expect(sim.sent('munmap(map0)')).toEqual(['WRITE 4096+4096']);
    sim.run(`${shared}\nstore(map0, 0, bytes("Z"))`);
    expect(sim.sent('exit(0)')).toEqual(['WRITE 0+4096', 'FLUSH', 'RELEASE']);
  });

  test('a private store is nobody else’s', () => {
    const sim = opened(4096);
    sim.run('map0 = mmap(fd3, 0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE)\nstore(map0, 0, bytes("XYZ"))');
    expect(sim.run('load(map0, 0, 5)\npread(fd3, 5, 0)')).toEqual(['XYZde', 'abcde']);
    expect(sim.sent('munmap(map0)')).toEqual([]);
  });

  test('behind the last page there is no memory; behind the end within it there are zeros, which are not written', () => {
    const sim = opened(100);
    sim.run(shared);
    expect(sim.run('load(map0, 98, 4)\nload(map0, 4096, 1)\nload(map0, 4090, 10)')).toEqual([
      'uv\0\0',
      'EFAULT',
      '\0'.repeat(6),
    ]);
    sim.run('store(map0, 99, bytes("ZZZ"))\nmsync(map0, 0, 4096, MS_SYNC)');
    expect(sim.run('fstat(fd3)\npread(fd3, 200, 98)')).toMatchObject([{ size: 100 }, 'uZ']);
  });

  test('a truncation takes memory away', () => {
    const sim = opened(8192);
    sim.run(`${shared}\nload(map0, 4096, 1)\nftruncate(fd3, 4096)`);
    expect(sim.run('load(map0, 4096, 1)\nstore(map0, 4096, bytes("x"))')).toEqual(['EFAULT', 'EFAULT']);
  });

  test('with write-back the first store after a write sets the time, and it goes to the filesystem', () => {
    const sim = opened(4096, { writebackCache: true });
    sim.run(`${shared}\nstore(map0, 0, bytes("x"))`);
    expect(sim.sent('msync(map0, 0, 4096, MS_SYNC)')).toEqual(['WRITE 0+4096', 'SETATTR MTIME|FH|CTIME']);
  });

  test('what mmap refuses', () => {
    const sim = opened(10, {});
    sim.run('fd4 = open("/f", O_RDONLY)\nfd5 = open("/f", O_WRONLY)\nfd6 = open("/", O_RDONLY)');
    expect(
      sim.run(`
        mmap(fd4, 0, 4096, PROT_READ|PROT_WRITE, MAP_SHARED)
        mmap(fd5, 0, 4096, PROT_WRITE, MAP_SHARED)
        mmap(fd6, 0, 4096, PROT_READ, MAP_SHARED)
        mmap(fd4, 100, 4096, PROT_READ, MAP_SHARED)
        mmap(fd4, 0, 0, PROT_READ, MAP_SHARED)
        mmap(fd9, 0, 4096, PROT_READ, MAP_SHARED)`),
    ).toEqual(['EACCES', 'EACCES', 'ENODEV', 'EINVAL', 'EINVAL', 'EBADF']);
  });

  test('a file with direct I/O can be mapped privately only', () => {
    const sim = opened(4096, { directIo: true });
    expect(sim.run(shared)).toEqual(['ENODEV']);
    sim.run('map0 = mmap(fd3, 0, 4096, PROT_READ, MAP_PRIVATE)');
    expect(sim.run('load(map0, 0, 3)\npwrite(fd3, bytes("XYZ"), 0)\nload(map0, 0, 3)')).toEqual(['abc', 3, 'XYZ']);
  });

  test('a child inherits mappings: shared ones show its stores, private ones are its own', () => {
    const sim = opened(4096);
    sim.run(
      'map0 = mmap(fd3, 0, 4096, PROT_READ|PROT_WRITE, MAP_SHARED)\nmap1 = mmap(fd3, 0, 4096, PROT_READ|PROT_WRITE, MAP_PRIVATE)',
    );
    sim.run('store(map1, 0, bytes("p"))\nfork(2)\np2 store(map0, 1, bytes("S"))\np2 store(map1, 0, bytes("q"))');
    expect(sim.run('load(map0, 0, 3)\nload(map1, 0, 1)\np2 load(map1, 0, 1)')).toEqual(['aSc', 'p', 'q']);
  });
});
