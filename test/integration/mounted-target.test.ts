import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { check, type Report, reusingTarget, showFinding, type Without } from '../../src/check/index.ts';
import { loopbackWithout } from '../../src/filesystems/index.ts';
import type { FileSystemModule } from '../../src/fuse/device/index.ts';
import type { MountSettings } from '../../src/mount/index.ts';
import { describeMounts, mountTest, ram } from '../support/mount.ts';

const protectedHardlinks = () => readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() === '1';

/** Checks a directory of the mount with real system calls, of root and of users; the kernel of the calls ends before the mount does. */
async function checkDirectory(
  directory: string,
  seed: number,
  runs: number,
  without: Iterable<string>,
): Promise<Report> {
  mkdirSync(directory);
  const target = reusingTarget(hostKernel({ directory }), {
    name: directory,
    without: new Set(without) as Without,
    model: { protectedHardlinks: protectedHardlinks() },
  });
  try {
    return await check(target, { seed, runs });
  } finally {
    await target.close();
  }
}

const ways: readonly (readonly [string, MountSettings])[] = [
  ['with timeouts of 0', { entryTimeout: 0, attributeTimeout: 0 }],
  ['with the default timeouts', {}],
  ['with long timeouts, missing names too', { entryTimeout: 1000, attributeTimeout: 1000, negativeTimeout: 1000 }],
];

const test = mountTest.extend<{ backing: string }>({
  /** A tmpfs. */
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  backing: async ({}, use) => {
    const path = mkdtempSync(join(tmpdir(), 'estale-backing-'));
    execFileSync('mount', ['-t', 'tmpfs', 'backing', path], { timeout: 20_000 });
    await use(path);
    execFileSync('umount', [path], { timeout: 20_000 });
    rmSync(path, { recursive: true });
  },
});

const loopback = (root: string): FileSystemModule => ({
  module: new URL('../../src/filesystems/index.ts', import.meta.url).href,
  exportName: 'loopback',
  options: { root },
});

describeMounts('generated programs of root and users on a directory of a real mount', () => {
  for (const [i, [way, settings]] of ways.entries()) {
    test(`ram ${way} does what POSIX says`, async ({ place, mounting, reports }) => {
      await mounting(ram, { allowOther: true, ...settings });
      const report = await checkDirectory(join(place, 'd'), 300 + i, 500, []);
      expect(report.findings.map(showFinding)).toEqual([]);
      expect(report.calls).toBeGreaterThan(15_000);
      expect(reports).toEqual([]);
    });

    test(`loopback over tmpfs ${way} does what it promises`, async ({ place, backing, mounting, reports }) => {
      await mounting(loopback(backing), { allowOther: true, ...settings });
      const report = await checkDirectory(join(place, 'd'), 310 + i, 400, loopbackWithout);
      expect(report.findings.map(showFinding)).toEqual([]);
      expect(report.calls).toBeGreaterThan(10_000);
      expect(reports).toEqual([]);
    });
  }
});
