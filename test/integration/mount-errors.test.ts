import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { mount } from '../../src/mount/index.ts';
import { startDaemon } from '../support/daemon-process.ts';
import { describeMounts, fixture, ram, mountTest as test } from '../support/mount.ts';

describeMounts('what stands in the way of a mount', () => {
  test('a missing directory', async ({ place }) => {
    const missing = join(place, 'missing');
    await expect(mount(ram, missing)).rejects.toMatchObject({
      code: 'missing-directory',
      message: `${missing}: no such directory; make it first: mkdir -p ${missing}`,
    });
  });

  test('a file', async ({ place }) => {
    const file = join(place, 'file');
    writeFileSync(file, '');
    await expect(mount(ram, file)).rejects.toMatchObject({ code: 'not-a-directory' });
    await expect(mount(ram, join(file, 'x'))).rejects.toMatchObject({ code: 'not-a-directory' });
  });

  test('a directory that is not empty', async ({ place }) => {
    for (const name of ['a', 'b', 'c', 'd']) mkdirSync(join(place, name));
    await expect(mount(ram, place)).rejects.toMatchObject({
      code: 'not-empty',
      message: `${place}: not empty (a, b, c, ...); choose an empty directory, or empty this one`,
    });
  });

  test('a mount that lives', async ({ place, mounting }) => {
    await mounting(ram, { fsname: 'the first' });
    await expect(mount(ram, place)).rejects.toMatchObject({
      code: 'already-mounted',
      message: `${place}: "the first" (fuse.estale) is mounted there; unmount it first: umount ${place}`,
    });
  });

  test('several mounts at one place at once: one of them is made', async ({ place }) => {
    const results = await Promise.allSettled([mount(ram, place), mount(ram, place), mount(ram, place)]);
    const made = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    for (const mounted of made) expect(await mounted.unmount()).toEqual({ reason: 'unmounted' });
    expect(made).toHaveLength(1);
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason] : []));
    expect(refused.map(({ code }) => code)).toEqual(['already-mounted', 'already-mounted']);
  });

  test('a mount whose daemon is gone is removed, with a notice', async ({ place, mounting, reports }) => {
    const fd = openSync('/dev/fuse', 'r+');
    const options = 'fd=3,rootmode=40000,user_id=0,group_id=0';
    const stdio = ['ignore', 'ignore', 'inherit', fd] as const;
    expect(spawnSync('mount', ['-i', '-t', 'fuse', '-o', options, 'left', place], { stdio: [...stdio] }).status).toBe(
      0,
    );
    closeSync(fd);
    expect(() => readdirSync(place)).toThrow('ENOTCONN');
    const mounted = await mounting(ram);
    expect(reports).toEqual([`${place}: removed a dead mount ("left", its daemon is gone)`]);
    writeFileSync(join(mounted.directory, 'f'), 'works');
    expect(readFileSync(join(place, 'f'), 'utf8')).toBe('works');
  });

  test('a module that is not there, exports no factory, or whose factory throws', async ({ place }) => {
    await expect(mount({ module: 'file:///nowhere.js' }, place)).rejects.toMatchObject({ code: 'filesystem-failed' });
    await expect(mount({ ...ram, exportName: 'rom' }, place)).rejects.toThrow(
      'expected "rom" to be a filesystem factory, given undefined; it exports ',
    );
    await expect(mount(fixture('faulty', { factory: 'throws' }), place)).rejects.toThrow(
      'the factory does not want to',
    );
    expect(readdirSync(place)).toEqual([]);
  });

  test('no permission, with and without a namespace to mount in', ({ place }) => {
    const daemon = fileURLToPath(new URL('../support/daemon.js', import.meta.url));
    const asNobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, daemon];
    const result = spawnSync(asNobody[0], [...asNobody.slice(1), 'ram', place], { encoding: 'utf8', timeout: 20_000 });
    expect(result.status).toBe(1);
    expect(result.stderr).toMatch(
      /^estale: (\/dev\/fuse may not be opened: run as root, let an administrator allow it \(chmod 666 \/dev\/fuse\)|mounting needs CAP_SYS_ADMIN: run as root, or in a user and mount namespace)/,
    );
  });

  test('no /dev/fuse', ({ place }) => {
    const daemon = fileURLToPath(new URL('../support/daemon.js', import.meta.url));
    const script = `mount -t tmpfs dev /dev && mknod /dev/null c 1 3 && mknod /dev/urandom c 1 9 && exec "$0" "$1" ram "$2"`;
    const args = ['-m', 'sh', '-euc', script, process.execPath, daemon, place];
    const result = spawnSync('unshare', args, { encoding: 'utf8', timeout: 20_000 });
    expect(result.stderr).toBe(
      'estale: /dev/fuse is missing: load the module (modprobe fuse), or give it to the container (--device /dev/fuse --cap-add SYS_ADMIN)\n',
    );
    expect(result.status).toBe(1);
  });

  test('the command says what is wrong in one line: 2 for the command line, 1 for the system', async ({ place }) => {
    const outcome = async (...args: string[]) => {
      const { ended, output } = await startDaemon(...args);
      return `${await ended} ${output()}`;
    };
    expect(await outcome('rem', place)).toMatch(
      /^2 estale: unknown filesystem "rem" \(did you mean "ram"\?\); there are: .*\n$/,
    );
    expect(await outcome('ram', place, 'allow_root')).toMatch(/^2 estale: unknown mount option "allow_root".*\n$/);
    expect(await outcome('ram', `${place}/x`)).toMatch(/^1 estale: .*\/x: no such directory; make it first.*\n$/);
  });
});
