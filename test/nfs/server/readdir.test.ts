import { describe, expect, it } from 'vitest';
import type { NfsResult, NfsServerOptions } from '../../../src/nfs/index.ts';
import type { FileSystem, U64 } from '../../../src/vfs/index.ts';
import { changed, startServer, type TestClient } from '../harness.ts';

const withoutExport = (inner: FileSystem): FileSystem => changed(inner, { wishes: {} });

/** Lists a directory in small pages; `between` runs after each. Names, and a status other than OK in place of the rest. */
async function list(
  client: TestClient,
  dir: Uint8Array,
  between: (names: string[]) => Promise<unknown>,
): Promise<string[]> {
  const names: string[] = [];
  let [cookie, cookieVerifier]: [U64, U64] = [0, 0];
  for (let pages = 0; pages < 200; pages++) {
    const page: NfsResult<'READDIR'> = await client.nfs('READDIR', { dir, cookie, cookieVerifier, count: 300 });
    if (page.status !== 'OK') return [...names, page.status];
    names.push(...page.entries.map(({ name }) => name));
    if (page.eof) return names;
    cookie = page.entries.at(-1)?.cookie ?? 0;
    ({ cookieVerifier } = page);
    await between(names);
  }
  return [...names, 'never ends'];
}

async function filled(options: Partial<NfsServerOptions> = {}, make?: (inner: FileSystem) => FileSystem) {
  const { connect, clock } = await startServer(options, make);
  const client = connect();
  const root = await client.root();
  const names = Array.from({ length: 40 }, (_, i) => `file-${i}`);
  for (const name of names) await client.create(root, name);
  const remove = (name: string | undefined) => {
    clock.nanoseconds += 1000;
    return client.nfs('REMOVE', { object: { dir: root, name: name ?? 'there is none' } });
  };
  return { client, root, names, remove };
}

const noDots = (names: readonly string[]) => names.filter((name) => !name.startsWith('.')).sort();

describe('cookies', () => {
  it.each([
    ['of the filesystem', undefined],
    ['of hashed names', withoutExport],
  ] as const)('%s: every name once, in pages', async (_title, make) => {
    const { client, root, names } = await filled({}, make);
    expect(noDots(await list(client, root, async () => {}))).toEqual([...names].sort());
  });

  it.each([
    ['of the filesystem', undefined],
    ['of hashed names', withoutExport],
  ] as const)('%s: names that are removed while listing take no other names with them', async (_title, make) => {
    const { client, root, names, remove } = await filled({}, make);
    const listed = await list(client, root, async (so) => {
      await remove(so.filter((name) => name.startsWith('file')).at(-1));
    });
    expect(noDots(listed)).toEqual([...names].sort());
  });

  it('renumbered: a removal hides names', async () => {
    const { client, root, names, remove } = await filled({ habits: { cookies: 'renumbered' } });
    const listed = await list(client, root, async (so) => remove(so.filter((name) => name.startsWith('file')).at(-1)));
    expect(noDots(listed).length).toBeLessThan(names.length);
  });

  it('fileid: names of one file make a listing go around for ever', async () => {
    const { client, root } = await filled({ habits: { cookies: 'fileid' } });
    const file = await client.lookup(root, 'file-0');
    for (let i = 0; i < 20; i++) await client.nfs('LINK', { file, link: { dir: root, name: `link-${i}` } });
    expect((await list(client, root, async () => {})).at(-1)).toBe('never ends');
  });

  it('verifier follows mtime: a change while listing is BAD_COOKIE', async () => {
    const { client, root, names, remove } = await filled({ habits: { cookieVerifier: 'mtime' } });
    expect(noDots(await list(client, root, async () => {}))).toEqual([...names].sort());
    expect((await list(client, root, () => remove('file-3'))).at(-1)).toBe('BAD_COOKIE');
  });
});

describe('pages', () => {
  it('stay within the count that was asked for', async () => {
    const { client, root } = await filled();
    for (const count of [200, 333, 1000]) {
      await client.nfs('READDIR', { dir: root, cookie: 0, cookieVerifier: 0, count });
      // The RPC header before the result is 24 bytes.
      expect(client.replies.at(-1)?.length).toBeLessThanOrEqual(count + 24);
      await client.nfs('READDIRPLUS', {
        dir: root,
        cookie: 0,
        cookieVerifier: 0,
        dircount: count,
        maxcount: 2 * count,
      });
      expect(client.replies.at(-1)?.length).toBeLessThanOrEqual(2 * count + 24);
    }
  });

  it('that have no room for one entry are TOOSMALL', async () => {
    const { client, root } = await filled();
    expect((await client.nfs('READDIR', { dir: root, cookie: 0, cookieVerifier: 0, count: 110 })).status).toBe(
      'TOOSMALL',
    );
  });

  it('of READDIRPLUS carry handles and attributes', async () => {
    const { client, root } = await filled();
    const page = await client.nfs('READDIRPLUS', {
      dir: root,
      cookie: 0,
      cookieVerifier: 0,
      dircount: 65536,
      maxcount: 65536,
    });
    if (page.status !== 'OK') throw new Error(page.status);
    const entry = page.entries.find(({ name }) => name === 'file-7');
    expect(entry).toMatchObject({ attributes: { type: 'REG' }, handle: await client.lookup(root, 'file-7') });
    expect(entry?.fileid).toBe(entry?.attributes?.fileid);
  });
});
