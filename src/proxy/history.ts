import type { OneOrMore, RpcOperation } from '../fault/index.ts';
import { listOf } from '../fault/plan/list.ts';
import type { WireCall } from '../nfs/index.ts';

/** How many calls of a client are kept to come again. */
const CALLS_MOST = 1000;

/** A call as its client sent it. */
export interface PassedCall {
  /** With the record mark. */
  readonly data: Uint8Array;
  readonly call: WireCall;
}

/** The last calls of each client, which is an address. */
export class CallHistory {
  readonly #calls = new Map<string, PassedCall[]>();

  add(client: string, passed: PassedCall): void {
    const calls = this.#calls.get(client) ?? [];
    this.#calls.set(client, calls);
    calls.push(passed);
    if (calls.length > CALLS_MOST) calls.shift();
  }

  /** The `back`th last call of a client, of these operations where they are given. */
  old(client: string, operations: OneOrMore<RpcOperation> | undefined, back: number): PassedCall | undefined {
    const wanted: readonly string[] = listOf(operations);
    const calls = this.#calls.get(client) ?? [];
    return calls.filter(({ call }) => wanted.length === 0 || wanted.includes(call.procedure)).at(-back);
  }
}
