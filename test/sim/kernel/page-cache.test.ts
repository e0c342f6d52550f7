import { describe, expect, test } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import { errno } from '../../../src/vfs/index.ts';
import { scripted } from './script.ts';

/** `/f`, open as fd3, of which nothing is cached. */
function uncached(size: number, mount = {}) {
  const sim = scripted({ keepCache: true, ...mount });
  sim.run(`
    fd3 = open("/f", O_RDWR|O_CREAT, 0644)
    write(fd3, pattern(0, ${size}))
    fsync(fd3)
    lseek(fd3, 0, SEEK_SET)
    drop_caches(1)
    fstat(fd3)`);
  return sim;
}

describe('read-ahead', () => {
  // As Linux 6.18 was seen to read a file of 1,000,000 bytes in pieces of 4096 bytes.
  test('grows while a file is read from its start', () => {
    const sim = uncached(1_000_000);
    const sizes = sim.sent(Array.from({ length: 245 }, () => 'read(fd3, 4096)').join('\n'));
    expect(sizes).toEqual([
      'READ 0+16384',
      'READ 16384+32768',
      'READ 49152+65536',
      'READ 114688+131072',
      'READ 245760+131072',
      'READ 376832+131072',
      'READ 507904+131072',
      'READ 638976+131072',
      'READ 770048+131072',
      'READ 901120+102400',
    ]);
  });

  test('does not happen where a read is by itself, and begins where reads follow each other', () => {
    const sim = uncached(1_000_000);
    expect(
      sim.sent(`
        pread(fd3, 100, 500000)
        pread(fd3, 100, 300000)
        pread(fd3, 100, 304200)
        pread(fd3, 20000, 308000)`),
    ).toEqual(['READ 499712+4096', 'READ 299008+4096', 'READ 303104+16384', 'READ 319488+24576', 'READ 344064+49152']);
  });

  test('is limited by max_readahead, and by max_read', () => {
    const narrow = uncached(100_000, { maxReadahead: 16384 });
    expect(narrow.sent('read(fd3, 4096)\nread(fd3, 4096)\nread(fd3, 4096)')).toEqual([
      'READ 0+8192',
      'READ 8192+8192',
      'READ 16384+16384',
    ]);
    const pieces = uncached(100_000, { maxRead: 8192 });
    expect(pieces.sent('read(fd3, 16384)')).toEqual([
      'READ 0+8192',
      'READ 8192+8192',
      'READ 16384+8192',
      'READ 24576+8192',
    ]);
    const none = uncached(100_000, { maxReadahead: 0 });
    expect(none.sent('read(fd3, 8192)')).toEqual(['READ 0+4096', 'READ 4096+4096']);
  });

  test('ends where the file does', () => {
    expect(uncached(5000).sent('read(fd3, 100)')).toEqual(['READ 0+8192']);
  });

  test('follows posix_fadvise', () => {
    const sim = uncached(100_000);
    expect(
      sim.sent(`
        posix_fadvise(fd3, 0, 0, POSIX_FADV_RANDOM)
        read(fd3, 4096)
        posix_fadvise(fd3, 40960, 8192, POSIX_FADV_WILLNEED)
        pread(fd3, 100, 45000)`),
    ).toEqual(['READ 0+4096', 'READ 40960+8192']);
  });
});

describe('the page cache', () => {
  test('answers what it has', () => {
    const sim = uncached(10_000);
    sim.run('pread(fd3, 10000, 0)');
    expect(sim.sent('pread(fd3, 10000, 0)\npread(fd3, 1, 9999)')).toEqual([]);
    expect(sim.run('pread(fd3, 5, 3)')).toEqual(['defgh']);
  });

  test('is kept over an open with FOPEN_KEEP_CACHE, and dropped without', () => {
    for (const [keepCache, requests] of [
      [true, ['OPEN']],
      [false, ['OPEN', 'READ 0+4096']],
    ] as const) {
      const sim = uncached(4096, { keepCache });
      sim.run('pread(fd3, 4096, 0)');
      const sent = sim.sent('fd4 = open("/f", O_RDONLY)\npread(fd4, 4096, 0)');
      expect(sent.filter((name) => name !== 'GETATTR')).toEqual(requests);
    }
  });

  test('is emptied by a truncation, whose last page keeps its beginning', () => {
    const sim = uncached(10_000);
    sim.run('pread(fd3, 10000, 0)\nftruncate(fd3, 5)\nftruncate(fd3, 100)');
    expect(sim.run('pread(fd3, 100, 0)')).toEqual([`abcde${'\0'.repeat(95)}`]);
  });

  test('forgets a hole that is punched', () => {
    const sim = uncached(12_288);
    sim.run('pread(fd3, 12288, 0)\nfallocate(fd3, FALLOC_FL_KEEP_SIZE|FALLOC_FL_PUNCH_HOLE, 100, 8000)');
    const [data] = sim.run('pread(fd3, 12288, 0)') as [string];
    expect(data.slice(100, 8100)).toBe('\0'.repeat(8000));
    expect(data.slice(0, 100) + data.slice(8100)).not.toContain('\0');
  });

  test('with auto_inval_data a change of size or time by others empties it', () => {
    const sim = scripted({ attributeTimeout: 0, autoInvalData: true, keepCache: true });
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)\nwrite(fd3, pattern(0, 100))\npread(fd3, 100, 0)');
    expect(sim.sent('pread(fd3, 100, 0)')).toEqual(['GETATTR']);
    sim.filesystem.write?.(2, 1, Buffer.from('XYZ'), 0, {} as never, {} as never);
    expect(sim.sent('pread(fd3, 3, 0)')).toEqual(['GETATTR', 'READ 0+4096']);
    expect(sim.run('pread(fd3, 3, 0)')).toEqual(['XYZ']);
  });

  test('with explicit_inval_data only what is behind a new end goes', () => {
    const sim = scripted({ attributeTimeout: 0, explicitInvalData: true, keepCache: true });
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)\nwrite(fd3, pattern(0, 8192))\npread(fd3, 8192, 0)');
    sim.filesystem.setattr?.(2, { size: 4096 }, undefined, {} as never);
    expect(sim.sent('fstat(fd3)\npread(fd3, 4096, 0)')).toEqual(['GETATTR']);
  });

  test('drop_caches: 1 drops data, 2 names and inodes, of what nobody uses', () => {
    const sim = scripted({ keepCache: true });
    sim.run(`
      fd3 = open("/f", O_RDWR|O_CREAT, 0644)
      write(fd3, pattern(0, 4096))
      pread(fd3, 10, 0)
      mknod("/g", S_IFREG|0644, 0)
      mknod("/h", S_IFREG|0644, 0)`);
    expect(sim.sent('drop_caches(2)\npread(fd3, 10, 0)')).toEqual(['BATCH_FORGET']);
    expect(sim.sent('drop_caches(1)\npread(fd3, 10, 0)')).toEqual(['READ 0+4096']);
    expect(sim.run('drop_caches(0)')).toEqual(['EINVAL']);
  });
});

