import { expect, test } from 'vitest';
import { checkDeterminism, showDeterminism, simulatedTarget } from '../../src/check/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import type { Attributes, FileSystem } from '../../src/vfs/index.ts';

test('ram does the same the second time', async () => {
  const report = await checkDeterminism(simulatedTarget('ram', ram), { seed: 1, runs: 20 });
  expect(report).toMatchObject({ runs: 20, difference: undefined });
  expect(report.events).toBeGreaterThan(1000);
  expect(showDeterminism(report)).toMatch(/^ram: every event was the same the second time, in 20 programs, /);
});

test('the first event that differs is shown with what came before it', async () => {
  let made = 0;
  const moody = simulatedTarget('moody', (environment, options) => {
    const filesystem = ram(environment, options) as Required<FileSystem>;
    made += 1;
    const blksize = 512 * made;
    const getattr = filesystem.getattr.bind(filesystem);
    return Object.assign(filesystem, {
      getattr: (...given: Parameters<typeof getattr>) => ({ ...(getattr(...given) as Attributes), blksize }),
    }) as FileSystem;
  });
  const { difference } = await checkDeterminism(moody, { seed: 1, runs: 50 });
  expect(difference?.before.at(-1)).toMatch(/-> #\d+ GETATTR/);
  expect(difference?.first).toMatch(/<- #\d+ GETATTR reply .*blksize=\d+/);
  expect(difference?.second).toMatch(/<- #\d+ GETATTR reply .*blksize=\d+/);
  expect(difference?.first).not.toBe(difference?.second);
});
