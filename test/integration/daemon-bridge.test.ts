import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { checkPlan, type FaultPlan } from '../../src/fault/index.ts';
import { DaemonSource } from '../../src/fuse/socket/index.ts';
import { type DeviceMounted, mountDaemon } from '../../src/mount/index.ts';
import { passthroughLl, whyNoDaemons } from '../support/daemons.ts';
import { describeMounts, mountTest } from '../support/mount.ts';
import { shellIn, testPrograms } from '../support/programs.ts';

const why = whyNoDaemons();
const skip = why !== undefined && process.env.CI !== 'true';

const socketDaemon = fileURLToPath(new URL('../support/socket-daemon.js', import.meta.url));

interface Fixtures {
  /** Mounts a daemon on `place`, through this process. */
  readonly bridging: (command: string, faults?: FaultPlan) => Promise<DeviceMounted>;
  readonly shell: ReturnType<typeof shellIn>;
}

const test = mountTest.extend<Fixtures>({
  bridging: async ({ place, reports }, use) => {
    const ends: (() => Promise<unknown>)[] = [];
    await use(async (command, faults) => {
      const source = new DaemonSource({ command }, '/');
      ends.unshift(() => source.close());
      const report = (message: string) => void reports.push(message);
      const mounted = await mountDaemon(source, place, { report, faults });
      ends.unshift(() => mounted.unmount());
      return mounted;
    });
    for (const end of ends) await end();
  },
  shell: async ({ place, bridging }, use) => {
    await bridging(`${passthroughLl()} -f -o source={backing} {fuse}`);
    await use(shellIn(place));
  },
});

if (skip) console.log(`skipped: a foreign daemon behind a real mount: ${why}`);
else
  describeMounts('a foreign daemon behind a real mount, through this process', () => {
    test('carries every byte both ways', async ({ place, bridging, reports }) => {
      const mounted = await bridging(`${passthroughLl()} -f -o source={backing} {fuse}`);
      writeFileSync(join(place, 'a'), 'hello');
      execFileSync('cp', [process.execPath, join(place, 'b')]);
      expect(execFileSync('cat', [join(place, 'a')], { encoding: 'utf8' })).toBe('hello');
      expect(readFileSync(join(place, 'b')).equals(readFileSync(process.execPath))).toBe(true);
      expect(execFileSync('ls', [place], { encoding: 'utf8' })).toBe('a\nb\n');
      const { requests, unwanted, refused } = mounted.statistics();
      expect({ many: requests > 20, unwanted, refused, reports }).toEqual({
        many: true,
        unwanted: 0,
        refused: 0,
        reports: [],
      });
      expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
      expect(readdirSync(place)).toEqual([]);
    });

    test('reads many files at once', async ({ shell }) => {
      shell('for i in 1 2 3 4 5 6 7 8; do head -c 3000000 /dev/urandom > f$i; done; sync');
      shell('sha256sum f* > sums; for i in 1 2 3; do sha256sum -c --quiet sums & done; wait');
    });

    test('may be one of libfuse 2, which asks fusermount', async ({ place, bridging }) => {
      const mounted = await bridging('bindfs -f {backing} {fuse}');
      expect(mounted.negotiated.minor).toBe(19);
      writeFileSync(join(place, 'a'), 'x'.repeat(300_000));
      expect(statSync(join(place, 'a')).size).toBe(300_000);
    });

    test('that dies ends the mount, with its last words', async ({ place, bridging }) => {
      const mounted = await bridging(`${process.execPath} ${socketDaemon} dies=MKDIR {fuse}`);
      expect(() => mkdirSync(join(place, 'd'))).toThrow(/ENOTCONN|ECONNABORTED/);
      expect(await mounted.closed).toMatchObject({
        reason: 'failed',
        error: {
          message:
            'the daemon ended while it was mounted: it ended with exit code 7; its last words:\n  I do not like MKDIR',
        },
      });
      expect(readdirSync(place)).toEqual([]);
    });

    test('has faults on its link, and none that need more than a link', async ({ place, bridging }) => {
      const command = `${passthroughLl()} -f -o source={backing} {fuse}`;
      const errno = { kind: 'errno', errno: 'ENOSPC' } as const;
      const rule = {
        name: 'full',
        where: 'link-request',
        when: { operation: 'WRITE', path: '/a' },
        what: errno,
      } as const;
      const spoilt = {
        name: 'spoilt',
        where: 'link-reply',
        when: { operation: 'READ' },
        what: { kind: 'range', offset: 0, length: 1, fill: 63 },
      } as const;
      await expect(bridging(command, checkPlan({ rules: [{ ...rule, where: 'filesystem' }] }))).rejects.toThrow(
        /the filesystem is another program; use the place "link-request" or "link-reply"/,
      );
      const mounted = await bridging(command, checkPlan({ rules: [rule, spoilt] }));
      expect(() => writeFileSync(join(place, 'a'), 'x')).toThrow('ENOSPC');
      writeFileSync(join(place, 'b'), 'abc');
      mounted.faults?.turn(false, ['full']);
      writeFileSync(join(place, 'a'), 'x');
      await mounted.unmount();
      expect(mounted.faults?.report()).toMatchObject([{ injected: 1 }, { rule: 'spoilt' }]);
    });

    testPrograms(test);
  });
