import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostKernel } from '../../src/check/host-kernel/index.ts';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import type { Call, DirectoryEntry, ErrnoName, Stat, SyscallName } from '../../src/vfs/index.ts';
import {
  AT_EMPTY_PATH,
  errnoNumbers,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  LOCK_EX,
  LOCK_NB,
  nameFromBytes,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_WRONLY,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  root,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_HOLE,
  SEEK_SET,
  syscalls,
  W_OK,
  XATTR_CREATE,
} from '../../src/vfs/index.ts';

function missing(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root';
  try {
    createRequire(import.meta.url)('koffi');
    return undefined;
  } catch {
    return 'it needs the package koffi';
  }
}

const reason = missing();
const wanted = process.env.CI === 'true' || reason === undefined;
if (!wanted) test.skip(`the host kernel: skipped, ${reason}`);

const user = { uid: 1000, gid: 1000, groups: [] };
const text = (data: string) => new TextEncoder().encode(data);
const error = (name: ErrnoName) => -errnoNumbers[name];

const index = fileURLToPath(new URL('../../dist/check/host-kernel/index.js', import.meta.url));
let kernel: HostKernel;
const used = new Set<SyscallName>();

const run = (call: Call, pid = 1) => {
  used.add(call.op);
  return kernel.call(pid, call);
};
const step = (call: Call, expected: unknown, pid = 1) => {
  const result = run(call, pid);
  const plain = result instanceof Uint8Array ? new TextDecoder().decode(result) : result;
  expect(plain, JSON.stringify(call)).toEqual(expected);
};
const open = (path: string, flags: number, into?: number): Call => ({ op: 'open', path, flags, mode: 0o666, into });
const names = (result: unknown) => (result as DirectoryEntry[]).map(({ name }) => name).sort();

