import {
  describeMessage,
  type Exchange,
  Exchanges,
  type FuseServer,
  isAnswered,
  isNotification,
  Message,
  type RequestHead,
  readU64,
} from '../../fuse/index.ts';
import type { Timespec, U64 } from '../../vfs/index.ts';
import type { TraceFault, TraceMessage } from '../format/decoder.ts';
import type { Trace, TraceEnding } from '../format/reader.ts';
import { hexDump } from '../show.ts';
import type { FieldDifference } from './align.ts';
import { type CompareOptions, Comparer, type Sized } from './compare.ts';
import { consequenceOf } from './consequence.ts';
import { Ids } from './ids.ts';
import { Lookahead } from './lookahead.ts';
import { Stamps } from './stamps.ts';
import { Struck, type Treatment } from './struck.ts';
import { translateRequest } from './translate.ts';

/** What a trace is replayed on. */
export interface ReplayPeer {
  /** Makes the server, whose replies and notifications `send` takes; it answers an errno number, or 0, as the kernel does. */
  connect(send: (message: Message, length: number) => number): FuseServer;
  /** Time moves on to so many nanoseconds after the start of the recording. */
  moveTo(nanoseconds: number): Promise<void>;
  /** The time there, from which the filesystem takes its stamps. */
  now(): Timespec;
  /** Lets happen what happens by itself until `done`; false where nothing more does. */
  settle(done: () => boolean): Promise<boolean>;
}

/** A message as a difference shows it. */
export interface ShownSide extends Sized {
  readonly line: string;
}

/** The first place where a replay did otherwise. */
export interface ReplayDifference {
  /** Place in the trace of the recorded message, and nanoseconds since the start. */
  readonly index: number;
  readonly time: number;
  readonly request: ShownSide | undefined;
  /** What was recorded; undefined where that is nothing. */
  readonly expected: ShownSide | undefined;
  readonly given: ShownSide | undefined;
  /** Empty where one side is missing. */
  readonly fields: readonly FieldDifference[];
}

export interface ReplayReport {
  /** Requests that were fed, and replies and notifications that were compared. */
  readonly requests: number;
  readonly compared: number;
  /** Faults of the recording that were met, and replies that were not compared because of them. */
  readonly faults: number;
  readonly struck: number;
  readonly difference: ReplayDifference | undefined;
  /** The fault that ended the replay: what the recorded filesystem did from there on does not follow from the trace. */
  readonly open: TraceFault | undefined;
  /** How the trace ended; undefined where a difference, or such a fault, ended the replay. */
  readonly ending: TraceEnding | undefined;
}

/**
 * Feeds the requests of a trace to a server and compares what it answers, up to the first difference. Each request is fed
 * after all replies that came before it in the recording. Faults that were recorded are not injected again: what they kept from
 * the filesystem is kept from this one, and answers that they changed are not compared.
 */
export async function replayTrace(
  trace: Trace,
  peer: ReplayPeer,
  options: Partial<CompareOptions> = {},
): Promise<ReplayReport> {
  const replay = new Replay(trace, peer, {
    ...options,
    same: options.same ?? true,
    ignore: options.ignore ?? new Set(),
  });
  return replay.run();
}

interface OpenRequest {
  readonly traced: TraceMessage;
  readonly head: RequestHead;
  /** The time at which it was replayed. */
  readonly at: Timespec;
  readonly struck: boolean;
}

class Replay {
  readonly #trace: Trace;
  readonly #records: Lookahead;
  readonly #peer: ReplayPeer;
  readonly #server: FuseServer;
  readonly #ids = new Ids();
  readonly #stamps = new Stamps();
  readonly #comparer: Comparer;
  readonly #exchanges = new Exchanges();
  readonly #open = new Map<U64, OpenRequest>();
  /** Replies that came and were not compared yet, by unique; several only where the server errs. */
  readonly #replies = new Map<U64, Sized[]>();
  readonly #notifications: Sized[] = [];
  /** What the kernel is to say to replies that it refused in the recording. */
  readonly #refused = new Map<U64, number>();
  readonly #damage = new Struck();
  /** Requests that are fed when their replies come, by unique. */
  readonly #late = new Map<U64, (time: number) => Promise<void>>();
  #requests = 0;
  #compared = 0;
  #faults = 0;
  #struck = 0;
  #leftOpen: TraceFault | undefined;

