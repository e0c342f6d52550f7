import { describe, expect, it } from 'vitest';
import { errno } from '../../../src/vfs/index.ts';
import { changed, startServer, sys, type TestClient } from '../harness.ts';

async function mounted(): Promise<{ client: TestClient; root: Uint8Array }> {
  const client = (await startServer()).connect();
  return { client, root: await client.root() };
}

describe('names', () => {
  it('a file that was created is found, read, and gone when removed', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a');
    expect(await client.write(file, 'hello')).toMatchObject({ status: 'OK', count: 5, committed: 'UNSTABLE' });
    expect(await client.read(await client.lookup(root, 'a'))).toBe('hello');
    expect(await client.nfs('REMOVE', { object: { dir: root, name: 'a' } })).toMatchObject({ status: 'OK' });
    expect(await client.nfs('LOOKUP', { what: { dir: root, name: 'a' } })).toMatchObject({
      status: 'NOENT',
      dirAttributes: { type: 'DIR' },
    });
    expect(await client.read(file)).toBe('STALE');
  });

  it('a file with another name is kept when one is removed', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a');
    expect(await client.nfs('LINK', { file, link: { dir: root, name: 'b' } })).toMatchObject({
      status: 'OK',
      attributes: { nlink: 2 },
    });
    await client.nfs('REMOVE', { object: { dir: root, name: 'a' } });
    expect(await client.nfs('GETATTR', { object: file })).toMatchObject({ status: 'OK', attributes: { nlink: 1 } });
  });

  it('names may be any bytes but a slash and NUL, up to 255 of them', async () => {
    const { client, root } = await mounted();
    const name = '\udc80\udcff é';
    await client.create(root, name);
    const listed = await client.nfs('READDIR', { dir: root, cookie: 0, cookieVerifier: 0, count: 4096 });
    expect(listed).toMatchObject({ status: 'OK', entries: [{ name: '.' }, { name: '..' }, { name }] });
    const lookup = async (wrong: string) => (await client.nfs('LOOKUP', { what: { dir: root, name: wrong } })).status;
    expect(await lookup('a/b')).toBe('INVAL');
    expect(await lookup('a\0b')).toBe('INVAL');
    expect(await lookup('x'.repeat(256))).toBe('NAMETOOLONG');
    expect(await lookup('')).toBe('ACCES');
  });

  it('a rename replaces its target, whose handle is stale, and moves directories but not below themselves', async () => {
    const { client, root } = await mounted();
    const target = await client.create(root, 'b');
    await client.create(root, 'a');
    const rename = (dir: Uint8Array, name: string, toDir: Uint8Array, to: string) =>
      client.nfs('RENAME', { from: { dir, name }, to: { dir: toDir, name: to } });
    expect(await rename(root, 'a', root, 'b')).toMatchObject({ status: 'OK' });
    expect(await client.read(target)).toBe('STALE');
    const directory = await client.mkdir(root, 'd');
    const inner = await client.mkdir(directory, 'e');
    expect((await rename(root, 'd', inner, 'f')).status).toBe('INVAL');
    expect((await rename(root, 'b', root, 'd')).status).toBe('ISDIR');
    expect((await rename(root, 'd', root, 'b')).status).toBe('NOTDIR');
    expect((await rename(directory, 'e', root, 'g')).status).toBe('OK');
    expect(await client.nfs('LOOKUP', { what: { dir: inner, name: '..' } })).toMatchObject({
      status: 'OK',
      object: root,
    });
  });

  it('REMOVE is for files and RMDIR for empty directories', async () => {
    const { client, root } = await mounted();
    const directory = await client.mkdir(root, 'd');
    await client.create(directory, 'f');
    expect((await client.nfs('REMOVE', { object: { dir: root, name: 'd' } })).status).toBe('ISDIR');
    expect((await client.nfs('RMDIR', { object: { dir: directory, name: 'f' } })).status).toBe('NOTDIR');
    expect((await client.nfs('RMDIR', { object: { dir: root, name: 'd' } })).status).toBe('NOTEMPTY');
    await client.nfs('REMOVE', { object: { dir: directory, name: 'f' } });
    expect((await client.nfs('RMDIR', { object: { dir: root, name: 'd' } })).status).toBe('OK');
    expect((await client.nfs('GETATTR', { object: directory })).status).toBe('STALE');
  });

  it('symbolic links and special files are made and told', async () => {
    const { client, root } = await mounted();
    const link = await client.nfs('SYMLINK', { where: { dir: root, name: 'l' }, attributes: {}, target: 'to/there' });
    if (link.status !== 'OK' || link.object === undefined) throw new Error(link.status);
    expect(await client.nfs('READLINK', { symlink: link.object })).toMatchObject({ status: 'OK', target: 'to/there' });
    expect((await client.nfs('READLINK', { symlink: root })).status).toBe('INVAL');
    const where = { dir: root, name: 'null' };
    const made = await client.nfs('MKNOD', {
      where,
      what: { type: 'CHR', attributes: { mode: 0o666 }, device: { major: 1, minor: 300 } },
    });
    expect(made).toMatchObject({ attributes: { type: 'CHR', mode: 0o666, rdev: { major: 1, minor: 300 } } });
    expect((await client.nfs('MKNOD', { where: { dir: root, name: 'x' }, what: { type: 'REG' } })).status).toBe(
      'BADTYPE',
    );
  });
});

