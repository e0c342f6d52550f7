import { beforeEach, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { type SimKernel, simulate } from '../../../src/sim/index.ts';
import {
  AT_EMPTY_PATH,
  type Call,
  errnoNumbers as E,
  O_CREAT,
  O_DIRECTORY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  root,
  type SysResult,
} from '../../../src/vfs/index.ts';

const ROOT = 1;
const USER = 2;

let kernel: SimKernel;
const call = (pid: number, given: Call): SysResult | Promise<SysResult> => kernel.call(pid, given);

beforeEach(() => {
  kernel = simulate(ram);
  kernel.spawn(ROOT, root, 0);
  kernel.spawn(USER, { uid: 1000, gid: 1000, groups: [] }, 0);
  call(ROOT, { op: 'chmod', path: '/', mode: 0o777 });
  call(ROOT, { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o777, into: 3 });
  return () => kernel.close();
});

test('a chown that changes nothing takes set-user-id away', () => {
  call(ROOT, { op: 'chmod', path: '/f', mode: 0o4777 });
  expect(call(ROOT, { op: 'fchown', fd: 3, uid: -1, gid: -1 })).toBe(0);
  expect(call(ROOT, { op: 'stat', path: '/f' })).toMatchObject({ mode: 0o100777 });
});

test('a directory reads no bytes into no buffers', () => {
  call(ROOT, { op: 'open', path: '/', flags: O_RDONLY | O_DIRECTORY, mode: 0, into: 4 });
  expect(call(ROOT, { op: 'readv', fd: 4, sizes: [] })).toBeInstanceOf(Uint8Array);
  expect(call(ROOT, { op: 'readv', fd: 4, sizes: [1] })).toBe(-E.EISDIR);
});

test('a descriptor is linked by who opened it, or by root', () => {
  const link = (pid: number, dirfd: number, newPath: string) =>
    call(pid, { op: 'link', path: '', newPath, flags: AT_EMPTY_PATH, dirfd });
  expect(link(ROOT, 99, '/a')).toBe(-E.EBADF);
  expect(link(USER, 99, '/a')).toBe(-E.EBADF);
  call(USER, { op: 'open', path: '/f', flags: O_RDWR, mode: 0, into: 5 });
  expect(link(USER, 5, '/a')).toBe(0);
  call(USER, { op: 'fork', child: 9 });
  expect(link(9, 5, '/b')).toBe(-E.ENOENT);
  expect(link(ROOT, 3, '/b')).toBe(0);
});

test('the access mode 3 opens no FIFO, and opens files for neither reading nor writing', () => {
  call(ROOT, { op: 'mknod', path: '/p', mode: 0o010666, rdev: 0 });
  expect(call(ROOT, { op: 'open', path: '/p', flags: 3 | O_NONBLOCK, mode: 0, into: 4 })).toBe(-E.EINVAL);
  expect(call(ROOT, { op: 'open', path: '/f', flags: 3, mode: 0, into: 4 })).toBe(4);
  expect(call(ROOT, { op: 'read', fd: 4, size: 1 })).toBe(-E.EBADF);
  expect(call(ROOT, { op: 'write', fd: 4, data: { seed: 0, length: 1 } })).toBe(-E.EBADF);
});

test('nothing is written to a pipe that nobody reads, and nothing is what may be', () => {
  call(ROOT, { op: 'mknod', path: '/p', mode: 0o010666, rdev: 0 });
  call(ROOT, { op: 'open', path: '/p', flags: O_RDWR | O_NONBLOCK, mode: 0, into: 4 });
  expect(call(ROOT, { op: 'write', fd: 4, data: { seed: 0, length: 0 } })).toBe(0);
});

test("in a sticky directory O_CREAT does not open others' special files", () => {
  call(ROOT, { op: 'mkdir', path: '/d', mode: 0o777 });
  call(ROOT, { op: 'chmod', path: '/d', mode: 0o1777 });
  call(ROOT, { op: 'mknod', path: '/d/s', mode: 0o140777, rdev: 0 });
  call(ROOT, { op: 'chown', path: '/d/s', uid: 1001, gid: 1001 });
  expect(call(USER, { op: 'open', path: '/d/s', flags: O_RDWR | O_CREAT, mode: 0 })).toBe(-E.EACCES);
  expect(call(USER, { op: 'open', path: '/d/s', flags: O_RDWR, mode: 0 })).toBe(-E.ENXIO);
  call(ROOT, { op: 'symlink', target: 's', path: '/d/l' });
  expect(call(USER, { op: 'open', path: '/d/l', flags: O_RDWR | O_CREAT, mode: 0 })).toBe(-E.EACCES);
});

test('devices are not opened: FUSE is mounted without them', () => {
  call(ROOT, { op: 'mknod', path: '/c', mode: 0o020777, rdev: 0 });
  expect(call(ROOT, { op: 'open', path: '/c', flags: O_RDWR, mode: 0 })).toBe(-E.EACCES);
});

test('a copy from or to a negative offset is refused', () => {
  const copy = (offset: number, size: number) =>
    call(ROOT, { op: 'copy_file_range', fd: 3, fdOut: 3, size, offset, offsetOut: 100 });
  expect(copy(-1, 5)).toBe(-E.EOVERFLOW);
  expect(copy(-10, 5)).toBe(-E.EINVAL);
});
