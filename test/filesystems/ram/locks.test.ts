import { describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { type Context, type FileLock, type FileSystem, type LockType, O_RDWR } from '../../../src/vfs/index.ts';
import { codeOf, Direct, ok, rootContext } from '../../support/direct.ts';
import { testEnvironment } from '../../support/environment.ts';

const INFINITY = Number.POSITIVE_INFINITY;

/** One locked file and the calls on it, by lock owner. */
function make() {
  const direct = new Direct(ram(testEnvironment(), { locks: true }));
  const file = direct.create('/a', 0o644, O_RDWR);
  const fs: FileSystem = direct.fs;
  const lock = (type: LockType, start: number, end: number, pid: number): FileLock => ({ type, start, end, pid });
  return {
    direct,
    file,
    fs,
    set: (owner: number, type: LockType, start = 0, end = INFINITY) =>
      codeOf(() => fs.setlk!(file.node, file.fh, lock(type, start, end, owner), owner, false, rootContext)),
    wait: async (owner: number, type: LockType, start = 0, end = INFINITY, context: Context = rootContext) => {
      const answer = await fs.setlk!(file.node, file.fh, lock(type, start, end, owner), owner, true, context);
      return answer === undefined ? 'ok' : answer.code;
    },
    /** What stands in the way of a write lock of a stranger, as `start-end type`, range by range. */
    held: () => {
      const found: string[] = [];
      for (let start = 0; ; ) {
        const {
          type,
          start: from,
          end,
        } = ok(fs.getlk!(file.node, file.fh, lock('write', start, INFINITY, 99), 99, rootContext));
        if (type === 'unlock') return found;
        found.push(`${from}-${end} ${type}`);
        if (end === INFINITY) return found;
        start = end + 1;
      }
    },
    flock: (owner: number, type: LockType) =>
      codeOf(() => fs.flock!(file.node, file.fh, type, owner, false, rootContext)),
  };
}

test('the kernel is asked to leave the locks here only with the option', () => {
  expect(make().fs).toMatchObject({ mode: 'async', wishes: { posixLocks: true, flockLocks: true } });
  const { fs } = new Direct(ram(testEnvironment(), {}));
  expect(fs.mode).toBe('sync');
  expect(fs.setlk).toBeUndefined();
});

describe('byte-range locks', () => {
  test('of different owners exclude each other, but for readers', () => {
    const { set } = make();
    expect(set(1, 'read', 0, 9)).toBe('ok');
    expect(set(2, 'read', 5, 14)).toBe('ok');
    expect(set(2, 'write', 5, 14)).toBe('EAGAIN');
    expect(set(2, 'write', 10, 14)).toBe('ok');
    expect(set(1, 'write', 10, 10)).toBe('EAGAIN');
  });

  test('of one owner merge and split', () => {
    const { set, held } = make();
    set(1, 'write', 0, 9);
    set(1, 'write', 10, 19);
    expect(held()).toEqual(['0-19 write']);
    set(1, 'read', 5, 14);
    expect(held()).toEqual(['0-4 write', '5-14 read', '15-19 write']);
    set(1, 'unlock', 8, 16);
    expect(held()).toEqual(['0-4 write', '5-7 read', '17-19 write']);
    set(1, 'write', 3, INFINITY);
    expect(held()).toEqual(['0-Infinity write']);
    set(1, 'unlock', 100, INFINITY);
    expect(held()).toEqual(['0-99 write']);
  });

  test('name the one who holds them', () => {
    const { fs, file, set } = make();
    set(7, 'read', 10, 19);
    const wanted: FileLock = { type: 'write', start: 0, end: 10, pid: 8 };
    expect(ok(fs.getlk!(file.node, file.fh, wanted, 8, rootContext))).toEqual({
      type: 'read',
      start: 10,
      end: 19,
      pid: 7,
    });
    expect(ok(fs.getlk!(file.node, file.fh, wanted, 7, rootContext)).type).toBe('unlock');
  });

  test('are waited for in order', async () => {
    const { set, wait } = make();
    const order: string[] = [];
    set(1, 'write');
    const second = wait(2, 'write', 0, 9).then((code) => order.push(`2 ${code}`));
    const third = wait(3, 'write', 5, 5).then((code) => order.push(`3 ${code}`));
    const fourth = wait(4, 'write', 20, 20).then((code) => order.push(`4 ${code}`));
    set(1, 'unlock');
    await Promise.all([second, fourth]);
    expect(order).toEqual(['2 ok', '4 ok']);
    set(2, 'unlock');
    await third;
    expect(order).toEqual(['2 ok', '4 ok', '3 ok']);
  });

  test('let readers in when a writer becomes a reader', async () => {
    const { set, wait } = make();
    set(1, 'write');
    const reader = wait(2, 'read');
    set(1, 'read');
    expect(await reader).toBe('ok');
  });

  test('a wait is interrupted', async () => {
    const { set, wait, held } = make();
    set(1, 'write', 0, 9);
    const controller = new AbortController();
    const waiting = wait(2, 'write', 0, 9, { ...rootContext, signal: controller.signal });
    controller.abort();
    expect(await waiting).toBe('EINTR');
    set(1, 'unlock');
    expect(held()).toEqual([]);
  });

  test('a wait that would never end is refused', async () => {
    const { set, wait } = make();
    set(1, 'write', 0, 0);
    set(2, 'write', 1, 1);
    const waiting = wait(1, 'write', 1, 1);
    expect(await wait(2, 'write', 0, 0)).toBe('EDEADLK');
    set(2, 'unlock');
    expect(await waiting).toBe('ok');
  });

  test('go with a close, whichever descriptor it is', async () => {
    const { fs, file, set, wait, held } = make();
    set(1, 'write', 0, 9);
    const waiting = wait(2, 'read', 0, 4);
    ok(fs.flush!(file.node, file.fh, 1, rootContext));
    expect(await waiting).toBe('ok');
    expect(held()).toEqual(['0-4 read']);
  });

  test('every wait ends with the filesystem', async () => {
    const { fs, set, wait } = make();
    set(1, 'write');
    const waiting = wait(2, 'write');
    fs.destroy?.();
    expect(await waiting).toBe('EINTR');
  });
});

describe('flock locks', () => {
  test('exclude each other, but for sharers', () => {
    const { flock } = make();
    expect(flock(1, 'read')).toBe('ok');
    expect(flock(2, 'read')).toBe('ok');
    expect(flock(3, 'write')).toBe('EAGAIN');
    flock(1, 'unlock');
    expect(flock(2, 'write')).toBe('ok');
  });

  test('are lost by a change that fails', () => {
    const { flock } = make();
    flock(1, 'read');
    flock(2, 'read');
    expect(flock(1, 'write')).toBe('EAGAIN');
    expect(flock(2, 'write')).toBe('ok');
  });

  test('go with the open file, and have nothing to do with byte ranges', async () => {
    const { fs, file, flock, set } = make();
    flock(1, 'write');
    expect(set(2, 'write')).toBe('ok');
    const waiting = fs.flock!(file.node, file.fh, 'write', 3, true, rootContext);
    ok(fs.release!(file.node, file.fh, O_RDWR, rootContext, 1));
    expect(await waiting).toBeUndefined();
  });
});
