import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memfs } from 'memfs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loopback } from '../../src/filesystems/index.ts';
import {
  nameFromBytes,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  RENAME_NOREPLACE,
  ROOT_NODE,
  S_IFIFO,
} from '../../src/vfs/index.ts';
import { codeOf, Direct, ok } from '../support/direct.ts';
import { testEnvironment } from '../support/environment.ts';

const asRoot = process.getuid?.() === 0;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'loopback-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const onHost = () => new Direct(loopback(testEnvironment(), { root: directory }));
const onMemfs = () => new Direct(loopback(testEnvironment(), { backing: 'memfs' }));

describe.each([
  ['node:fs', onHost],
  ['memfs', onMemfs],
])('over %s', (backing, make) => {
  test('a file is written, read, renamed, linked and removed', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/d/a', 'content');
    fs.rename('/d/a', '/b');
    fs.link('/b', '/d/c');
    expect(fs.read('/d/c')).toBe('content');
    expect(fs.stat('/b')).toMatchObject({ size: 7, nlink: 2 });
    fs.unlink('/b');
    expect(fs.names('/')).toEqual(['d']);
    expect(fs.names('/d')).toEqual(['c']);
    expect(codeOf(() => fs.stat('/b'))).toBe('ENOENT');
  });

  test('errors of the backing pass through', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/d/a');
    expect(codeOf(() => fs.rmdir('/d'))).toBe('ENOTEMPTY');
    expect(codeOf(() => fs.mkdir('/d'))).toBe('EEXIST');
    expect(codeOf(() => fs.unlink('/none'))).toBe('ENOENT');
    expect(codeOf(() => fs.readlink('/d/a'))).toBe('EINVAL');
  });

  test('an open directory can be synchronised, removed or not', () => {
    const fs = make();
    fs.mkdir('/d');
    const listing = fs.opendir('/d');
    expect(() => listing.fsync()).not.toThrow();
    fs.rmdir('/d');
    expect(() => listing.fsync()).not.toThrow();
    listing.close();
  });

  test('a node follows the renames of its parents', () => {
    const fs = make();
    fs.mkdir('/d');
    const file = fs.create('/d/a');
    file.release();
    fs.rename('/d', '/e');
    expect(ok(fs.fs.getattr(file.node, undefined, fs.context)).size).toBe(0);
    fs.set('/e', { mode: 0o700 });
    const again = ok(fs.fs.open!(file.node, O_RDONLY, fs.context));
    expect(codeOf(() => fs.fs.release!(file.node, again.fh, 0, fs.context, undefined))).toBe('ok');
  });

  test('an unlinked file is reached while it is open, also when its name is used again', () => {
    const fs = make();
    const old = fs.create('/a');
    old.write('old');
    fs.unlink('/a');
    const next = fs.create('/a');
    next.write('next!');
    expect(next.node).not.toBe(old.node);
    expect(old.text()).toBe('old');
    expect(next.text()).toBe('next!');
    expect(ok(fs.fs.getattr(old.node, undefined, fs.context)).size).toBe(3);
    old.truncate(1);
    expect(old.text()).toBe('o');
    old.close();
    expect(codeOf(() => fs.fs.getattr(old.node, undefined, fs.context))).toBe('ESTALE');
  });

  test('an unlinked file that is closed is as it was when it was closed, for who has it without a handle', () => {
    const fs = make();
    const file = fs.create('/a');
    ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context));
    fs.unlink('/a');
    file.write('content');
    file.close();
    expect(ok(fs.fs.getattr(file.node, undefined, fs.context))).toMatchObject({ size: 7, nlink: 0 });
  });

  test('a file that a rename replaced is reached while it is open', () => {
    const fs = make();
    const old = fs.create('/a');
    old.write('old');
    fs.write('/b', 'new');
    fs.rename('/b', '/a');
    expect(old.text()).toBe('old');
    expect(fs.read('/a')).toBe('new');
    old.close();
  });

  test('a removed directory answers with what was last seen of it', () => {
    const fs = make();
    fs.mkdir('/d');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'd', fs.context));
    fs.rmdir('/d');
    expect(ok(fs.fs.getattr(node, undefined, fs.context)).nlink).toBe(0);
    expect(codeOf(() => fs.fs.lookup(node, 'a', fs.context))).toBe('ENOENT');
    expect(codeOf(() => fs.fs.mkdir!(node, 'a', 0o755, fs.context))).toBe('ENOENT');
  });

  test('a node is forgotten with its last reference', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/d/a');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'd', fs.context));
    const child = ok(fs.fs.lookup(node, 'a', fs.context)).node;
    fs.fs.forget?.(node, 1);
    expect(codeOf(() => fs.fs.getattr(child, undefined, fs.context))).toBe('ok');
    fs.fs.forget?.(child, 1);
    expect(codeOf(() => fs.fs.getattr(child, undefined, fs.context))).toBe('ESTALE');
    expect(codeOf(() => fs.fs.getattr(node, undefined, fs.context))).toBe('ESTALE');
  });

  test('create opens what exists, unless it must not', () => {
    const fs = make();
    fs.write('/a', 'kept');
    const file = fs.create('/a', 0o600, O_RDWR);
    expect(file.text()).toBe('kept');
    file.close();
    expect(codeOf(() => fs.create('/a', 0o600, O_RDWR | O_EXCL))).toBe('EEXIST');
  });

  test('rename flags are invalid, special files not permitted', () => {
    const fs = make();
    fs.write('/a');
    expect(codeOf(() => fs.rename('/a', '/b', RENAME_NOREPLACE))).toBe('EINVAL');
    expect(codeOf(() => fs.mknod('/p', S_IFIFO | 0o644))).toBe('EPERM');
    fs.mknod('/f', 0o640);
    expect(fs.stat('/f').mode & 0o777).toBe(0o640);
  });

  test('a listing neither loses nor repeats entries while others come and go', () => {
    const fs = make();
    const names = Array.from({ length: 30 }, (_, i) => `f${String(i).padStart(2, '0')}`);
    for (const name of names) fs.write(`/${name}`);
    const listing = fs.opendir('/');
    const seen: string[] = [];
    let offset: number | bigint = 0;
    for (let i = 0; ; i++) {
      const entries = listing.read(offset, 4);
      if (entries.length === 0) break;
      seen.push(...entries.map(({ name }) => name));
      offset = entries[entries.length - 1].offset;
      if (i === 1) for (const name of names.filter((_, k) => k % 2 === 1)) fs.unlink(`/${name}`);
      fs.write(`/new${i}`);
    }
    const stayed = names.filter((_, k) => k % 2 === 0);
    expect(seen.filter((name) => stayed.includes(name)).sort()).toEqual(stayed);
    listing.close();
  });

  test('readdir and readdirplus agree with lookup', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/a');
    const listing = fs.opendir('/');
    for (const { name, ino } of listing.all()) if (!name.startsWith('.')) expect(ino).toBe(fs.stat(`/${name}`).ino);
    const plus = listing.plus();
    expect(plus.map(({ name }) => name).sort()).toEqual(['.', '..', 'a', 'd']);
    listing.close();
  });

  test('times are set, one of them or both', () => {
    const fs = make();
    fs.write('/a');
    fs.set('/a', { atime: { sec: 1000, nsec: 0 }, mtime: { sec: -2000, nsec: 0 } });
    expect(fs.stat('/a')).toMatchObject({ atime: { sec: 1000, nsec: 0 }, mtime: { sec: -2000, nsec: 0 } });
    fs.set('/a', { atime: 'now' });
    expect(fs.stat('/a').atime.sec).toBe(1_000_000_000);
    expect(fs.stat('/a').mtime.sec).toBe(-2000);
  });

  test.runIf(asRoot || backing === 'memfs')('new files belong to the caller', () => {
    const fs = make();
    fs.set('/', { mode: 0o777 });
    fs.as(1000, 1001).mkdir('/d', 0o777);
    fs.as(1000, 1001).write('/d/a');
    fs.as(1000, 1001).symlink('a', '/d/l');
    for (const path of ['/d', '/d/a', '/d/l']) expect(fs.stat(path)).toMatchObject({ uid: 1000, gid: 1001 });
  });
});

