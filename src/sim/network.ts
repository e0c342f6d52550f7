import type { Connection, Listener, Network, Timers } from '../env/index.ts';

/** First port that connections get on their own side (IANA's dynamic range). */
const FIRST_PORT = 49152;

export interface SimulatedNetworkOptions {
  /** Milliseconds from one end to the other; 0 still takes a turn of the timers. Default 1. */
  readonly latency?: number;
}

/** Hosts joined by links that keep the order, lose nothing and take the same time for everything, on virtual timers. */
export class SimulatedNetwork {
  readonly #timers: Timers;
  readonly #latency: number;
  readonly #listening = new Map<string, (connection: Connection) => void>();
  #nextPort = FIRST_PORT;
  #nextConnection = 1;

  constructor(timers: Timers, { latency = 1 }: SimulatedNetworkOptions = {}) {
    this.#timers = timers;
    this.#latency = latency;
  }

  /** The network as the host of a name sees it. */
  from(host: string): Network {
    return {
      connect: (remote, port, { localPort } = {}) => this.#connect(host, remote, port, localPort || this.#nextPort++),
      listen: async (address, port, onConnection) => this.#listen(address, port, onConnection),
    };
  }

  #connect(host: string, remote: string, port: number, localPort: number): Promise<Connection> {
    const id = this.#nextConnection++;
    return new Promise((resolve, reject) => {
      this.#timers.after(this.#latency, () => {
        const accept = this.#listening.get(`${remote}:${port}`);
        if (accept === undefined) {
          const error = Object.assign(new Error(`connect ${remote}:${port}: refused`), { code: 'ECONNREFUSED' });
          this.#timers.after(this.#latency, () => reject(error));
          return;
        }
        const link = { timers: this.#timers, latency: this.#latency };
        const near = new SimulatedConnection(id, link, remote, port, localPort);
        const far = new SimulatedConnection(id, link, host, localPort, port);
        near.peer = far;
        far.peer = near;
        accept(far);
        this.#timers.after(this.#latency, () => resolve(near));
      });
    });
  }

  #listen(host: string, port: number, accept: (connection: Connection) => void): Listener {
    const taken = port === 0 ? this.#nextPort++ : port;
    const key = `${host}:${taken}`;
    if (this.#listening.has(key))
      throw Object.assign(new Error(`listen ${key}: address in use`), { code: 'EADDRINUSE' });
    this.#listening.set(key, accept);
    return { port: taken, close: () => this.#listening.delete(key) };
  }
}

interface Link {
  readonly timers: Timers;
  readonly latency: number;
}

/** One end of a connection. What arrives before somebody listens for it is kept. */
class SimulatedConnection implements Connection {
  /** The same at both ends, and unique in the network. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  peer: SimulatedConnection | undefined;

  readonly #link: Link;
  #receive: ((data: Uint8Array) => void) | undefined;
  readonly #arrived: Uint8Array[] = [];
  #closed: ((error?: Error) => void) | undefined;
  #sentEnd = false;
  #gotEnd = false;
  #over: { readonly error?: Error } | undefined;

  constructor(id: number, link: Link, remoteAddress: string, remotePort: number, localPort: number) {
    this.id = id;
    this.#link = link;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localPort = localPort;
  }

  write(data: Uint8Array): void {
    if (this.#sentEnd || this.#over !== undefined) return;
    const copy = new Uint8Array(data);
    this.#send((peer) => peer.#deliver(copy));
  }

  end(): void {
    if (this.#sentEnd || this.#over !== undefined) return;
    this.#sentEnd = true;
    this.#send((peer) => peer.#endArrived());
    if (this.#gotEnd) this.#finish();
  }

  destroy(): void {
    if (this.#over !== undefined) return;
    this.#send((peer) => peer.#finish(Object.assign(new Error('connection reset'), { code: 'ECONNRESET' })));
    this.#finish();
  }

  onData(callback: (data: Uint8Array) => void): void {
    this.#receive = callback;
    for (const data of this.#arrived.splice(0)) callback(data);
  }

  onClose(callback: (error?: Error) => void): void {
    this.#closed = callback;
    if (this.#over !== undefined) callback(this.#over.error);
  }

  #send(arrive: (peer: SimulatedConnection) => void): void {
    const { peer } = this;
    if (peer !== undefined) this.#link.timers.after(this.#link.latency, () => arrive(peer));
  }

  #deliver(data: Uint8Array): void {
    if (this.#over !== undefined) return;
    if (this.#receive === undefined) this.#arrived.push(data);
    else this.#receive(data);
  }

  /** Like a socket without half-open connections: the other side's end is answered with the own one. */
  #endArrived(): void {
    if (this.#over !== undefined) return;
    this.#gotEnd = true;
    this.end();
    if (this.#sentEnd) this.#finish();
  }

  #finish(error?: Error): void {
    if (this.#over !== undefined) return;
    this.#over = error === undefined ? {} : { error };
    this.#closed?.(error);
  }
}
