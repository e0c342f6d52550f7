import type { InjectedFault, Rule } from '../../src/fault/index.ts';
import { FaultEngine, showUnfired } from '../../src/fault/index.ts';
import { ram } from '../../src/filesystems/index.ts';
import { NfsServer, type NfsServerOptions } from '../../src/nfs/index.ts';
import { NfsProxy } from '../../src/proxy/index.ts';
import { SimulatedNetwork, Surroundings, VirtualClock } from '../../src/sim/index.ts';
import { TestClient } from '../nfs/harness.ts';

const MS = 1e6;

/** A server, a proxy with these rules in front of it, and clients of the proxy, on hosts of a simulated network. */
export class ProxiedWorld {
  readonly clock = new VirtualClock();
  readonly hosts = new SimulatedNetwork(this.clock);
  readonly faults: FaultEngine;
  readonly injected: InjectedFault[] = [];
  readonly lines: string[] = [];
  readonly problems: string[] = [];
  readonly proxy: NfsProxy;
  readonly server: NfsServer;
  /** Source ports of the connections that came to the server. */
  readonly ports: number[] = [];

  constructor(rules: readonly Rule[], server: Partial<NfsServerOptions> = {}) {
    this.faults = new FaultEngine(
      { seed: 1, rules },
      {
        now: () => this.clock.nanoseconds / MS,
        observe: (fault) => this.injected.push(fault),
      },
    );
    const network = this.hosts.from('proxy');
    this.proxy = new NfsProxy(
      { network, timers: this.clock },
      {
        to: { host: 'server', port: 2049 },
        faults: this.faults,
        observe: (line) => this.lines.push(line),
        report: (problem) => this.problems.push(problem),
      },
    );
    const near = this.hosts.from('server');
    const { environment } = new Surroundings(this.clock, 1, {
      network: {
        connect: near.connect,
        listen: (host, port, accept) =>
          near.listen(host, port, (connection) => {
            this.ports.push(connection.remotePort);
            accept(connection);
          }),
      },
    });
    this.server = new NfsServer(environment, {
      volumes: [{ at: '/export', filesystem: ram(environment, {}) }],
      exports: [{ path: '/export', clients: [{ hosts: '*', options: { squash: 'none' } }] }],
      ...server,
    });
  }

  static async start(rules: readonly Rule[], server: Partial<NfsServerOptions> = {}): Promise<ProxiedWorld> {
    const world = new ProxiedWorld(rules, server);
    await world.server.start();
    await world.server.listen('server', 2049);
    await world.proxy.listen('proxy', 111);
    return world;
  }

  /** Virtual milliseconds so far. */
  get now(): number {
    return this.clock.nanoseconds / MS;
  }

  async connect(host = 'client'): Promise<TestClient> {
    return new TestClient(await this.run(this.hosts.from(host).connect('proxy', 111)));
  }

  /** Lets virtual time pass until a promise is settled; fails where nothing is left that could settle it. */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    for (;;) {
      await turn();
      if (over) return work;
      if (!this.#advance()) throw new Error('nothing happens any more');
    }
  }

  /** Lets virtual time pass until nothing is left to happen. */
  async rest(): Promise<void> {
    do await turn();
    while (this.#advance());
  }

  /** Rules that never struck. */
  get unfired(): readonly string[] {
    return showUnfired(this.faults.report());
  }

  #advance(): boolean {
    if (this.clock.nextTimer === Number.POSITIVE_INFINITY) return false;
    this.clock.nanoseconds = Math.max(this.clock.nanoseconds, this.clock.nextTimer);
    this.clock.takeDue()?.callback();
    return true;
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
