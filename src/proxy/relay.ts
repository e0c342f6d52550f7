import type { Connection, Network, Timers } from '../env/index.ts';
import type { FaultEngine, RpcOperation } from '../fault/index.ts';
import type { Reordering } from '../fault/link/held.ts';
import {
  callIn,
  markRecord,
  mount,
  RecordReader,
  replyIn,
  replyTo,
  showCall,
  showReply,
  type WireCall,
  type WireReply,
  XdrWriter,
  xidIn,
} from '../nfs/index.ts';
import { failure } from './failure.ts';
import { type Acts, type Fate, fateOf } from './fate.ts';
import { type CallHistory, type PassedCall, RecentCalls } from './history.ts';
import type { HandleNames } from './names.ts';
import { type Address, ServerSide } from './server-side.ts';

/** What all connections of a proxy share. */
export interface Shared {
  readonly network: Network;
  readonly timers: Timers;
  readonly to: Address;
  readonly mountTo: Address;
  readonly faults: FaultEngine;
  readonly names: HandleNames;
  readonly history: CallHistory;
  readonly reordering: { readonly 'rpc-call': Reordering; readonly 'rpc-reply': Reordering };
  /** Hears of each message. */
  observe(line: string): void;
  report(problem: string): void;
}

interface Sent extends PassedCall {
  /** Its reply has gone to the client, or may still. */
  answered: boolean;
  /** It has gone over another connection too. */
  moved: boolean;
  /** Replies to come that nobody waits for. */
  unwanted: number;
}

const writer = new XdrWriter();
const unharmed: Fate = { wait: 0, copies: [], reorder: undefined, lost: false };

/** A client's connection, and those to the servers behind it. */
export class Relay {
  readonly #client: Connection;
  readonly #shared: Shared;
  readonly #ended: () => void;
  readonly #name: string;
  readonly #servers = new Map<Address, ServerSide>();
  /** By xid. */
  readonly #sent = new RecentCalls<number, Sent>();
  #closed = false;

  constructor(client: Connection, shared: Shared, ended: () => void) {
    this.#client = client;
    this.#shared = shared;
    this.#ended = ended;
    this.#name = `${client.remoteAddress}:${client.remotePort}`;
    const records = new RecordReader((record) => {
      if (!this.#closed) this.#call(markRecord(record));
    });
    client.onData((data) => {
      try {
        records.push(data);
      } catch (error) {
        shared.report(`${this.#name}: ${(error as Error).message}`);
        this.close();
      }
    });
    client.onClose(() => this.close());
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#client.destroy();
    for (const server of this.#servers.values()) server.close();
    this.#ended();
  }

  #server(to: Address): ServerSide {
    const known = this.#servers.get(to);
    if (known !== undefined) return known;
    const server = new ServerSide(this.#shared.network, to, {
      reply: (record) => this.#reply(markRecord(record)),
      gone: (why) => {
        this.#shared.report(`${this.#name}: server ${to.host}:${to.port}: ${why}`);
        this.close();
      },
    });
    this.#servers.set(to, server);
    return server;
  }

