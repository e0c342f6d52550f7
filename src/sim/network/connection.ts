import type { Connection } from '../../env/index.ts';
import { DATA_RETRIES, retransmitAfter } from './link.ts';

export const failure = (code: string, text: string): Error => Object.assign(new Error(text), { code });

const reset = (): Error => failure('ECONNRESET', 'connection reset');

/** What one end sends to the other, in order: data, or that it says no more. */
export type Sent = { readonly kind: 'data'; readonly data: Uint8Array } | { readonly kind: 'end' };

/** The way from one end of a connection to the other. */
export interface Way {
  /** Calls back later. */
  after(milliseconds: number, callback: () => void): void;
  /** Milliseconds that something takes now; undefined where nothing gets through. */
  open(): number | undefined;
  /** What becomes of a segment now: what arrives and after how many milliseconds; undefined where it does not. */
  carry(
    data: Uint8Array,
    number: number,
    attempt: number,
  ): { readonly data: Uint8Array; readonly ms: number } | undefined;
}

/**
 * One end of a connection. Each `write` is a segment: one that is lost is sent again, and those behind it wait for it at the
 * other end, as with TCP. What arrives before somebody listens for it is kept.
 */
export class SimulatedConnection implements Connection {
  /** The same at both ends, and unique in the network. */
  readonly id: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localPort: number;
  peer: SimulatedConnection | undefined;

  readonly #way: Way;
  #receive: ((data: Uint8Array) => void) | undefined;
  readonly #kept: Uint8Array[] = [];
  #closed: ((error?: Error) => void) | undefined;
  #segments = 0;
  /** What came too early, by its number, and the number that is due. */
  readonly #early = new Map<number, Sent>();
  #due = 1;
  #sentEnd = false;
  #gotEnd = false;
  #over: { readonly error?: Error } | undefined;
  readonly #whenOver: (() => void)[] = [];

  constructor(id: number, way: Way, remoteAddress: string, remotePort: number, localPort: number) {
    this.id = id;
    this.#way = way;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
    this.localPort = localPort;
  }

  write(data: Uint8Array): void {
    if (this.#sentEnd || this.#over !== undefined) return;
    this.#transmit({ kind: 'data', data: new Uint8Array(data) }, ++this.#segments, 0);
  }

  end(): void {
    if (this.#sentEnd || this.#over !== undefined) return;
    this.#sentEnd = true;
    this.#transmit({ kind: 'end' }, ++this.#segments, 0);
    if (this.#gotEnd) this.#finish();
  }

  destroy(): void {
    if (this.#over !== undefined) return;
    this.#sendReset();
    this.#finish();
  }

  /** The host of this end went down: what it had still to send is gone. */
  vanish(): void {
    this.#finish(failure('ECONNRESET', 'the host went down'));
  }

  onData(callback: (data: Uint8Array) => void): void {
    this.#receive = callback;
    for (const data of this.#kept.splice(0)) callback(data);
  }

  onClose(callback: (error?: Error) => void): void {
    this.#closed = callback;
    if (this.#over !== undefined) callback(this.#over.error);
  }

  /** For the network, beside `onClose`. */
  whenOver(callback: () => void): void {
    this.#whenOver.push(callback);
  }

  #transmit(sent: Sent, number: number, attempt: number): void {
    const { peer } = this;
    // What a closed end still had to send goes on being sent; what a reset one had is gone.
    if (peer === undefined || this.#over?.error !== undefined) return;
    const arrives = this.#carry(sent, number, attempt);
    if (arrives !== undefined) {
      this.#way.after(arrives.ms, () => peer.#arrive(arrives.sent, number));
      return;
    }
    if (attempt === DATA_RETRIES) {
      this.#finish(failure('ETIMEDOUT', 'connection timed out'));
      return;
    }
    this.#way.after(retransmitAfter(attempt), () => this.#transmit(sent, number, attempt + 1));
  }

  #carry(sent: Sent, number: number, attempt: number): { readonly sent: Sent; readonly ms: number } | undefined {
    if (sent.kind === 'end') {
      const ms = this.#way.open();
      return ms === undefined ? undefined : { sent, ms };
    }
    const carried = this.#way.carry(sent.data, number, attempt);
    return carried && { sent: { kind: 'data', data: carried.data }, ms: carried.ms };
  }

  #sendReset(): void {
    const { peer } = this;
    const ms = this.#way.open();
    if (peer !== undefined && ms !== undefined) this.#way.after(ms, () => peer.#finish(reset()));
  }

  #arrive(sent: Sent, number: number): void {
    if (this.#over !== undefined) {
      // A host knows nothing of a connection that it had before it went down, and says so (RFC 9293, 3.5.1).
      this.#sendReset();
      return;
    }
    this.#early.set(number, sent);
    for (let next = this.#early.get(this.#due); next !== undefined; next = this.#early.get(this.#due)) {
      this.#early.delete(this.#due++);
      this.#take(next);
      if (this.#over !== undefined) return;
    }
  }

  #take(sent: Sent): void {
    if (sent.kind === 'end') this.#endArrived();
    else if (this.#receive === undefined) this.#kept.push(sent.data);
    else this.#receive(sent.data);
  }

  /** Like a socket without half-open connections: the other side's end is answered with the own one. */
  #endArrived(): void {
    this.#gotEnd = true;
    this.end();
    if (this.#sentEnd) this.#finish();
  }

  #finish(error?: Error): void {
    if (this.#over !== undefined) return;
    this.#over = error === undefined ? {} : { error };
    for (const callback of this.#whenOver.splice(0)) callback();
    this.#closed?.(error);
  }
}
