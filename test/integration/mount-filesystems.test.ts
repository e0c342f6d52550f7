import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { filesystems } from '../../src/filesystems/index.ts';
import { resolveFileSystem } from '../../src/mount/index.ts';
import { describeMounts, mountTest as test } from '../support/mount.ts';

const shell = (place: string, script: string) =>
  execFileSync('sh', ['-euc', script], { cwd: place, encoding: 'utf8', timeout: 20_000 });

describeMounts('hello on a mount', () => {
  test('ls -l shows one executable file that says the time, and anew every second', async ({ place, mounting }) => {
    await mounting(resolveFileSystem('hello', filesystems));
    const listing = shell(place, 'ls -l').trim().split('\n').slice(1);
    expect(listing).toHaveLength(1);
    expect(listing[0]).toMatch(/^-r.xr.xr.x.* Hello_World_at_\d+$/);
    const before = shell(place, 'ls');
    expect(Number(before.match(/\d+/)?.[0])).toBeGreaterThan(1_600_000_000);
    expect(
      shell(place, 'while [ "$(ls)" = "$BEFORE" ]; do sleep 0.1; done; ls'.replace('$BEFORE', before.trim())),
    ).toMatch(/^Hello_World_at_\d+\n$/);
  });

  test('names that are expressions hold their value', async ({ place, mounting }) => {
    await mounting(resolveFileSystem('hello', filesystems));
    expect(shell(place, 'cat 5+34').trim()).toBe('39');
    expect(shell(place, "cat '5*5'").trim()).toBe('25');
    expect(shell(place, "cat '(1+2)*-1.5'").trim()).toBe('-4.5');
    expect(() => readFileSync(join(place, 'process.exit()'))).toThrow('ENOENT');
  });
});

describeMounts('loopback on a mount', () => {
  const it = test.extend<{ backing: string }>({
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads which fixtures are used from the pattern
    backing: async ({}, use) => {
      const backing = mkdtempSync(join(tmpdir(), 'estale-backing-'));
      await use(backing);
      rmSync(backing, { recursive: true });
    },
  });

  it('shows the directory and writes through to it', async ({ place, backing, mounting }) => {
    writeFileSync(join(backing, 'before'), 'there');
    mkdirSync(join(backing, 'd'));
    await mounting(resolveFileSystem(`loopback:${backing}`, filesystems));
    expect(readFileSync(join(place, 'before'), 'utf8')).toBe('there');
    shell(place, 'echo new > d/new && mv before d/after && chmod 600 d/after');
    expect(readFileSync(join(backing, 'd/new'), 'utf8')).toBe('new\n');
    expect(statSync(join(backing, 'd/after')).mode & 0o777).toBe(0o600);
    shell(
      place,
      'git init -q r && cd r && git -c user.name=a -c user.email=a commit -q --allow-empty -m x && git fsck',
    );
  });
});

describeMounts('a mount in a namespace of its own', () => {
  test('needs no privilege outside it', ({ place }) => {
    const daemon = fileURLToPath(new URL('../support/daemon.js', import.meta.url));
    const script = `
      "$0" "$1" ram "$2" fsname=inside &
      while ! grep -q " $2 .*inside" /proc/self/mountinfo; do sleep 0.05; done
      echo data > "$2/f" && cat "$2/f" && umount "$2" && wait $! && echo "ended with $?"`;
    const args = ['-Urm', 'sh', '-euc', script, process.execPath, daemon, place];
    const result = spawnSync('unshare', args, { encoding: 'utf8', timeout: 30_000 });
    expect(result.stdout).toContain('data\n');
    expect(result.stdout).toContain('ended with 0\n');
  });
});
