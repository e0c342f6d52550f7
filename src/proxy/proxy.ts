import type { Environment, Listener, Timers } from '../env/index.ts';
import { checkSupport, type FaultEngine, type FaultPlan } from '../fault/index.ts';
import { Reordering } from '../fault/link/held.ts';
import { CallHistory } from './history.ts';
import { HandleNames } from './names.ts';
import { Relay, type Shared } from './relay.ts';
import type { Address } from './server-side.ts';

export interface NfsProxyOptions {
  /** The server. */
  readonly to: Address;
  /** Where MOUNT is served, if it is not there. */
  readonly mountTo?: Address;
  readonly faults: FaultEngine;
  /** Hears of each message that arrives: one line. */
  readonly observe?: (line: string) => void;
  /** Hears what went wrong with a connection. */
  readonly report?: (problem: string) => void;
}

/** @throws FaultPlanError where a plan asks for what a proxy cannot do */
export function checkProxyPlan(plan: FaultPlan, source?: string): void {
  const nothing = { link: false, mode: undefined, kernel: [], surroundings: false } as const;
  const support = { ...nothing, volatileDisks: false, volatileFilesystem: false, rpc: true };
  checkSupport(plan, { place: 'in an NFS proxy', ...support }, source);
}

/**
 * Stands between clients and a server of NFSv3, reads what passes, and has a plan's faults strike at calls and replies. It needs
 * TCP with record marking, and nothing of either side. Each client's connection has its own to the server, and ends with it.
 */
export class NfsProxy {
  readonly #shared: Shared;
  readonly #relays = new Set<Relay>();
  readonly #timers = new Set<() => void>();
  #listener: Listener | undefined;

  /** @throws FaultPlanError where the plan asks for what a proxy cannot do */
  constructor(environment: Pick<Environment, 'network' | 'timers'>, options: NfsProxyOptions) {
    const { to, mountTo = to, faults, observe = () => {}, report = () => {} } = options;
    checkProxyPlan(faults.plan);
    const timers = this.#own(environment.timers);
    const after = (ms: number, callback: () => void): (() => void) => timers.after(ms, callback);
    this.#shared = {
      network: environment.network,
      timers,
      to,
      mountTo,
      faults,
      names: new HandleNames(),
      history: new CallHistory(),
      reordering: { 'rpc-call': new Reordering(after), 'rpc-reply': new Reordering(after) },
      observe,
      report,
    };
  }

  /** Takes clients from now on; gives the port. Port 0 takes a free one. */
  async listen(host: string, port: number): Promise<number> {
    this.#listener = await this.#shared.network.listen(host, port, (client) => {
      const relay: Relay = new Relay(client, this.#shared, () => this.#relays.delete(relay));
      this.#relays.add(relay);
    });
    return this.#listener.port;
  }

  /** Ends all connections; what waits is lost. */
  close(): void {
    this.#listener?.close();
    for (const relay of [...this.#relays]) relay.close();
    for (const cancel of this.#timers) cancel();
    this.#timers.clear();
  }

  /** Timers that end with the proxy. */
  #own(timers: Timers): Timers {
    return {
      after: (ms, callback) => {
        const cancel = timers.after(ms, () => {
          this.#timers.delete(cancel);
          callback();
        });
        this.#timers.add(cancel);
        return () => {
          this.#timers.delete(cancel);
          cancel();
        };
      },
    };
  }
}