describe.runIf(wanted)('the host kernel on tmpfs', () => {
  beforeAll(() => {
    kernel = hostKernel({ filesystem: 'tmpfs' });
  });
  beforeEach(() => {
    kernel.reset();
    kernel.spawn(1, root);
  });
  afterAll(() => kernel?.close());

  test('opens, reads, writes, seeks and truncates', () => {
    step(open('/a', O_CREAT | O_RDWR), 3);
    step({ op: 'write', fd: 3, data: text('hello world') }, 11);
    step({ op: 'pread', fd: 3, size: 5, offset: 6 }, 'world');
    step({ op: 'lseek', fd: 3, offset: 6, whence: SEEK_SET }, 6);
    step({ op: 'read', fd: 3, size: 100 }, 'world');
    step({ op: 'pwrite', fd: 3, data: text('J'), offset: 0 }, 1);
    step({ op: 'lseek', fd: 3, offset: 0, whence: SEEK_SET }, 0);
    step({ op: 'readv', fd: 3, sizes: [1, 0, 4] }, 'Jello');
    step({ op: 'writev', fd: 3, datas: [text('-'), text('-')] }, 2);
    step({ op: 'pread', fd: 3, size: 100, offset: 0 }, 'Jello--orld');
    step({ op: 'ftruncate', fd: 3, size: 2 }, 0);
    step({ op: 'truncate', path: '/a', size: 4 }, 0);
    step({ op: 'pread', fd: 3, size: 100, offset: 0 }, 'Je\0\0');
    step({ op: 'truncate', path: '/a', size: -1 }, error('EINVAL'));
    step({ op: 'creat', path: '/a', mode: 0o600, into: 7 }, 7);
    step({ op: 'fstat', fd: 3 }, expect.objectContaining({ size: 0, mode: S_IFREG | 0o644, nlink: 1 }));
    step({ op: 'close', fd: 3 }, 0);
    step({ op: 'close', fd: 3 }, error('EBADF'));
    step({ op: 'read', fd: 7, size: 1 }, error('EBADF'));
  });

  test('data that was read stays as it is', () => {
    step(open('/a', O_CREAT | O_RDWR), 3);
    step({ op: 'write', fd: 3, data: text('first second') }, 12);
    const data = run({ op: 'pread', fd: 3, size: 5, offset: 0 }) as Uint8Array;
    run({ op: 'pread', fd: 3, size: 6, offset: 6 });
    expect(new TextDecoder().decode(data)).toBe('first');
  });

  test('holes, preallocation and copies', () => {
    step(open('/a', O_CREAT | O_RDWR), 3);
    step(open('/b', O_CREAT | O_RDWR), 4);
    step({ op: 'fallocate', fd: 3, mode: 0, offset: 0, size: 8192 }, 0);
    step({ op: 'pwrite', fd: 3, data: { seed: 0, length: 16384 }, offset: 0 }, 16384);
    const mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;
    step({ op: 'fallocate', fd: 3, mode, offset: 4096, size: 4096 }, 0);
    step({ op: 'lseek', fd: 3, offset: 0, whence: SEEK_HOLE }, 4096);
    step({ op: 'lseek', fd: 3, offset: 5000, whence: SEEK_DATA }, 8192);
    step({ op: 'copy_file_range', fd: 3, fdOut: 4, size: 10, offset: 8192, offsetOut: 2 }, 10);
    step({ op: 'fstat', fd: 4 }, expect.objectContaining({ size: 12 }));
    step({ op: 'copy_file_range', fd: 4, fdOut: 3, size: 4 }, 4);
    step({ op: 'lseek', fd: 4, offset: 0, whence: SEEK_CUR }, 4);
    for (const op of ['fsync', 'fdatasync', 'syncfs'] as const) step({ op, fd: 3 }, 0);
    step({ op: 'sync' }, 0);
  });

  test('descriptors: `into`, dup and dup2', () => {
    step(open('/a', O_CREAT | O_RDWR, 9), 9);
    step({ op: 'dup', fd: 9 }, 3);
    step({ op: 'dup', fd: 9, into: 20 }, 20);
    step({ op: 'dup2', fd: 9, newFd: 9 }, 9);
    step({ op: 'dup2', fd: 9, newFd: 5000 }, error('EBADF'));
    step({ op: 'dup2', fd: 8, newFd: 9 }, error('EBADF'));
    step({ op: 'write', fd: 3, data: text('abc') }, 3);
    step({ op: 'lseek', fd: 20, offset: 0, whence: SEEK_CUR }, 3);
    step(open('/b', O_CREAT | O_RDWR, 20), 20);
    step({ op: 'lseek', fd: 20, offset: 0, whence: SEEK_CUR }, 0);
    step({ op: 'lseek', fd: 9, offset: 0, whence: SEEK_CUR }, 3);
  });

  test('attributes: modes, owners, times, access', () => {
    step(open('/a', O_CREAT | O_RDWR), 3);
    step({ op: 'symlink', target: 'a', path: '/s' }, 0);
    step({ op: 'chmod', path: '/s', mode: 0o600 }, 0);
    step({ op: 'stat', path: '/a' }, expect.objectContaining({ mode: S_IFREG | 0o600 }));
    step({ op: 'fchmod', fd: 3, mode: 0o4711 }, 0);
    step({ op: 'chown', path: '/s', uid: 1, gid: -1 }, 0);
    step({ op: 'lchown', path: '/s', uid: 2, gid: 3 }, 0);
    step({ op: 'lstat', path: '/s' }, expect.objectContaining({ uid: 2, gid: 3, size: 1 }));
    step({ op: 'fchown', fd: 3, uid: -1, gid: 4 }, 0);
    step({ op: 'stat', path: '/a' }, expect.objectContaining({ uid: 1, gid: 4, mode: S_IFREG | 0o711 }));
    const [atime, mtime] = [
      { sec: -1, nsec: 999_999_999 },
      { sec: 2 ** 33, nsec: 1 },
    ];
    step({ op: 'utimensat', path: '/a', atime, mtime, flags: 0 }, 0);
    step({ op: 'stat', path: '/a' }, expect.objectContaining({ atime, mtime }));
    step({ op: 'futimens', fd: 3, atime: 'now', mtime: 'omit' }, 0);
    const stat = run({ op: 'statx', path: '', flags: AT_EMPTY_PATH, mask: 0xfff, dirfd: 3 }) as Stat;
    expect(stat.mtime).toEqual(mtime);
    expect(stat.atime.sec).toBeGreaterThan(1_700_000_000);
    expect(stat.btime).toBeDefined();
    step({ op: 'access', path: '/a', mode: W_OK }, 0);
    step({ op: 'access', path: '/none', mode: 0 }, error('ENOENT'));
    step({ op: 'umask', mask: 0o077 }, 0o022);
    step({ op: 'umask', mask: 0o022 }, 0o077);
    step({ op: 'statfs', path: '/' }, expect.objectContaining({ namelen: 255, bsize: 4096, blocks: 16384 }));
    step({ op: 'fstatfs', fd: 3 }, expect.objectContaining({ namelen: 255 }));
  });

  test('stamps lie between now() before and after the call, with the slack', () => {
    const nanoseconds = ({ sec, nsec }: { sec: number; nsec: number }) => BigInt(sec) * 1_000_000_000n + BigInt(nsec);
    const before = nanoseconds(kernel.now());
    run(open('/a', O_CREAT | O_RDWR));
    const stat = run({ op: 'fstat', fd: 3 }) as Stat;
    const after = nanoseconds(kernel.now());
    expect(nanoseconds(stat.mtime)).toBeGreaterThanOrEqual(before - BigInt(kernel.timeSlack));
    expect(nanoseconds(stat.mtime)).toBeLessThanOrEqual(after);
  });

  test('directories and names', () => {
    const odd = nameFromBytes(Uint8Array.of(0x66, 0xff, 0xfe));
    step({ op: 'mkdir', path: '/d', mode: 0o777 }, 0);
    step(open(`/d/${odd}`, O_CREAT | O_WRONLY), 3);
    step(open('/d', O_RDONLY | O_DIRECTORY), 4);
    const entries = run({ op: 'getdents', fd: 4, size: 4096 });
    expect(names(entries)).toEqual(['.', '..', odd].sort());
    step({ op: 'getdents', fd: 4, size: 4096 }, []);
    step({ op: 'getdents', fd: 4, size: 1 }, []);
    step({ op: 'open', path: 'x', flags: O_CREAT | O_WRONLY, mode: 0o600, dirfd: 4 }, 5);
    step({ op: 'fchdir', fd: 4 }, 0);
    step({ op: 'link', path: 'x', newPath: 'y', flags: 0 }, 0);
    step({ op: 'rename', path: 'y', newPath: 'x', flags: RENAME_NOREPLACE }, error('EEXIST'));
    step({ op: 'rename', path: 'y', newPath: odd, flags: RENAME_EXCHANGE }, 0);
    step({ op: 'chdir', path: '..' }, 0);
    step({ op: 'rmdir', path: 'd' }, error('ENOTEMPTY'));
    step({ op: 'symlink', target: odd, path: 's' }, 0);
    step({ op: 'readlink', path: 's' }, odd);
    step({ op: 'unlink', path: 's' }, 0);
    step({ op: 'mknod', path: 'fifo', mode: S_IFIFO | 0o644, rdev: 0 }, 0);
    step({ op: 'stat', path: 'fifo' }, expect.objectContaining({ mode: S_IFIFO | 0o644 }));
    step(open('fifo', O_WRONLY), error('ENXIO'));
    step({ op: 'open', path: '/', flags: O_TMPFILE | O_RDWR, mode: 0o600, into: 30 }, 30);
    step({ op: 'fstat', fd: 30 }, expect.objectContaining({ nlink: 0 }));
  });

  test('extended attributes', () => {
    step(open('/a', O_CREAT | O_RDWR), 3);
    step({ op: 'symlink', target: 'a', path: '/s' }, 0);
    step({ op: 'setxattr', path: '/s', name: 'user.one', value: text('1'), flags: XATTR_CREATE }, 0);
    step({ op: 'fsetxattr', fd: 3, name: 'user.two', value: text('22'), flags: 0 }, 0);
    step({ op: 'lsetxattr', path: '/s', name: 'user.x', value: text(''), flags: 0 }, error('EPERM'));
    step({ op: 'getxattr', path: '/a', name: 'user.one', size: 0 }, 1);
    step({ op: 'getxattr', path: '/a', name: 'user.two', size: 1 }, error('ERANGE'));
    step({ op: 'lgetxattr', path: '/a', name: 'user.two', size: 10 }, '22');
    step({ op: 'fgetxattr', fd: 3, name: 'user.none', size: 10 }, error('ENODATA'));
    for (const call of [
      { op: 'listxattr', path: '/s', size: 100 },
      { op: 'llistxattr', path: '/a', size: 100 },
      { op: 'flistxattr', fd: 3, size: 100 },
    ] as const)
      expect([...(run(call) as string[])].sort()).toEqual(['user.one', 'user.two']);
    step({ op: 'llistxattr', path: '/s', size: 100 }, []);
    step({ op: 'removexattr', path: '/s', name: 'user.one' }, 0);
    step({ op: 'lremovexattr', path: '/a', name: 'user.two' }, 0);
    step({ op: 'fremovexattr', fd: 3, name: 'user.two' }, error('ENODATA'));
  });

  test('locks are between processes; a call that would wait for ever is an error', () => {
    kernel.spawn(2, root);
    step(open('/a', O_CREAT | O_RDWR), 3);
    step(open('/a', O_RDWR), 3, 2);
    const lock = { type: 'write', whence: SEEK_SET, start: 10, size: 5, fd: 3 } as const;
    step({ op: 'setlk', ...lock, wait: false }, 0);
    step({ op: 'getlk', ...lock, start: 0, size: 0 }, { type: 'write', start: 10, length: 5, pid: 1 }, 2);
    step({ op: 'setlk', ...lock, wait: false }, error('EAGAIN'), 2);
    expect(() => run({ op: 'setlk', ...lock, wait: true }, 2)).toThrow(/setlk by process 2 would wait/);
    step({ op: 'flock', fd: 3, operation: LOCK_EX }, 0);
    step({ op: 'flock', fd: 3, operation: LOCK_EX | LOCK_NB }, error('EAGAIN'), 2);
    expect(() => run({ op: 'flock', fd: 3, operation: LOCK_EX }, 2)).toThrow(/would wait/);
    step({ op: 'exit', status: 0 }, 0);
    step({ op: 'setlk', ...lock, wait: true }, 0, 2);
    step({ op: 'flock', fd: 3, operation: LOCK_EX }, 0, 2);
  });

  test('an open keeps the locks that the process has on the file', () => {
    kernel.spawn(2, root);
    step(open('/a', O_CREAT | O_RDWR, 12), 12);
    const lock = { op: 'setlk', type: 'write', whence: SEEK_SET, start: 0, size: 0, wait: false } as const;
    step({ ...lock, fd: 12 }, 0);
    step(open('/a', O_RDWR, 5), 5);
    step(open('/a', O_RDWR), 3, 2);
    step({ ...lock, fd: 3 }, error('EAGAIN'), 2);
  });

  test('a child shares the open files, the directory, the umask and the user', () => {
    kernel.spawn(5, user, 0o027);
    kernel.call(1, { op: 'mkdir', path: '/d', mode: 0o777 });
    kernel.call(1, { op: 'chmod', path: '/d', mode: 0o777 });
    step({ op: 'chdir', path: '/d' }, 0, 5);
    step(open('a', O_CREAT | O_RDWR, 40), 40, 5);
    step({ op: 'write', fd: 40, data: text('abcdef') }, 6, 5);
    step({ op: 'fork', child: 6 }, 6, 5);
    step({ op: 'lseek', fd: 40, offset: 2, whence: SEEK_SET }, 2, 6);
    step({ op: 'read', fd: 40, size: 2 }, 'cd', 5);
    step({ op: 'close', fd: 40 }, 0, 5);
    step({ op: 'read', fd: 40, size: 9 }, 'ef', 6);
    step(open('b', O_CREAT | O_RDWR), 3, 6);
    step({ op: 'stat', path: '/d/b' }, expect.objectContaining({ uid: 1000, gid: 1000, mode: S_IFREG | 0o640 }), 6);
    step({ op: 'kill', pid: 6, signal: 9 }, 0, 5);
    step({ op: 'kill', pid: 6, signal: 0 }, error('ESRCH'), 5);
    step({ op: 'kill', pid: 1, signal: 9 }, error('EPERM'), 5);
    step({ op: 'read', fd: 40, size: 9 }, error('ESRCH'), 6);
  });

  test("permission checks are the kernel's, supplementary groups included", () => {
    kernel.spawn(2, user);
    kernel.spawn(3, { uid: 1001, gid: 1001, groups: [50, 1000] });
    step(open('/secret', O_CREAT | O_RDWR), 3);
    step({ op: 'chmod', path: '/secret', mode: 0o640 }, 0);
    step({ op: 'chown', path: '/secret', uid: 0, gid: 50 }, 0);
    step(open('/secret', O_RDONLY), error('EACCES'), 2);
    step({ op: 'access', path: '/secret', mode: W_OK }, error('EACCES'), 3);
    step(open('/secret', O_RDONLY), 3, 3);
    step({ op: 'chown', path: '/secret', uid: 1000, gid: 1000 }, error('EPERM'), 2);
    step({ op: 'mkdir', path: '/d', mode: 0o777 }, error('EACCES'), 2);
    step({ op: 'fork', child: 4 }, 4, 2);
    step(open('/secret', O_RDONLY), error('EACCES'), 4);
    kernel.reset();
    kernel.spawn(1, root);
    step({ op: 'mkdir', path: '/d', mode: 0o700 }, 0);
    step({ op: 'stat', path: '/d' }, expect.objectContaining({ uid: 0, gid: 0 }));
  });

  test('a reset leaves nothing behind', () => {
    kernel.spawn(2, user);
    step({ op: 'mkdir', path: '/a', mode: 0o000 }, 0);
    step({ op: 'mkdir', path: '/a/b', mode: 0o000 }, 0);
    step(open('/a/b/c', O_CREAT | O_RDWR), 3);
    step({ op: 'chdir', path: '/a/b' }, 0);
    step({ op: 'setxattr', path: '/', name: 'user.a', value: text('a'), flags: 0 }, 0);
    step({ op: 'chmod', path: '/', mode: 0o1777 }, 0);
    kernel.reset();
    kernel.spawn(1, root);
    step({ op: 'stat', path: '/' }, expect.objectContaining({ mode: 0o40755, uid: 0, gid: 0 }));
    step({ op: 'listxattr', path: '/', size: 0 }, 0);
    step({ op: 'fstat', fd: 3 }, error('EBADF'));
    step(open('.', O_RDONLY | O_DIRECTORY), 3);
    expect(names(run({ op: 'getdents', fd: 3, size: 4096 }))).toEqual(['.', '..']);
    expect(() => kernel.call(2, { op: 'sync' })).toThrow(/spawned/);
  });

  test('it cannot be left: by `..`, by links, by devices', () => {
    const outside = statSync('/');
    step(
      { op: 'stat', path: '/../../..' },
      expect.objectContaining({ ino: (run({ op: 'stat', path: '/' }) as Stat).ino }),
    );
    step({ op: 'stat', path: '/etc/passwd' }, error('ENOENT'));
    step({ op: 'symlink', target: '/etc/passwd', path: '/s' }, 0);
    step(open('/s', O_RDONLY), error('ENOENT'));
    step({ op: 'symlink', target: '../../../../..', path: '/up' }, 0);
    step(open('/up', O_RDONLY | O_DIRECTORY), 3);
    expect((run({ op: 'fstat', fd: 3 }) as Stat).dev).not.toBe(outside.dev);
    step({ op: 'mknod', path: '/disk', mode: S_IFBLK | 0o600, rdev: 0x3c05 }, 0);
    step({ op: 'mknod', path: '/sda', mode: S_IFBLK | 0o600, rdev: 0x800 }, error('EPERM'));
    step({ op: 'mknod', path: '/mem', mode: S_IFCHR | 0o600, rdev: 0x101 }, error('EPERM'));
    step({ op: 'mknod', path: '/null', mode: S_IFCHR | 0o600, rdev: 0 }, 0);
    step(open('/null', O_RDWR), error('EACCES'));
    step(open('/disk', O_RDWR), error('EACCES'));
  });

  test('there is no other mount, and this one has neither devices nor set-user-id', () => {
    const [pid] = kernel.workerPids;
    const mounts = readFileSync(`/proc/${pid}/mounts`, 'utf8').trim().split('\n');
    expect(mounts).toEqual([expect.stringMatching(/^estale \/ tmpfs \S*nosuid,nodev/)]);
    expect(readFileSync('/proc/self/mounts', 'utf8')).not.toMatch(/^estale \S+ tmpfs/m);
  });

  test('every system call of the table was made, but those of host-kernel-memory.test.ts', () => {
    const memory = ['mmap', 'munmap', 'msync', 'load', 'store', 'posix_fadvise', 'drop_caches'];
    const elsewhere = new Set([...memory, 'name_to_handle_at', 'open_by_handle_at', ...used]);
    expect(Object.keys(syscalls).filter((name) => !elsewhere.has(name))).toEqual([]);
  });
});

