import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { HostKernel } from '../../src/check/host-kernel/index.ts';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { probe, reusingTarget } from '../../src/check/index.ts';
import type { Call, ErrnoName } from '../../src/vfs/index.ts';
import {
  errnoNumbers,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_SYNC,
  O_CREAT,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  POSIX_FADV_DONTNEED,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  root,
  S_IFIFO,
} from '../../src/vfs/index.ts';

const able = process.platform === 'linux' && process.getuid?.() === 0;
const wanted = process.env.CI === 'true' || able;
if (!wanted) test.skip('mappings and handles of the host kernel: skipped, they need Linux and root');

const user = { uid: 1000, gid: 1000, groups: [] };
const text = (data: string) => new TextEncoder().encode(data);
const error = (name: ErrnoName) => -errnoNumbers[name];
const PAGE = 4096;
const READ_WRITE = PROT_READ | PROT_WRITE;

describe.runIf(wanted).each(['tmpfs', 'ext4'] as const)('the host kernel on %s', (filesystem) => {
  let kernel: HostKernel;
  beforeAll(() => {
    kernel = hostKernel({ filesystem });
  });
  afterAll(() => kernel?.close());

  const step = (call: Call, expected: unknown, pid = 1) => {
    const result = kernel.call(pid, call);
    const plain = result instanceof Uint8Array ? new TextDecoder().decode(result) : result;
    expect(plain, JSON.stringify(call)).toEqual(expected);
  };
  const open = (path: string, flags: number, into?: number): Call => ({ op: 'open', path, flags, mode: 0o644, into });
  const map = (flags: number, into?: number, protection = READ_WRITE): Call => ({
    op: 'mmap',
    fd: 3,
    offset: 0,
    size: 3 * PAGE,
    protection,
    flags,
    into,
  });
  const load = (number: number, offset: number, size: number): Call => ({ op: 'load', map: number, offset, size });
  const store = (number: number, offset: number, data: string): Call => ({
    op: 'store',
    map: number,
    offset,
    data: text(data),
  });
  const lock: Call = { op: 'setlk', fd: 3, type: 'write', whence: 0, start: 0, size: 1, wait: false };
  const flock = (fd: number): Call => ({ op: 'flock', fd, operation: 6 });

  beforeEach(() => {
    kernel.reset();
    kernel.spawn(1, root);
    step(open('/a', O_CREAT | O_RDWR), 3);
    step({ op: 'write', fd: 3, data: text('hello') }, 5);
  });

  test('memory is the file, as far as the page with its last byte', () => {
    step(map(MAP_SHARED), 0);
    step(load(0, 0, 7), 'hello\0\0');
    step(load(0, PAGE - 1, 2), '\0');
    step(load(0, PAGE, 2), error('EFAULT'));
    step(store(0, 4, 'o!'), 2);
    step({ op: 'msync', map: 0, offset: 0, size: PAGE, flags: MS_SYNC }, 0);
    step({ op: 'pread', fd: 3, offset: 0, size: 10 }, 'hello');
    step({ op: 'truncate', path: '/a', size: 2 * PAGE }, 0);
    step(store(0, 2 * PAGE - 1, 'xy'), 1);
    step({ op: 'pread', fd: 3, offset: 2 * PAGE - 1, size: 10 }, 'x');
    step({ op: 'truncate', path: '/a', size: 0 }, 0);
    step(load(0, 0, 1), error('EFAULT'));
    step(store(0, 0, 'x'), error('EFAULT'));
  });

  test('more than fits through its window at once', () => {
    step({ op: 'ftruncate', fd: 3, size: 300_000 }, 0);
    step({ op: 'mmap', fd: 3, offset: 0, size: 400_000, protection: READ_WRITE, flags: MAP_SHARED }, 0);
    step({ op: 'store', map: 0, offset: 10, data: { seed: 5, length: 200_000 } }, 200_000);
    const loaded = kernel.call(1, load(0, 10, 200_000));
    expect(loaded).toEqual(kernel.call(1, { op: 'pread', fd: 3, offset: 10, size: 200_000 }));
    step({ op: 'store', map: 0, offset: 299_999, data: { seed: 0, length: 100_000 } }, 74 * PAGE - 299_999);
    expect(kernel.call(1, load(0, 1, 400_000))).toHaveLength(74 * PAGE - 1);
  });

  test('protection, numbers, and memory that is none of the mapping', () => {
    step(map(MAP_SHARED, 5, PROT_NONE), 5);
    step(load(5, 0, 1), error('EFAULT'));
    step(map(MAP_SHARED, 5, PROT_READ), 5);
    step(load(5, 0, 5), 'hello');
    step(store(5, 0, 'j'), error('EFAULT'));
    step(map(MAP_SHARED), 0);
    step(load(0, -1, 1), error('EFAULT'));
    step(load(0, 2 ** 40, 1), error('EFAULT'));
    step(load(1, 0, 1), error('EFAULT'));
    step({ op: 'msync', map: 0, offset: 0, size: 3 * PAGE + 1, flags: MS_SYNC }, error('ENOMEM'));
    step({ op: 'msync', map: 1, offset: 0, size: 1, flags: MS_SYNC }, error('ENOMEM'));
    step({ op: 'munmap', map: 0 }, 0);
    step({ op: 'munmap', map: 0 }, error('EINVAL'));
    // MAP_FIXED and MAP_ANONYMOUS would reach into the process itself.
    step(map(MAP_SHARED | 0x10), error('EINVAL'));
    step(map(MAP_PRIVATE | 0x20), error('EINVAL'));
  });

  test('a private mapping keeps what is stored to itself, and a child has both kinds', () => {
    step(map(MAP_SHARED), 0);
    step(map(MAP_PRIVATE), 1);
    step(store(1, 0, 'j'), 1);
    step({ op: 'close', fd: 3 }, 0);
    step({ op: 'fork', child: 2 }, 2);
    step({ op: 'exit', status: 0 }, 0);
    step(load(1, 0, 5), 'jello', 2);
    step(store(0, 1, 'a'), 1, 2);
    step(load(0, 0, 5), 'hallo', 2);
    step(load(1, 0, 5), 'jello', 2);
    step({ op: 'fork', child: 3 }, 3, 2);
    step(load(1, 0, 5), 'jello', 3);
    step(store(1, 0, 'c'), 1, 3);
    step(load(1, 0, 5), 'jello', 2);
  });

  test('a mapping keeps the open file and its flock, and its end leaves the locks of the process', () => {
    step(open('/a', O_RDWR, 4), 4);
    kernel.spawn(2, root);
    step(open('/a', O_RDWR, 3), 3, 2);
    step(flock(4), 0);
    step(lock, 0);
    step({ op: 'mmap', fd: 4, offset: 0, size: 1, protection: PROT_READ, flags: MAP_SHARED }, 0);
    step({ op: 'munmap', map: 0 }, 0);
    step(lock, error('EAGAIN'), 2);
    step({ op: 'mmap', fd: 4, offset: 0, size: 1, protection: PROT_READ, flags: MAP_SHARED }, 0);
    step({ op: 'close', fd: 4 }, 0);
    step(flock(3), error('EAGAIN'), 2);
    step({ op: 'munmap', map: 0 }, 0);
    step(flock(3), 0, 2);
  });

  test('nothing is mapped any more after an exit', () => {
    step(map(MAP_SHARED), 0);
    step({ op: 'name_to_handle_at', path: '/a', flags: 0 }, 0);
    step({ op: 'unlink', path: '/a' }, 0);
    step({ op: 'fork', child: 2 }, 2);
    step({ op: 'exit', status: 0 }, 0);
    step({ op: 'exit', status: 0 }, 0, 2);
    kernel.spawn(4, root);
    step(load(0, 0, 1), error('EFAULT'), 4);
    step({ op: 'open_by_handle_at', handle: 0, flags: O_RDONLY }, error('EBADF'), 4);
  });

  test('advice', () => {
    const advise = (fd: number, advice: number): Call => ({ op: 'posix_fadvise', fd, offset: 0, size: 0, advice });
    step({ op: 'mknod', path: '/p', mode: S_IFIFO | 0o600, rdev: 0 }, 0);
    step(open('/p', O_RDONLY), 4);
    step(advise(3, POSIX_FADV_DONTNEED), 0);
    step(advise(3, 6), error('EINVAL'));
    step(advise(4, 0), error('ESPIPE'));
    step(advise(5, 0), error('EBADF'));
  });

  test('handles: of files by whatever name, of links themselves, stale when the file is gone, for root alone', () => {
    const openHandle = (handle: number, flags: number): Call => ({ op: 'open_by_handle_at', handle, flags });
    step({ op: 'symlink', target: 'a', path: '/s' }, 0);
    step({ op: 'name_to_handle_at', path: '/a', flags: 0, into: 4 }, 4);
    step({ op: 'name_to_handle_at', path: '/s', flags: 0 }, 0);
    step({ op: 'name_to_handle_at', path: '/none', flags: 0 }, error('ENOENT'));
    step({ op: 'rename', path: '/a', newPath: '/b', flags: 0 }, 0);
    step({ op: 'fork', child: 2 }, 2);
    step(openHandle(4, O_RDWR), 4, 2);
    step({ op: 'read', fd: 4, size: 9 }, 'hello', 2);
    step(openHandle(0, O_RDWR), error('ELOOP'));
    step(openHandle(0, O_PATH), 4);
    step(openHandle(7, O_RDWR), error('EBADF'));
    kernel.spawn(3, user);
    step({ op: 'name_to_handle_at', path: '/b', flags: 0 }, 0, 3);
    step(openHandle(0, O_RDONLY), error('EPERM'), 3);
    step({ op: 'unlink', path: '/b' }, 0);
    step({ op: 'exit', status: 0 }, 0, 2);
    step({ op: 'close', fd: 3 }, 0);
    step(openHandle(4, O_RDWR), error('ESTALE'));
  });

  test('caches are dropped by root, and by no program that nobody asked to', async () => {
    step({ op: 'drop_caches', caches: 1 }, 0);
    step({ op: 'drop_caches', caches: 0 }, error('EINVAL'));
    kernel.spawn(2, user);
    step({ op: 'drop_caches', caches: 1 }, error('EACCES'), 2);
    kernel.reset();
    const missing = await probe(reusingTarget(kernel));
    expect(missing.map(({ capability, reason }) => [capability, reason])).toEqual([['drop-caches', 'declared']]);
  });
});
