import type { Connection, Listener, Network, Timers } from '../../env/index.ts';
import { Choices } from '../choices.ts';
import { milliseconds } from '../duration.ts';
import { damage, passesChecksum } from './checksum.ts';
import { failure, SimulatedConnection, type Way } from './connection.ts';
import { CONNECT_FIRST, CONNECT_RETRIES, type LinkOptions, retransmitAfter, type Segment, type Wire } from './link.ts';

/** First port that connections get on their own side (IANA's dynamic range). */
const FIRST_PORT = 49152;

export interface SimulatedNetworkOptions extends LinkOptions {
  /** What decides latencies, losses and damages: by their stable labels. Default: seed 0. */
  readonly choices?: Choices;
  /** Has a say in every segment. */
  readonly wire?: Wire;
}

/** Where one end of a connection is. */
interface End {
  readonly host: string;
  readonly port: number;
}

/**
 * Hosts joined by links, on virtual timers. What TCP promises holds: bytes arrive in order and once, a lost segment is sent
 * again after 200 ms and with doubled waits from then on, and one that is damaged so that its checksum tells counts as lost.
 * A damage that keeps the checksum arrives.
 */
export class SimulatedNetwork {
  readonly #timers: Timers;
  readonly #options: SimulatedNetworkOptions;
  readonly #choices: Choices;
  readonly #links = new Map<string, LinkOptions>();
  readonly #cut = new Set<string>();
  readonly #down = new Set<string>();
  readonly #listening = new Map<string, (connection: Connection) => void>();
  readonly #ends = new Map<SimulatedConnection, string>();
  #nextPort = FIRST_PORT;
  #nextConnection = 1;
  /** Has a say in every segment. */
  wire: Wire | undefined;

  constructor(timers: Timers, options: SimulatedNetworkOptions = {}) {
    this.#timers = timers;
    this.#options = options;
    this.#choices = options.choices ?? new Choices();
    this.wire = options.wire;
  }

  /** The network as the host of a name sees it. */
  from(host: string): Network {
    return {
      connect: (remote, port, { localPort } = {}) => this.#connect(host, remote, port, localPort || this.#nextPort++),
      listen: async (address, port, onConnection) => this.#listen(address, port, onConnection),
    };
  }

  /** Another link between two hosts than the network's own. */
  link(one: string, other: string, options: LinkOptions): void {
    this.#links.set(pair(one, other), options);
  }

  /** Nothing gets from one host to the other any more; what is on its way arrives. */
  partition(one: string, other: string): void {
    this.#cut.add(pair(one, other));
  }

  /** What was held back arrives when it is next sent again. */
  heal(one: string, other: string): void {
    this.#cut.delete(pair(one, other));
  }

