import type { Connection, ConnectOptions, Listener, Network, Timers } from '../../env/index.ts';
import { milliseconds } from '../../sim/duration.ts';
import { Reordering } from '../link/held.ts';
import { spoil } from '../match/corrupt.ts';
import type { FaultEngine, Strike } from '../match/engine.ts';

const noPaths = (): readonly string[] => [];

const refused = (host: string, port: number): Error =>
  Object.assign(new Error(`connect ${host}:${port}: refused`), { code: 'ECONNREFUSED' });

/** The faults of a plan at what a host sends and connects to. */
export class FaultyNetwork implements Network {
  readonly #network: Network;
  readonly #engine: FaultEngine;
  readonly #timers: Timers;

  constructor(network: Network, engine: FaultEngine, timers: Timers) {
    this.#network = network;
    this.#engine = engine;
    this.#timers = timers;
  }

  async connect(host: string, port: number, options?: ConnectOptions): Promise<Connection> {
    let wait = 0;
    const event = { where: 'network' as const, operation: 'connect' as const, host, port, paths: noPaths };
    for (const strike of this.#engine.strikes(event)) {
      const fault = strike.rule.what;
      if (fault.kind === 'refuse') {
        strike.injected();
        throw refused(host, port);
      }
      if (fault.kind === 'delay') {
        const ms = milliseconds(fault.ms, strike.draw);
        strike.injected(`${ms} ms`);
        wait += ms;
      }
    }
    if (wait > 0) await new Promise<void>((resolve) => void this.#timers.after(wait, resolve));
    return new FaultyConnection(
      await this.#network.connect(host, port, options),
      host,
      port,
      this.#engine,
      this.#timers,
    );
  }

  listen(host: string, port: number, onConnection: (connection: Connection) => void): Promise<Listener> {
    return this.#network.listen(host, port, (connection) => {
      const { remoteAddress, localPort } = connection;
      onConnection(new FaultyConnection(connection, remoteAddress, localPort, this.#engine, this.#timers));
    });
  }
}

/** One end of a connection. Messages keep their order, also behind one that is delayed, unless a rule reorders them. */
class FaultyConnection implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #connection: Connection;
  readonly #host: string;
  readonly #port: number;
  readonly #engine: FaultEngine;
  readonly #timers: Timers;
  readonly #reordering: Reordering;
  /** What waits behind a message that is delayed. */
  #behind: (() => void)[] | undefined;

  constructor(connection: Connection, host: string, port: number, engine: FaultEngine, timers: Timers) {
    this.#connection = connection;
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.localPort = connection.localPort;
    this.#host = host;
    this.#port = port;
    this.#engine = engine;
    this.#timers = timers;
    this.#reordering = new Reordering((ms, callback) => timers.after(ms, callback));
  }

  write(data: Uint8Array): void {
    const copy = data.slice();
    const message = { data: copy, wait: 0, again: [] as number[], lost: false, held: false };
    const event = {
      where: 'network' as const,
      operation: 'send' as const,
      host: this.#host,
      port: this.#port,
      length: data.length,
      paths: noPaths,
    };
    for (const strike of this.#engine.strikes(event)) this.#strike(message, strike);
    if (message.lost || message.held) return;
    this.#inOrder(message.wait, () => this.#go(message));
  }

  end(): void {
    this.#inOrder(0, () => this.#connection.end());
  }

  destroy(): void {
    this.#behind = undefined;
    this.#connection.destroy();
  }

  onData(callback: (data: Uint8Array) => void): void {
    this.#connection.onData(callback);
  }

  onClose(callback: (error?: Error) => void): void {
    this.#connection.onClose(callback);
  }

  #strike(
    message: { readonly data: Uint8Array; wait: number; readonly again: number[]; lost: boolean; held: boolean },
    strike: Strike<'network'>,
  ): void {
    const fault = strike.rule.what;
    switch (fault.kind) {
      case 'delay': {
        const ms = milliseconds(fault.ms, strike.draw);
        strike.injected(`${ms} ms`);
        message.wait += ms;
        return;
      }
      case 'drop':
        strike.injected(`${message.data.length} bytes`);
        message.lost = true;
        return;
      case 'duplicate':
        strike.injected(`${fault.ms ?? 0} ms later`);
        message.again.push(fault.ms ?? 0);
        return;
      case 'reorder':
        strike.injected(`by up to ${fault.window}`);
        message.held = true;
        this.#reordering.hold(fault, undefined, () => this.#connection.write(message.data));
        return;
      case 'bit-flip':
      case 'range': {
        const what = spoil(fault, message.data, 0, strike);
        if (what !== undefined) strike.injected(what);
        return;
      }
      case 'reset':
        strike.injected();
        message.lost = true;
        this.destroy();
        return;
      case 'refuse':
        return;
    }
  }

  #go({ data, again }: { readonly data: Uint8Array; readonly again: readonly number[] }): void {
    this.#connection.write(data);
    for (const ms of again) this.#timers.after(ms, () => this.#connection.write(data));
    this.#reordering.passed(undefined);
  }

  #inOrder(wait: number, go: () => void): void {
    if (this.#behind !== undefined) {
      this.#behind.push(wait === 0 ? go : () => this.#inOrder(wait, go));
      return;
    }
    if (wait === 0) {
      go();
      return;
    }
    this.#behind = [];
    this.#timers.after(wait, () => {
      const behind = this.#behind;
      // Cut off in the meantime.
      if (behind === undefined) return;
      this.#behind = undefined;
      go();
      for (const next of behind) this.#inOrder(0, next);
    });
  }
}
