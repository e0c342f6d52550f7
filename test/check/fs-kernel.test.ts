import fs, { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { FsKernel, memfsKernel } from '../../src/check/fs-kernel/index.ts';
import type { Call, Kernel, Stat } from '../../src/vfs/index.ts';
import {
  errno,
  nameFromBytes,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  root,
  S_IFMT,
  S_IFREG,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../src/vfs/index.ts';

const clock = { now: () => ({ sec: 1_000_000_000, nsec: 0 }) };
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (result: unknown) => new TextDecoder().decode(result as Uint8Array);

const finishing: (() => void)[] = [];
afterEach(() => {
  for (const finish of finishing.splice(0)) finish();
});

function onMemfs(): FsKernel {
  const kernel = memfsKernel({ clock });
  finishing.push(() => kernel.close());
  kernel.spawn(1, root);
  return kernel;
}

function onHost(): { kernel: FsKernel; directory: string } {
  const directory = mkdtempSync(join(tmpdir(), 'estale-fs-kernel-'));
  const credentials = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, groups: [] };
  const kernel = new FsKernel(fs, { clock, root: directory, name: 'node:fs', credentials });
  finishing.push(() => {
    kernel.close();
    rmSync(directory, { recursive: true });
  });
  kernel.spawn(1, credentials);
  return { kernel, directory };
}

const targets: [string, () => FsKernel][] = [
  ['memfs', onMemfs],
  ['node:fs', () => onHost().kernel],
];

const run = (kernel: Kernel, call: Call, pid = 1) => kernel.call(pid, call);
const open = (path: string, flags: number, into?: number): Call => ({ op: 'open', path, flags, mode: 0o666, into });

describe.each(targets)('FsKernel on %s', (_, make) => {
  test('writes, reads and seeks', () => {
    const kernel = make();
    expect(run(kernel, open('/a', O_CREAT | O_RDWR))).toBe(3);
    expect(run(kernel, { op: 'write', fd: 3, data: bytes('hello world') })).toBe(11);
    expect(run(kernel, { op: 'lseek', fd: 3, offset: -5, whence: SEEK_CUR })).toBe(6);
    expect(text(run(kernel, { op: 'read', fd: 3, size: 100 }))).toBe('world');
    expect(run(kernel, { op: 'lseek', fd: 3, offset: 2, whence: SEEK_END })).toBe(13);
    expect(run(kernel, { op: 'write', fd: 3, data: bytes('!') })).toBe(1);
    expect(run(kernel, { op: 'pwrite', fd: 3, data: bytes('J'), offset: 0 })).toBe(1);
    expect(text(run(kernel, { op: 'pread', fd: 3, size: 100, offset: 0 }))).toBe('Jello world\0\0!');
    expect(run(kernel, { op: 'lseek', fd: 3, offset: 0, whence: SEEK_CUR })).toBe(14);
    expect(run(kernel, { op: 'ftruncate', fd: 3, size: 2 })).toBe(0);
    expect(run(kernel, { op: 'fsync', fd: 3 })).toBe(0);
    const stat = run(kernel, { op: 'fstat', fd: 3 }) as Stat;
    expect(stat).toMatchObject({ size: 2, nlink: 1, mode: S_IFREG | 0o644 });
    expect(run(kernel, { op: 'close', fd: 3 })).toBe(0);
    expect(run(kernel, { op: 'read', fd: 3, size: 1 })).toBe(-errno.EBADF.errno);
  });

  test('appends wherever the offset is, and moves it to the end', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_RDWR | O_APPEND));
    run(kernel, { op: 'write', fd: 3, data: bytes('one') });
    expect(run(kernel, { op: 'lseek', fd: 3, offset: 0, whence: SEEK_SET })).toBe(0);
    run(kernel, { op: 'write', fd: 3, data: bytes('two') });
    expect(run(kernel, { op: 'lseek', fd: 3, offset: 0, whence: SEEK_CUR })).toBe(6);
    expect(text(run(kernel, { op: 'pread', fd: 3, size: 10, offset: 0 }))).toBe('onetwo');
  });

  test('reads and writes vectors', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_RDWR));
    expect(run(kernel, { op: 'writev', fd: 3, datas: [bytes('ab'), bytes('cde')] })).toBe(5);
    run(kernel, { op: 'lseek', fd: 3, offset: 0, whence: SEEK_SET });
    expect(text(run(kernel, { op: 'readv', fd: 3, sizes: [1, 3] }))).toBe('abcd');
    expect(run(kernel, { op: 'readv', fd: 3, sizes: [] })).toEqual(new Uint8Array(0));
  });

  test('shares an open file after dup and fork, until the last descriptor is closed', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_RDWR));
    expect(run(kernel, { op: 'dup', fd: 3, into: 9 })).toBe(9);
    expect(run(kernel, { op: 'fork', child: 2 })).toBe(2);
    run(kernel, { op: 'write', fd: 3, data: bytes('abcdef') }, 2);
    expect(run(kernel, { op: 'exit', status: 0 }, 2)).toBe(0);
    expect(run(kernel, { op: 'close', fd: 3 })).toBe(0);
    expect(run(kernel, { op: 'lseek', fd: 9, offset: 0, whence: SEEK_CUR })).toBe(6);
    expect(text(run(kernel, { op: 'pread', fd: 9, size: 9, offset: 0 }))).toBe('abcdef');
    expect(run(kernel, { op: 'sync' }, 2)).toBe(-errno.ESRCH.errno);
    expect(run(kernel, { op: 'kill', pid: 2, signal: 0 })).toBe(-errno.ESRCH.errno);
  });

  test('`into` replaces what was open there, and dup2 onto itself changes nothing', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_WRONLY, 7));
    run(kernel, { op: 'write', fd: 7, data: bytes('a') });
    expect(run(kernel, { op: 'dup2', fd: 7, newFd: 7 })).toBe(7);
    expect(run(kernel, open('/b', O_CREAT | O_WRONLY, 7))).toBe(7);
    run(kernel, { op: 'write', fd: 7, data: bytes('bb') });
    expect(run(kernel, { op: 'stat', path: '/a' })).toMatchObject({ size: 1 });
    expect(run(kernel, { op: 'stat', path: '/b' })).toMatchObject({ size: 2 });
  });

  test('a new file has the mode that the umask leaves', () => {
    const kernel = make();
    expect(run(kernel, { op: 'umask', mask: 0o077 })).toBe(0o022);
    run(kernel, open('/a', O_CREAT | O_WRONLY));
    run(kernel, { op: 'mkdir', path: '/d', mode: 0o777 });
    const mode = (path: string) => (run(kernel, { op: 'stat', path }) as Stat).mode & ~S_IFMT;
    expect([mode('/a'), mode('/d')]).toEqual([0o600, 0o700]);
  });

  test('lists a directory in pieces, `.` and `..` first', () => {
    const kernel = make();
    for (const name of ['a', 'b', 'c']) run(kernel, open(`/${name}`, O_CREAT | O_WRONLY, 3));
    run(kernel, open('/', O_RDONLY | O_DIRECTORY, 3));
    const names = [];
    for (;;) {
      const entries = run(kernel, { op: 'getdents', fd: 3, size: 48 });
      if (!Array.isArray(entries) || entries.length === 0) break;
      expect(entries.length).toBeLessThanOrEqual(2);
      names.push(...entries.map(({ name }) => name));
    }
    expect(names.slice(0, 2)).toEqual(['.', '..']);
    expect(names.slice(2).sort()).toEqual(['a', 'b', 'c']);
    run(kernel, { op: 'lseek', fd: 3, offset: 0, whence: SEEK_SET });
    expect(run(kernel, { op: 'getdents', fd: 3, size: 8 })).toBe(-errno.EINVAL.errno);
  });

  test('links, symbolic links, renames and removals go through', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_WRONLY));
    expect(run(kernel, { op: 'link', path: '/a', newPath: '/b', flags: 0 })).toBe(0);
    expect(run(kernel, { op: 'symlink', target: 'b', path: '/s' })).toBe(0);
    expect(run(kernel, { op: 'readlink', path: '/s' })).toBe('b');
    expect(run(kernel, { op: 'stat', path: '/s' })).toMatchObject({ nlink: 2 });
    expect(run(kernel, { op: 'rename', path: '/b', newPath: '/c', flags: 0 })).toBe(0);
    expect(run(kernel, { op: 'stat', path: '/s' })).toBe(-errno.ENOENT.errno);
    expect(run(kernel, { op: 'unlink', path: '/c' })).toBe(0);
    expect(run(kernel, { op: 'mkdir', path: '/d', mode: 0o755 })).toBe(0);
    expect(run(kernel, { op: 'chdir', path: 'd' })).toBe(0);
    expect(run(kernel, open('x', O_CREAT | O_EXCL | O_WRONLY))).toBe(4);
    expect(run(kernel, { op: 'rmdir', path: '/d' })).toBe(-errno.ENOTEMPTY.errno);
    expect(run(kernel, { op: 'unlink', path: '/d/x' })).toBe(0);
    expect(run(kernel, { op: 'rmdir', path: '/d' })).toBe(0);
  });

  test('sets times, also before 1970, and keeps the omitted one', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_WRONLY));
    const at = (sec: number, nsec = 0) => ({ sec, nsec });
    expect(run(kernel, { op: 'utimensat', path: '/a', atime: at(100, 500_000_000), mtime: at(-7), flags: 0 })).toBe(0);
    expect(run(kernel, { op: 'stat', path: '/a' })).toMatchObject({ atime: at(100, 500_000_000), mtime: at(-7) });
    expect(run(kernel, { op: 'futimens', fd: 3, atime: 'omit', mtime: 'now' })).toBe(0);
    expect(run(kernel, { op: 'stat', path: '/a' })).toMatchObject({ atime: at(100, 500_000_000), mtime: clock.now() });
  });

  test('positions and sizes beyond the limit are the end of a file, or EFBIG', () => {
    const kernel = make();
    run(kernel, open('/a', O_CREAT | O_RDWR));
    run(kernel, open('/a', O_RDONLY));
    for (const far of [2 ** 31, 2 ** 53, 2 ** 63 - 1024]) {
      expect(run(kernel, { op: 'pread', fd: 3, size: 10, offset: far })).toEqual(new Uint8Array(0));
      expect(run(kernel, { op: 'pwrite', fd: 3, data: bytes('a'), offset: far })).toBe(-errno.EFBIG.errno);
      expect(run(kernel, { op: 'pwrite', fd: 3, data: bytes(''), offset: far })).toBe(0);
      expect(run(kernel, { op: 'pwrite', fd: 4, data: bytes('a'), offset: far })).toBe(-errno.EBADF.errno);
      expect(run(kernel, { op: 'truncate', path: '/a', size: far })).toBe(-errno.EFBIG.errno);
      expect(run(kernel, { op: 'truncate', path: '/b', size: far })).toBe(-errno.ENOENT.errno);
      expect(run(kernel, { op: 'ftruncate', fd: 4, size: far })).toBe(-errno.EINVAL.errno);
      expect(run(kernel, { op: 'lseek', fd: 3, offset: far, whence: SEEK_SET })).toBe(far);
      expect(run(kernel, { op: 'read', fd: 3, size: 10 })).toEqual(new Uint8Array(0));
      expect(run(kernel, { op: 'write', fd: 3, data: bytes('a') })).toBe(-errno.EFBIG.errno);
    }
    expect(run(kernel, { op: 'fstat', fd: 3 })).toMatchObject({ size: 0 });
  });

  test('says ENOSYS where node:fs has no words', () => {
    const kernel = make();
    expect(run(kernel, { op: 'getxattr', path: '/', name: 'user.a', size: 0 })).toBe(-errno.ENOSYS.errno);
    expect(run(kernel, { op: 'mknod', path: '/f', mode: 0o10644, rdev: 0 })).toBe(-errno.ENOSYS.errno);
    expect(kernel.without.has('xattrs')).toBe(true);
    expect(kernel.without.has('links')).toBe(false);
  });
});

