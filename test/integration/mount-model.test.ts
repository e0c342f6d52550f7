import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { hostKernel } from '../../src/check/host-kernel/index.ts';
import { check, reusingTarget, showFinding } from '../../src/check/index.ts';
import type { MountSettings } from '../../src/mount/index.ts';
import { describeMounts, fixture, ram, mountTest as test } from '../support/mount.ts';

const protectedHardlinks = () => readFileSync('/proc/sys/fs/protected_hardlinks', 'utf8').trim() === '1';

/** What generated programs of real system calls on a directory find wrong with it. */
async function findings(directory: string, seed: number, { directIo }: MountSettings = {}): Promise<string[]> {
  const model = { protectedHardlinks: protectedHardlinks(), sharedMappings: directIo ? 'refused' : 'given' } as const;
  const target = reusingTarget(hostKernel({ directory }), { name: directory, model });
  try {
    const report = await check(target, { seed, runs: 200 });
    return report.findings.map((finding) => showFinding(finding));
  } finally {
    await target.close();
  }
}

describeMounts('generated programs on a mount give what POSIX allows', () => {
  const ways: Readonly<Record<string, MountSettings>> = {
    'with the default timeouts': {},
    'with nothing cached': { entryTimeout: 0, attributeTimeout: 0, directIo: true },
    'with missing names remembered': { negativeTimeout: 1 },
    'with small requests': { maxRead: 4096, maxWrite: 4096, directIo: true },
  };
  for (const [way, settings] of Object.entries(ways)) {
    test(way, async ({ place, mounting, reports }) => {
      await mounting(ram, { allowOther: true, ...settings });
      expect(await findings(place, 20, settings)).toEqual([]);
      expect(reports).toEqual([]);
    });
  }

  test('from an event loop', async ({ place, mounting, reports }) => {
    await mounting(fixture('slow'), { allowOther: true });
    expect(await findings(place, 21)).toEqual([]);
    expect(reports).toEqual([]);
  });
});