  constructor(trace: Trace, peer: ReplayPeer, options: CompareOptions) {
    this.#trace = trace;
    this.#records = new Lookahead(trace.records);
    this.#peer = peer;
    this.#comparer = new Comparer(this.#ids, this.#stamps, options);
    this.#server = peer.connect((message, length) => this.#sent(message, length));
  }

  async run(): Promise<ReplayReport> {
    try {
      const difference = await this.#run();
      const open = this.#leftOpen;
      const ending = difference === undefined && open === undefined ? this.#trace.ending : undefined;
      const counts = { requests: this.#requests, compared: this.#compared, faults: this.#faults, struck: this.#struck };
      return { ...counts, difference, open, ending };
    } finally {
      this.#server.close?.();
    }
  }

  async #run(): Promise<ReplayDifference | undefined> {
    let last: TraceMessage | undefined;
    for (let traced = await this.#records.next(); traced !== undefined; traced = await this.#records.next()) {
      if (traced.kind === 'fault') {
        this.#faults += 1;
        const { unique } = traced.fault;
        const struck = unique === undefined ? undefined : this.#exchanges.open(unique);
        if (consequenceOf(traced.fault, struck) !== 'open') continue;
        this.#leftOpen = traced;
        return undefined;
      }
      last = traced;
      const { message, length, refused } = traced;
      const exchange = this.#exchanges.next(traced.fromKernel, message, length, refused);
      const difference =
        exchange.kind === 'request' ? await this.#feed(traced, exchange.request) : await this.#expect(traced, exchange);
      if (difference !== undefined) return difference;
    }
    return last && this.#unexpected(last);
  }

