import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test as base, expect } from 'vitest';
import { isMounted, until, watchersOf } from '../support/daemon-process.ts';
import { describeMounts } from '../support/mount.ts';
import { runProject } from '../support/vitest-run.ts';

const test = base.extend<{ readonly told: string; readonly places: () => string[] }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  told: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-places-'));
    await use(join(directory, 'places'));
    rmSync(directory, { recursive: true });
  },
  places: async ({ told }, use) => {
    await use(() => readFileSync(told, 'utf8').trim().split('\n'));
  },
});

describeMounts('mountedTest', () => {
  for (const pool of ['forks', 'threads']) {
    test(`mounts for each test in the pool of ${pool}, and unmounts after it`, async ({ told, places }) => {
      const { tests, output } = await runProject(['mounts.ts', `--pool=${pool}`], { env: { PLACES: told } });
      expect(tests.get('uses the mount synchronously')).toEqual({ status: 'passed', messages: '' });
      expect(tests.get('is a TypeScript module')).toEqual({ status: 'passed', messages: '' });
      expect(tests.get('runs out of time')?.status).toBe('failed');
      expect(output).toContain('Test timed out in 3000ms');
      expect(tests.get('does not look at errors')?.messages).toContain('TypeError: the bug in readlink');
      expect(places()).toHaveLength(3);
      expect(places().filter(existsSync)).toEqual([]);
    });
  }

  test('unmounts when the worker crashes', async ({ told, places }) => {
    const { code, output } = await runProject(['crash.ts'], { env: { PLACES: told } });
    expect(code).toBe(1);
    expect(output).toContain('Worker exited unexpectedly');
    const [place] = places();
    await until(`nothing is mounted on ${place}`, () => !isMounted(place));
    await until(`the watcher of ${place} ends`, () => watchersOf(place).length === 0);
    rmSync(place, { recursive: true });
  });

  const powerless = ['setpriv', '--bounding-set=-sys_admin', '--inh-caps=-sys_admin'];

  test('skips where nothing can be mounted, and says why', async ({ told }) => {
    const { code, output, tests } = await runProject(['mounts.ts'], { env: { PLACES: told }, wrapper: powerless });
    expect(code).toBe(0);
    expect([...tests.values()].map(({ status }) => status)).toEqual(new Array(4).fill('skipped'));
    expect(output).toContain('estale: tests on real mounts are skipped: mounting needs CAP_SYS_ADMIN');
  });

  for (const [variable, value] of [
    ['CI', 'true'],
    ['ESTALE_REQUIRE_FUSE', '1'],
  ]) {
    test(`fails there under ${variable}=${value}`, async ({ told }) => {
      const env = { PLACES: told, [variable]: value };
      const { code, tests } = await runProject(['mounts.ts'], { env, wrapper: powerless });
      expect(code).toBe(1);
      for (const { status, messages } of tests.values()) {
        expect(status).toBe('failed');
        expect(messages).toContain('mounting needs CAP_SYS_ADMIN');
      }
    });
  }
});