describe('write-through', () => {
  const opened = () => {
    const sim = scripted();
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)');
    return sim;
  };

  test('a page that is not wholly known ends a WRITE (fuse_fill_write_pages)', () => {
    const sim = opened();
    expect(sim.sent('pwrite(fd3, pattern(0, 10000), 100)')).toEqual(['WRITE 100+3996', 'WRITE 4096+6004']);
    expect(sim.sent('pread(fd3, 10100, 0)')).toEqual(['READ 0+4096', 'READ 8192+4096']);
    expect(sim.sent('pwrite(fd3, pattern(0, 10000), 100)')).toEqual(['WRITE 100+10000']);
  });

  test('without big writes each page is a WRITE', () => {
    const sim = scripted({ maxWrite: 4096 });
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)');
    expect(sim.sent('write(fd3, pattern(0, 8192))')).toEqual(['WRITE 0+4096', 'WRITE 4096+4096']);
  });

  test('what was written is read from the cache', () => {
    const sim = opened();
    expect(sim.sent('write(fd3, pattern(0, 4096))\npread(fd3, 4096, 0)')).toEqual(['WRITE 0+4096']);
  });

  test('O_DIRECT goes around the cache and leaves nothing stale in it', () => {
    const sim = opened();
    sim.run('write(fd3, pattern(0, 4096))\nfd4 = open("/f", O_RDWR|O_DIRECT)');
    expect(sim.sent('pread(fd4, 4096, 0)')).toEqual(['READ 0+4096']);
    expect(sim.sent('pwrite(fd4, pattern(7, 4096), 0)')).toEqual(['WRITE 0+4096']);
    expect(sim.run('pread(fd3, 3, 0)')).toEqual(['hij']);
  });

  test('O_DIRECT that fails to make a file longer cuts it off where it ended', () => {
    const full: FileSystemFactory = (environment, options) =>
      Object.defineProperty(ram(environment, options), 'write', { value: () => errno.ENOSPC });
    const sim = scripted({}, full);
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT|O_DIRECT, 0644)');
    expect(sim.sent('pwrite(fd3, pattern(0, 4096), 0)')).toEqual(['WRITE 0+4096', 'SETATTR SIZE|FH|LOCKOWNER']);
    sim.run('ftruncate(fd3, 4096)');
    expect(sim.sent('pwrite(fd3, pattern(0, 4096), 0)')).toEqual(['WRITE 0+4096']);
  });

  test('copying for a filesystem that cannot copy reads through the cache, and asks for no attributes', () => {
    const plain: FileSystemFactory = (environment, options) =>
      Object.defineProperty(ram(environment, options), 'copyFileRange', { value: undefined });
    const sim = scripted({ attributeTimeout: 0, autoInvalData: true, keepCache: true }, plain);
    sim.run('fd3 = open("/f", O_RDWR|O_CREAT, 0644)\nfd4 = open("/g", O_RDWR|O_CREAT, 0644)');
    sim.run('write(fd3, pattern(0, 5000))');
    const copy = 'copy_file_range(fd3, fd4, 5000, offset=0, offsetOut=0)';
    const sent = ['READ 4096+4096', 'WRITE 0+5000'];
    expect(sim.sent(copy)).toEqual(['COPY_FILE_RANGE_64', 'COPY_FILE_RANGE', ...sent]);
    expect(sim.sent(copy)).toEqual(sent.slice(1));
  });

  test('a synchronous file is synchronised with each write', () => {
    const sim = opened();
    sim.run('fd4 = open("/f", O_WRONLY|O_SYNC)');
    expect(sim.sent('write(fd4, pattern(0, 4096))')).toEqual(['WRITE 0+4096', 'FSYNC']);
  });
});
