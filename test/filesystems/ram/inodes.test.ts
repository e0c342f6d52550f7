import { describe, expect, test } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { ROOT_NODE, S_ISGID, S_ISUID, XATTR_CREATE, XATTR_REPLACE } from '../../../src/vfs/index.ts';
import { codeOf, Direct, ok } from '../../support/direct.ts';
import { testEnvironment } from '../../support/environment.ts';

const make = (options = {}) => new Direct(ram(testEnvironment(), options));
const alive = (fs: Direct, node: number) => codeOf(() => fs.fs.getattr(node, undefined, fs.context)) === 'ok';

describe('lifetime', () => {
  test('an unlinked file lives until it is closed and forgotten', () => {
    const fs = make();
    const file = fs.create('/a');
    file.write('kept');
    fs.unlink('/a');
    expect(file.text()).toBe('kept');
    expect(file.stat().nlink).toBe(0);
    file.release();
    expect(alive(fs, file.node)).toBe(true);
    fs.fs.forget?.(file.node, 1);
    expect(alive(fs, file.node)).toBe(false);
  });

  test('and the other way round', () => {
    const fs = make();
    const file = fs.create('/a');
    fs.unlink('/a');
    fs.fs.forget?.(file.node, 1);
    expect(alive(fs, file.node)).toBe(true);
    file.release();
    expect(alive(fs, file.node)).toBe(false);
  });

  test('a file that a rename replaced lives as long', () => {
    const fs = make();
    const file = fs.create('/a');
    file.write('old');
    fs.write('/b', 'new');
    fs.rename('/b', '/a');
    expect(file.text()).toBe('old');
    file.close();
    expect(alive(fs, file.node)).toBe(false);
  });

  test('forgetting too much, or what is not there, harms nothing', () => {
    const fs = make();
    fs.write('/a');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context));
    fs.fs.forget?.(node, 1000);
    fs.fs.forget?.(4711, 1);
    fs.fs.forget?.(ROOT_NODE, 1);
    expect(alive(fs, node)).toBe(true);
    expect(fs.names('/')).toEqual(['a']);
  });

  test('a node id comes back with another generation', () => {
    const fs = make();
    const first = fs.create('/a');
    const { generation } = ok(fs.fs.lookup(ROOT_NODE, 'a', fs.context));
    fs.fs.forget?.(first.node, 1);
    first.close();
    fs.unlink('/a');
    fs.write('/b');
    const next = ok(fs.fs.lookup(ROOT_NODE, 'b', fs.context));
    expect(next.node).toBe(first.node);
    expect(next.generation).not.toBe(generation);
  });

  test('unless node ids are not to be used again', () => {
    const fs = make({ reuseNodes: false });
    const first = fs.create('/a');
    first.close();
    fs.unlink('/a');
    fs.write('/b');
    expect(ok(fs.fs.lookup(ROOT_NODE, 'b', fs.context)).node).not.toBe(first.node);
  });

  test('the last call gives back everything without a name', () => {
    const fs = make();
    fs.create('/a').write('x');
    fs.unlink('/a');
    fs.fs.destroy?.();
    expect(ok(fs.fs.statfs!(1, fs.context))).toMatchObject({ bfree: 2 ** 18, ffree: 2 ** 20 - 1 });
  });

  test('`.` and `..` are looked up for exported handles', () => {
    const fs = make();
    fs.mkdir('/d');
    const { node } = ok(fs.fs.lookup(ROOT_NODE, 'd', fs.context));
    expect(ok(fs.fs.lookup(node, '.', fs.context)).node).toBe(node);
    expect(ok(fs.fs.lookup(node, '..', fs.context)).node).toBe(ROOT_NODE);
    expect(ok(fs.fs.lookup(ROOT_NODE, '..', fs.context)).node).toBe(ROOT_NODE);
  });
});

describe('times', () => {
  test('each change stamps what POSIX says', () => {
    const environment = testEnvironment();
    const fs = new Direct(ram(environment, {}));
    const stamps = (path: string, act: () => void) => {
      const before = fs.stat(path);
      environment.seconds += 10;
      act();
      const after = fs.stat(path);
      return (['atime', 'mtime', 'ctime'] as const).filter((time) => after[time].sec !== before[time].sec).join(' ');
    };
    const file = fs.create('/a');
    expect(stamps('/a', () => file.write('x'))).toBe('mtime ctime');
    expect(stamps('/a', () => file.text())).toBe('');
    expect(stamps('/a', () => file.truncate(5))).toBe('mtime ctime');
    expect(stamps('/a', () => file.fallocate(0, 0, 10))).toBe('mtime ctime');
    expect(stamps('/a', () => fs.set('/a', { mode: 0o600 }))).toBe('ctime');
    expect(stamps('/a', () => fs.set('/a', { uid: 7 }))).toBe('ctime');
    expect(stamps('/a', () => fs.link('/a', '/b'))).toBe('ctime');
    expect(stamps('/a', () => fs.unlink('/b'))).toBe('ctime');
    expect(stamps('/a', () => fs.set('/a', {}))).toBe('ctime');
    expect(stamps('/a', () => fs.set('/a', { atime: 'now' }))).toBe('atime ctime');
    for (const act of [() => fs.write('/c'), () => fs.unlink('/c'), () => fs.mkdir('/d'), () => fs.rmdir('/d')])
      expect(stamps('/', act)).toBe('mtime ctime');
    expect(stamps('/', () => fs.names('/'))).toBe('');
  });

  test('are set to the nanosecond, also before the epoch', () => {
    const fs = make();
    fs.write('/a');
    const times = { atime: { sec: -5, nsec: 999_999_999 }, mtime: { sec: 2 ** 33, nsec: 1 } };
    expect(fs.set('/a', times)).toMatchObject(times);
  });

  test('the answer does not change with the file', () => {
    const fs = make();
    fs.write('/a');
    const before = fs.stat('/a');
    fs.set('/a', { mode: 0o600, size: 10 });
    expect(before).toMatchObject({ mode: 0o100644, size: 0 });
  });
});

