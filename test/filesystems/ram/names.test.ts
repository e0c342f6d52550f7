import { describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import {
  O_EXCL,
  O_RDWR,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  ROOT_NODE,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFSOCK,
} from '../../../src/vfs/index.ts';
import { codeOf, Direct, ok } from '../../support/direct.ts';
import { testEnvironment } from '../../support/environment.ts';

const make = (options = {}) => new Direct(ram(testEnvironment(), options));
const code = codeOf;

describe('links', () => {
  test('files count their names, directories their subdirectories', () => {
    const fs = make();
    expect(fs.stat('/').nlink).toBe(2);
    fs.mkdir('/d');
    fs.mkdir('/d/e');
    fs.write('/d/a');
    fs.link('/d/a', '/b');
    expect(['/', '/d', '/d/e', '/d/a', '/b'].map((path) => fs.stat(path).nlink)).toEqual([3, 3, 2, 2, 2]);
    fs.rmdir('/d/e');
    fs.unlink('/b');
    expect(['/d', '/d/a'].map((path) => fs.stat(path).nlink)).toEqual([2, 1]);
  });

  test('have an upper limit', () => {
    const fs = make({ maxLinks: 3 });
    fs.write('/a');
    fs.link('/a', '/b');
    fs.link('/a', '/c');
    expect(code(() => fs.link('/a', '/d'))).toBe('EMLINK');
    fs.mkdir('/s');
    expect(code(() => fs.mkdir('/t'))).toBe('EMLINK');
    fs.mkdir('/s/u');
    expect(code(() => fs.rename('/s/u', '/u'))).toBe('EMLINK');
  });

  test('go not to directories and not to names that exist', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/a');
    expect(code(() => fs.link('/d', '/e'))).toBe('EPERM');
    expect(code(() => fs.link('/a', '/d'))).toBe('EEXIST');
  });
});

describe('names', () => {
  test('have up to 255 bytes', () => {
    const fs = make();
    fs.write(`/${'x'.repeat(255)}`);
    fs.write(`/${'ä'.repeat(127)}`);
    for (const name of ['x'.repeat(256), 'ä'.repeat(128), '€'.repeat(86)]) {
      expect(code(() => fs.write(`/${name}`))).toBe('ENAMETOOLONG');
      expect(code(() => fs.stat(`/${name}`))).toBe('ENAMETOOLONG');
      expect(code(() => fs.unlink(`/${name}`))).toBe('ENAMETOOLONG');
      expect(code(() => fs.rename(`/${'x'.repeat(255)}`, `/${name}`))).toBe('ENAMETOOLONG');
    }
  });

  test('that would break the tree are refused', () => {
    const fs = make();
    for (const name of ['', '.', '..', 'a/b'])
      expect(code(() => fs.fs.mkdir!(ROOT_NODE, name, 0o755, fs.context))).not.toBe('ok');
  });

  test('are looked for in directories only', () => {
    const fs = make();
    fs.write('/a');
    expect(code(() => fs.stat('/a/b'))).toBe('ENOTDIR');
    expect(code(() => fs.mkdir('/a/b'))).toBe('ENOTDIR');
    expect(code(() => fs.stat('/none'))).toBe('ENOENT');
  });
});

describe('removal', () => {
  test('tells directories from files', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/d/a');
    expect(code(() => fs.unlink('/d'))).toBe('EISDIR');
    expect(code(() => fs.rmdir('/d/a'))).toBe('ENOTDIR');
    expect(code(() => fs.rmdir('/d'))).toBe('ENOTEMPTY');
    expect(code(() => fs.rmdir('/none'))).toBe('ENOENT');
  });

  test('leaves a directory that is still known, in which nothing can be made', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.write('/a');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'd', fs.context));
    fs.rmdir('/d');
    expect(ok(fs.fs.getattr(node, undefined, fs.context)).nlink).toBe(0);
    expect(code(() => fs.fs.mkdir!(node, 'e', 0o755, fs.context))).toBe('ENOENT');
    expect(code(() => fs.fs.rename!(ROOT_NODE, 'a', node, 'a', 0, fs.context))).toBe('ENOENT');
    fs.fs.forget?.(node, 1);
    expect(code(() => fs.fs.getattr(node, undefined, fs.context))).toBe('ESTALE');
  });
});

