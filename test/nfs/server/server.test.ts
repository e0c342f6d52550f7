import { expect, it } from 'vitest';
import { nodeEnvironment } from '../../../src/env/index.ts';
import { ram } from '../../../src/filesystems/index.ts';
import {
  encodeCall,
  NfsServer,
  nfs,
  noCredential,
  RecordReader,
  readReply,
  XdrWriter,
} from '../../../src/nfs/index.ts';
import { startServer } from '../harness.ts';

it('takes connections while it runs, and none while it does not', async () => {
  const { server, connect } = await startServer();
  const client = connect();
  server.stop();
  expect([client.connected, connect().connected, server.running]).toEqual([false, false, false]);
  await server.start();
  expect(await connect().nfs('NULL', {})).toEqual({});
  await expect(server.start()).rejects.toThrow('expected one that is stopped, it is running');
});

it('on real sockets: the port is refused while it is down, and answers again after', async () => {
  const environment = nodeEnvironment();
  const { network } = environment;
  const server = new NfsServer(environment, {
    volumes: [{ at: '/', filesystem: ram(environment, {}) }],
    exports: [{ path: '/', clients: [{ hosts: '127.0.0.0/8' }] }],
  });
  await server.start();
  const port = await server.listen('127.0.0.1', 0);
  const answered = async () => {
    const connection = await network.connect('127.0.0.1', port);
    try {
      return await new Promise((resolve, reject) => {
        const records = new RecordReader((record) => resolve(readReply(record)));
        connection.onData((data) => records.push(data));
        connection.onClose(() => reject(new Error('closed')));
        connection.write(encodeCall(new XdrWriter(), nfs, 'NULL', {}, 5, noCredential));
      });
    } finally {
      connection.destroy();
    }
  };
  try {
    expect(await answered()).toMatchObject({ xid: 5, reply: { status: 'SUCCESS' } });
    await server.crash();
    await expect(network.connect('127.0.0.1', port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await server.start();
    expect(await answered()).toMatchObject({ xid: 5, reply: { status: 'SUCCESS' } });
  } finally {
    server.close();
  }
});

it('holds one reference to each node, however often it was looked up, and gives them back', async () => {
  const counts = new Map<number, number>();
  const { server, connect } = await startServer(
    {},
    (inner) =>
      new Proxy(inner, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name);
          if (typeof member !== 'function') return member;
          return (...args: unknown[]) => {
            const answer: unknown = Reflect.apply(member, target, args);
            const count = (node: number, more: number) => counts.set(node, (counts.get(node) ?? 0) + more);
            if (name === 'forget') count(args[0] as number, -(args[1] as number));
            else if (typeof answer === 'object' && answer !== null && 'generation' in answer)
              count((answer as unknown as { node: number }).node, 1);
            return answer;
          };
        },
      }),
  );
  const client = connect();
  const root = await client.root();
  const directory = await client.mkdir(root, 'd');
  const file = await client.create(directory, 'f');
  for (let i = 0; i < 5; i++) await client.lookup(directory, 'f');
  await client.nfs('LINK', { file, link: { dir: root, name: 'g' } });
  await client.nfs('READDIRPLUS', { dir: directory, cookie: 0, cookieVerifier: 0, dircount: 4096, maxcount: 4096 });
  expect(Object.fromEntries(counts)).toEqual({ 2: 1, 3: 1 });
  await client.nfs('REMOVE', { object: { dir: directory, name: 'f' } });
  expect(counts.get(3)).toBe(1);
  await client.nfs('REMOVE', { object: { dir: root, name: 'g' } });
  expect(counts.get(3)).toBe(0);
  server.stop();
  expect(counts.get(2)).toBe(0);
});