describe.runIf(wanted)('the host kernel on a directory', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'estale-host-kernel-'));
  });
  afterEach(() => {
    kernel?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  test('works in it, and leaves it empty with its mode and owner', () => {
    const before = statSync(directory);
    kernel = hostKernel({ directory });
    kernel.spawn(1, root);
    step(open('/a', O_CREAT | O_WRONLY), 3);
    step({ op: 'chmod', path: '/', mode: 0o777 }, 0);
    expect(readdirSync(directory)).toEqual(['a']);
    kernel.close();
    expect(readdirSync(directory)).toEqual([]);
    expect(statSync(directory)).toMatchObject({ mode: before.mode, uid: before.uid });
  });

  test('refuses one that is not empty, or not there, or the root', () => {
    writeFileSync(join(directory, 'precious'), 'x');
    expect(() => hostKernel({ directory })).toThrow(/expected an empty directory/);
    expect(readdirSync(directory)).toEqual(['precious']);
    expect(() => hostKernel({ directory: join(directory, 'none') })).toThrow(/ENOENT/);
    expect(() => hostKernel({ directory: '/' })).toThrow(/of its own/);
  });

  test('a set-user-id file gives nobody rights, a file is bounded', () => {
    kernel = hostKernel({ directory, fileSizeLimit: 1 << 20 });
    kernel.spawn(1, root);
    step(open('/a', O_CREAT | O_WRONLY), 3);
    step({ op: 'fchmod', fd: 3, mode: 0o4755 }, 0);
    step({ op: 'stat', path: '/a' }, expect.objectContaining({ mode: S_IFREG | 0o4755 }));
    step({ op: 'ftruncate', fd: 3, size: 1 << 21 }, error('EFBIG'));
    step({ op: 'fallocate', fd: 3, mode: 0, offset: 1 << 20, size: 1 }, error('EFBIG'));
    step({ op: 'pwrite', fd: 3, data: text('abc'), offset: (1 << 20) - 1 }, 1);
  });

  test('nothing outside is touched through a link that was there before', () => {
    const outside = mkdtempSync(join(tmpdir(), 'estale-outside-'));
    try {
      kernel = hostKernel({ directory });
      kernel.spawn(1, root);
      step({ op: 'symlink', target: outside, path: '/out' }, 0);
      step(open('/out/a', O_CREAT | O_WRONLY), error('ENOENT'));
      step({ op: 'rename', path: '/out', newPath: '/../../in', flags: 0 }, 0);
      kernel.reset();
      expect(existsSync(outside)).toBe(true);
      expect(readdirSync(outside)).toEqual([]);
    } finally {
      rmSync(outside, { recursive: true });
    }
  });
});

