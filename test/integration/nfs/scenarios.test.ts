import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect } from 'vitest';
import { mountAt } from '../../../src/mount/mount-table.ts';
import { errnoNumbers } from '../../../src/vfs/index.ts';
import { type CliProcess, runCli, startCli } from '../../support/cli.ts';
import { describeMounts } from '../../support/mount.ts';
import { directoryTest as test } from '../../support/work-directory.ts';

const running: CliProcess[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});

/** Mounts a failure on `a` (and `b`), and gives what it has told so far. */
async function mounted(directory: string, id: string, clients: 1 | 2, ...options: string[]) {
  const places = ['a', 'b'].slice(0, clients).map((name) => join(directory, name));
  for (const place of places) mkdirSync(place);
  const cli = startCli(['nfs', 'mount', id, ...places, ...options]);
  running.push(cli);
  await expect.poll(cli.output, { timeout: 30_000 }).toContain(places[0]);
  return { a: places[0], b: places[1], output: cli.output };
}

function readOn(fd: number): string {
  const into = Buffer.alloc(100);
  try {
    return into.toString('utf8', 0, readSync(fd, into, 0, 100, 0));
  } catch (error) {
    // Node.js has no name for ESTALE.
    return (error as NodeJS.ErrnoException).errno === -errnoNumbers.ESTALE ? 'ESTALE' : String(error);
  } finally {
    closeSync(fd);
  }
}

describeMounts('a failure of the catalogue under a mount', () => {
  test.for([
    [[], 'ESTALE'],
    [['--remedy'], 'old'],
  ] as const)(
    'remote-unlink %o: who reads on gets %s',
    { timeout: 60_000 },
    async ([options, expected], { directory }) => {
      const { a, b } = await mounted(directory, 'remote-unlink', 2, ...options);
      writeFileSync(join(a, 'f'), 'old');
      const fd = openSync(join(a, 'f'), 'r');
      rmSync(join(b, 'f'));
      expect(readOn(fd)).toBe(expected);
    },
  );

  test.for([
    [[], ''],
    [['--remedy'], 'precious'],
  ] as const)(
    'lost-unstable-write at COMMIT %o: sync succeeds, and the file has "%s"',
    { timeout: 60_000 },
    async ([options, expected], { directory }) => {
      const { a, output } = await mounted(directory, 'lost-unstable-write', 1, '--when', 'COMMIT', ...options);
      const file = join(a, 'f');
      const { status } = spawnSync('dd', [`of=${file}`, 'conv=fsync'], { input: 'precious', timeout: 30_000 });
      expect(status).toBe(0);
      await expect.poll(output).toContain('!! the server loses power');
      expect(readFileSync(file, 'utf8')).toBe(expected);
    },
  );

  test('estale fault turns a fault of messages off and on', { timeout: 60_000 }, async ({ directory }) => {
    const { a, output } = await mounted(directory, 'retry-new-port', 1);
    const rmdir = (timeout: number) => spawnSync('rmdir', [join(a, 'd')], { encoding: 'utf8', timeout }).stderr;
    expect((await runCli(['fault', a, 'off', 'retry-new-port'])).stdout).toContain('switch "retry-new-port": off');
    mkdirSync(join(a, 'd'));
    expect(rmdir(30_000)).toBe('');
    mkdirSync(join(a, 'd'));
    expect(output()).not.toContain('!! a reply is lost');
    // Every reply is lost, so that it does not end by itself.
    expect((await runCli(['fault', a, 'on', 'retry-new-port'])).code).toBe(0);
    rmdir(1_000);
    await expect.poll(output, { timeout: 10_000 }).toContain('!! a reply is lost');
    expect((await runCli(['fault', a, 'off', 'retry-new-port'])).code).toBe(0);
    expect(rmdir(30_000)).toContain('No such file or directory');
  });

  test('estale fault has an event happen', { timeout: 60_000 }, async ({ directory }) => {
    const { a, output } = await mounted(directory, 'restart-voids-handles', 1, '--at', '60m');
    writeFileSync(join(a, 'f'), 'old');
    const fd = openSync(join(a, 'f'), 'r');
    expect((await runCli(['fault', a, 'on', 'restart-voids-handles'])).code).toBe(0);
    await expect.poll(output, { timeout: 10_000 }).toContain('!! the server is started anew');
    expect(readOn(fd)).toBe('ESTALE');
  });

  test('retry-new-port at RMDIR: rmdir says that there was none', { timeout: 60_000 }, async ({ directory }) => {
    const { a } = await mounted(directory, 'retry-new-port', 1, '--when', 'RMDIR');
    mkdirSync(join(a, 'd'));
    const { stderr } = spawnSync('rmdir', [join(a, 'd')], { encoding: 'utf8', timeout: 30_000 });
    expect(stderr).toContain('No such file or directory');
    expect(spawnSync('ls', [a], { encoding: 'utf8', timeout: 30_000 }).stdout).toBe('');
  });

  test('Ctrl-C unmounts all of it, and no fault is waited for', { timeout: 60_000 }, async ({ directory }) => {
    const { a, b } = await mounted(directory, 'hard-hang', 2, '--at', '10m');
    const [{ child, ended }] = running.splice(0);
    child.kill('SIGINT');
    expect(await ended).toMatchObject({ code: 0 });
    expect([mountAt(a), mountAt(b)]).toEqual([undefined, undefined]);
  });

  test('the real kernel keeps an inode for each file that was looked at, as long as it is mounted', {
    timeout: 60_000,
  }, async ({ directory }) => {
    const place = join(directory, 'a');
    mkdirSync(place);
    const { code, stdout } = await runCli(['nfs', 'slab', '--mount', place, '--files', '3000']);
    expect(code).toBe(0);
    const [after, unmounted] = [/, (\d+) after/, /, (\d+) when/].map((number) => Number(number.exec(stdout)?.[1]));
    // Other mounts of the machine come and go meanwhile.
    expect(after - unmounted).toBeGreaterThan(1500);
    expect(mountAt(place)).toBeUndefined();
  });

  test('what cannot be meant is said', async ({ directory }) => {
    const complaint = async (...args: string[]) => (await runCli(['nfs', 'mount', ...args])).stderr;
    expect(await complaint('remote-unlink', directory)).toContain('needs a second directory');
    expect(await complaint('remote-unlnk', directory)).toContain('did you mean "remote-unlink"');
    expect(await complaint('hard-hang', directory, '--when', 'WRTIE')).toContain('did you mean "WRITE"');
    expect(await complaint('silly-rename', directory, '--at', '1s')).toContain('has no moment');
    expect(await complaint('ip-id-wrap', directory)).toContain('estale nfs run ip-id-wrap');
  });
});