  /**
   * A host goes down, and its connections with it. reset: the others hear of it. silent: they do not, and what they send is
   * lost until the host is up again and answers it with a reset. Who listened there listens again after `restart`.
   */
  crash(host: string, how: 'silent' | 'reset'): void {
    const ends = [...this.#ends].filter(([, at]) => at === host).map(([end]) => end);
    if (how === 'reset') for (const end of ends) end.destroy();
    this.#down.add(host);
    for (const end of ends) end.vanish();
  }

  restart(host: string): void {
    this.#down.delete(host);
  }

  #connect(host: string, remote: string, port: number, localPort: number): Promise<Connection> {
    const near: End = { host, port: localPort };
    const far: End = { host: remote, port };
    const id = this.#nextConnection++;
    return new Promise((resolve, reject) => {
      const attempt = (count: number): void => {
        const there = this.#latency(near, far, `connect ${id}`);
        if (there === undefined) {
          const wait = retransmitAfter(count, CONNECT_FIRST);
          if (count < CONNECT_RETRIES) this.#timers.after(wait, () => attempt(count + 1));
          else this.#timers.after(wait, () => reject(failure('ETIMEDOUT', `connect ${remote}:${port}: timed out`)));
          return;
        }
        this.#timers.after(there, () => {
          const back = this.#latency(far, near, `accept ${id}`) ?? retransmitAfter(0, CONNECT_FIRST);
          const accept = this.#listening.get(`${remote}:${port}`);
          if (accept === undefined) {
            const refused = failure('ECONNREFUSED', `connect ${remote}:${port}: refused`);
            this.#timers.after(back, () => reject(refused));
            return;
          }
          const [client, server] = this.#pair(id, near, far);
          accept(server);
          this.#timers.after(back, () => resolve(client));
        });
      };
      attempt(0);
    });
  }

  #pair(id: number, near: End, far: End): readonly [SimulatedConnection, SimulatedConnection] {
    const client = new SimulatedConnection(id, this.#way(id, near, far), far.host, far.port, near.port);
    const server = new SimulatedConnection(id, this.#way(id, far, near), near.host, near.port, far.port);
    client.peer = server;
    server.peer = client;
    for (const [end, { host }] of [
      [client, near],
      [server, far],
    ] as const) {
      this.#ends.set(end, host);
      end.whenOver(() => this.#ends.delete(end));
    }
    return [client, server];
  }

  #way(connection: number, from: End, to: End): Way {
    const label = `${connection} ${from.host}`;
    return {
      after: (ms, callback) => void this.#timers.after(ms, callback),
      open: () => this.#latency(from, to, `${label} control`),
      carry: (data, number, attempt) => {
        const segmentLabel = `${label} ${number}.${attempt}`;
        const ms = this.#latency(from, to, segmentLabel);
        if (ms === undefined) return undefined;
        const segment = {
          connection,
          from: from.host,
          to: to.host,
          fromPort: from.port,
          toPort: to.port,
          number,
          attempt,
          data,
        };
        const arrived = this.#onTheWire(segment, segmentLabel);
        return arrived === undefined ? undefined : { data: arrived, ms };
      },
    };
  }

  #onTheWire(segment: Segment, label: string): Uint8Array | undefined {
    const { loss = 0, damage: damaged } = this.#linkOf(segment.from, segment.to);
    if (this.#strikes(loss, `${label} loss`)) return undefined;
    const { data } = segment;
    let arrived = this.wire?.(segment) ?? data;
    if (arrived === 'lost') return undefined;
    if (damaged !== undefined && this.#strikes(damaged.probability, `${label} damage`)) {
      const at = this.#choices.draw(`${label} damaged byte`) % Math.max(1, data.length);
      const { kind } = damaged;
      arrived = damage(arrived, { kind, at }) ?? damage(arrived, { kind, at: 0 }) ?? arrived;
    }
    return arrived === data || passesChecksum(data, arrived) ? arrived : undefined;
  }

  #strikes(probability: number, label: string): boolean {
    return probability > 0 && this.#choices.draw(label) < probability * 2 ** 32;
  }

  /** Milliseconds from one host to the other; undefined where nothing gets through. */
  #latency(from: End, to: End, label: string): number | undefined {
    if (this.#down.has(from.host) || this.#down.has(to.host)) return undefined;
    if (this.#cut.has(pair(from.host, to.host))) return undefined;
    const draw = (purpose: string): number => this.#choices.draw(`${label} ${purpose}`) / 2 ** 32;
    return milliseconds(this.#linkOf(from.host, to.host).latency ?? 1, draw);
  }

  #linkOf(one: string, other: string): LinkOptions {
    return this.#links.get(pair(one, other)) ?? this.#options;
  }

  #listen(host: string, port: number, accept: (connection: Connection) => void): Listener {
    const taken = port === 0 ? this.#nextPort++ : port;
    const key = `${host}:${taken}`;
    if (this.#listening.has(key)) throw failure('EADDRINUSE', `listen ${key}: address in use`);
    this.#listening.set(key, accept);
    return { port: taken, close: () => this.#listening.delete(key) };
  }
}

const pair = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`);