describe('rename', () => {
  test('replaces a file, which loses a name', () => {
    const fs = make();
    fs.write('/a', 'new');
    fs.write('/b', 'old');
    fs.link('/b', '/c');
    fs.rename('/a', '/b');
    expect(fs.read('/b')).toBe('new');
    expect(fs.stat('/c').nlink).toBe(1);
    expect(fs.names('/')).toEqual(['b', 'c']);
  });

  test('moves directories together with their link to the parent', () => {
    const fs = make();
    for (const path of ['/d', '/d/sub', '/e', '/e/empty']) fs.mkdir(path);
    fs.rename('/d/sub', '/e/empty');
    expect(['/d', '/e', '/e/empty'].map((path) => fs.stat(path).nlink)).toEqual([2, 3, 2]);
    fs.rename('/e/empty', '/d/back');
    expect(['/d', '/e'].map((path) => fs.stat(path).nlink)).toEqual([3, 2]);
    const listing = fs.opendir('/d/back');
    expect(listing.all()[1]).toMatchObject({ name: '..', ino: fs.stat('/d').ino });
    listing.close();
  });

  test('refuses what does not fit together', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.mkdir('/d/e');
    fs.write('/a');
    expect(code(() => fs.rename('/a', '/d'))).toBe('EISDIR');
    expect(code(() => fs.rename('/d', '/a'))).toBe('ENOTDIR');
    fs.mkdir('/f');
    expect(code(() => fs.rename('/f', '/d'))).toBe('ENOTEMPTY');
    expect(code(() => fs.rename('/none', '/d'))).toBe('ENOENT');
    expect(code(() => fs.rename('/a', '/b', RENAME_EXCHANGE | RENAME_NOREPLACE))).toBe('EINVAL');
    expect(code(() => fs.rename('/a', '/b', 8))).toBe('EINVAL');
  });

  test('never makes a cycle', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.mkdir('/d/e');
    expect(code(() => fs.rename('/d', '/d/e/f'))).toBe('EINVAL');
    expect(code(() => fs.rename('/d', '/d/e', RENAME_EXCHANGE))).toBe('EINVAL');
    expect(code(() => fs.rename('/d/e', '/d', RENAME_EXCHANGE))).toBe('EINVAL');
  });

  test('of one hard link over the other does nothing', () => {
    const fs = make();
    fs.write('/a');
    fs.link('/a', '/b');
    fs.rename('/a', '/b');
    expect(fs.names('/')).toEqual(['a', 'b']);
    expect(fs.stat('/a').nlink).toBe(2);
  });

  test('can be told not to replace', () => {
    const fs = make();
    fs.write('/a');
    fs.write('/b');
    expect(code(() => fs.rename('/a', '/b', RENAME_NOREPLACE))).toBe('EEXIST');
    fs.rename('/a', '/c', RENAME_NOREPLACE);
    expect(fs.names('/')).toEqual(['b', 'c']);
  });

  test('can exchange a file and a directory', () => {
    const fs = make();
    fs.mkdir('/d');
    fs.mkdir('/d/sub');
    fs.write('/a', 'x');
    fs.rename('/a', '/d/sub', RENAME_EXCHANGE);
    expect(fs.read('/d/sub')).toBe('x');
    expect(['/', '/d', '/a'].map((path) => fs.stat(path).nlink)).toEqual([4, 2, 2]);
    expect(code(() => fs.rename('/a', '/none', RENAME_EXCHANGE))).toBe('ENOENT');
  });

  test('can leave a whiteout', () => {
    const fs = make();
    fs.write('/a', 'x');
    fs.rename('/a', '/b', RENAME_WHITEOUT);
    expect(fs.stat('/a')).toMatchObject({ mode: S_IFCHR, rdev: 0, nlink: 1 });
    expect(fs.read('/b')).toBe('x');
  });

  test('stamps the parents, the moved and the replaced file', () => {
    const environment = testEnvironment();
    const fs = new Direct(ram(environment, {}));
    fs.mkdir('/d');
    fs.write('/a');
    fs.write('/d/b');
    fs.link('/d/b', '/c');
    const before = fs.stat('/a');
    environment.seconds += 10;
    fs.rename('/a', '/d/b');
    for (const path of ['/', '/d']) {
      expect(fs.stat(path).mtime.sec).toBe(environment.seconds);
      expect(fs.stat(path).ctime.sec).toBe(environment.seconds);
    }
    expect(fs.stat('/d/b')).toMatchObject({ mtime: before.mtime, ctime: { sec: environment.seconds } });
    expect(fs.stat('/c').ctime.sec).toBe(environment.seconds);
  });
});

