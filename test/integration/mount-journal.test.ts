import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { fileDisk } from '../../src/env/node/disk.ts';
import { checkJournal } from '../../src/filesystems/index.ts';
import { type CliProcess, startCli } from '../support/cli.ts';
import { isMounted, until } from '../support/daemon-process.ts';
import { describeMounts, mountTest } from '../support/mount.ts';

const shell = (place: string, script: string): string =>
  execFileSync('sh', ['-euc', script], { cwd: place, encoding: 'utf8', timeout: 30_000 });

function problemsOf(file: string): readonly string[] {
  const disk = fileDisk(file, 0);
  try {
    return checkJournal(disk);
  } finally {
    disk.close();
  }
}

interface Fixtures {
  /** The file that is the disk. */
  readonly file: string;
  /** `estale mount journal:FILE <place>`, killed after the test. */
  readonly mountFile: () => Promise<CliProcess>;
}

const test = mountTest.extend<Fixtures>({
  // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
  file: async ({}, use) => {
    const directory = mkdtempSync(join(tmpdir(), 'estale-journal-'));
    await use(join(directory, 'disk'));
    rmSync(directory, { recursive: true });
  },
  mountFile: async ({ file, place }, use) => {
    const processes: CliProcess[] = [];
    await use(async () => {
      const process = startCli(['mount', `journal:${file}`, place]);
      processes.push(process);
      const ready = until(`${place} is mounted`, () => process.output().includes('is mounted'));
      const early = process.ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
      early.catch(() => undefined);
      await Promise.race([ready, early]);
      return process;
    });
    for (const { child, ended } of processes) {
      child.kill('SIGKILL');
      await ended;
    }
    await until(`nothing is mounted on ${place}`, () => !isMounted(place));
  },
});

describeMounts('journal on a file', () => {
  test('keeps what was synchronised when its process is killed', async ({ place, file, mountFile }) => {
    const first = await mountFile();
    const git = 'git -c user.name=a -c user.email=a';
    shell(place, `git init -q r && cd r && echo one > f && git add f && ${git} commit -qm one && ln -s f l && sync f`);
    shell(place, 'echo kept > kept && mv kept renamed && sync . && rm -r r/.git/hooks && echo perhaps > perhaps');
    first.child.kill('SIGKILL');
    await first.ended;
    await until(`nothing is mounted on ${place}`, () => !isMounted(place));
    expect(problemsOf(file)).toEqual([]);

    const second = await mountFile();
    expect(readFileSync(join(place, 'renamed'), 'utf8')).toBe('kept\n');
    expect(shell(place, 'cd r && git fsck && git status --short f && readlink l').trim()).toBe('f');
    shell(place, 'rm -rf r renamed');
    execFileSync('umount', [place]);
    expect((await second.ended).code).toBe(0);
    expect(problemsOf(file)).toEqual([]);
  });

  test('is not mounted from a file that holds something else', async ({ place, file }) => {
    writeFileSync(file, 'something else\n'.repeat(10_000));
    const { code, stderr } = await startCli(['mount', `journal:${file}`, place]).ended;
    expect(code).toBe(1);
    expect(stderr).toContain('superblock: magic: expected');
  });
});
