import { describe, expect, test } from 'vitest';
import { builtInTargets, parseScript, replay, type Settings } from '../../src/check/index.ts';

const onLoopback = async (settings: Settings, script: string) => {
  const target = builtInTargets['loopback:ram']();
  const { failure } = await replay(target, parseScript(script), { without: [...target.without], model: {}, settings });
  return failure?.divergence;
};

describe('loopback over a node:fs that does what POSIX says', () => {
  test('set-user-id goes with a direct write by a user, although the daemon may keep it', async () => {
    const script = `
      p1: uid 0, gid 0, umask 022
      p2: uid 1000, gid 1000, umask 022
      p1  chmod("/", 0777)
      p2  fd3 = open("/a", O_RDWR|O_CREAT, 06755)
      p2  pwrite(fd3, pattern(0, 1), 0)
      p2  stat("/a")`;
    expect(await onLoopback({ directIo: true }, script)).toBeUndefined();
  });

  test('with write-back a page is read through a file that is open for writing only', async () => {
    const script = `
      p1: uid 0, gid 0, umask 022
      p1  fd3 = creat("/a", 0755)
      p1  write(fd3, pattern(0, 1))
      p1  fd4 = open("/a", O_RDONLY)
      p1  write(fd3, pattern(0, 1))`;
    expect(await onLoopback({ writebackCache: true }, script)).toBeUndefined();
  });
});

test('pages that go while a read waits for the next one are read again', async () => {
  const program = parseScript(`
    p1: uid 0, gid 0, umask 022
    p1  fd3 = open("/b", O_RDWR|O_CREAT, 0755)
    p1  stat("/a")
    p1  fstatfs(fd3)
    p1  write(fd3, pattern(0, 1))
    p1  ftruncate(fd3, 131052)
    p1  write(fd3, pattern(311, 65537))
    p1  stat("/c")
    p1  fd4 = open("/", O_DIRECTORY)
    p1  getdents(fd4, 4096)
    p1  getdents(fd4, 4096)
    p1  lstat("/b")
    p1  fd4 = open("/b", O_RDONLY)
    p1  pread(fd4, 135190, 0)`);
  const settings = {
    attributeTimeout: 1_000_000,
    negativeTimeout: 1e-7,
    writebackCache: true,
    keepCache: false,
    explicitInvalData: true,
    handleKillpriv: false,
  };
  const { failure } = await replay(builtInTargets['ram:late'](), program, { without: [], model: {}, settings });
  expect(failure).toBeUndefined();
});
