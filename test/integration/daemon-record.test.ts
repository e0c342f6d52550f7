import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { runCli } from '../support/cli.ts';
import { passthroughLl, whyNoDaemons } from '../support/daemons.ts';
import { describeMounts, mountTest } from '../support/mount.ts';

const test = mountTest.extend<{ directory: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  directory: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-test-'));
    await use(directory);
    rmSync(directory, { recursive: true });
  },
});

const daemons: readonly (readonly [name: string, command: () => string, setup?: string])[] = [
  ['passthrough_ll', () => `${passthroughLl()} -f -o source={backing} {fuse}`],
  ['bindfs', () => 'bindfs -f {backing} {fuse}'],
  [
    'fuse-overlayfs',
    () => 'fuse-overlayfs -f -o lowerdir=lower,upperdir=upper,workdir=work {fuse}',
    'mkdir lower upper work',
  ],
  [
    'gocryptfs',
    () => 'gocryptfs -fg -passfile pw store {fuse}',
    'echo secret > pw; mkdir store; gocryptfs -q -init -scryptn 10 -passfile pw store',
  ],
];
const work =
  'echo hi > a && mkdir d && mv a d/b && cat d/b && cp /bin/ls x && ls -la . d && ln -s d/b s && rm -r d x s';

const why = whyNoDaemons();
if (why !== undefined && process.env.CI !== 'true') console.log(`skipped: foreign daemons recorded: ${why}`);
else
  describeMounts('a foreign daemon on a real mount, recorded', () => {
    test.for(daemons)('%s answers in front of a replay as it did', async ([, command, setup], { place, directory }) => {
      const options = ['--daemon', command(), ...(setup === undefined ? [] : ['--daemon-setup', setup])];
      const recorded = await runCli(
        ['record', ...options, place, '--to', 'trace', '--', 'sh', '-ec', `cd ${place}; ${work}`],
        directory,
      );
      expect(recorded).toMatchObject({ code: 0, stdout: expect.stringMatching(/^hi\n/) });
      expect(readdirSync(place)).toEqual([]);
      const replayed = await runCli(['replay', join(directory, 'trace'), ...options.slice(2)], directory);
      expect(replayed).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/ answers as recorded: \d\d+ requests/),
      });
    });
  });