describe('over node:fs', () => {
  test('names may be any bytes', () => {
    const fs = onHost();
    const name = nameFromBytes(Uint8Array.of(0x61, 0xff, 0x62));
    fs.write(`/${name}`, 'x');
    fs.symlink(name, '/link');
    expect(fs.names('/')).toContain(name);
    expect(fs.readlink('/link')).toBe(name);
    expect(
      readFileSync(Buffer.concat([Buffer.from(`${directory}/a`), Buffer.of(0xff), Buffer.from('b')]), 'utf8'),
    ).toBe('x');
  });

  test('hard links that were there before are one node', () => {
    const fs = onHost();
    fs.write('/a');
    fs.link('/a', '/b');
    const other = onHost();
    const node = (name: string) => ok(other.fs.lookup(ROOT_NODE, name, other.context)).node;
    expect(node('a')).toBe(node('b'));
  });

  test('a rename of one hard link over the other keeps both names and the node', () => {
    const fs = onHost();
    fs.write('/a', 'x');
    fs.link('/a', '/b');
    fs.rename('/a', '/b');
    expect(fs.names('/')).toEqual(['a', 'b']);
    expect(fs.read('/a')).toBe('x');
  });

  test.runIf(asRoot)('set-user-id survives the change of owner of a new file', () => {
    const fs = onHost();
    fs.set('/', { mode: 0o777 });
    fs.as(1000).create('/a', 0o4755).close();
    expect(fs.stat('/a')).toMatchObject({ uid: 1000, mode: 0o104755 });
  });

  test('the inode number of a removed directory is not used again while it is open', () => {
    const fs = onHost();
    fs.mkdir('/d');
    const { ino } = fs.stat('/d');
    const listing = fs.opendir('/d');
    fs.rmdir('/d');
    for (let i = 0; i < 5; i++) {
      fs.mkdir(`/d${i}`);
      expect(fs.stat(`/d${i}`).ino).not.toBe(ino);
    }
    listing.close();
  });

  test('a file is cut by its path while somebody has it open for neither reading nor writing', () => {
    const fs = onHost();
    fs.write('/a', 'xyz');
    const file = fs.open('/a', O_RDWR | O_WRONLY);
    fs.set('/a', { size: 1 });
    expect(fs.read('/a')).toBe('x');
    file.close();
  });

  test('what changed behind its back gets another node', () => {
    const fs = onHost();
    fs.write('/a', 'old');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context));
    writeFileSync(join(directory, 'b'), 'new');
    rmSync(join(directory, 'a'));
    writeFileSync(join(directory, 'a'), 'newer');
    expect(codeOf(() => fs.fs.getattr(node, undefined, fs.context))).toBe('ESTALE');
    expect(ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context)).node).not.toBe(node);
    rmSync(join(directory, 'a'));
    expect(codeOf(() => fs.stat('/a'))).toBe('ENOENT');
  });

  test('the umask of this process takes no mode bits', () => {
    const fs = onHost();
    fs.mkdir('/d', 0o777);
    fs.create('/d/a', 0o666).close();
    expect(lstatSync(join(directory, 'd')).mode & 0o7777).toBe(0o777);
    expect(lstatSync(join(directory, 'd/a')).mode & 0o7777).toBe(0o666);
  });

  test.runIf(asRoot)('a set-group-id directory passes its group on', () => {
    const fs = onHost();
    fs.mkdir('/d');
    fs.set('/d', { gid: 77 });
    fs.set('/d', { mode: 0o2777 });
    fs.as(1000, 1001).mkdir('/d/e', 0o755);
    expect(fs.stat('/d/e')).toMatchObject({ uid: 1000, gid: 77, mode: 0o42755 });
  });

  test('a symbolic link that took the place of a file is not followed', () => {
    const fs = onHost();
    writeFileSync(join(directory, 'secret'), 's');
    fs.write('/a', 'x');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context));
    rmSync(join(directory, 'a'));
    symlinkSync('secret', join(directory, 'a'));
    expect(codeOf(() => fs.fs.open!(node, O_RDONLY, fs.context))).toBe('ELOOP');
  });

  test('a missing root is refused by name', () => {
    expect(() => loopback(testEnvironment(), { root: join(directory, 'none') })).toThrow(/root.*none/);
    writeFileSync(join(directory, 'file'), '');
    expect(() => loopback(testEnvironment(), { root: join(directory, 'file') })).toThrow(/directory/);
    expect(() => loopback(testEnvironment(), {})).toThrow(/root/);
  });

  test('a directory below an unreadable one reports the errno of the host', () => {
    mkdirSync(join(directory, 'd'));
    chmodSync(join(directory, 'd'), 0);
    const fs = onHost();
    if (asRoot) expect(fs.names('/d')).toEqual([]);
    else expect(codeOf(() => fs.names('/d'))).toBe('EACCES');
    chmodSync(join(directory, 'd'), 0o700);
  });
});

test('any object shaped like node:fs serves, below a directory of it', () => {
  const { fs: backing } = memfs({ base: { a: 'x' } });
  const fs = new Direct(loopback(testEnvironment(), { fs: backing, root: '/base' }));
  expect(fs.read('/a')).toBe('x');
  expect(() => loopback(testEnvironment(), { fs: {} })).toThrow(/lstatSync/);
});

test('every descriptor of the backing is closed in the end', () => {
  const { fs: backing, vol } = memfs({ '/a': 'x' });
  const fs = new Direct(loopback(testEnvironment(), { fs: backing }));
  fs.open('/a');
  fs.create('/b');
  fs.fs.destroy?.();
  expect((vol as unknown as { _core: { fds: object } })._core.fds).toEqual({});
});
