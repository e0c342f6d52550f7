import type { Connection, Timers } from '../../../src/env/index.ts';
import { SimulatedNetwork, type SimulatedNetworkOptions } from '../../../src/sim/network/index.ts';

/** Timers in the test's hand: `run` lets virtual time pass until nothing is left to do. */
export class TestTimers implements Timers {
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

export async function connected(options: SimulatedNetworkOptions = { latency: 5 }) {
  const timers = new TestTimers();
  const network = new SimulatedNetwork(timers, options);
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
