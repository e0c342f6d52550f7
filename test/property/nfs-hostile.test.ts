import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mount, nfs } from '../../src/nfs/protocol/index.ts';
import { beginCall, endRecord, type Program, type ReplyStatus, readReply } from '../../src/nfs/rpc/index.ts';
import { XdrWriter } from '../../src/nfs/xdr/index.ts';
import type { FileSystem } from '../../src/vfs/index.ts';
import { arbitraryOf } from '../nfs/arbitraries.ts';
import { startServer, sys, type TestServer } from '../nfs/harness.ts';

const writer = new XdrWriter();
const programs: readonly Program[] = [nfs, mount];
const handles: Uint8Array[] = [];
const sense = {
  handle: (number: number) => handles[number % handles.length],
  names: ['a', 'b', 'd', 'e', '.', '..', '/export', '/export/d', 'a/b', ''],
};
const calls = fc.oneof(
  ...programs.flatMap((program) =>
    Object.values(program.procedures).map((procedure) =>
      arbitraryOf(procedure.args, sense).map((args) => ({ program, procedure, args })),
    ),
  ),
);
type Call = typeof calls extends fc.Arbitrary<infer T> ? T : never;

function encode({ program, procedure, args }: Call): Uint8Array {
  const { number, version } = program;
  beginCall(writer, { xid: 7, program: number, version, procedure: procedure.number, credential: sys(0) });
  procedure.args.write(writer, args);
  return endRecord(writer).slice();
}

/** A filesystem each of whose methods answers with a promise. */
const promising = (inner: FileSystem): FileSystem =>
  new Proxy(inner, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== 'function') return name === 'mode' ? 'async' : member;
      if (name === 'forget' || name === 'init' || name === 'destroy') return member.bind(target);
      return async (...args: unknown[]) => Reflect.apply(member, target, args);
    },
  });

/** A server with a few files, to which the handles of calls lead. */
async function startFilled(make?: (inner: FileSystem) => FileSystem): Promise<TestServer> {
  const server = await startServer({}, make);
  const client = server.connect();
  const root = await client.root();
  const directory = await client.mkdir(root, 'd');
  handles.splice(
    0,
    handles.length,
    root,
    directory,
    await client.create(root, 'a'),
    await client.create(directory, 'b'),
  );
  return server;
}

/** Sends a stream on a connection of its own, and expects that others are still served. */
async function survives(server: TestServer, stream: Uint8Array): Promise<Uint8Array[]> {
  const client = server.connect();
  client.send(stream);
  const after = server.connect();
  expect(await after.nfs('NULL', {})).toEqual({});
  client.close();
  after.close();
  return client.replies;
}

