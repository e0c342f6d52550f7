import type { OneOrMore, RpcOperation } from '../fault/index.ts';
import { listOf } from '../fault/plan/list.ts';
import type { WireCall } from '../nfs/index.ts';

/** A call as its client sent it. */
export interface PassedCall {
  /** With the record mark. */
  readonly data: Uint8Array;
  readonly call: WireCall;
}

/** How many bytes of calls are kept, and how many calls. */
const BYTES_MOST = 64 << 20;
const CALLS_MOST = 10_000;

/** Calls under keys, the oldest first, of which the oldest go when there are too many. */
export class RecentCalls<Key, Call extends PassedCall> {
  readonly #calls = new Map<Key, Call>();
  #bytes = 0;

  get(key: Key): Call | undefined {
    return this.#calls.get(key);
  }

  /** A call of a key that there is takes its place, as the last one. */
  set(key: Key, call: Call): void {
    this.#delete(key);
    this.#calls.set(key, call);
    this.#bytes += call.data.length;
    while (this.#bytes > BYTES_MOST || this.#calls.size > CALLS_MOST) {
      const [oldest] = this.#calls.keys();
      this.#delete(oldest);
    }
  }

  get all(): readonly Call[] {
    return [...this.#calls.values()];
  }

  #delete(key: Key): void {
    this.#bytes -= this.#calls.get(key)?.data.length ?? 0;
    this.#calls.delete(key);
  }
}

/** The last calls of each client, which is an address. */
export class CallHistory {
  readonly #clients = new Map<string, RecentCalls<number, PassedCall>>();
  #next = 0;

  add(client: string, passed: PassedCall): void {
    const calls = this.#clients.get(client) ?? new RecentCalls();
    this.#clients.set(client, calls);
    calls.set(this.#next++, passed);
  }

  /** The `back`th last call of a client, of these operations where they are given. */
  old(client: string, operations: OneOrMore<RpcOperation> | undefined, back: number): PassedCall | undefined {
    const wanted: readonly string[] = listOf(operations);
    const calls = this.#clients.get(client)?.all ?? [];
    return calls.filter(({ call }) => wanted.length === 0 || wanted.includes(call.procedure)).at(-back);
  }
}