describe('create', () => {
  it('UNCHECKED truncates what is there, GUARDED refuses it', async () => {
    const { client, root } = await mounted();
    const where = { dir: root, name: 'a' };
    const file = await client.create(root, 'a', 0o600);
    await client.write(file, 'text');
    const again = await client.nfs('CREATE', {
      where,
      how: { mode: 'UNCHECKED', attributes: { mode: 0o777, size: 0 } },
    });
    expect(again).toMatchObject({ status: 'OK', object: file, attributes: { size: 0, mode: 0o600 } });
    const guarded = await client.nfs('CREATE', { where, how: { mode: 'GUARDED', attributes: {} } });
    expect(guarded.status).toBe('EXIST');
  });

  it.each([
    ['stored', 'OK', 'OK', 'EXIST'],
    ['forgotten', 'OK', 'EXIST', 'EXIST'],
    ['unsupported', 'NOTSUPP', 'NOTSUPP', 'NOTSUPP'],
  ] as const)('EXCLUSIVE, %s: the first %s, the same again %s, another %s', async (exclusive, first, same, other) => {
    const client = (await startServer({ habits: { exclusive } })).connect();
    const where = { dir: await client.root(), name: 'a' };
    const create = async (verifier: bigint) =>
      (await client.nfs('CREATE', { where, how: { mode: 'EXCLUSIVE', verifier } })).status;
    expect(await create(0xfedcba9876543210n)).toBe(first);
    expect(await create(0xfedcba9876543210n)).toBe(same);
    expect(await create(0xfedcba9876543211n)).toBe(other);
  });
});

describe('attributes', () => {
  it('a change tells how the file was before and is after', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a', 0o600);
    await client.write(file, 'text');
    const { wcc } = await client.nfs('SETATTR', {
      object: file,
      newAttributes: { size: 2, mode: 0o640, mtime: { sec: 7, nsec: 8 } },
    });
    expect(wcc).toMatchObject({
      before: { size: 4 },
      after: { type: 'REG', size: 2, mode: 0o640, mtime: { sec: 7, nsec: 8 } },
    });
  });

  it('before is told only where nothing can have come in between', async () => {
    const { connect } = await startServer({}, (inner) =>
      changed(inner, { mode: 'async', setattr: async (...args) => inner.setattr?.(...args) ?? errno.ENOSYS }),
    );
    const client = connect();
    const file = await client.create(await client.root(), 'a');
    const { wcc } = await client.nfs('SETATTR', { object: file, newAttributes: { mode: 0o600 } });
    expect(wcc).toMatchObject({ before: undefined, after: { mode: 0o600 } });
  });

  it('with times in seconds two changes within one look like one', async () => {
    const { connect, clock } = await startServer({ habits: { times: 'seconds' } });
    const client = connect();
    const file = await client.create(await client.root(), 'a');
    const mtime = async (text: string, nanoseconds: number) => {
      clock.nanoseconds += nanoseconds;
      const { wcc } = await client.write(file, text);
      return wcc.after?.mtime;
    };
    const first = await mtime('x', 0);
    expect(first).toMatchObject({ nsec: 0 });
    expect(await mtime('y', 1000)).toEqual(first);
    expect(await mtime('z', 1e9)).not.toEqual(first);
  });

  it('a guard that is not the ctime refuses the change', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a');
    const before = await client.nfs('GETATTR', { object: file });
    if (before.status !== 'OK') throw new Error(before.status);
    const { ctime } = before.attributes;
    const set = async (guard: { sec: number; nsec: number }) =>
      (await client.nfs('SETATTR', { object: file, newAttributes: { mode: 0o600 }, guard })).status;
    expect(await set({ ...ctime, nsec: ctime.nsec + 1 })).toBe('NOT_SYNC');
    expect(await set(ctime)).toBe('OK');
  });

  it('only owners change modes and explicit times, only root owners, and writers may touch', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a', 0o666);
    client.credential = sys(1000);
    const set = async (newAttributes: object) => (await client.nfs('SETATTR', { object: file, newAttributes })).status;
    expect(await set({ mode: 0o777 })).toBe('PERM');
    expect(await set({ uid: 1000 })).toBe('PERM');
    expect(await set({ mtime: { sec: 1, nsec: 0 } })).toBe('PERM');
    expect(await set({ mtime: 'now' })).toBe('OK');
    expect(await set({ size: 10 })).toBe('OK');
  });

  it('a write by somebody else takes the set-user-id bit away', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a', 0o4777);
    client.credential = sys(1000);
    await client.write(file, 'x');
    expect(await client.nfs('GETATTR', { object: file })).toMatchObject({ attributes: { mode: 0o777 } });
  });

  it('ACCESS tells what the caller may', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a', 0o640);
    const access = async (object: Uint8Array) => {
      const answer = await client.nfs('ACCESS', { object, access: 63 });
      return answer.status === 'OK' ? answer.access : answer.status;
    };
    expect(await access(file)).toBe(1 | 4 | 8);
    expect(await access(root)).toBe(1 | 2 | 4 | 8 | 16);
    client.credential = sys(1000, 0);
    expect(await access(file)).toBe(1);
    client.credential = sys(1000, 1000, [0]);
    expect(await access(file)).toBe(1);
    client.credential = sys(1000);
    expect(await access(file)).toBe(0);
    expect(await access(root)).toBe(1 | 2);
  });
});

