import { describe, expect, test } from 'vitest';
import type { Connection } from '../../../src/env/index.ts';
import { Transport, type TransportOptions } from '../../../src/nfs/client/transport.ts';
import { RecordReader } from '../../../src/nfs/index.ts';
import { codeOr, World } from './harness.ts';

const usual: TransportOptions = {
  host: 'server',
  port: 2049,
  recovery: 'hard',
  timeo: 600,
  retrans: 2,
  sourceport: 'same',
};

interface Arrived {
  readonly xid: number;
  readonly port: number;
  readonly seconds: number;
  readonly connection: Connection;
}

/** A server that answers a call with itself as often as it is told. */
async function start(
  options: Partial<TransportOptions>,
  answers: (call: Arrived, calls: readonly Arrived[]) => boolean,
) {
  const world = new World();
  const began = world.clock.nanoseconds;
  const calls: Arrived[] = [];
  const listening = world.network('server').listen('server', 2049, (connection) => {
    const reader = new RecordReader((record) => {
      const xid = new DataView(record.buffer, record.byteOffset).getUint32(0);
      const seconds = Math.round((world.clock.nanoseconds - began) / 1e9);
      const call = { xid, port: connection.remotePort, seconds, connection };
      calls.push(call);
      if (answers(call, calls)) connection.write(marked(record));
    });
    connection.onData((data) => reader.push(data));
  });
  await world.settle(listening);
  const transport = new Transport(world.environment, { ...usual, ...options });
  const call = (signal = new AbortController().signal) => {
    const xid = transport.takeXid();
    return transport.call(xid, marked(Uint8Array.from([xid >>> 24, xid >>> 16, xid >>> 8, xid])), signal);
  };
  return { world, transport, calls, call };
}

function marked(record: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([0x80, 0, 0, record.length]), record]);
}

describe('a call that is not answered', () => {
  test('is sent again with the same xid on the same connection, later each time', async () => {
    const { world, calls, call } = await start({ timeo: 10, retrans: 5 }, (_, all) => all.length === 4);
    await world.settle(call());
    expect(calls.map(({ seconds }) => seconds)).toEqual([0, 1, 3, 6]);
    expect(new Set(calls.map(({ xid }) => xid)).size).toBe(1);
    expect(new Set(calls.map(({ port }) => port)).size).toBe(1);
  });

  test('fails with EIO on a soft mount', async () => {
    const { world, calls, call, transport } = await start({ timeo: 10, retrans: 2, recovery: 'soft' }, () => false);
    expect(await codeOr(world.settle(call()))).toBe('EIO');
    expect(calls).toHaveLength(3);
    expect(transport.pending).toBe(0);
    expect(world.warnings).toEqual(['nfs: server server not responding, timed out']);
  });

  test('goes on on a hard mount, over a new connection, and the user is told', async () => {
    const { world, calls, call } = await start({ timeo: 10, retrans: 1 }, (_, all) => all.length === 5);
    await world.settle(call());
    expect(calls).toHaveLength(5);
    expect(world.warnings).toEqual(['nfs: server server not responding, still trying', 'nfs: server server OK']);
  });

  test('ends with EINTR when its caller is interrupted, a moment later', async () => {
    const { world, call, transport } = await start({}, () => false);
    const abort = new AbortController();
    const answer = codeOr(call(abort.signal));
    await world.pass(10);
    abort.abort();
    const interrupted = world.clock.nanoseconds;
    expect(await world.settle(answer)).toBe('EINTR');
    expect((world.clock.nanoseconds - interrupted) / 1e9).toBe(1);
    expect(transport.pending).toBe(0);
  });

  test('ends with EIO when the client does', async () => {
    const { world, call, transport } = await start({}, () => false);
    const answer = codeOr(call());
    await world.pass(10);
    transport.close();
    expect(await world.settle(answer)).toBe('EIO');
  });
});

describe('a connection that is lost', () => {
  const dropsFirst = ({ connection }: Arrived, all: readonly Arrived[]): boolean => {
    if (all.length === 2) connection.destroy();
    return all.length !== 2;
  };

  test.each([
    ['same', 1],
    ['new', 2],
  ] as const)(
    'is made again from the %s port, and what is not answered is sent with the same xid',
    async (sourceport, ports) => {
      const { world, calls, call } = await start({ sourceport }, dropsFirst);
      await world.settle(call());
      await world.settle(call());
      expect(calls).toHaveLength(3);
      expect(calls[1].xid).toBe(calls[2].xid);
      expect(new Set(calls.map(({ port }) => port)).size).toBe(ports);
    },
  );
});

test('a second reply finds nobody and harms nobody', async () => {
  const { world, call, calls } = await start({ timeo: 10 }, () => true);
  await world.settle(call());
  calls[0].connection.write(marked(Uint8Array.of(0, 0, 0, 1)));
  await world.pass(1);
  expect((await world.settle(call())).length).toBe(4);
});
