import { showInjected } from '../fault/index.ts';
import {
  type Dialect,
  decodeNotification,
  decodeReply,
  decodeRequest,
  describeMessage,
  type Exchange,
  Exchanges,
  opcodeName,
  type RequestHead,
} from '../fuse/index.ts';
import { errnoName, nameFromBytes } from '../vfs/index.ts';
import type { TraceFault, TraceMessage, TraceRecord } from './format/decoder.ts';

/** Which messages are shown: what is left out does not matter. A reply, or a fault, is shown where its request is. */
export interface TraceFilter {
  /** Opcode names. */
  readonly ops?: ReadonlySet<string>;
  /** Node ids of requests, in decimal. */
  readonly nodes?: ReadonlySet<string>;
  /** The tasks that asked. */
  readonly pids?: ReadonlySet<number>;
}

/** A message or fault, with what is needed to show it. */
export interface ShownRecord {
  readonly record: TraceRecord;
  /** Its line, without the time. */
  readonly line: string;
  /** Its members, in the header's own names; numbers that JSON cannot hold are texts. */
  toJson(): object;
}

/** What of a trace passes a filter. */
export async function* shownRecords(
  records: AsyncIterable<TraceRecord>,
  filter: TraceFilter = {},
): AsyncGenerator<ShownRecord> {
  const exchanges = new Exchanges();
  for await (const record of records) {
    if (record.kind === 'fault') {
      if (faultPasses(record, exchanges, filter)) yield shownFault(record);
      continue;
    }
    const traced = record;
    const { message, length, refused } = traced;
    const exchange = exchanges.next(traced.fromKernel, message, length, refused);
    const { dialect } = exchanges;
    if (!passes(exchange, filter)) continue;
    const text = describeMessage(exchange, message, length, dialect);
    const refusal = refused === 0 ? '' : ` (the kernel answered ${errnoName(refused)})`;
    yield {
      record,
      line: `${traced.fromKernel ? '->' : '<-'} ${text}${refusal}`,
      toJson: () => ({
        index: traced.index,
        time: traced.time,
        thread: traced.thread,
        kind: exchange.kind,
        ...(refused === 0 ? {} : { refused: errnoName(refused) }),
        length,
        message: jsonOf(decoded(traced, exchange, dialect)),
      }),
    };
  }
}

/** A fault is shown above the message that it made. */
function shownFault(record: TraceFault): ShownRecord {
  const { time, thread, fault } = record;
  return {
    record,
    line: `!! ${showInjected(fault)}`,
    toJson: () => ({ time, thread, kind: 'fault', fault: jsonOf(fault) }),
  };
}

const passesAll = ({ ops, nodes, pids }: TraceFilter): boolean =>
  ops === undefined && nodes === undefined && pids === undefined;

/** A fault that no request of the link set off passes only where nothing is left out. */
function faultPasses({ fault: { unique } }: TraceFault, exchanges: Exchanges, filter: TraceFilter): boolean {
  const request = unique === undefined ? undefined : exchanges.open(unique);
  return request === undefined ? passesAll(filter) : requestPasses(request, filter);
}

function passes(exchange: Exchange, filter: TraceFilter): boolean {
  if (exchange.kind === 'notification') return passesAll(filter);
  return exchange.request === undefined || requestPasses(exchange.request, filter);
}

function requestPasses(request: RequestHead, { ops, nodes, pids }: TraceFilter): boolean {
  return (
    (ops?.has(opNameOf(request)) ?? true) &&
    (nodes?.has(String(request.nodeid)) ?? true) &&
    (pids?.has(request.pid) ?? true)
  );
}

const opNameOf = ({ code }: RequestHead): string => opcodeName(code) ?? `opcode ${code}`;

function decoded({ message, length }: TraceMessage, exchange: Exchange, dialect: Dialect): unknown {
  switch (exchange.kind) {
    case 'request':
      return decodeRequest(message, length, dialect);
    case 'notification':
      return decodeNotification(message, length);
    case 'reply':
      return exchange.request === undefined
        ? { unique: exchange.unique }
        : decodeReply(exchange.request.code, message, length);
  }
}

/** Bytes as texts like names, which keep every byte; large numbers as decimal texts. */
function jsonOf(value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return nameFromBytes(value);
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, jsonOf(member)]));
}

/** Nanoseconds as seconds, for a column. */
export function showTime(nanoseconds: number): string {
  const seconds = Math.floor(nanoseconds / 1e9);
  return `${seconds}.${String(Math.floor((nanoseconds - seconds * 1e9) / 1000)).padStart(6, '0')}`;
}

const BYTES_PER_LINE = 16;

/** Bytes as lines of offset, hexadecimal and ASCII. */
export function hexDump(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const part = [...bytes.subarray(at, at + BYTES_PER_LINE)];
    const hex = part.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = part.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('');
    lines.push(`${at.toString(16).padStart(6, '0')}  ${hex.padEnd(3 * BYTES_PER_LINE - 1)}  ${text}`);
  }
  return lines;
}