describe('a server', () => {
  it('answers each well-formed call once, whatever its arguments', async () => {
    const server = await startFilled();
    await fc.assert(
      fc.asyncProperty(calls, async (call) => {
        const replies = await survives(server, encode(call));
        expect(replies).toHaveLength(1);
        expect(readReply(replies[0])).toMatchObject({ xid: 7, reply: { status: 'SUCCESS' } });
        expect(server.problems).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('answers each well-formed call once, of a filesystem that answers with promises', async () => {
    const server = await startFilled(promising);
    await fc.assert(
      fc.asyncProperty(fc.array(calls, { minLength: 1, maxLength: 8 }), async (list) => {
        const client = server.connect();
        for (const call of list) client.send(encode(call));
        for (let turn = 0; turn < 100 && client.replies.length < list.length; turn++)
          await new Promise((resolve) => setImmediate(resolve));
        // The same call may be among them twice: its second is dropped where the first still runs, or replayed.
        const different = new Set(list.map((call) => Buffer.from(encode(call)).toString('hex'))).size;
        expect(client.replies.length).toBeGreaterThanOrEqual(different);
        expect(client.replies.length).toBeLessThanOrEqual(list.length);
        expect(server.problems).toEqual([]);
        client.close();
      }),
      { numRuns: 300 },
    );
  });

  it('answers a mutated call at most once, and goes on', async () => {
    const server = await startFilled();
    const mutations = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(calls, mutations, async (call, list) => {
        const bytes = encode(call);
        for (const [at, value] of list) bytes[at % bytes.length] = value;
        expect((await survives(server, bytes)).length).toBeLessThanOrEqual(1);
        expect(server.problems.filter((problem) => problem.includes('SYSTEM_ERR'))).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  it('survives any bytes', async () => {
    const server = await startServer();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (bytes) => {
        await survives(server, bytes);
      }),
      { numRuns: 500 },
    );
  });

  it('survives handles that look like its own', async () => {
    const server = await startServer();
    const client = server.connect();
    const root = await client.root();
    const words = fc.array(fc.tuple(fc.nat({ max: 8 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(words, async (changes) => {
        const handle = root.slice();
        for (const [word, value] of changes) new DataView(handle.buffer).setUint32(4 * word, value);
        for (const dir of [handle, root])
          expect(['OK', 'STALE', 'BADHANDLE']).toContain((await client.nfs('GETATTR', { object: dir })).status);
      }),
    );
  });
});

describe('what RFC 5531 has for', () => {
  const nullCall = { xid: 9, program: nfs.number, version: 3, procedure: 0, credential: sys(0) };
  const call = (header: Partial<typeof nullCall>, args: readonly number[] = []): Uint8Array => {
    beginCall(writer, { ...nullCall, ...header });
    for (const word of args) writer.u32(word);
    return endRecord(writer).slice();
  };
  const patched = (at: number, value: number): Uint8Array => {
    const bytes = call({});
    new DataView(bytes.buffer).setUint32(at, value);
    return bytes;
  };
  const answered: readonly (readonly [string, Uint8Array, ReplyStatus])[] = [
    ['an unknown program', call({ program: 100004 }), { status: 'PROG_UNAVAIL' }],
    ['an old version', call({ version: 2 }), { status: 'PROG_MISMATCH', low: 3, high: 3 }],
    ['an unknown procedure', call({ procedure: 22 }), { status: 'PROC_UNAVAIL' }],
    ['an unknown procedure of MOUNT', call({ program: mount.number, procedure: 6 }), { status: 'PROC_UNAVAIL' }],
    ['arguments where there are none', call({}, [1]), { status: 'GARBAGE_ARGS' }],
    ['no arguments where there are some', call({ procedure: 1 }), { status: 'GARBAGE_ARGS' }],
    [
      'a handle that is too long',
      call({ procedure: 1 }, [65, ...new Array<number>(17).fill(0)]),
      { status: 'GARBAGE_ARGS' },
    ],
    ['a length beyond the message', call({ procedure: 1 }, [64, 0]), { status: 'GARBAGE_ARGS' }],
    ['another RPC version', patched(12, 3), { status: 'RPC_MISMATCH', low: 2, high: 2 }],
    ['a credential that is too long', patched(32, 401), { status: 'AUTH_ERROR', why: 'AUTH_BADCRED' }],
    ['another flavor', patched(28, 6), { status: 'AUTH_ERROR', why: 'AUTH_REJECTEDCRED' }],
    ['AUTH_SYS with a verifier', patched(60, 5), { status: 'AUTH_ERROR', why: 'AUTH_BADVERF' }],
    ['AUTH_SYS with something else in it', patched(40, 300), { status: 'AUTH_ERROR', why: 'AUTH_BADCRED' }],
  ];

  it.each(answered)('%s', async (_title, bytes, expected) => {
    const server = await startServer();
    const replies = await survives(server, bytes);
    expect(replies.map((record) => readReply(record).reply)).toEqual([expected]);
  });

  it('a reply, and what is shorter than a call: nothing, and it is reported', async () => {
    const server = await startServer();
    expect(await survives(server, patched(8, 1))).toEqual([]);
    expect(await survives(server, Buffer.from([0x80, 0, 0, 2, 1, 2]))).toEqual([]);
    expect(server.problems).toEqual([
      'expected message type 0 (CALL), given 1; it is dropped',
      'expected a call, given 2 bytes; it is dropped',
    ]);
  });

  it('a record without end: the connection is closed, and it is reported', async () => {
    const server = await startServer();
    const client = server.connect();
    client.send(Buffer.from([0xff, 0xff, 0xff, 0xff, 1]));
    expect(client.connected).toBe(false);
    expect(server.problems).toEqual([
      expect.stringContaining('expected at most 1052672 bytes, given a fragment of 2147483647'),
    ]);
  });
});