  #call(data: Uint8Array): void {
    const { observe, names, history } = this.#shared;
    const call = callIn(data.subarray(4));
    if (call === undefined) {
      observe(`${this.#name} -> a message that is no call of NFS version 3 or MOUNT version 3`);
      this.#server(this.#shared.to).send(data);
      return;
    }
    const paths = names.of(call);
    observe(`${this.#name} -> xid ${call.xid} ${showCall(call, paths)}`);
    const sent = this.#remember({ data, call, answered: false });
    let going = data;
    const fate = this.#fate('rpc-call', call, paths, undefined, {
      data: () => {
        // What comes again later is as the client sent it.
        if (going === data) going = data.slice();
        const args = callIn(going.subarray(4))?.args;
        return args && { bytes: args.data as Uint8Array, offset: Number(args.offset) };
      },
      answer: (error) => {
        const { status, result } = failure(error, {});
        const reply = replyTo(writer, call, result);
        sent.answered = true;
        this.#passOn('rpc-reply', unharmed, () => this.#write(reply));
        return status;
      },
      reconnect: () => this.#reconnect(sent),
      replay: ({ operation, back = 1 }) => {
        const old = history.old(this.#client.remoteAddress, operation, back);
        return old && this.#replay(old);
      },
    });
    history.add(this.#client.remoteAddress, { data, call });
    this.#passOn('rpc-call', fate, () => this.#send(call, going));
  }

  #reply(data: Uint8Array): void {
    const { observe, names } = this.#shared;
    const xid = xidIn(data.subarray(4));
    const sent = xid === undefined ? undefined : this.#sent.get(xid);
    const reply = sent && replyIn(data.subarray(4), sent.call);
    if (sent === undefined || reply === undefined) {
      observe(`${this.#name} <- a reply that is not understood${xid === undefined ? '' : `, xid ${xid}`}`);
      this.#write(data);
      return;
    }
    const { call } = sent;
    const unwanted = sent.answered && sent.unwanted > 0;
    observe(`${this.#name} <- xid ${call.xid} ${showReply(reply)}${unwanted ? ', which nobody waits for' : ''}`);
    const paths = names.of(call);
    names.learn(reply);
    if (unwanted) {
      sent.unwanted -= 1;
      return;
    }
    let going = data;
    let { result } = reply;
    const fate = this.#fate('rpc-reply', call, paths, reply, {
      data: () => {
        const bytes = result?.data;
        return bytes instanceof Uint8Array ? { bytes, offset: Number(call.args.offset) } : undefined;
      },
      answer: (error) => {
        if (result === undefined) return undefined;
        const failed = failure(error, result);
        going = replyTo(writer, call, failed.result);
        result = undefined;
        return failed.status;
      },
      reconnect: () => (sent.moved ? undefined : this.#reconnect()),
      replay: () => undefined,
    });
    sent.answered ||= !fate.lost;
    this.#passOn('rpc-reply', fate, () => this.#write(going));
  }

  #fate(
    where: 'rpc-call' | 'rpc-reply',
    call: WireCall,
    paths: readonly string[],
    reply: WireReply | undefined,
    acts: Omit<Acts, 'operation' | 'reset'>,
  ): Fate {
    const { args, xid, credential } = call;
    const operation = call.procedure as RpcOperation;
    const count = reply?.result?.count ?? args.count;
    const strikes = this.#shared.faults.strikes({
      where,
      operation,
      xid,
      host: this.#client.remoteAddress,
      port: this.#client.remotePort,
      uid: credential.flavor === 'SYS' ? credential.uid : undefined,
      offset: args.offset === undefined ? undefined : Number(args.offset),
      length: typeof count === 'number' ? count : undefined,
      failed: reply !== undefined && reply.status !== 'OK',
      paths: () => paths,
    });
    return fateOf(strikes, { ...acts, operation, reset: () => this.close() });
  }

  #passOn(where: 'rpc-call' | 'rpc-reply', { lost, reorder, wait, copies }: Fate, go: () => void): void {
    if (lost) return;
    const { timers, reordering } = this.#shared;
    const { remotePort } = this.#client;
    const pass = (): void => {
      go();
      for (const ms of copies) timers.after(ms, go);
    };
    const passInTurn = (): void => {
      pass();
      reordering[where].passed(remotePort);
    };
    if (reorder !== undefined) reordering[where].hold(reorder, remotePort, pass);
    else if (wait > 0) timers.after(wait, passInTurn);
    else passInTurn();
  }

  /** New connections to the servers, for what is not answered; `current` goes its own way. */
  #reconnect(current?: Sent): string | undefined {
    if (this.#servers.size === 0) return undefined;
    for (const server of this.#servers.values()) server.close();
    this.#servers.clear();
    const again = this.#sent.all.filter((sent) => !sent.answered && sent !== current);
    for (const sent of again) {
      sent.moved = true;
      this.#send(sent.call, sent.data);
    }
    return `${again.length} calls again`;
  }

  #replay(old: PassedCall): string | undefined {
    const { data, call } = old;
    const known = this.#sent.get(call.xid);
    // Its reply would be taken for that of another call.
    if (known !== undefined && !(known.answered && known.data === data)) return undefined;
    const sent = known ?? this.#remember({ data, call, answered: true });
    sent.unwanted += 1;
    this.#send(call, data);
    return `xid ${call.xid} ${call.procedure}`;
  }

  #remember(passed: PassedCall & { readonly answered: boolean }): Sent {
    const sent = { ...passed, moved: false, unwanted: 0 };
    this.#sent.set(passed.call.xid, sent);
    return sent;
  }

  #send(call: WireCall, data: Uint8Array): void {
    const { to, mountTo } = this.#shared;
    if (!this.#closed) this.#server(call.program === mount ? mountTo : to).send(data);
  }

  #write(data: Uint8Array): void {
    if (!this.#closed) this.#client.write(data);
  }
}