describe.runIf(wanted)('the host kernel on ext4', () => {
  test('is fresh, has nanoseconds and large directory offsets, and is gone afterwards', () => {
    kernel = hostKernel({ filesystem: 'ext4' });
    kernel.spawn(1, root);
    step(open('/', O_RDONLY | O_DIRECTORY), 3);
    const entries = run({ op: 'getdents', fd: 3, size: 4096 }) as DirectoryEntry[];
    expect(names(entries)).toEqual(['.', '..']);
    step(open('/a', O_CREAT | O_RDWR), 4);
    const mtime = { sec: 1_000_000_000, nsec: 123_456_789 };
    step({ op: 'utimensat', path: '/a', atime: mtime, mtime, flags: 0 }, 0);
    step({ op: 'stat', path: '/a' }, expect.objectContaining({ mtime, mode: S_IFREG | 0o644 }));
    expect((run({ op: 'stat', path: '/a' }) as Stat).mode & S_IFMT).toBe(S_IFREG);
    kernel.close();
    expect(readdirSync(tmpdir()).filter((name) => name.endsWith('.ext4'))).toEqual([]);
  });
});

describe.runIf(wanted)('the host kernel when something is wrong', () => {
  const inChild = (code: string, uid = 0) => {
    const script = `import { hostKernel } from ${JSON.stringify(index)};\n${code}`;
    const settings = { uid, gid: uid, encoding: 'utf8', cwd: '/' } as const;
    return spawnSync(process.execPath, ['--input-type=module', '-e', script], settings).stdout.trim();
  };

  test('a process that does not answer is killed, and the others go on', () => {
    kernel = hostKernel({ filesystem: 'tmpfs', callLimit: 100 });
    try {
      kernel.spawn(1, root);
      step({ op: 'mkdir', path: '/d', mode: 0o755 }, 0);
      const [pid] = kernel.workerPids;
      kernel.spawn(2, root);
      process.kill(pid, 'SIGSTOP');
      expect(() => run({ op: 'sync' })).toThrow(/sync: no answer within 100 ms/);
      expect(() => run({ op: 'sync' })).toThrow(/has ended/);
      step({ op: 'rmdir', path: '/d' }, 0, 2);
      kernel.reset();
      kernel.spawn(1, root);
      step({ op: 'mkdir', path: '/d', mode: 0o755 }, 0);
      kernel.spawn(2, root);
      step({ op: 'rmdir', path: '/d' }, 0, 2);
    } finally {
      kernel.close();
    }
    expect(() => kernel.spawn(3, root)).toThrow(/closed/);
  });

  test('without root it works in a user namespace, with one user', () => {
    const code = `
      const kernel = hostKernel({ filesystem: 'tmpfs' });
      const root = { uid: 0, gid: 0, groups: [] };
      kernel.spawn(1, root);
      const results = [
        kernel.call(1, { op: 'open', path: '/a', flags: ${O_CREAT | O_RDWR}, mode: 0o644 }),
        kernel.call(1, { op: 'fork', child: 2 }),
        kernel.call(2, { op: 'write', fd: 3, data: { seed: 0, length: 5 } }),
        kernel.call(1, { op: 'lseek', fd: 3, offset: 0, whence: ${SEEK_CUR} }),
        kernel.call(1, { op: 'stat', path: '/etc' }),
        [...kernel.without],
      ];
      try { kernel.spawn(3, { uid: 5, gid: 5, groups: [] }); } catch (error) { results.push(error.message); }
      kernel.reset();
      kernel.close();
      try { hostKernel({ filesystem: 'ext4' }); } catch (error) { results.push(error.message); }
      console.log(JSON.stringify(results));`;
    expect(JSON.parse(inChild(code, 65534))).toEqual([
      ...[3, 2, 5, 5, error('ENOENT'), ['permissions', 'ownership', 'special', 'handles', 'drop-caches']],
      expect.stringMatching(/every process is the same user, given uid 5/),
      expect.stringMatching(/expected root, which mounts it, given uid 65534/),
    ]);
  });

  test('without koffi it says so', () => {
    const hidden = `
      import { Module } from 'node:module';
      const load = Module._load;
      Module._load = (name, ...rest) => {
        if (name === 'koffi') throw new Error('no binary');
        return load(name, ...rest);
      };
      try { hostKernel({ filesystem: 'tmpfs' }); } catch (error) { console.log(error.message); }`;
    expect(inChild(hidden)).toMatch(/expected the package koffi .* cannot be loaded: no binary/);
  });
});

