import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect } from 'vitest';
import { nodeEnvironment } from '../../../src/env/index.ts';
import { NfsClient, parseNfsUrl } from '../../../src/nfs/index.ts';
import { type Context, O_EXCL, O_RDWR, S_IFSOCK, type WriteOptions } from '../../../src/vfs/index.ts';
import { runCli, startCli } from '../../support/cli.ts';
import { Ganesha, whyNoGanesha } from '../../support/ganesha.ts';
import { directoryTest as test } from '../../support/work-directory.ts';

const context: Context = { uid: 0, gid: 0, pid: 1, umask: 0, signal: new AbortController().signal };
const plain: WriteOptions = { flags: O_RDWR, fromCache: false, killPrivileges: false, lockOwner: undefined };

const why = whyNoGanesha();
if (why !== undefined) {
  if (process.env.CI === 'true') throw new Error(why);
  console.log(`skipped: nfs-ganesha: ${why}`);
}

describe.skipIf(why !== undefined)('against nfs-ganesha with a disk behind it', () => {
  let ganesha: Ganesha;
  beforeAll(async () => {
    ganesha = await Ganesha.start();
  }, 90_000);
  afterAll(async () => {
    await ganesha?.stop();
  });

  test('a file that is open goes on over a restart: its handle, and what was not committed', async () => {
    const client = new NfsClient(nodeEnvironment(), parseNfsUrl(ganesha.url('&writes=through&timeo=20')));
    const { entry, opened } = await client.create(1, 'kept', 0o644, O_RDWR | O_EXCL, context);
    await client.write(entry.node, opened.fh, Buffer.from('before '), 0, context, plain);
    await ganesha.restart();
    await client.write(entry.node, opened.fh, Buffer.from('after'), 7, context, plain);
    await client.flush(entry.node, opened.fh, 0, context);
    const into = Buffer.alloc(100);
    const count = await client.read(entry.node, opened.fh, into, 0, context);
    expect(into.toString('utf8', 0, count)).toBe('before after');
    expect(readFileSync(join(ganesha.directory, 'kept'), 'utf8')).toBe('before after');
    await client.release(entry.node, opened.fh, O_RDWR, context);
    await client.unlink(1, 'kept', context);
    await client.unmount();
  }, 90_000);

  test('programs work on a mount of it', async ({ directory }) => {
    const place = join(directory, 'mount');
    mkdirSync(place);
    const mount = startCli(['mount', ganesha.url(), place, '-o', 'soft,timeo=100']);
    try {
      await expect.poll(mount.output, { timeout: 30_000 }).toMatch(/is mounted/);
      writeFileSync(join(directory, 'big'), Buffer.alloc(3_000_001, 'abc'));
      const script = `cp ../big big; mkdir -p a/b; mv big a/b/; ln a/b/big same; ln -s same link; cmp link ../big
        exec 3< same; rm same link a/b/big; cmp ../big - <&3; exec 3<&-; rm -r a; ls -A`;
      expect(execFileSync('sh', ['-euc', script], { cwd: place, encoding: 'utf8', timeout: 60_000 })).toBe('');
    } finally {
      execFileSync('umount', ['-l', place]);
      expect((await mount.ended).code).toBe(0);
    }
  }, 120_000);

  test('the check finds that times of symbolic links are not set and times of reading not kept, and nothing else', async ({
    directory,
  }) => {
    // Sockets and device nodes: see below. What that leaves behind would end the check.
    const args = ['check', ganesha.url(), '--runs', '150', '--without', 'special', '--json', '--save', directory];
    const { code, stdout, stderr } = await runCli(args, directory);
    expect([0, 1], stderr).toContain(code);
    const report = JSON.parse(stdout) as { calls: number; findings: { signature: string; script: string[] }[] };
    expect(report.calls).toBeGreaterThan(2000);
    const isKnown = (signature: string, script: string): boolean =>
      /time (changed|not updated)$/.test(signature) &&
      script.includes('utimensat') &&
      // Where the disk does not keep when a file was read (relatime), its cache says so all the same, until it looks again.
      (script.includes('symlink') || (/atime/.test(signature) && /read|mmap|copy_file_range/.test(script)));
    const other = report.findings.filter(({ signature, script }) => !isKnown(signature, script.join()));
    expect(other).toEqual([]);
  }, 120_000);

  test('a socket that loses the name that it was given last cannot be changed any more', async () => {
    const client = new NfsClient(nodeEnvironment(), parseNfsUrl(ganesha.url()));
    const { node } = await client.mknod(1, 'socket', S_IFSOCK | 0o644, 0, context);
    const change = () => client.setattr(node, { mode: 0o600 }, undefined, context);
    expect(await change()).toMatchObject({ mode: S_IFSOCK | 0o600 });
    await client.link(node, 1, 'other', context);
    await client.unlink(1, 'other', context);
    expect(await change().catch((error) => error)).toMatchObject({ code: 'EINVAL' });
    await client.unlink(1, 'socket', context);
    await client.unmount();
  }, 90_000);

  test('an export that is not empty is refused, unless it may be erased', async ({ directory }) => {
    writeFileSync(join(ganesha.directory, 'mine'), 'mine');
    const args = ['check', ganesha.url(), '--runs', '1', '--save', directory];
    const refused = await runCli(args, directory);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining('expected an empty export')]);
    expect(readFileSync(join(ganesha.directory, 'mine'), 'utf8')).toBe('mine');
    expect((await runCli([...args, '--erase'], directory)).code).toBe(0);
  }, 120_000);
});
