import { execFileSync } from 'node:child_process';
import {
  accessSync,
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmdirSync,
  statfsSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, expect, vi } from 'vitest';
import type { FileSystemModule } from '../../src/fuse/device/index.ts';
import type { Mounted } from '../../src/mount/index.ts';
import { mountLibfuse } from '../../src/mount/libfuse/channel.ts';
import { mountAt } from '../../src/mount/mount-table.ts';
import { describeMounts, fixture, mountTest, ram } from '../support/mount.ts';
import { type Shell, shellIn, testPrograms } from '../support/programs.ts';

interface Libfuse {
  /** Mounts on `place` through libfuse; unmounted after the test. */
  readonly libfuse: (source: FileSystemModule) => Promise<Mounted>;
}

const test = mountTest.extend<Libfuse>({
  libfuse: async ({ place, reports }, use) => {
    const mounts: Mounted[] = [];
    await use(async (source) => {
      const mounted = await mountLibfuse(source, place, {
        report: (message, error) => void reports.push(error?.stack ?? message),
      });
      mounts.push(mounted);
      return mounted;
    });
    for (const mounted of mounts) await mounted.unmount();
  },
});

const codeOf = (call: () => unknown) => {
  try {
    call();
    return 'ok';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
};

describeMounts('operations on a libfuse mount', () => {
  const it = test.extend<{ at: (name: string) => string }>({
    at: async ({ place, libfuse }, use) => {
      await libfuse(ram);
      await use((name) => join(place, name));
    },
  });
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { encoding: 'utf8', timeout: 20_000, stdio: 'pipe' });
  beforeEach(() => void process.umask(0o022));

  it('files are made, written, read, appended to and removed', ({ at }) => {
    writeFileSync(at('f'), 'hello');
    appendFileSync(at('f'), ' world');
    expect(readFileSync(at('f'), 'utf8')).toBe('hello world');
    expect(statSync(at('f'))).toMatchObject({ size: 11, nlink: 1, uid: 0, gid: 0, mode: 0o100644 });
    unlinkSync(at('f'));
    expect(codeOf(() => statSync(at('f')))).toBe('ENOENT');
    expect(codeOf(() => openSync(at('f'), 'r'))).toBe('ENOENT');
  });

  it('8 MiB keep every byte', ({ at }) => {
    const data = Buffer.alloc(8 * 1024 * 1024 + 321);
    for (let i = 0; i < data.length; i++) data[i] = (i * 31 + (i >> 12)) & 255;
    writeFileSync(at('large'), data);
    expect(readFileSync(at('large')).equals(data)).toBe(true);
  });

  it('truncate by path, and ftruncate of an open file', ({ at }) => {
    const fd = openSync(at('f'), 'w+');
    writeSync(fd, Buffer.from('end'), 0, 3, 10_000);
    expect(fstatSync(fd).size).toBe(10_003);
    ftruncateSync(fd, 2);
    expect(fstatSync(fd).size).toBe(2);
    truncateSync(at('f'), 6);
    expect(readFileSync(at('f'))).toEqual(Buffer.alloc(6));
    fsyncSync(fd);
    closeSync(fd);
    closeSync(openSync(at('f'), 'w'));
    expect(statSync(at('f')).size).toBe(0);
  });

  it('an unlinked file lives until it is closed', ({ at, place }) => {
    const fd = openSync(at('f'), 'w+');
    writeSync(fd, 'kept');
    unlinkSync(at('f'));
    expect(codeOf(() => statSync(at('f')))).toBe('ENOENT');
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, 4, 0);
    expect(bytes.toString()).toBe('kept');
    closeSync(fd);
    return vi.waitFor(() => expect(readdirSync(place)).toEqual([]), 10_000);
  });

  it('directories', ({ at }) => {
    mkdirSync(at('a/b/c'), { recursive: true });
    expect(statSync(at('a')).nlink).toBe(3);
    expect(codeOf(() => rmdirSync(at('a')))).toBe('ENOTEMPTY');
    expect(codeOf(() => mkdirSync(at('a')))).toBe('EEXIST');
    expect(codeOf(() => unlinkSync(at('a')))).toMatch(/EISDIR|EPERM/);
    rmdirSync(at('a/b/c'));
    expect(readdirSync(at('a'))).toEqual(['b']);
    const fd = openSync(at('a'), constants.O_RDONLY | constants.O_DIRECTORY);
    fsyncSync(fd);
    closeSync(fd);
  });

  it('a directory of 1000 entries', ({ at }) => {
    const names = Array.from({ length: 1000 }, (_, i) => `a rather long name of a file, number ${i}`);
    for (const name of names) writeFileSync(at(name), '');
    expect(readdirSync(at('.')).sort()).toEqual(names.sort());
    expect(readdirSync(at('.'), { withFileTypes: true }).every((entry) => entry.isFile())).toBe(true);
  });

  it('rename replaces a file, moves between directories and refuses what POSIX refuses', ({ at }) => {
    writeFileSync(at('a'), 'a');
    writeFileSync(at('b'), 'b');
    renameSync(at('a'), at('b'));
    expect(readFileSync(at('b'), 'utf8')).toBe('a');
    mkdirSync(at('d/e'), { recursive: true });
    renameSync(at('b'), at('d/e/b'));
    expect(readdirSync(at('.'))).toEqual(['d']);
    mkdirSync(at('x'));
    expect(codeOf(() => renameSync(at('x'), at('d')))).toBe('ENOTEMPTY');
  });

  it('hard links share their data, symbolic links name a path', async ({ at }) => {
    writeFileSync(at('f'), 'data');
    linkSync(at('f'), at('g'));
    expect(statSync(at('f')).nlink).toBe(2);
    appendFileSync(at('g'), '!');
    // Two names are two inodes to the kernel: it asks for the other's size when the attributes have timed out.
    await vi.waitFor(() => expect(readFileSync(at('f'), 'utf8')).toBe('data!'), 10_000);
    symlinkSync('g', at('s'));
    expect(readlinkSync(at('s'))).toBe('g');
    expect(lstatSync(at('s')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('s'), 'utf8')).toBe('data!');
  });

  it('mode and owner', ({ at }) => {
    writeFileSync(at('f'), '');
    chmodSync(at('f'), 0o640);
    chownSync(at('f'), 1000, 2000);
    expect(statSync(at('f'))).toMatchObject({ uid: 1000, gid: 2000, mode: 0o100640 });
  });

  it('atime and mtime are set each to its own value', ({ at }) => {
    writeFileSync(at('f'), '');
    utimesSync(at('f'), 1_000_000.25, 2_000_000.5);
    expect(statSync(at('f'))).toMatchObject({ atimeMs: 1_000_000_250, mtimeMs: 2_000_000_500 });
    const late = 2 ** 33;
    utimesSync(at('f'), late, late + 7);
    expect(statSync(at('f'))).toMatchObject({ atimeMs: late * 1000, mtimeMs: (late + 7) * 1000 });
  });

  it('access asks for the modes', ({ at }) => {
    writeFileSync(at('f'), '');
    expect(codeOf(() => accessSync(at('f'), constants.R_OK | constants.W_OK))).toBe('ok');
    expect(codeOf(() => accessSync(at('f'), constants.X_OK))).toBe('EACCES');
    expect(codeOf(() => accessSync(at('none')))).toBe('ENOENT');
  });

  it('FIFOs', ({ at }) => {
    run('mkfifo', at('fifo'));
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
  });

  it('the space left', ({ at }) => {
    const before = statfsSync(at('.'));
    expect(before.blocks).toBeGreaterThan(before.bfree - 1);
    writeFileSync(at('f'), Buffer.alloc(1024 * 1024));
    const after = statfsSync(at('.'));
    expect((before.bfree - after.bfree) * before.bsize).toBeGreaterThanOrEqual(1024 * 1024);
    expect(run('stat', '-f', at('f'))).toContain('Namelen: 255');
  });

  it('extended attributes', ({ at }) => {
    writeFileSync(at('f'), '');
    const python = (text: string) =>
      run('python3', '-c', `import os, sys\nf = sys.argv[1]\n${text}`, at('f')).trimEnd();
    python("os.setxattr(f, 'user.a', b'one'); os.setxattr(f, 'user.b', b'x' * 5000)");
    expect(python("print(sorted(os.listxattr(f)), os.getxattr(f, 'user.a'), len(os.getxattr(f, 'user.b')))")).toBe(
      "['user.a', 'user.b'] b'one' 5000",
    );
    python("os.removexattr(f, 'user.a')");
    expect(python('print(os.listxattr(f))')).toBe("['user.b']");
    expect(() => python("os.getxattr(f, 'user.a')")).toThrow(/No data available/);
  });
});