describe('set-user-id and set-group-id', () => {
  const bits = S_ISUID | S_ISGID;

  test('go when the kernel says so', () => {
    const fs = make();
    const file = fs.create('/a', 0o755 | bits);
    file.write('x', 0, true);
    expect(file.stat().mode & bits).toBe(0);
    fs.set('/a', { mode: 0o744 | bits });
    fs.set('/a', { killPrivileges: true, size: 0 });
    expect(file.stat().mode & bits).toBe(S_ISGID);
  });

  test('go with a change of nothing', () => {
    const fs = make();
    fs.create('/a', 0o755 | bits).close();
    expect(fs.set('/a', {}).mode & bits).toBe(0);
    fs.mkdir('/d', 0o755 | S_ISGID);
    expect(fs.set('/d', {}).mode & bits).toBe(S_ISGID);
  });

  test('go when a user preallocates', () => {
    const fs = make();
    fs.create('/a', 0o755 | bits).close();
    fs.as(5).open('/a').fallocate(0, 0, 1);
    expect(fs.stat('/a').mode & bits).toBe(0);
  });
});

describe('extended attributes', () => {
  const set = (fs: Direct, name: string, value: string, flags = 0) =>
    codeOf(() => fs.fs.setxattr!(ROOT_NODE, name, Buffer.from(value), flags, fs.context));
  const get = (fs: Direct, name: string) => Buffer.from(ok(fs.fs.getxattr!(ROOT_NODE, name, fs.context))).toString();
  const list = (fs: Direct) => ok(fs.fs.listxattr!(ROOT_NODE, fs.context));

  test('are set, read, listed and removed', () => {
    const fs = make();
    expect(set(fs, 'user.a', '1')).toBe('ok');
    expect(set(fs, 'user.a', '2')).toBe('ok');
    expect(get(fs, 'user.a')).toBe('2');
    expect(list(fs)).toEqual(['user.a']);
    ok(fs.fs.removexattr!(ROOT_NODE, 'user.a', fs.context));
    expect(codeOf(() => get(fs, 'user.a'))).toBe('ENODATA');
    expect(codeOf(() => fs.fs.removexattr!(ROOT_NODE, 'user.a', fs.context))).toBe('ENODATA');
  });

  test('can be told to be new, or not to be', () => {
    const fs = make();
    expect(set(fs, 'user.a', '1', XATTR_REPLACE)).toBe('ENODATA');
    expect(set(fs, 'user.a', '1', XATTR_CREATE)).toBe('ok');
    expect(set(fs, 'user.a', '1', XATTR_CREATE)).toBe('EEXIST');
    expect(set(fs, 'user.a', '2', XATTR_REPLACE)).toBe('ok');
  });

  test('keep their own copy of the value', () => {
    const fs = make();
    const value = Buffer.from('x');
    ok(fs.fs.setxattr!(ROOT_NODE, 'user.a', value, 0, fs.context));
    value[0] = 0;
    expect(get(fs, 'user.a')).toBe('x');
  });

  test('live in known namespaces and within limits', () => {
    const fs = make();
    expect(set(fs, 'a', '1')).toBe('EOPNOTSUPP');
    expect(set(fs, 'system.a', '1')).toBe('EOPNOTSUPP');
    expect(set(fs, 'user.', '1')).toBe('EINVAL');
    expect(set(fs, `user.${'x'.repeat(251)}`, '1')).toBe('ERANGE');
    expect(set(fs, 'user.big', 'x'.repeat(65537))).toBe('E2BIG');
    expect(set(fs, 'user.1', 'x'.repeat(65536))).toBe('ok');
    expect(set(fs, 'user.2', 'x'.repeat(65536))).toBe('ENOSPC');
    expect(set(fs, 'user.1', '')).toBe('ok');
    expect(set(fs, 'user.2', 'x'.repeat(65536))).toBe('ok');
  });

  test('trusted ones are shown to root only', () => {
    const fs = make();
    set(fs, 'trusted.a', '1');
    set(fs, 'user.a', '1');
    expect(list(fs)).toEqual(['trusted.a', 'user.a']);
    expect(list(fs.as(5))).toEqual(['user.a']);
  });
});

test('an option that is misspelt or of the wrong kind is refused', () => {
  expect(() => make({ sice: 1 })).toThrow(/sice.*size/);
  expect(() => make({ size: 'big' })).toThrow(/size.*'big'/);
  expect(() => make({ locks: 1 })).toThrow(/locks/);
  expect(ok(make({ size: '64k' }).fs.statfs!(1, make().context)).blocks).toBe(16);
});
