import { describe, expect, test } from 'vitest';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_NOFOLLOW,
  O_CREAT,
  O_DIRECTORY,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  POSIX_FADV_WILLNEED,
} from '../../../src/vfs/index.ts';
import { plainRam, traced, user } from './trace.ts';

const kept = { entryTimeout: Infinity, attributeTimeout: Infinity, negativeTimeout: Infinity };
const infinite = { mount: kept };
const back = { mount: { ...kept, writebackCache: true } };
const make = { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o644 } as const;

describe('attributes', () => {
  test('the time of birth is asked for once, and is part of what is known then', () => {
    const sim = traced(infinite);
    sim.call(make);
    const statx = { op: 'statx', path: '/f', flags: 0, mask: 0xfff } as const;
    expect(sim.traced(statx)).toEqual(['GETATTR', 'STATX']);
    expect(sim.traced(statx)).toEqual([]);
    expect(sim.call({ op: 'stat', path: '/f' })).toHaveProperty('btime');
  });

  test('a link has no permission operation of its own', () => {
    const sim = traced();
    sim.kernel.spawn(2, user(1000));
    sim.call({ op: 'symlink', target: 'f', path: '/l' });
    const access = { op: 'access', path: '/l', mode: 2, flags: AT_SYMLINK_NOFOLLOW } as const;
    expect(sim.traced(access, 2)).toEqual(['GETATTR', 'LOOKUP']);
  });

  test('without default_permissions ACCESS of a program comes after its attributes', () => {
    const sim = traced({ mount: { defaultPermissions: false } });
    sim.call(make);
    const access = { op: 'access', path: '/f', mode: 1 } as const;
    expect(sim.traced(access)).toEqual(['LOOKUP', 'GETATTR', 'ACCESS']);
    // The filesystem has no ACCESS: it is not asked again.
    expect(sim.traced(access)).toEqual(['LOOKUP', 'GETATTR']);
  });
});

describe('names', () => {
  test('a name with a slash behind it that is to be made is looked up in any case', () => {
    const sim = traced(infinite);
    sim.call({ op: 'stat', path: '/n' });
    sim.call(make);
    expect(sim.traced({ op: 'symlink', target: 'x', path: '/n/' })).toContain('LOOKUP');
    expect(sim.traced({ op: 'link', path: '/f', newPath: '/f/', flags: 0 })).toContain('LOOKUP');
  });

  test('what was looked up again belongs to the new epoch', () => {
    const sim = traced(infinite);
    sim.call({ op: 'mkdir', path: '/d', mode: 0o755 });
    sim.call({ op: 'stat', path: '/d' });
    sim.session.notifier.incrementEpoch();
    expect(sim.traced({ op: 'stat', path: '/d' })).toContain('LOOKUP');
    expect(sim.traced({ op: 'stat', path: '/d' })).toEqual([]);
  });
});

describe('reads and writes', () => {
  test('an empty read asks how large the file is, an empty vector does not', () => {
    const sim = traced({ mount: { directIo: false } }, plainRam);
    sim.call(make);
    expect(sim.traced({ op: 'pread', fd: 3, size: 0, offset: 5 })).toEqual(['GETATTR']);
    expect(sim.traced({ op: 'readv', fd: 3, sizes: [] })).toEqual([]);
  });

  test('a read at the end leaves the read before it the previous one', () => {
    const reads: number[] = [];
    const sim = traced(
      {
        ...infinite,
        observe: (fromKernel, message) => {
          if (fromKernel && message.words[1] === 15) reads.push(message.words[14]);
        },
      },
      plainRam,
    );
    sim.call(make);
    sim.call({ op: 'read', fd: 3, size: 10 });
    sim.call({ op: 'ftruncate', fd: 3, size: 100_000 });
    sim.call({ op: 'pread', fd: 3, size: 10, offset: 4096 });
    expect(reads).toEqual([4096]);
  });

  test('nothing is read ahead of a directory', () => {
    const sim = traced(infinite);
    sim.call({ op: 'open', path: '/', flags: O_RDONLY | O_DIRECTORY, mode: 0 });
    const advice = { op: 'posix_fadvise', fd: 3, offset: 0, size: 0, advice: POSIX_FADV_WILLNEED } as const;
    expect(sim.traced(advice)).toEqual([]);
  });
});

describe('write-back', () => {
  test('a truncation to the size that there is changes no time', () => {
    const valid: number[] = [];
    const sim = traced(
      {
        ...back,
        observe: (fromKernel, message) => {
          if (fromKernel && message.words[1] === 4) valid.push(message.words[10]);
        },
      },
      plainRam,
    );
    sim.call(make);
    sim.call({ op: 'truncate', path: '/f', size: 0 });
    expect(valid).toEqual([0x208]);
  });

  test('a descriptor of O_PATH writes nothing when it is closed', () => {
    const sim = traced(back, plainRam);
    sim.call(make);
    sim.call({ op: 'open', path: '/f', flags: O_PATH, mode: 0 });
    sim.call({ op: 'write', fd: 3, data: { seed: 0, length: 10 } });
    expect(sim.traced({ op: 'close', fd: 4 })).toEqual([]);
    expect(sim.traced({ op: 'close', fd: 3 })).toContain('WRITE');
  });

  test('a time that is set, be it now, comes behind what is dirty', () => {
    const sim = traced(back, plainRam);
    sim.call(make);
    sim.call({ op: 'write', fd: 3, data: { seed: 0, length: 10 } });
    expect(sim.traced({ op: 'futimens', fd: 3, atime: 'now', mtime: 'omit' })).toEqual(['WRITE', 'SETATTR', 'SETATTR']);
  });
});

test('a file that is known by several names is found again by the last', () => {
  const sim = traced({ mount: { ...kept, exportSupport: true } });
  sim.call(make);
  sim.call({ op: 'link', path: '/f', newPath: '/g', flags: 0 });
  sim.call({ op: 'name_to_handle_at', path: '', flags: AT_EMPTY_PATH, dirfd: 3, into: 0 });
  sim.call({ op: 'open_by_handle_at', handle: 0, flags: O_RDONLY });
  // What stands for the handle is looked up when it is next walked to.
  expect(sim.traced({ op: 'stat', path: '/g' })).toContain('LOOKUP');
  expect(sim.traced({ op: 'stat', path: '/f' })).not.toContain('LOOKUP');
});
