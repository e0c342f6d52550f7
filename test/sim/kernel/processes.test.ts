import { describe, expect, test } from 'vitest';
import type { FileSystemFactory } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import {
  type Call,
  type Context,
  errno,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  O_CREAT,
  O_RDWR,
  root,
  SEEK_SET,
} from '../../../src/vfs/index.ts';
import { deferredRam } from './deferred-ram.ts';
import { plain, traced, user } from './trace.ts';

const lock = (fd: number, type: 'read' | 'write' | 'unlock', start: number, size: number, wait = false): Call => ({
  op: 'setlk',
  fd,
  type,
  whence: SEEK_SET,
  start,
  size,
  wait,
});

/** A file that processes 1 and 2 have open as 3, each by itself. */
function two() {
  const sim = traced();
  sim.kernel.spawn(2, root);
  for (const pid of [1, 2]) sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 }, pid);
  return sim;
}

describe('POSIX locks', () => {
  test('ranges join and are cut, and F_GETLK tells what is in the way', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 10));
    sim.call(lock(3, 'write', 10, 10));
    sim.call(lock(3, 'unlock', 5, 5));
    const get = { op: 'getlk', fd: 3, type: 'read', whence: SEEK_SET, start: 4, size: 3 } as const;
    expect(sim.call(get, 2)).toEqual({ type: 'write', start: 0, length: 5, pid: 1 });
    expect(sim.call({ ...get, start: 5 }, 2)).toMatchObject({ type: 'unlock' });
    expect(sim.call({ ...get, start: 9 }, 2)).toEqual({ type: 'write', start: 10, length: 10, pid: 1 });
    expect(sim.call(lock(3, 'read', 0, 1), 2)).toBe('EAGAIN');
    expect(sim.call(lock(3, 'write', -1, 1))).toBe('EINVAL');
  });

  test('a blocked lock is granted when the way is free', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 0));
    const waiting = sim.kernel.submit(2, lock(3, 'write', 5, 1, true));
    sim.kernel.run();
    expect(waiting.done).toBe(false);
    sim.call(lock(3, 'unlock', 0, 0));
    expect(waiting.result).toBe(0);
  });

  test('closing any descriptor of the file releases them', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 0));
    sim.call({ op: 'open', path: '/f', flags: 0, mode: 0 });
    sim.call({ op: 'close', fd: 4 });
    expect(sim.call(lock(3, 'write', 0, 0), 2)).toBe(0);
  });

  test('two that wait for one another are a deadlock', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 1));
    sim.call(lock(3, 'write', 1, 1), 2);
    const waiting = sim.kernel.submit(1, lock(3, 'write', 1, 1, true));
    sim.kernel.run();
    expect(sim.call(lock(3, 'write', 0, 1, true), 2)).toBe('EDEADLK');
    sim.call({ op: 'exit', status: 0 }, 2);
    expect(waiting.result).toBe(0);
  });

  test('a call that can never finish is an error that says why', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 1), 2);
    expect(() => sim.call(lock(3, 'write', 0, 1, true))).toThrow(/process 1: setlk, which waits for a file lock/);
  });

  test('a filesystem that wishes so keeps the locks itself', () => {
    const sim = traced({ filesystem: { locks: true } });
    sim.kernel.spawn(2, root);
    for (const pid of [1, 2]) sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 }, pid);
    expect(sim.traced(lock(3, 'write', 0, 10))).toEqual(['SETLK']);
    expect(sim.call(lock(3, 'write', 5, 10), 2)).toBe('EAGAIN');
    const get = { op: 'getlk', fd: 3, type: 'read', whence: SEEK_SET, start: 4, size: 3 } as const;
    expect(sim.call(get, 2)).toMatchObject({ type: 'write', start: 0, length: 10 });
  });
});

describe('flock', () => {
  test('belongs to the open file; a change of type gives the old lock up', () => {
    const sim = two();
    expect(sim.call({ op: 'flock', fd: 3, operation: LOCK_SH })).toBe(0);
    expect(sim.call({ op: 'flock', fd: 3, operation: LOCK_SH }, 2)).toBe(0);
    expect(sim.call({ op: 'flock', fd: 3, operation: LOCK_EX | LOCK_NB })).toBe('EAGAIN');
    expect(sim.call({ op: 'flock', fd: 3, operation: LOCK_EX | LOCK_NB }, 2)).toBe(0);
    const waiting = sim.kernel.submit(1, { op: 'flock', fd: 3, operation: LOCK_EX });
    sim.call({ op: 'flock', fd: 3, operation: LOCK_UN }, 2);
    expect(waiting.result).toBe(0);
    expect(sim.call({ op: 'flock', fd: 3, operation: 99 })).toBe('EINVAL');
  });
});