describe.runIf(wanted)('when the parent is gone', () => {
  const running = (pid: number) => {
    try {
      return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
    } catch {
      return false;
    }
  };
  const gone = async (pid: number) => {
    while (running(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
  };

  test.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'by %s, the processes end and a directory is emptied',
    async (signal) => {
      const directory = mkdtempSync(join(tmpdir(), 'estale-killed-'));
      const script = `
      import { hostKernel } from ${JSON.stringify(index)};
      const kernel = hostKernel({ directory: ${JSON.stringify(directory)} });
      kernel.spawn(1, { uid: 0, gid: 0, groups: [] });
      kernel.spawn(2, { uid: 1000, gid: 1000, groups: [] });
      kernel.call(1, { op: 'mkdir', path: '/d', mode: 0o755 });
      kernel.call(1, { op: 'chdir', path: '/d' });
      console.log(JSON.stringify(kernel.workerPids));
      setInterval(() => {}, 1000);
    `;
      const parent = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const pids: number[] = await new Promise((resolve) => {
        parent.stdout.once('data', (data: Buffer) => resolve(JSON.parse(data.toString())));
      });
      expect(pids).toHaveLength(2);
      expect(readdirSync(directory)).toEqual(['d']);
      parent.kill(signal);
      await Promise.all(pids.map(gone));
      expect(readdirSync(directory)).toEqual([]);
      rmSync(directory, { recursive: true });
    },
  );
});