describe('data', () => {
  it('a read tells where the end is', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a');
    await client.write(file, '0123456789');
    const read = (offset: number | bigint, count: number) => client.nfs('READ', { file, offset, count });
    expect(await read(0, 4)).toMatchObject({ count: 4, eof: false, data: Uint8Array.from(Buffer.from('0123')) });
    expect(await read(6, 4)).toMatchObject({ count: 4, eof: true });
    expect(await read(100, 4)).toMatchObject({ count: 0, eof: true });
    expect(await read(2n ** 63n, 4)).toMatchObject({ count: 0, eof: true });
    expect((await client.nfs('READ', { file: root, offset: 0, count: 1 })).status).toBe('ISDIR');
  });

  it('an owner writes to a file without write permission, as it may have opened it before; others do not', async () => {
    const { client, root } = await mounted();
    await client.nfs('SETATTR', { object: root, newAttributes: { mode: 0o777 } });
    client.credential = sys(1000);
    const file = await client.create(root, 'a', 0o444);
    expect((await client.write(file, 'x')).status).toBe('OK');
    client.credential = sys(1001);
    expect((await client.write(file, 'x')).status).toBe('ACCES');
    expect(await client.read(file)).toBe('x');
  });

  it('an offset beyond what a file can have is FBIG', async () => {
    const { client, root } = await mounted();
    const file = await client.create(root, 'a');
    const write = { file, count: 1, stable: 'UNSTABLE', data: Buffer.from('x') } as const;
    expect((await client.nfs('WRITE', { ...write, offset: 2n ** 63n })).status).toBe('FBIG');
  });

  it('FSINFO, FSSTAT and PATHCONF tell of the filesystem', async () => {
    const { client, root } = await mounted();
    expect(await client.nfs('FSINFO', { object: root })).toMatchObject({
      status: 'OK',
      wtmax: 1 << 20,
      properties: 0x1b,
    });
    expect(await client.nfs('FSSTAT', { object: root })).toMatchObject({ status: 'OK', totalBytes: 2 ** 30 });
    expect(await client.nfs('PATHCONF', { object: root })).toMatchObject({ status: 'OK', nameMax: 255, noTrunc: true });
    expect(await client.nfs('NULL', {})).toEqual({});
  });

  it('a handle that is none is BADHANDLE, also for what changes nothing', async () => {
    const { client } = await mounted();
    expect((await client.nfs('GETATTR', { object: Buffer.from('nonsense') })).status).toBe('BADHANDLE');
    expect((await client.nfs('FSSTAT', { object: Buffer.alloc(0) })).status).toBe('BADHANDLE');
  });
});