describe('special files', () => {
  test.each([S_IFIFO, S_IFSOCK, S_IFCHR, S_IFBLK])('of type %i keep type, mode and device', (type) => {
    const fs = make();
    fs.mknod('/n', type | 0o640, 0x501);
    expect(fs.stat('/n')).toMatchObject({ mode: type | 0o640, rdev: 0x501, size: 0 });
  });

  test('are not directories', () => {
    expect(code(() => make().mknod('/n', S_IFDIR | 0o755))).toBe('EPERM');
  });

  test('a symbolic link has its content, and its length as size', () => {
    const fs = make();
    fs.symlink('zü', '/l');
    expect(fs.readlink('/l')).toBe('zü');
    expect(fs.stat('/l')).toMatchObject({ size: 3, mode: 0o120777 });
    fs.write('/a');
    expect(code(() => fs.readlink('/a'))).toBe('EINVAL');
  });
});

describe('create', () => {
  test('opens what exists, unless it must not', () => {
    const fs = make();
    fs.write('/a', 'kept');
    const file = fs.create('/a');
    expect(file.text()).toBe('kept');
    expect(code(() => fs.create('/a', 0o644, O_RDWR | O_EXCL))).toBe('EEXIST');
  });

  test('gives the file to the caller, or to the group of a set-group-id directory', () => {
    const fs = make();
    fs.as(5, 6).write('/a');
    expect(fs.stat('/a')).toMatchObject({ uid: 5, gid: 6 });
    fs.mkdir('/d', 0o2777);
    fs.set('/d', { gid: 77 });
    fs.as(5, 6).write('/d/a');
    fs.as(5, 6).mkdir('/d/e', 0o755);
    expect(fs.stat('/d/a')).toMatchObject({ uid: 5, gid: 77 });
    expect(fs.stat('/d/e')).toMatchObject({ gid: 77, mode: S_IFDIR | 0o2755 });
  });
});

describe('O_TMPFILE', () => {
  test('makes a file without a name, which link can give it once', () => {
    const fs = make();
    const file = fs.tmpfile('/');
    file.write('x');
    expect(file.stat().nlink).toBe(0);
    expect(fs.names('/')).toEqual([]);
    fs.fs.link!(file.node, ROOT_NODE, 'a', fs.context);
    expect(fs.stat('/a').nlink).toBe(1);
    fs.unlink('/a');
    expect(code(() => ok(fs.fs.link!(file.node, ROOT_NODE, 'a', fs.context)))).toBe('ENOENT');
  });

  test('with O_EXCL never gets a name', () => {
    const fs = make();
    const file = fs.tmpfile('/', 0o600, O_RDWR | O_EXCL);
    expect(code(() => ok(fs.fs.link!(file.node, ROOT_NODE, 'a', fs.context)))).toBe('ENOENT');
    file.close();
    expect(ok(fs.fs.statfs!(1, fs.context)).ffree).toBe(2 ** 20 - 1);
  });
});
