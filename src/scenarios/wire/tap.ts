import type { Connection, Network, Timers } from '../../env/index.ts';
import { markRecord, RecordReader } from '../../nfs/index.ts';
import { damage, type Segment } from '../../sim/index.ts';
import { argsOf, type CallMessage, callIn, replyIn, replyWith, type WireMessage } from './message.ts';
import type { WireFault, WireRule } from './rule.ts';
import { showMessage } from './show.ts';

/** What a tap tells whoever wrote the world. */
export interface TapListener {
  /** A message passes, or what becomes of it. */
  passed(line: string): void;
  fired(rule: string): void;
}

interface ArmedRule {
  readonly rule: WireRule;
  seen: number;
}

/** Sees every message of the clients, and has rules strike at them. */
export class WireTap {
  readonly #timers: Timers;
  readonly #listener: TapListener;
  readonly #rules: ArmedRule[] = [];
  readonly #calls = new Map<string, CallMessage>();
  readonly #names = new Map<string, string>();

  constructor(timers: Timers, listener: TapListener) {
    this.#timers = timers;
    this.#listener = listener;
  }

  arm(rule: WireRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  /** The network of a client's host, with the tap in it. */
  network(client: string, network: Network): Network {
    return {
      listen: (host, port, onConnection) => network.listen(host, port, onConnection),
      connect: async (host, port, options) => new Tapped(await network.connect(host, port, options), this, client),
    };
  }

  /** What the wire does to a segment: damage that a rule asks for. */
  wire(segment: Segment): Uint8Array | undefined {
    if (segment.attempt > 0 || !this.#rules.some(({ rule }) => rule.fault.kind === 'damage')) return undefined;
    const record = segment.data.subarray(4);
    const message = this.#replyFrom(record, segment.to) ?? callIn(record, segment.from);
    if (message === undefined) return undefined;
    for (const { name, fault } of this.#strikes(message, 'damage')) {
      if (fault.kind !== 'damage') continue;
      const at = fault.find === undefined ? dataAt(segment, message) : Buffer.from(segment.data).indexOf(fault.find);
      const spoilt = at < 0 ? undefined : damage(segment.data, { kind: fault.damage, at });
      if (spoilt === undefined) continue;
      if (name !== undefined) this.#listener.fired(name);
      return spoilt;
    }
    return undefined;
  }

  /** Faults for a call; called by connections. */
  call(record: Uint8Array, client: string): { readonly data: Uint8Array; readonly faults: readonly WireFault[] } {
    const message = callIn(record, client);
    if (message === undefined) return { data: markRecord(record), faults: [] };
    this.#calls.set(`${client} ${message.xid}`, message);
    this.#listener.passed(`${client} -> server  ${showMessage(message, this.#names)}`);
    return { data: markRecord(record), faults: this.#strikes(message, 'rest').map(({ fault }) => fault) };
  }

  reply(record: Uint8Array, client: string): { readonly data: Uint8Array; readonly faults: readonly WireFault[] } {
    const message = this.#replyFrom(record, client);
    if (message === undefined) return { data: markRecord(record), faults: [] };
    this.#listener.passed(`${client} <- server  ${showMessage(message, this.#names)}`);
    let data = markRecord(record);
    const faults = this.#strikes(message, 'rest').map(({ fault }) => fault);
    for (const fault of faults) if (fault.kind === 'answer') data = replyWith(message, fault.with(message));
    return { data, faults };
  }

  after(milliseconds: number, callback: () => void): void {
    this.#timers.after(milliseconds, callback);
  }

  #replyFrom(record: Uint8Array, client: string) {
    if (record.length < 8 || record[7] !== 1) return undefined;
    const xid = new DataView(record.buffer, record.byteOffset).getUint32(0);
    const call = this.#calls.get(`${client} ${xid}`);
    return call && replyIn(record, call);
  }

  #strikes(message: WireMessage, which: 'damage' | 'rest'): readonly WireRule[] {
    const struck: WireRule[] = [];
    for (const armed of this.#rules) {
      const { rule } = armed;
      if ((rule.fault.kind === 'damage') !== (which === 'damage')) continue;
      if (rule.at !== message.kind) continue;
      if (rule.procedure !== '*' && rule.procedure !== message.procedure) continue;
      if (rule.client !== undefined && rule.client !== message.client) continue;
      if (rule.where?.(message) === false) continue;
      armed.seen++;
      const { nth = 1 } = rule;
      if (typeof nth === 'object' ? armed.seen % nth.every !== 0 : nth !== 'every' && armed.seen !== nth) continue;
      if (which === 'rest' && rule.name !== undefined) this.#listener.fired(rule.name);
      struck.push(rule);
    }
    return struck;
  }
}

/** Where the data of a WRITE begins, which is what its record ends with; -1 in other messages. */
function dataAt({ data: { length } }: Segment, message: WireMessage): number {
  const written = message.kind === 'call' ? argsOf(message, 'WRITE') : undefined;
  return written === undefined ? -1 : length - ((written.data.length + 3) & ~3);
}

/** A client's end of a connection; what passes it is cut into records. */
class Tapped implements Connection {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  readonly #connection: Connection;
  readonly #calls: RecordReader;

  readonly #tap: WireTap;
  readonly #client: string;

  constructor(connection: Connection, tap: WireTap, client: string) {
    this.#connection = connection;
    this.#tap = tap;
    this.#client = client;
    this.remoteAddress = connection.remoteAddress;
    this.remotePort = connection.remotePort;
    this.localPort = connection.localPort;
    this.#calls = new RecordReader((record) => {
      const { data, faults } = tap.call(record, client);
      this.#apply(faults, data, (bytes) => connection.write(bytes));
    });
  }

  write(data: Uint8Array): void {
    this.#calls.push(data);
  }

  end(): void {
    this.#connection.end();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  onData(callback: (data: Uint8Array) => void): void {
    const replies = new RecordReader((record) => {
      const { data, faults } = this.#tap.reply(record, this.#client);
      this.#apply(faults, data, callback);
    });
    this.#connection.onData((data) => replies.push(data));
  }

  onClose(callback: (error?: Error) => void): void {
    this.#connection.onClose(callback);
  }

  #apply(faults: readonly WireFault[], data: Uint8Array, go: (data: Uint8Array) => void): void {
    let wait = 0;
    let arriving = data;
    for (const fault of faults)
      switch (fault.kind) {
        case 'delay':
          wait += fault.ms;
          break;
        case 'break':
          this.#connection.destroy();
          return;
        case 'copy':
          this.#tap.after(fault.ms, () => go(data));
          break;
        case 'carry': {
          const carried = fault.with(data.subarray(4));
          if (carried === undefined) return;
          arriving = markRecord(carried);
          break;
        }
        case 'meanwhile':
          fault.run();
          break;
        case 'damage':
        case 'answer':
          break;
      }
    if (wait === 0) go(arriving);
    else this.#tap.after(wait, () => go(arriving));
  }
}
