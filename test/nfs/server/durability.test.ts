import { describe, expect, it } from 'vitest';
import type { ServerHabits } from '../../../src/nfs/index.ts';
import { errno, type FileSystem } from '../../../src/vfs/index.ts';
import { changed, startServer } from '../harness.ts';

const lossy = { crashLoses: 'unsynced' } as const;

/** A file "old" that is safe, over which "new and longer" was written and then what `after` does. */
async function crashAfter(
  habits: Partial<ServerHabits>,
  stable: 'UNSTABLE' | 'DATA_SYNC' | 'FILE_SYNC',
  commits: boolean,
  make?: (inner: FileSystem) => FileSystem,
) {
  const { server, connect } = await startServer({ habits: { ...lossy, ...habits } }, make);
  const client = connect();
  const file = await client.create(await client.root(), 'f');
  const write = (text: string, how: typeof stable) =>
    client.nfs('WRITE', { file, offset: 0, count: text.length, stable: how, data: Buffer.from(text) });
  await write('old', 'FILE_SYNC');
  const written = await write('new and longer', stable);
  const committed = commits ? await client.nfs('COMMIT', { file, offset: 0, count: 0 }) : undefined;
  await server.crash();
  await server.start();
  const after = connect();
  const { verifier: later } = (await after.nfs('COMMIT', { file, offset: 0, count: 0 })) as { verifier?: unknown };
  return { text: await after.read(file), written, committed, later };
}

describe('what a crash leaves', () => {
  it('UNSTABLE without COMMIT is lost, and the verifier is another one', async () => {
    const { text, written, later } = await crashAfter({}, 'UNSTABLE', false);
    expect(text).toBe('old');
    expect(written).toMatchObject({ status: 'OK', committed: 'UNSTABLE' });
    expect(later).not.toEqual(written.status === 'OK' && written.verifier);
  });

  it.each(['DATA_SYNC', 'FILE_SYNC'] as const)('%s is kept', async (stable) => {
    const { text, written } = await crashAfter({}, stable, false);
    expect([text, written.status === 'OK' && written.committed]).toEqual(['new and longer', stable]);
  });

  it('UNSTABLE with COMMIT is kept, under one verifier', async () => {
    const { text, written, committed } = await crashAfter({}, 'UNSTABLE', true);
    expect(text).toBe('new and longer');
    expect(committed).toMatchObject({ status: 'OK', verifier: written.status === 'OK' && written.verifier });
  });

  it('async: all that was called stable is lost', async () => {
    const { text, written } = await crashAfter({ sync: 'async' }, 'FILE_SYNC', true);
    expect([text, written.status === 'OK' && written.committed]).toEqual(['', 'FILE_SYNC']);
  });

  it('names: a file that was created and synced vanishes', async () => {
    const { text, committed } = await crashAfter({ crashLoses: 'unsynced-and-names' }, 'FILE_SYNC', true);
    expect([committed?.status, text]).toEqual(['OK', 'STALE']);
  });

  it('nothing is lost where the filesystem keeps all', async () => {
    expect((await crashAfter({ crashLoses: 'nothing' }, 'UNSTABLE', false)).text).toBe('new and longer');
  });
});

describe('an fsync that fails', () => {
  const failing = (inner: FileSystem): FileSystem => changed(inner, { fsync: () => errno.EIO });

  it('is told, and changes the verifier', async () => {
    const client = (await startServer({}, failing)).connect();
    const file = await client.create(await client.root(), 'f');
    const before = await client.write(file, 'x');
    expect((await client.nfs('COMMIT', { file, offset: 0, count: 0 })).status).toBe('IO');
    const after = await client.write(file, 'x');
    expect(before.status === 'OK' && after.status === 'OK' && before.verifier !== after.verifier).toBe(true);
  });

  it('lies: COMMIT says OK, and a crash takes the data', async () => {
    const { text, committed } = await crashAfter({ sync: 'lies' }, 'UNSTABLE', true, failing);
    expect([committed?.status, text]).toEqual(['OK', '']);
  });
});

describe('write verifier', () => {
  it('split-brain: COMMIT tells another one than WRITE', async () => {
    const client = (await startServer({ habits: { writeVerifier: 'split-brain' } })).connect();
    const file = await client.create(await client.root(), 'f');
    const written = await client.write(file, 'x');
    const committed = await client.nfs('COMMIT', { file, offset: 0, count: 0 });
    if (written.status !== 'OK' || committed.status !== 'OK') throw new Error('expected OK');
    expect(committed.verifier).not.toBe(written.verifier);
  });
});
