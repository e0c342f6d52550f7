import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { check, HostedKernel, reusingTarget } from '../../src/check/index.ts';
import { nodeEnvironment } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import {
  type Call,
  errnoNumbers as E,
  errno,
  type FileSystem,
  MAP_SHARED,
  O_APPEND,
  O_CREAT,
  O_RDWR,
  PROT_READ,
  PROT_WRITE,
  root,
} from '../../src/vfs/index.ts';

/** ram, where the answer to the end of an open file comes later. */
const slowToFlush = () => Object.assign(ram(nodeEnvironment(), {}), { mode: 'async' as const, flush: () => sleep(1) });

/** ram, where a write takes a while. */
function slowToWrite() {
  const filesystem = ram(nodeEnvironment(), {});
  const write = filesystem.write?.bind(filesystem) as NonNullable<FileSystem['write']>;
  return Object.assign(filesystem, {
    mode: 'async' as const,
    write: (...given: Parameters<typeof write>) => sleep(1).then(() => write(...given)),
  });
}

test('while an answer is waited for no time passes: nothing that is dirty for a moment is written back by the flusher', async () => {
  const kernel = new HostedKernel('slow', slowToWrite());
  kernel.spawn(1, root);
  const calls: Call[] = [
    { op: 'open', path: '/a', flags: O_RDWR | O_CREAT | O_APPEND, mode: 0o644 },
    { op: 'write', fd: 3, data: Buffer.from('a') },
    { op: 'mmap', fd: 3, offset: 0, size: 1, protection: PROT_READ | PROT_WRITE, flags: MAP_SHARED, into: 0 },
    { op: 'store', map: 0, offset: 0, data: Buffer.from('b') },
    { op: 'write', fd: 3, data: Buffer.from('c') },
    { op: 'store', map: 0, offset: 0, data: Buffer.from('d') },
  ];
  for (const call of calls) expect(await kernel.call(1, call)).toBeGreaterThanOrEqual(0);
  const bytes = (await kernel.call(1, { op: 'pread', fd: 3, size: 9, offset: 0 })) as Uint8Array;
  expect(Buffer.from(bytes).toString()).toBe('dc');
  await kernel.reset();
  await kernel.close();
});

test('who killed a process finds it gone, though its files were flushed over a network; the next program begins anew', async () => {
  const kernel = new HostedKernel('slow', slowToFlush());
  for (const pid of [1, 2]) kernel.spawn(pid, root);
  expect(await kernel.call(1, { op: 'open', path: '/a', flags: O_RDWR | O_CREAT, mode: 0o644 })).toBe(3);
  expect(await kernel.call(2, { op: 'kill', pid: 1, signal: 15 })).toBe(0);
  expect(await kernel.call(1, { op: 'lstat', path: '/a' })).toBe(-E.ESRCH);
  await kernel.reset();
  kernel.spawn(1, root);
  expect(await kernel.call(1, { op: 'lstat', path: '/a' })).toBe(-E.ENOENT);
  await kernel.close();
});

test('what cannot be removed is a finding, and ends the campaign: no other program meets it', async () => {
  const filesystem = Object.assign(ram(nodeEnvironment(), {}), { unlink: () => errno.EINVAL });
  const target = reusingTarget(new HostedKernel('keeps', filesystem), { without: new Set(['times']) });
  const { runs, findings, isSpent } = await check(target, { seed: 1, runs: 100 });
  await target.close();
  expect([isSpent, runs < 100]).toEqual([true, true]);
  expect(findings.map(({ signature }) => signature).join()).toMatch(/cannot be removed|got EINVAL/);
});

test('what cannot be listed is not taken to be empty', async () => {
  const filesystem = Object.assign(ram(nodeEnvironment(), {}), { readdir: () => errno.EIO, readdirplus: undefined });
  const kernel = new HostedKernel('unlisted', filesystem);
  expect(await kernel.isEmpty()).toBe(false);
  await kernel.reset();
  expect(kernel.isSpent()).toBe(true);
  await kernel.close();
});
