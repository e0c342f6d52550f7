import { describe, expect, test } from 'vitest';
import { parseScript } from '../../../src/check/index.ts';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { dataBytes, errno } from '../../../src/vfs/index.ts';
import { deferredRam } from './deferred-ram.ts';
import { scripted } from './script.ts';

const opened = (factory?: FileSystemFactory, mount = {}) => {
  const sim = scripted({ writebackCache: true, ...mount }, factory);
  sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)');
  return sim;
};

describe('write-back', () => {
  test('a write stays in the cache until the file is closed: pages, then times, then FLUSH', () => {
    const sim = opened();
    expect(sim.sent('write(fd3, pattern(0, 10000))\nfstat(fd3)\npread(fd3, 100, 0)')).toEqual([]);
    expect(sim.sent('close(fd3)')).toEqual(['WRITE 0+10000', 'SETATTR MTIME|FH|CTIME', 'FLUSH', 'RELEASE']);
    // The directory, and the number of blocks.
    expect(sim.sent('stat("/f")')).toEqual(['GETATTR', 'GETATTR']);
  });

  test('the size and the times are the kernel’s', () => {
    const sim = opened(undefined, { attributeTimeout: 0 });
    sim.run('write(fd3, pattern(0, 10))');
    expect(sim.run('fstat(fd3)')).toMatchObject([{ size: 10 }]);
  });

  test('fsync writes pages and times before FSYNC', () => {
    expect(opened().sent('write(fd3, pattern(0, 4096))\nfsync(fd3)')).toEqual([
      'WRITE 0+4096',
      'SETATTR MTIME|FH|CTIME',
      'FSYNC',
    ]);
  });

  test('of a page that is partly written the rest is read first, within the file only', () => {
    const sim = opened();
    sim.run('write(fd3, pattern(0, 8192))\nfsync(fd3)\ndrop_caches(1)');
    expect(sim.sent('pwrite(fd3, pattern(0, 10), 100)')).toEqual(['READ 0+4096']);
    expect(sim.sent('pwrite(fd3, pattern(0, 10), 8200)')).toEqual([]);
  });

  test('pages that follow each other go in one WRITE, up to max_write', () => {
    const sim = opened(undefined, { maxWrite: 8192 });
    sim.run('pwrite(fd3, pattern(0, 12288), 0)\npwrite(fd3, pattern(0, 4096), 20480)');
    expect(sim.sent('fsync(fd3)')).toEqual([
      'WRITE 0+8192',
      'WRITE 8192+4096',
      'WRITE 20480+4096',
      'SETATTR MTIME|FH|CTIME',
      'FSYNC',
    ]);
  });

  test('what a truncation cuts off is never written', () => {
    const sim = opened();
    sim.run('pwrite(fd3, pattern(0, 20000), 0)');
    expect(sim.sent('ftruncate(fd3, 5000)\nfsync(fd3)')).toEqual([
      'SETATTR SIZE|MTIME|FH|LOCKOWNER|CTIME',
      'WRITE 0+4096',
      'WRITE 4096+904',
      'SETATTR MTIME|FH|CTIME',
      'FSYNC',
    ]);
  });

  test('a page that a truncation has written and lets go takes nothing until it has gone', async () => {
    const late = deferredRam(0, (method) => (method === 'write' ? 10 : 0));
    const { kernel } = scripted({ writebackCache: true }, late);
    const script = parseScript(`p1 fd3 = open("/f", O_RDWR|O_CREAT, 0644)
      p1 pwrite(fd3, pattern(0, 1), 0)
      p1 pwrite(fd3, pattern(0, 1), 4982)
      p1 truncate("/f", 4097)
      p1 pwrite(fd3, pattern(921, 10), 511)
      p1 sync()
      p1 pread(fd3, 10, 511)`);
    const results: unknown[] = [];
    for (const { pid, call } of script.steps) results.push(await kernel.call(pid, call));
    expect(results.at(-1)).toEqual(dataBytes({ seed: 921, length: 10 }));
  });

  test('a change of owner or mode comes behind the data', () => {
    const sim = opened();
    expect(sim.sent('write(fd3, pattern(0, 100))\nfchmod(fd3, 0600)')).toEqual([
      'WRITE 0+100',
      'SETATTR MTIME|FH|CTIME',
      'SETATTR MODE|CTIME',
    ]);
  });

  test('data that is dirty for 30 seconds is written by itself', () => {
    const sim = opened();
    sim.run('write(fd3, pattern(0, 100))');
    const before = sim.kernel.now().sec;
    sim.requests();
    sim.kernel.run();
    expect(sim.requests()).toEqual(['WRITE', 'SETATTR']);
    expect(sim.kernel.now().sec - before).toBeGreaterThanOrEqual(30);
    expect(sim.kernel.now().sec - before).toBeLessThan(40);
  });

  test('sync and a copy see what is dirty', () => {
    const sim = opened();
    expect(sim.sent('write(fd3, pattern(0, 10))\nsync()')).toEqual(['WRITE 0+10', 'SETATTR MTIME|FH|CTIME']);
    sim.run(
      'pwrite(fd3, bytes("new"), 0)\nfd4 = open("/g", O_RDWR|O_CREAT, 0644)\ncopy_file_range(fd3, fd4, 10, offset=0)',
    );
    expect(sim.run('pread(fd4, 3, 0)')).toEqual(['new']);
  });

  /** The ram filesystem, which writes nothing. */
  const full: FileSystemFactory = (environment, options) =>
    Object.defineProperty(ram(environment, options), 'write', { value: () => errno.ENOSPC });

  test('an error is told by the next fsync or close, once', () => {
    expect(opened(full).run('write(fd3, pattern(0, 10))\nfsync(fd3)\nfsync(fd3)\nclose(fd3)')).toEqual([
      10,
      'ENOSPC',
      0,
      0,
    ]);
    expect(opened(full).run('write(fd3, pattern(0, 10))\nclose(fd3)')).toEqual([10, 'ENOSPC']);
  });

  test('every open file is told once, also one that was opened afterwards', () => {
    const sim = opened(full);
    expect(
      sim.run('fd4 = open("/f", O_RDWR)\nwrite(fd3, pattern(0, 10))\nfsync(fd3)\nfsync(fd4)\nfsync(fd4)').slice(2),
    ).toEqual(['ENOSPC', 'ENOSPC', 0]);
  });
});

describe('requests in the background', () => {
  test('are at most max_background at a time', () => {
    let most = 0;
    let now = 0;
    const counting: FileSystemFactory = (environment, options) => {
      const filesystem = ram(environment, options);
      const write = filesystem.write?.bind(filesystem);
      Object.defineProperty(filesystem, 'mode', { value: 'async' });
      return Object.defineProperty(filesystem, 'write', {
        value: async (...parameters: Parameters<NonNullable<typeof write>>) => {
          now += 1;
          most = Math.max(most, now);
          await new Promise<void>((resolve) => environment.timers.after(10, resolve));
          now -= 1;
          return write?.(...parameters);
        },
      });
    };
    const sim = scripted({ writebackCache: true, maxBackground: 3, maxWrite: 4096 }, counting);
    return (async () => {
      await sim.kernel.call(1, { op: 'open', path: '/f', flags: 0o102, mode: 0o644, into: 3 });
      await sim.kernel.call(1, { op: 'write', fd: 3, data: { seed: 0, length: 40960 } });
      expect(await sim.kernel.call(1, { op: 'fsync', fd: 3 })).toBe(0);
      expect(most).toBe(3);
    })();
  });
});