describe('FsKernel', () => {
  test('carries names that are no UTF-8 to the host', () => {
    const { kernel, directory } = onHost();
    const name = nameFromBytes(Uint8Array.of(0x61, 0xff));
    expect(run(kernel, open(`/${name}`, O_CREAT | O_WRONLY))).toBe(3);
    expect(fs.readdirSync(directory, { encoding: 'buffer' })).toEqual([Buffer.from([0x61, 0xff])]);
  });

  test('refuses to leave a root directory', () => {
    const { kernel, directory } = onHost();
    expect(() => run(kernel, { op: 'stat', path: '/../etc' })).toThrow(/host kernel/);
    expect(() => run(kernel, { op: 'symlink', target: '/etc', path: '/s' })).toThrow(/host kernel/);
    symlinkSync('a', join(directory, 's'));
    expect(run(kernel, { op: 'readlink', path: '/s' })).toBe('a');
  });

  test('reports a thrown value without a POSIX code, and an answer of the wrong shape', () => {
    const broken = {
      ...fs,
      mkdirSync: () => {
        throw new TypeError('cannot read properties of undefined');
      },
      rmdirSync: async () => {},
      readSync: () => -1,
      statSync: () => undefined,
    };
    const kernel = new FsKernel(broken, { clock });
    kernel.spawn(1, root);
    const failure = (call: Call) => {
      expect(run(kernel, call)).toBe(-errno.EIO.errno);
      return kernel.lastFailure;
    };
    expect(failure({ op: 'mkdir', path: '/x', mode: 0o777 })).toMatchObject({
      call: { op: 'mkdir' },
      message: 'TypeError: cannot read properties of undefined',
    });
    expect(failure({ op: 'rmdir', path: '/x' })?.message).toMatch(/promise/);
    expect(failure({ op: 'stat', path: '/' })?.message).toBe('expected fs.Stats, given undefined');
    expect(run(kernel, { op: 'sync' })).toBe(0);
    expect(kernel.lastFailure).toBeUndefined();
  });

  test('says what is missing of an object without synchronous methods', () => {
    expect(() => new FsKernel(fs.promises, { clock })).toThrow(/openSync.* missing \(only callbacks or promises/);
    expect(() => new FsKernel(null, { clock })).toThrow(/expected an object/);
  });

  test('takes a capability away with its method', () => {
    const kernel = new FsKernel({ ...fs, linkSync: undefined }, { clock });
    expect(kernel.without.has('links')).toBe(true);
  });

  test('does not run processes with other credentials', () => {
    expect(() => onMemfs().spawn(2, { uid: 1000, gid: 1000, groups: [] })).toThrow(/permissions/);
  });

  test('runs every use of the object inside the wrapper', () => {
    let depth = 0;
    const inside: number[] = [];
    const statSync = (...given: Parameters<typeof fs.statSync>) => {
      inside.push(depth);
      return fs.statSync(...given);
    };
    const wrap = <T>(use: () => T): T => {
      depth += 1;
      try {
        return use();
      } finally {
        depth -= 1;
      }
    };
    const kernel = new FsKernel({ ...fs, statSync }, { clock, wrap });
    kernel.spawn(1, root);
    run(kernel, { op: 'stat', path: '/' });
    expect(inside).toEqual([1]);
  });
});
