import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  fdatasyncSync,
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
import { join } from 'node:path';
import { beforeEach, expect } from 'vitest';
import { describeMounts, ram, mountTest as test } from '../support/mount.ts';

// The thread that mounts uses the mount synchronously all over this file: a worker serves it.

interface Here {
  readonly at: (name: string) => string;
}

describeMounts('operations on a ram mount', () => {
  const it = test.extend<Here>({
    at: async ({ place, mounting }, use) => {
      await mounting(ram);
      await use((name) => join(place, name));
    },
  });
  beforeEach(() => process.umask(0o022));
  const code = (call: () => unknown) => {
    try {
      call();
      return 'ok';
    } catch (error) {
      return error instanceof Error && 'code' in error ? error.code : error;
    }
  };

  it('files are made, written, read, appended to and removed', ({ at }) => {
    writeFileSync(at('f'), 'hello');
    appendFileSync(at('f'), ' world');
    expect(readFileSync(at('f'), 'utf8')).toBe('hello world');
    expect(statSync(at('f'))).toMatchObject({ size: 11, nlink: 1, uid: 0, gid: 0, mode: 0o100644 });
    unlinkSync(at('f'));
    expect(code(() => statSync(at('f')))).toBe('ENOENT');
  });

  it('large files keep every byte', ({ at }) => {
    const data = Buffer.alloc(5 * 1024 * 1024 + 321);
    for (let i = 0; i < data.length; i++) data[i] = (i * 31 + (i >> 12)) & 255;
    writeFileSync(at('large'), data);
    expect(readFileSync(at('large')).equals(data)).toBe(true);
    copyFileSync(at('large'), at('copy'));
    expect(readFileSync(at('copy')).equals(data)).toBe(true);
  });

  it('positions, truncation and holes', ({ at }) => {
    const fd = openSync(at('f'), 'w+');
    writeSync(fd, Buffer.from('end'), 0, 3, 10_000);
    expect(fstatSync(fd).size).toBe(10_003);
    const bytes = Buffer.alloc(4, 1);
    expect(readSync(fd, bytes, 0, 4, 5000)).toBe(4);
    expect([...bytes]).toEqual([0, 0, 0, 0]);
    ftruncateSync(fd, 2);
    truncateSync(at('f'), 6);
    expect(readFileSync(at('f'))).toEqual(Buffer.alloc(6));
    fsyncSync(fd);
    fdatasyncSync(fd);
    closeSync(fd);
  });

  it('an unlinked file lives until it is closed', ({ at }) => {
    const fd = openSync(at('f'), 'w+');
    writeSync(fd, 'kept');
    unlinkSync(at('f'));
    expect(fstatSync(fd).nlink).toBe(0);
    const bytes = Buffer.alloc(4);
    readSync(fd, bytes, 0, 4, 0);
    expect(bytes.toString()).toBe('kept');
    closeSync(fd);
  });

  it('directories', ({ at }) => {
    mkdirSync(at('a/b/c'), { recursive: true });
    expect(statSync(at('a')).nlink).toBe(3);
    expect(code(() => rmdirSync(at('a')))).toBe('ENOTEMPTY');
    expect(code(() => mkdirSync(at('a')))).toBe('EEXIST');
    expect(code(() => unlinkSync(at('a')))).toMatch(/EISDIR|EPERM/);
    rmdirSync(at('a/b/c'));
    expect(readdirSync(at('a'))).toEqual(['b']);
  });

  it('a large directory lists every entry once, with its type', ({ at }) => {
    const names = Array.from({ length: 3000 }, (_, i) => `entry-${i}`);
    for (const name of names) writeFileSync(at(name), '');
    mkdirSync(at('directory'));
    const entries = readdirSync(at('.'), { withFileTypes: true });
    expect(entries.map((entry) => entry.name).sort()).toEqual([...names, 'directory'].sort());
    expect(entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name)).toEqual(['directory']);
  });

  it('rename replaces, moves between directories and refuses what POSIX refuses', ({ at }) => {
    writeFileSync(at('a'), 'a');
    writeFileSync(at('b'), 'b');
    renameSync(at('a'), at('b'));
    expect(readFileSync(at('b'), 'utf8')).toBe('a');
    mkdirSync(at('d/e'), { recursive: true });
    renameSync(at('b'), at('d/e/b'));
    expect(readdirSync(at('.'))).toEqual(['d']);
    expect(code(() => renameSync(at('d'), at('d/e/d')))).toBe('EINVAL');
    mkdirSync(at('x'));
    expect(code(() => renameSync(at('x'), at('d')))).toBe('ENOTEMPTY');
  });

  it('hard links share an inode, symbolic links name a path', ({ at }) => {
    writeFileSync(at('f'), 'data');
    linkSync(at('f'), at('g'));
    expect(statSync(at('f')).nlink).toBe(2);
    expect(statSync(at('g')).ino).toBe(statSync(at('f')).ino);
    symlinkSync('g', at('s'));
    expect(readlinkSync(at('s'))).toBe('g');
    expect(lstatSync(at('s')).isSymbolicLink()).toBe(true);
    expect(readFileSync(at('s'), 'utf8')).toBe('data');
  });

  it('mode, owner and times', ({ at }) => {
    writeFileSync(at('f'), '');
    chmodSync(at('f'), 0o4751);
    chownSync(at('f'), 1000, 2000);
    utimesSync(at('f'), 1_000_000.25, 2_000_000.5);
    const status = statSync(at('f'));
    expect(status).toMatchObject({ uid: 1000, gid: 2000, mtimeMs: 2_000_000_500, atimeMs: 1_000_000_250 });
    expect(status.mode & 0o777).toBe(0o751);
  });

  it('O_EXCL, O_TRUNC and O_APPEND', ({ at }) => {
    writeFileSync(at('f'), '12345');
    expect(code(() => openSync(at('f'), constants.O_CREAT | constants.O_EXCL))).toBe('EEXIST');
    closeSync(openSync(at('f'), constants.O_WRONLY | constants.O_TRUNC));
    expect(statSync(at('f')).size).toBe(0);
    const [one, two] = [openSync(at('f'), 'a'), openSync(at('f'), 'a')];
    writeSync(one, 'a');
    writeSync(two, 'b');
    writeSync(one, 'c');
    expect(readFileSync(at('f'), 'utf8')).toBe('abc');
    closeSync(one);
    closeSync(two);
  });

  it('names are any bytes up to 255', ({ at }) => {
    const longest = 'n'.repeat(255);
    writeFileSync(at(longest), '');
    expect(code(() => writeFileSync(at(`${longest}n`), ''))).toBe('ENAMETOOLONG');
    const raw = Buffer.concat([Buffer.from(`${at('.')}/`), Buffer.from([0xff, 0x61, 0xc3])]);
    writeFileSync(raw, 'raw');
    expect(readFileSync(raw, 'utf8')).toBe('raw');
    expect(readdirSync(Buffer.from(at('.')), 'buffer').map((name) => name.toString('hex'))).toContain('ff61c3');
  });

  it('special files, allocation, locks and the space left, through their commands', ({ at }) => {
    const run = (command: string, ...args: string[]) =>
      execFileSync(command, args, { encoding: 'utf8', timeout: 20_000 });
    run('mkfifo', at('fifo'));
    expect(lstatSync(at('fifo')).isFIFO()).toBe(true);
    run('fallocate', '-l', '100000', at('f'));
    expect(statSync(at('f')).size).toBe(100_000);
    writeFileSync(at('g'), Buffer.alloc(65_536, 1));
    run('fallocate', '-p', '-o', '4096', '-l', '8192', at('g'));
    expect(readFileSync(at('g')).subarray(4096, 12_288)).toEqual(Buffer.alloc(8192));
    expect(run('flock', at('f'), 'sh', '-c', `flock -n '${at('f')}' true || echo held`)).toBe('held\n');
    run('sync', '-f', at('f'));
    expect(statfsSync(at('f')).bsize).toBeGreaterThan(0);
  });

  it('programs run from it', ({ at }) => {
    copyFileSync('/bin/true', at('true'));
    chmodSync(at('true'), 0o755);
    execFileSync(at('true'), { timeout: 20_000 });
  });
});
