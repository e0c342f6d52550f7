import { expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { opcodes } from '../../../src/fuse/protocol/index.ts';
import { type SimKernel, type SimulateOptions, simulate } from '../../../src/sim/index.ts';
import { type Call, errnoNumbers as E, O_CREAT, O_RDWR, root, SEEK_SET } from '../../../src/vfs/index.ts';
import { deferredRam } from './deferred-ram.ts';

const create: Call = { op: 'open', path: '/f', flags: O_CREAT | O_RDWR, mode: 0o666 };

const lock = { op: 'setlk', fd: 3, type: 'write', whence: SEEK_SET, start: 0, size: 1 } as const;

function withThread(options?: SimulateOptions, factory = ram): SimKernel {
  const kernel = simulate(factory, options);
  kernel.spawn(1, root);
  kernel.spawnThread(2, 1);
  return kernel;
}

test('threads share descriptors, working directory and umask, and a forked process does not', () => {
  const kernel = withThread();
  expect(kernel.call(1, create)).toBe(3);
  expect(kernel.call(2, { op: 'write', fd: 3, data: Buffer.from('abc') })).toBe(3);
  expect(kernel.call(1, { op: 'lseek', fd: 3, offset: 0, whence: 1 })).toBe(3);
  kernel.call(1, { op: 'fork', child: 3 });
  kernel.call(2, { op: 'mkdir', path: '/d', mode: 0o777 });
  kernel.call(2, { op: 'chdir', path: 'd' });
  kernel.call(2, { op: 'umask', mask: 0o077 });
  expect(kernel.workingDirectory(1)).toBe('/d');
  expect(kernel.workingDirectory(3)).toBe('/');
  expect(kernel.call(1, { op: 'umask', mask: 0 })).toBe(0o077);
  expect(kernel.call(3, { op: 'umask', mask: 0 })).toBe(0o022);
  expect(kernel.call(2, { op: 'close', fd: 3 })).toBe(0);
  expect(kernel.call(1, { op: 'fstat', fd: 3 })).toBe(-E.EBADF);
  expect(kernel.call(3, { op: 'fstat', fd: 3 })).toMatchObject({ size: 3 });
});

test('the descriptors are closed with the last thread', () => {
  const kernel = withThread();
  kernel.call(2, create);
  expect(kernel.call(1, { op: 'exit', status: 0 })).toBe(0);
  expect(kernel.call(2, { op: 'fstat', fd: 3 })).toMatchObject({ size: 0 });
  expect(kernel.call(2, { op: 'exit', status: 0 })).toBe(0);
  expect(kernel.isRunning(2)).toBe(false);
});

test('a signal that ends a process ends all its threads', () => {
  const kernel = withThread();
  kernel.spawn(9, root);
  expect(kernel.call(9, { op: 'kill', pid: 2, signal: 15 })).toBe(0);
  expect([1, 2, 9].map((pid) => kernel.isRunning(pid))).toEqual([false, false, true]);
});

test('locks belong to all threads', () => {
  const kernel = withThread();
  kernel.spawn(9, root);
  for (const pid of [1, 9]) kernel.call(pid, create);
  expect(kernel.call(1, { ...lock, wait: false })).toBe(0);
  expect(kernel.call(2, { ...lock, wait: false })).toBe(0);
  expect(kernel.call(9, { ...lock, wait: false })).toBe(-E.EAGAIN);
});

test('a call that is under way keeps its file though another thread closes the descriptor', async () => {
  const names: number[] = [];
  const observe = (fromKernel: boolean, { words }: { words: Uint32Array }) => fromKernel && names.push(words[1]);
  const kernel = withThread(
    { observe },
    deferredRam(1, (method) => (method === 'write' ? 10 : 0)),
  );
  await kernel.call(1, create);
  const write = kernel.submit(1, { op: 'write', fd: 3, data: Buffer.from('abc') });
  const close = kernel.submit(2, { op: 'close', fd: 3 });
  await kernel.run();
  expect([write.result, close.result]).toEqual([3, 0]);
  expect(names.at(-1)).toBe(opcodes.RELEASE.code);
  expect(names.filter((code) => code === opcodes.RELEASE.code)).toHaveLength(1);
  await kernel.close();
});

test('a thread needs a free pid and a process', () => {
  const kernel = withThread();
  expect(() => kernel.spawnThread(2, 1)).toThrow('expected a free pid, given 2');
  expect(() => kernel.spawnThread(3, 77)).toThrow('expected the pid of a running process, given 77');
});

test('of several calls the first that is done ends the wait, and that none can be is said', () => {
  const kernel = withThread();
  kernel.spawn(9, root);
  for (const pid of [1, 9]) kernel.call(pid, create);
  kernel.call(1, { ...lock, wait: false });
  const blocked = kernel.submit(9, { ...lock, wait: true });
  const quick = kernel.submit(2, { op: 'stat', path: '/' });
  kernel.runUntilAny([blocked, quick]);
  expect([blocked.done, quick.done]).toEqual([false, true]);
  expect(() => kernel.runUntilAny([blocked])).toThrow(/process 9: setlk, which waits for .*, can never finish/);
});
