import { expect, test } from 'vitest';
import type { Connection, Timers } from '../../src/env/index.ts';
import { SimulatedNetwork } from '../../src/sim/network.ts';

/** Timers in the test's hand: `run` lets virtual time pass until nothing is left to do. */
class TestTimers implements Timers {
  now = 0;
  readonly #waiting: { at: number; callback: () => void }[] = [];

  after(milliseconds: number, callback: () => void): () => void {
    const timer = { at: this.now + milliseconds, callback };
    this.#waiting.push(timer);
    return () => this.#waiting.splice(this.#waiting.indexOf(timer), 1);
  }

  async run(): Promise<void> {
    for (;;) {
      await new Promise((resolve) => setImmediate(resolve));
      const next = this.#waiting.sort((a, b) => a.at - b.at).shift();
      if (next === undefined) return;
      this.now = next.at;
      next.callback();
    }
  }
}

async function connected(latency = 5) {
  const timers = new TestTimers();
  const network = new SimulatedNetwork(timers, { latency });
  const log: string[] = [];
  let far: Connection | undefined;
  const listener = await network.from('server').listen('server', 2049, (connection) => {
    far = connection;
    connection.onData((data) => log.push(`${timers.now} server: ${Buffer.from(data)}`));
    connection.onClose((error) => log.push(`${timers.now} server closed${error ? `: ${error.message}` : ''}`));
  });
  const connecting = network.from('client').connect('server', 2049);
  await timers.run();
  const near = await connecting;
  near.onData((data) => log.push(`${timers.now} client: ${Buffer.from(data)}`));
  near.onClose((error) => log.push(`${timers.now} client closed${error ? `: ${error.message}` : ''}`));
  if (far === undefined) throw new Error('expected a connection at the server');
  return { timers, network, listener, near, far, log };
}

test('a connection knows both its ends', async () => {
  const { near, far } = await connected();
  expect([near.remoteAddress, near.remotePort]).toEqual(['server', 2049]);
  expect([far.remoteAddress, far.remotePort, far.localPort]).toEqual(['client', near.localPort, 2049]);
});

test('data arrives in order, as it was, after the latency', async () => {
  const { timers, near, far, log } = await connected(5);
  const data = Buffer.from('one');
  near.write(data);
  data.fill(0);
  near.write(Buffer.from('two'));
  far.write(Buffer.from('three'));
  await timers.run();
  expect(log).toEqual(['15 server: one', '15 server: two', '15 client: three']);
});

test('an end comes behind the data, and closes both sides', async () => {
  const { timers, near, log } = await connected(5);
  near.write(Buffer.from('last'));
  near.end();
  near.write(Buffer.from('too late'));
  await timers.run();
  expect(log).toEqual(['15 server: last', '15 server closed', '20 client closed']);
});

test('a destroyed connection is reset for the other side', async () => {
  const { timers, far, log } = await connected(5);
  far.destroy();
  await timers.run();
  expect(log).toEqual(['10 server closed', '15 client closed: connection reset']);
});

test('what nobody listens to is refused, and a port is taken once', async () => {
  const { timers, network, listener } = await connected();
  await expect(network.from('x').listen('server', 2049, () => {})).rejects.toMatchObject({ code: 'EADDRINUSE' });
  listener.close();
  const refused = expect(network.from('x').connect('server', 2049)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  await timers.run();
  await refused;
});
