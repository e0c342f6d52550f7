import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { HostedKernel } from '../../src/check/index.ts';
import { nodeEnvironment } from '../../src/env/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { errnoNumbers as E, O_CREAT, O_RDWR, root } from '../../src/vfs/index.ts';

/** ram, where the answer to the end of an open file comes later. */
const slowToFlush = () => Object.assign(ram(nodeEnvironment(), {}), { mode: 'async' as const, flush: () => sleep(1) });

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
