import { describe, expect, it } from 'vitest';
import { ram } from '../../../src/filesystems/index.ts';
import { type ExportOptions, parseExport } from '../../../src/nfs/index.ts';
import { hostRule } from '../../../src/nfs/server/exports/hosts.ts';
import { Surroundings, VirtualClock } from '../../../src/sim/index.ts';
import { startServer, sys } from '../harness.ts';

const exportOf = (options: Partial<ExportOptions>, hosts = '*') => ({
  exports: [{ path: '/export', clients: [{ hosts, options }] }],
});

const asRoot = { uid: 0, gid: 0, pid: 0, umask: 0, signal: new AbortController().signal };

describe('hosts of a rule', () => {
  it.each([
    ['*', '10.1.2.3', 'a.example', true],
    ['10.1.2.3', '10.1.2.3', undefined, true],
    ['10.1.2.3', '::ffff:10.1.2.3', undefined, true],
    ['10.1.2.3', '10.1.2.4', undefined, false],
    ['a.example', '10.1.2.3', 'A.example', true],
    ['*.example', '10.1.2.3', 'a.example', true],
    ['*.example', '10.1.2.3', 'a.example.org', false],
    ['*.example', '10.1.2.3', undefined, false],
    ['a?.example', '10.1.2.3', 'a1.example', true],
    ['a?.example', '10.1.2.3', 'a12.example', false],
    ['10.0.0.0/8', '10.1.2.3', undefined, true],
    ['10.0.0.0/255.0.0.0', '10.1.2.3', undefined, true],
    ['10.0.0.0/8', '11.1.2.3', undefined, false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', undefined, true],
    ['0.0.0.0/0', '255.1.2.3', undefined, true],
    ['fd00::/8', 'fd12:3456::1', undefined, true],
    ['fd00::/8', 'fe80::1', undefined, false],
    ['2001:db8:1:2::/64', '2001:db8:1:2:3:4:5:6', undefined, true],
    ['2001:db8:1:2::/64', '2001:db8:1:3::1', undefined, false],
    ['10.0.0.0/8', 'a name', undefined, false],
  ])('%s and %s (%s): %s', (hosts, address, name, expected) => {
    expect(hostRule(hosts).matches({ address, name })).toBe(expected);
  });

  it.each(['10.0.0.0/33', '10.0.0/8', 'fd00::/129', '10.0.0.0/255.0.255.0', 'a/b', '::1::/8', '1.2.3.4/8/8'])(
    '%s is refused',
    (hosts) => {
      expect(() => hostRule(hosts)).toThrow(`expected a subnet such as 10.0.0.0/8 or fd00::/8, given "${hosts}"`);
    },
  );
});

describe('an export as exports(5) writes it', () => {
  it('has clients with options', () => {
    expect(
      parseExport('/srv/a  *.example(rw,no_root_squash) 10.0.0.0/8(ro,all_squash,anonuid=7,anongid=8,crossmnt)'),
    ).toEqual({
      path: '/srv/a',
      clients: [
        { hosts: '*.example', options: { access: 'rw', squash: 'none' } },
        { hosts: '10.0.0.0/8', options: { access: 'ro', squash: 'all', anonuid: 7, anongid: 8, crossmnt: true } },
      ],
    });
    expect(parseExport('/a').clients).toEqual([{ hosts: '*' }]);
    expect(parseExport('/a (ro)').clients).toEqual([{ hosts: '*', options: { access: 'ro' } }]);
  });

  it('is refused with what is wrong', () => {
    expect(() => parseExport('srv *')).toThrow('expected an absolute path first, given "srv *"');
    expect(() => parseExport('/srv *(rx)')).toThrow(
      'unknown option "rx" (did you mean "ro"?); it takes ro, rw, root_squash',
    );
    expect(() => parseExport('/srv *(rw')).toThrow('expected client(option,...), given "*(rw"');
    expect(() => parseExport('/srv 10.0.0.0/99')).toThrow('expected a subnet');
  });
});

describe('who is served', () => {
  it('only the hosts of the rules; the one that says most counts', async () => {
    const { connect } = await startServer({
      exports: [
        {
          path: '/export',
          clients: [
            { hosts: '*.example', options: { access: 'ro' } },
            { hosts: '10.0.0.0/8' },
            { hosts: '10.0.0.7', options: { squash: 'none' } },
          ],
        },
      ],
      nameOf: (address) => (address === '192.0.2.1' ? 'one.example' : undefined),
    });
    const status = async (address: string) => (await connect({ address }).mount('MNT', { path: '/export' })).status;
    expect([await status('192.0.2.1'), await status('192.0.2.2'), await status('10.0.0.1')]).toEqual([
      'OK',
      'ACCES',
      'OK',
    ]);
    const make = async (address: string) => {
      const client = connect({ address });
      return (await client.nfs('MKDIR', { where: { dir: await client.root(), name: address }, attributes: {} })).status;
    };
    expect([await make('192.0.2.1'), await make('10.0.0.1'), await make('10.0.0.7')]).toEqual(['ROFS', 'ACCES', 'OK']);
  });

  it('a handle is no use to a host that is not served', async () => {
    const { connect } = await startServer(exportOf({}, '10.0.0.1'));
    const root = await connect().root();
    expect((await connect({ address: '10.0.0.2' }).nfs('GETATTR', { object: root })).status).toBe('STALE');
  });

  it('secure: a port from 1024 on is refused', async () => {
    const { connect } = await startServer(exportOf({ secure: true }));
    const root = await connect({ port: 1023 }).root();
    const client = connect({ port: 1024 });
    expect((await client.mount('MNT', { path: '/export' })).status).toBe('ACCES');
    expect((await client.nfs('GETATTR', { object: root })).status).toBe('PERM');
  });

  it('ro: everything that changes something is ROFS', async () => {
    const { connect, filesystem } = await startServer(exportOf({ access: 'ro', squash: 'none' }));
    await filesystem.mknod?.(1, 'f', 0o100666, 0, asRoot);
    const client = connect();
    const root = await client.root();
    const file = await client.lookup(root, 'f');
    const results = [
      await client.write(file, 'x'),
      await client.nfs('SETATTR', { object: file, newAttributes: { mode: 0 } }),
      await client.nfs('REMOVE', { object: { dir: root, name: 'f' } }),
      await client.nfs('LINK', { file, link: { dir: root, name: 'g' } }),
      await client.nfs('RENAME', { from: { dir: root, name: 'f' }, to: { dir: root, name: 'g' } }),
      await client.nfs('CREATE', { where: { dir: root, name: 'g' }, how: { mode: 'UNCHECKED', attributes: {} } }),
      await client.nfs('COMMIT', { file, offset: 0, count: 0 }),
    ];
    expect(results.map(({ status }) => status)).toEqual(results.map(() => 'ROFS'));
    expect(await client.nfs('ACCESS', { object: root, access: 63 })).toMatchObject({ access: 3 });
  });
});

describe('squashing', () => {
  const owner = async (options: Partial<ExportOptions>, uid: number) => {
    const { connect, filesystem } = await startServer(exportOf(options));
    await filesystem.setattr?.(1, { mode: 0o777 }, undefined, asRoot);
    const client = connect();
    const root = await client.root();
    client.credential = sys(uid);
    const answer = await client.nfs('GETATTR', { object: await client.create(root, 'f') });
    return answer.status === 'OK' ? [answer.attributes.uid, answer.attributes.gid] : answer.status;
  };

  it.each([
    [{ squash: 'root' }, 0, [65534, 65534]],
    [{ squash: 'root' }, 1000, [1000, 1000]],
    [{ squash: 'all', anonuid: 7, anongid: 8 }, 1000, [7, 8]],
    [{ squash: 'none' }, 0, [0, 0]],
  ] as const)('%j: files of uid %i belong to %j', async (options, uid, expected) => {
    expect(await owner(options, uid)).toEqual(expected);
  });

  it('root finds out at ACCESS that a file of mode 0600 is not its own', async () => {
    const { connect, filesystem } = await startServer(exportOf({ squash: 'root' }));
    await filesystem.mknod?.(1, 'f', 0o100600, 0, { ...asRoot, uid: 1000, gid: 1000 });
    const client = connect();
    const file = await client.lookup(await client.root(), 'f');
    expect(await client.nfs('ACCESS', { object: file, access: 63 })).toMatchObject({ status: 'OK', access: 0 });
    expect(await client.read(file)).toBe('ACCES');
  });
});

describe('filesystems below an export', () => {
  async function nested(outer: Partial<ExportOptions>, inner: Partial<ExportOptions> | undefined, hosts = '*') {
    const { environment } = new Surroundings(new VirtualClock(), 1);
    const [above, below] = [ram(environment, {}), ram(environment, {})];
    await above.mkdir?.(1, 'inner', 0o755, asRoot);
    await below.mkdir?.(1, 'hidden', 0o755, asRoot);
    const { connect } = await startServer({
      volumes: [
        { at: '/export', filesystem: above },
        { at: '/export/inner', filesystem: below },
      ],
      exports: [
        { path: '/export', clients: [{ hosts, options: { squash: 'none', ...outer } }] },
        ...(inner === undefined ? [] : [{ path: '/export/inner', clients: [{ hosts, options: inner }] }]),
      ],
    });
    const client = connect();
    const root = await client.root();
    const found = await client.nfs('LOOKUP', { what: { dir: root, name: 'inner' } });
    if (found.status !== 'OK') throw new Error(found.status);
    const listed = await client.nfs('READDIR', { dir: found.object, cookie: 0, cookieVerifier: 0, count: 4096 });
    const names = listed.status === 'OK' ? listed.entries.map(({ name }) => name) : [listed.status];
    return { client, root, inner: found, names };
  }

  it('are hidden: the directory that they are on is seen, empty', async () => {
    const { client, names, inner } = await nested({}, undefined);
    expect(names).toEqual(['.', '..']);
    expect(inner.attributes?.fsid).toBe(1);
    expect((await client.mount('MNT', { path: '/export/inner' })).status).toBe('ACCES');
  });

  it('crossmnt: are seen, with a number of their own and the same file numbers', async () => {
    const { client, root, names, inner } = await nested({ crossmnt: true }, undefined);
    expect(names).toEqual(['.', '..', 'hidden']);
    expect(inner.attributes).toMatchObject({ fsid: 2, fileid: 1 });
    expect(await client.nfs('LOOKUP', { what: { dir: inner.object, name: '..' } })).toMatchObject({ object: root });
    expect(
      await client.nfs('RENAME', { from: { dir: inner.object, name: 'hidden' }, to: { dir: root, name: 'x' } }),
    ).toMatchObject({
      status: 'XDEV',
    });
    expect((await client.mount('MNT', { path: '/export/inner/hidden' })).status).toBe('OK');
  });

  it('nohide: are seen by a client that is named, not by one that a pattern takes', async () => {
    expect((await nested({}, { nohide: true }, '10.0.0.1')).names).toEqual(['.', '..', 'hidden']);
    expect((await nested({}, { nohide: true }, '*')).names).toEqual(['.', '..']);
    expect((await nested({}, { nohide: true }, '10.0.0.*')).names).toEqual(['.', '..']);
  });

  it('what a filesystem is on cannot be removed, and READDIRPLUS gives no handle for it', async () => {
    const { client, root } = await nested({ crossmnt: true }, undefined);
    expect((await client.nfs('RMDIR', { object: { dir: root, name: 'inner' } })).status).toBe('ACCES');
    const page = await client.nfs('READDIRPLUS', {
      dir: root,
      cookie: 0,
      cookieVerifier: 0,
      dircount: 4096,
      maxcount: 4096,
    });
    const entry = page.status === 'OK' ? page.entries.find(({ name }) => name === 'inner') : undefined;
    expect(entry).toMatchObject({ name: 'inner', attributes: undefined, handle: undefined });
  });

  it('need a directory to be on', async () => {
    const { environment } = new Surroundings(new VirtualClock(), 1);
    const starting = startServer({
      volumes: [
        { at: '/export', filesystem: ram(environment, {}) },
        { at: '/export/none', filesystem: ram(environment, {}) },
      ],
    });
    await expect(starting).rejects.toThrow(
      'volume at /export/none: expected a directory there in the volume above: ENOENT',
    );
  });
});

describe('MOUNT', () => {
  it('tells exports and who has mounted what', async () => {
    const { connect } = await startServer({
      exports: [
        { path: '/export', clients: [{ hosts: '*' }] },
        { path: '/export/d', clients: [{ hosts: '*.example' }, { hosts: '10.0.0.0/8' }] },
      ],
    });
    const client = connect({ address: '10.0.0.1' });
    expect(await client.mount('EXPORT', {})).toEqual({
      exports: [
        { directory: '/export', groups: [] },
        { directory: '/export/d', groups: ['*.example', '10.0.0.0/8'] },
      ],
    });
    await client.root('/export/');
    await connect({ address: '10.0.0.2' }).root();
    const mounts = async () =>
      (await client.mount('DUMP', {})).mounts.map(({ hostname, directory }) => `${hostname} ${directory}`);
    expect(await mounts()).toEqual(['10.0.0.1 /export', '10.0.0.2 /export']);
    await client.mount('UMNT', { path: '/export' });
    expect(await mounts()).toEqual(['10.0.0.2 /export']);
    await connect({ address: '10.0.0.2' }).mount('UMNTALL', {});
    expect(await mounts()).toEqual([]);
  });

  it('refuses what is not exported, not there, or no directory', async () => {
    const { connect } = await startServer();
    const client = connect();
    await client.create(await client.root(), 'f');
    const status = async (path: string) => (await client.mount('MNT', { path })).status;
    expect([await status('/'), await status('/export/none'), await status('/export/f')]).toEqual([
      'ACCES',
      'NOENT',
      'NOTDIR',
    ]);
    expect(await status('/export/../export/.')).toBe('OK');
  });

  it('below an export there is no way out of it', async () => {
    const { connect, filesystem, server } = await startServer({
      exports: [{ path: '/export/d', clients: [{ hosts: '*', options: { squash: 'none' } }] }],
    });
    await filesystem.mkdir?.(1, 'd', 0o755, asRoot);
    server.stop();
    await server.start();
    const client = connect();
    expect((await client.mount('MNT', { path: '/export' })).status).toBe('ACCES');
    const root = await client.root('/export/d');
    const inner = await client.mkdir(root, 'e');
    const above = await client.lookup(inner, '..');
    expect(await client.lookup(above, '..')).toEqual(above);
  });
});
