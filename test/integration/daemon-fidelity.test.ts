import { release } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import {
  compareKernels,
  daemonCases,
  daemonConfiguration,
  daemonSides,
  generatedCases,
  isPinned,
  showDifference,
} from '../../src/fidelity/index.ts';
import { DaemonSource } from '../../src/fuse/socket/index.ts';
import { runCli } from '../support/cli.ts';
import { passthroughLl, whyNoDaemons } from '../support/daemons.ts';
import { describeMounts, mountTest } from '../support/mount.ts';

const test = mountTest.extend<{ daemon: DaemonSource }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  daemon: async ({}, use) => {
    const source = new DaemonSource({ command: passthrough() }, '/');
    await use(source);
    await source.close();
  },
});

const socketDaemon = fileURLToPath(new URL('../support/socket-daemon.js', import.meta.url));
const flawed = (flaw: string): string => `${process.execPath} ${socketDaemon} ${flaw}=SYMLINK {fuse}`;
const passthrough = (): string => `${passthroughLl()} -f -o source={backing} {fuse}`;

const scripts = [
  ...['stat', 'create and open', 'read and write', 'append', 'truncate', 'directories', 'unlink', 'hard links'],
  ...['rename', 'rename over a file', 'chmod', 'listing', 'a buffer too small for an entry', 'O_DIRECT'],
  ...['copy_file_range', 'copying within and between files', 'copying what is cached'],
];

const why = whyNoDaemons();
if (why !== undefined && process.env.CI !== 'true') console.log(`skipped: fidelity with foreign daemons: ${why}`);
else
  describeMounts('a foreign daemon behind both kernels', () => {
    test('is asked for the same', async ({ daemon }) => {
      const report = await compareKernels(daemonCases(new Set(scripts)), { sides: daemonSides(daemon) });
      // The mount counts as one.
      expect(report.scripts).toBe(scripts.length + 1);
      const told = report.differences.map(showDifference);
      if (isPinned(release())) expect(told).toEqual([]);
      else console.log(`on ${release()}`, told);
    });

    test('is asked for the same by nearly all generated scripts', async ({ daemon }) => {
      const cases = generatedCases(1, 40, daemonConfiguration);
      const report = await compareKernels(cases, { sides: daemonSides(daemon) });
      expect(report.scripts).toBe(41);
      const told = report.differences.map(showDifference);
      if (!isPinned(release())) console.log(`on ${release()}`, told);
      else if (report.percent < 95) expect(told).toEqual([]);
    });

    test('is compared by the command, which says how much is the same', async () => {
      const options = ['--script', 'stat', '--script', 'generated 3', '--daemon', passthrough()];
      const { code, stdout } = await runCli(['fidelity', ...options]);
      expect(stdout).toMatch(/^corpus: [\d.]+ % of 2 scripts are the same.*\n\ngenerated: [\d.]+ % of 2 scripts/m);
      expect(code).toBe(0);
    });

    test('that ends meanwhile is told of, with its last words', async () => {
      const { code, stderr } = await runCli(['fidelity', '--script', 'symbolic links', '--daemon', flawed('dies')]);
      expect(stderr).toMatch(
        /^estale: fidelity: the filesystem ended: .*exit code 7; its last words:\n {2}I do not like SYMLINK/,
      );
      expect(code).toBe(1);
    });

    test('that does not answer ends the comparison', { timeout: 60_000 }, async () => {
      const { code, stderr } = await runCli(['fidelity', '--script', 'symbolic links', '--daemon', flawed('silent')]);
      expect(stderr).toMatch(/^estale: fidelity: the filesystem ended: the daemon does not answer SYMLINK within 10 s/);
      expect(code).toBe(1);
    });

    test('that does not speak FUSE is no daemon', async () => {
      const { code, stderr } = await runCli(['fidelity', '--script', 'stat', '--daemon', 'false {fuse}']);
      expect(stderr).toMatch(/^estale: fidelity: the daemon false .*does not speak FUSE/);
      expect(code).toBe(2);
    });
  });