describeMounts('real programs on a libfuse mount', () => {
  testPrograms(
    test.extend<{ shell: Shell }>({
      shell: async ({ place, libfuse }, use) => {
        await libfuse(ram);
        await use(shellIn(place));
      },
    }),
  );
});

describeMounts('filesystems on a libfuse mount', () => {
  test('what is lost is said once', async ({ libfuse, reports, place }) => {
    await libfuse(ram);
    writeFileSync(join(place, 'f'), '');
    utimesSync(join(place, 'f'), 1, 2);
    expect(reports).toHaveLength(1);
    expect(reports[0]).toContain('docs/libfuse.md');
  });

  test('one that keeps locks itself works', async ({ libfuse, place }) => {
    await libfuse({ ...ram, options: { locks: true } });
    writeFileSync(join(place, 'f'), 'data');
    expect(
      execFileSync('flock', ['-n', join(place, 'f'), 'cat', join(place, 'f')], { timeout: 20_000 }).toString(),
    ).toBe('data');
  });

  test('answers may wait for the event loop, also many at a time', async ({ libfuse, reports, place }) => {
    await libfuse(fixture('slow'));
    const names = Array.from({ length: 20 }, (_, i) => join(place, `f${i}`));
    await Promise.all(names.map((name) => writeFile(name, name)));
    expect(await Promise.all(names.map((name) => readFile(name, 'utf8')))).toEqual(names);
    expect(await readdir(place)).toHaveLength(20);
    expect(reports).toHaveLength(1);
  });

  test('a factory that throws is told as what it is, and nothing stays', async ({ libfuse, place }) => {
    await expect(libfuse(fixture('faulty', { factory: 'throws' }))).rejects.toMatchObject({
      code: 'filesystem-failed',
      message: 'the factory does not want to',
    });
    expect(mountAt(place)).toBe(undefined);
  });

  test('a handler that throws gives EIO, and a report with the stack', async ({ libfuse, reports, place }) => {
    await libfuse(fixture('faulty', { readlink: 'throws' }));
    symlinkSync('target', join(place, 's'));
    expect(codeOf(() => readlinkSync(join(place, 's')))).toBe('EIO');
    await vi.waitFor(() => expect(reports.join('\n')).toMatch(/TypeError: the bug in readlink\n +at /), 10_000);
  });
});