describe('signals', () => {
  test('a handled signal ends a wait for a lock; SIGKILL ends the process and closes its files', () => {
    const sim = two();
    sim.call(lock(3, 'write', 0, 1));
    const waiting = sim.kernel.submit(2, lock(3, 'write', 0, 1, true));
    sim.kernel.run();
    sim.kernel.interrupt(2);
    sim.kernel.run();
    expect(plain(waiting.result as number)).toBe('EINTR');
    expect(sim.call({ op: 'getdents', fd: 3, size: 10 }, 2)).toBe('ENOTDIR');
    sim.requests();
    sim.call({ op: 'kill', pid: 2, signal: 9 });
    expect(sim.requests()).toContain('RELEASE');
    expect(sim.call({ op: 'umask', mask: 0 }, 2)).toBe('ESRCH');
    expect(sim.call({ op: 'kill', pid: 2, signal: 0 })).toBe('ESRCH');
  });

  test('users signal their own processes', () => {
    const sim = two();
    sim.kernel.spawn(3, user(1000));
    expect(sim.call({ op: 'kill', pid: 1, signal: 9 }, 3)).toBe('EPERM');
    expect(sim.call({ op: 'kill', pid: 3, signal: 99 }, 3)).toBe('EINVAL');
  });

  /** The ram filesystem whose reads wait until they are interrupted. */
  const endlessReads: FileSystemFactory = (environment, options) =>
    Object.defineProperties(ram(environment, options), {
      mode: { value: 'async' },
      read: {
        value: (_node: number, _fh: number, _into: Uint8Array, _offset: number, context: Context) =>
          new Promise((resolve) => context.signal.addEventListener('abort', () => resolve(errno.EINTR))),
      },
    });

  test('a blocked request is interrupted', async () => {
    const sim = traced({ mount: { directIo: true } }, endlessReads);
    sim.kernel.spawn(2, root);
    await sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 });
    const reading = sim.kernel.submit(1, { op: 'read', fd: 3, size: 10 });
    sim.requests();
    for (let i = 0; i < 3; i++) sim.kernel.step();
    sim.kernel.interrupt(1);
    await sim.kernel.run();
    expect(sim.requests()).toEqual(['READ', 'INTERRUPT']);
    expect(plain(reading.result as number)).toBe('EINTR');
  });

  test('a filesystem that waits for something else is an error that names the request', async () => {
    const sim = traced({ mount: { directIo: true } }, endlessReads);
    await sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 });
    await expect(sim.call({ op: 'read', fd: 3, size: 10 })).rejects.toThrow(
      /READ of node 2 .* outside of the simulation/,
    );
  });

  test('a request that was not read yet is withdrawn by SIGKILL', () => {
    const sim = two();
    sim.requests();
    const writing = sim.kernel.submit(2, { op: 'fsync', fd: 3 });
    sim.kernel.submit(1, { op: 'kill', pid: 2, signal: 9 });
    sim.kernel.step();
    sim.kernel.step();
    sim.kernel.run();
    expect(plain(writing.result as number)).toBe('EINTR');
    expect(sim.requests()).not.toContain('FSYNC');
  });
});

describe('concurrency', () => {
  test('replies in another order than the requests', async () => {
    const slow = deferredRam(1, (method) => (method === 'read' ? 50 : method === 'write' ? 10 : 0));
    const sim = traced({ mount: { directIo: true } }, slow);
    sim.kernel.spawn(2, root);
    for (const pid of [1, 2]) await sim.call({ op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 }, pid);
    const first = sim.kernel.submit(1, { op: 'read', fd: 3, size: 10 });
    const second = sim.kernel.submit(2, { op: 'write', fd: 3, data: Buffer.from('second') });
    await sim.kernel.run();
    expect(second.result).toBe(6);
    expect(plain(first.result as Uint8Array)).toBe('second');
  });

  test('two makers of one name: one wins', () => {
    const sim = two();
    const calls = [1, 2].map((pid) => sim.kernel.submit(pid, { op: 'mkdir', path: '/same', mode: 0o755 }));
    sim.kernel.run();
    expect(calls.map(({ result }) => plain(result as number))).toEqual([0, 'EEXIST']);
  });

  test('a process has one call at a time', () => {
    const sim = two();
    sim.kernel.submit(1, { op: 'stat', path: '/' });
    expect(() => sim.kernel.submit(1, { op: 'sync' })).toThrow(/process 1: expected no call under way/);
  });

  test('after an abort calls under way end with ECONNABORTED and later ones with ENOTCONN', async () => {
    const sim = traced(
      {},
      deferredRam(1, () => 1000),
    );
    const stat = sim.kernel.submit(1, { op: 'stat', path: '/' });
    sim.kernel.step();
    sim.kernel.step();
    await sim.kernel.abort();
    expect(plain(stat.result as number)).toBe('ECONNABORTED');
    expect(sim.call({ op: 'stat', path: '/' })).toBe('ENOTCONN');
  });

  test('close ends everything and lets go of the filesystem', () => {
    const sim = two();
    sim.kernel.submit(2, lock(3, 'write', 0, 1, true));
    sim.kernel.close();
    expect(sim.requests().filter((name) => name === 'RELEASE')).toHaveLength(2);
    expect(sim.call({ op: 'sync' })).toBe('ESRCH');
  });
});