  async #feed(traced: TraceMessage, head: RequestHead): Promise<undefined> {
    const { serve, refused, struck } = await this.#treatment(traced, head);
    if (serve === 'never') return undefined;
    if (refused !== 0) this.#refused.set(head.unique, refused);
    if (serve === 'now') await this.#serve(traced, head, struck, traced.time);
    else this.#late.set(head.unique, (time) => this.#serve(traced, head, struck, time));
    return undefined;
  }

  async #treatment(traced: TraceMessage, head: RequestHead): Promise<Treatment> {
    if (!this.#trace.header.faults && !isAnswered(head.code)) return { serve: 'now', refused: 0, struck: false };
    return this.#damage.treat(head, traced, await this.#records.fate(traced));
  }

  async #serve(traced: TraceMessage, head: RequestHead, struck: boolean, time: number): Promise<void> {
    const { message, length } = traced;
    await this.#peer.moveTo(time);
    if (isAnswered(head.code)) this.#open.set(head.unique, { traced, head, at: this.#peer.now(), struck });
    const translated = translateRequest(head, message, length, this.#ids, this.#stamps);
    this.#requests += 1;
    this.#server.receive(translated, length);
  }

  #sent(message: Message, length: number): number {
    const copy = new Message(length);
    copy.bytes.set(message.bytes.subarray(0, length));
    const sized = { message: copy, length };
    if (isNotification(copy)) {
      this.#notifications.push(sized);
      return this.#records.refusedNotification();
    }
    const unique = readU64(copy.words, 2);
    const others = this.#replies.get(unique);
    if (others === undefined) this.#replies.set(unique, [sized]);
    else others.push(sized);
    return this.#refused.get(unique) ?? 0;
  }

  /** The recording has a reply or notification: the replay must have it now, too. */
  async #expect(traced: TraceMessage, exchange: Exchange): Promise<ReplayDifference | undefined> {
    const { message, length } = traced;
    if (exchange.kind !== 'reply') {
      this.#compared += 1;
      await this.#peer.settle(() => this.#notifications.length > 0);
      const given = this.#notifications.shift();
      const fields = given && this.#comparer.notification({ message, length }, given);
      return fields?.length === 0 ? undefined : this.#difference(traced, exchange, undefined, given, fields ?? []);
    }
    const { unique } = exchange;
    const late = this.#late.get(unique);
    this.#late.delete(unique);
    await late?.(traced.time);
    const request = this.#open.get(unique);
    if (!this.#damage.wasServed(unique)) this.#struck += 1;
    // What answers a request a second time is the connection's EIO, instead of a reply that the kernel refused.
    if (request === undefined) return undefined;
    this.#open.delete(unique);
    this.#stamps.took(request.at, traced.time - request.traced.time);
    await this.#peer.settle(() => this.#replies.has(unique));
    const [given, ...others] = this.#replies.get(unique) ?? [];
    if (others.length > 0) this.#replies.set(unique, others);
    else this.#replies.delete(unique);
    this.#refused.delete(unique);
    const delivered = traced.refused === 0;
    const struck = request.struck || this.#damage.tells(request.head, message);
    // Numbers are learnt from it all the same.
    const fields = given && this.#comparer.reply(request.head, { message, length }, given, delivered);
    if (struck) {
      this.#struck += 1;
      return undefined;
    }
    this.#compared += 1;
    return fields?.length === 0 ? undefined : this.#difference(traced, exchange, request, given, fields ?? []);
  }

  /** At the end: what the recording does not have. Requests that it does not see answered may be answered. */
  #unexpected(last: TraceMessage): ReplayDifference | undefined {
    if (this.#trace.ending?.kind !== 'complete') return undefined;
    const [notification] = this.#notifications;
    if (notification !== undefined) return this.#extra(last, { kind: 'notification' }, notification);
    for (const [unique, [reply]] of this.#replies)
      if (!this.#open.has(unique)) return this.#extra(last, { kind: 'reply', unique, request: undefined }, reply);
    return undefined;
  }

  #extra(last: TraceMessage, exchange: Exchange, given: Sized): ReplayDifference {
    const side = this.#side(exchange, given);
    return { index: last.index, time: last.time, request: undefined, expected: undefined, given: side, fields: [] };
  }

  #difference(
    traced: TraceMessage,
    exchange: Exchange,
    request: OpenRequest | undefined,
    given: Sized | undefined,
    fields: readonly FieldDifference[],
  ): ReplayDifference {
    return {
      index: traced.index,
      time: traced.time,
      request: request && this.#side({ kind: 'request', request: request.head }, request.traced),
      expected: this.#side(exchange, traced),
      given: given && this.#side(exchange, given),
      fields,
    };
  }

  #side(exchange: Exchange, { message, length }: Sized): ShownSide {
    return { message, length, line: describeMessage(exchange, message, length, this.#exchanges.dialect) };
  }
}

/** A difference as lines; with `hex` the bytes of each message below it. */
export function showDifference(difference: ReplayDifference, hex: boolean): string[] {
  const { request, expected, given, fields } = difference;
  const lines: string[] = [];
  const add = (label: string, side: ShownSide | undefined): void => {
    lines.push(`${label}${side?.line ?? 'nothing'}`);
    if (side !== undefined && hex)
      for (const row of hexDump(side.message.bytes.subarray(0, side.length))) lines.push(`            ${row}`);
  };
  if (request !== undefined) add('request:    ', request);
  add('expected:   ', expected);
  add('given:      ', given);
  for (const field of fields) lines.push(`  ${field.field}: expected ${field.expected}, given ${field.given}`);
  return lines;
}
