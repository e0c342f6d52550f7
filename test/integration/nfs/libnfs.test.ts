import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type CliProcess, startCli } from '../../support/cli.ts';
import { directoryTest } from '../../support/work-directory.ts';

const running: CliProcess[] = [];

afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGTERM');
    await ended;
  }
});

/** Serves a filesystem and gives URLs of paths in it, as libnfs takes them where there is no portmapper. */
async function serve(...args: readonly string[]): Promise<(path: string) => string> {
  const server = startCli(['serve', 'nfs', ...args, '--port', '0']);
  running.push(server);
  await expect.poll(server.output, { timeout: 30_000 }).toMatch(/serving .* on 127\.0\.0\.1:\d+/);
  const [, port] = /:(\d+);/.exec(server.output()) ?? [];
  return (path) => `nfs://127.0.0.1${path}?nfsport=${port}&mountport=${port}&version=3`;
}

const tool = (name: string, ...args: readonly string[]): Buffer =>
  execFileSync(name, args, { timeout: 60_000, maxBuffer: 64 << 20, stdio: ['ignore', 'pipe', 'pipe'] });

/** Bytes that differ everywhere. */
const content = (length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff));

describe('nfs-cp, nfs-ls and nfs-cat of libnfs', () => {
  directoryTest.for(['ram', 'loopback'])('upload, list, download: %s', async (filesystem, { directory }) => {
    const tree = join(directory, filesystem);
    mkdirSync(tree);
    const url = await serve(filesystem === 'ram' ? 'ram' : `loopback:${tree}`);
    for (const [name, size] of [
      ['empty', 0],
      ['small', 5],
      ['large', 3_000_001],
    ] as const) {
      const local = join(directory, `${filesystem}-${name}`);
      writeFileSync(local, content(size));
      tool('nfs-cp', local, url(`/export/${name}`));
      const back = `${local}-back`;
      if (size > 0) tool('nfs-cp', url(`/export/${name}`), back);
      if (size > 0) expect(readFileSync(back).equals(content(size))).toBe(true);
      expect(tool('nfs-cat', url(`/export/${name}`)).equals(content(size))).toBe(true);
    }
    const listed = tool('nfs-ls', url('/export')).toString().trim().split('\n').sort();
    expect(listed.map((line) => line.split(/\s+/).slice(-2))).toEqual(
      expect.arrayContaining([
        ['0', 'empty'],
        ['5', 'small'],
        ['3000001', 'large'],
      ]),
    );
    expect(listed).toHaveLength(3);
    if (filesystem === 'loopback') expect(readFileSync(join(tree, 'large')).equals(content(3_000_001))).toBe(true);
  });

  directoryTest('lists a large directory, every name once', async ({ directory }) => {
    const tree = join(directory, 'many');
    mkdirSync(tree);
    const names = Array.from({ length: 5000 }, (_, i) => `file-with-a-name-${i}`).sort();
    for (const name of names) writeFileSync(join(tree, name), '');
    const url = await serve(`loopback:${tree}`);
    const listed = tool('nfs-ls', url('/export')).toString().trim().split('\n');
    expect(listed.map((line) => line.split(/\s+/).at(-1)).sort()).toEqual(names);
  });

  it('a host that is not served is refused', async () => {
    const url = await serve('ram', '--export', '/export 10.0.0.0/8');
    expect(() => tool('nfs-ls', url('/export'))).toThrow(/MNT3ERR_ACCES|ACCES/);
  });
});

describe('estale serve nfs', () => {
  directoryTest.for(['SIGTERM', 'SIGINT'] as const)(
    'serves filesystems below, and ends with code 0 at %s',
    async (signal, { directory }) => {
      const tree = join(directory, `nested-${signal}`);
      mkdirSync(join(tree, 'ram'), { recursive: true });
      const server = startCli([
        'serve',
        'nfs',
        `loopback:${tree}`,
        '--export',
        '/srv *(rw,crossmnt)',
        '--volume',
        '/srv/ram=hello',
        '--port',
        '0',
      ]);
      await expect.poll(server.output, { timeout: 30_000 }).toContain('serving /srv');
      server.child.kill(signal);
      expect(await server.ended).toMatchObject({ code: 0, stderr: '' });
    },
  );
});
