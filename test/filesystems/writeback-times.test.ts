import { expect, test } from 'vitest';
import { journal, ram } from '../../src/filesystems/index.ts';
import { simulate } from '../../src/sim/index.ts';
import { type Call, O_CREAT, O_RDWR, root, type Stat } from '../../src/vfs/index.ts';

for (const filesystem of [ram, journal])
  test(`with write-back, ${filesystem.name} keeps the times of a file that is cut to the size that it has, as the kernel does`, () => {
    const kernel = simulate(filesystem, { mount: { writebackCache: true } });
    kernel.spawn(1, root);
    const times = () => {
      const { mtime, ctime } = kernel.call(1, { op: 'stat', path: '/a' }) as Stat;
      return { mtime, ctime };
    };
    const calls: Call[] = [
      { op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644 },
      { op: 'close', fd: 3 },
      { op: 'truncate', path: '/a', size: 0 },
    ];
    for (const call of calls) kernel.call(1, call);
    const seen = times();
    kernel.call(1, { op: 'drop_caches', caches: 2 });
    expect(times()).toEqual(seen);
    kernel.call(1, { op: 'truncate', path: '/a', size: 1 });
    expect(times()).not.toEqual(seen);
  });
