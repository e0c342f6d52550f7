import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CliProcess, startCli } from '../support/cli.ts';
import { isMounted, until, watchersOf } from '../support/daemon-process.ts';
import { describeMounts, mountTest } from '../support/mount.ts';

interface Command extends CliProcess {
  /** The process in which fuse-native serves. */
  readonly host: number;
}

/** The children of a process whose command line has a word. */
function childrenOf(pid: number, word: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    try {
      const parent = Number(/\) \S (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'))?.[1]);
      return parent === pid && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(word) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

const test = mountTest.extend<{ command: Command }>({
  /** `estale mount ram --channel libfuse`, mounted on `place`. */
  command: async ({ place }, use) => {
    const started = startCli(['mount', 'ram', place, '--channel', 'libfuse']);
    await Promise.race([until('it is mounted', () => started.output().includes('is mounted on')), started.ended]);
    const [host] = childrenOf(started.child.pid!, 'libfuse');
    await use({ ...started, host });
    started.child.kill('SIGKILL');
    await started.ended;
    await until(`nothing is mounted on ${place}`, () => !isMounted(place));
  },
});

const gone = async (place: string, { host, child }: Command) => {
  await until(`nothing is mounted on ${place}`, () => !isMounted(place));
  await until(`the watcher of ${place} ends`, () => watchersOf(place).length === 0);
  for (const pid of [host, child.pid]) await until(`process ${pid} ends`, () => !existsSync(`/proc/${pid}`));
};

describeMounts('the end of a libfuse mount', () => {
  test('umount ends the command with exit code 0', async ({ place, command }) => {
    writeFileSync(join(place, 'f'), 'data');
    execFileSync('umount', [place], { timeout: 20_000 });
    const { code, stdout, stderr } = await command.ended;
    expect(stdout).toBe(`ram is mounted on ${place}; Ctrl-C or umount ends it\n`);
    expect(stderr.match(/channel libfuse/g)).toHaveLength(1);
    expect(code).toBe(0);
    await gone(place, command);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    test(`${signal} unmounts, and the command ends with exit code 0`, async ({ place, command }) => {
      command.child.kill(signal);
      expect((await command.ended).code).toBe(0);
      await gone(place, command);
    });
  }

  test('Ctrl-C for the whole process group unmounts', async ({ place, command }) => {
    process.kill(-command.child.pid!, 'SIGINT');
    expect((await command.ended).code).toBe(0);
    await gone(place, command);
  });

  test('after kill -9 of the command nothing stays', async ({ place, command }) => {
    command.child.kill('SIGKILL');
    expect((await command.ended).code).toBe('SIGKILL');
    await gone(place, command);
  });

  test('after kill -9 of the process that serves, the command says so and nothing stays', async ({
    place,
    command,
  }) => {
    process.kill(command.host, 'SIGKILL');
    const { code, stderr } = await command.ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/process ended with SIGKILL/);
    await gone(place, command);
  });
});
