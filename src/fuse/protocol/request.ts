import { nameEnd, nameLength, readName, type U64, writeName } from '../../vfs/index.ts';
import { Message } from '../message.ts';
import { IN_HEADER_SIZE } from './constants.ts';
import { bodySize, CURRENT_DIALECT, type Dialect } from './dialect.ts';
import { decodeExtensions, type Extension, encodeExtensions } from './extensions.ts';
import { type Malformed, Mismatch, mismatch } from './malformed.ts';
import { type OpcodeName, type OpcodeRow, opcodeName, opcodeRow, type opcodes, type RequestLayout } from './opcodes.ts';
import type { Struct } from './struct.ts';
import { fuse_in_header } from './structs.ts';

/** The header of a request; its length, opcode and length of extensions follow from the rest. */
export interface RequestHeader {
  readonly unique: U64;
  readonly nodeid: U64;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

type Rows = typeof opcodes;
type BodyOf<L> = L extends { body: Struct<infer V> } ? { readonly body: V } : unknown;
type StringsOf<L> = L extends { strings: readonly (infer K extends string)[] }
  ? { readonly [Key in K]: string }
  : unknown;
type DataOf<L> = L extends { data: string } ? { readonly data: Uint8Array } : unknown;
type ItemsOf<L> = L extends { items: Struct<infer V> } ? { readonly items: readonly V[] } : unknown;

/**
 * The request of an opcode: `{ op: 'MKDIR', header, body: { mode, umask }, name }`. `data` of a decoded request is a view
 * of the message; fields of the body that count what follows are set from what follows when it is encoded.
 */
export type RequestOf<Name extends OpcodeName> = {
  readonly op: Name;
  readonly header: RequestHeader;
  readonly extensions?: readonly Extension[];
} & BodyOf<Rows[Name]['request']> &
  StringsOf<Rows[Name]['request']> &
  DataOf<Rows[Name]['request']> &
  ItemsOf<Rows[Name]['request']>;

/** A request with an opcode that the protocol does not have. */
export interface UnknownRequest {
  readonly op: 'UNKNOWN';
  readonly header: RequestHeader;
  readonly code: number;
  readonly data: Uint8Array;
}

/** Any request of the protocol. */
export type Request = { [Name in OpcodeName]: RequestOf<Name> }[OpcodeName];

// The general shape that the table-driven code works with.
interface Parts {
  op: string;
  header: RequestHeader;
  body?: object;
  data?: Uint8Array;
  items?: object[];
  extensions?: Extension[];
  [string: string]: unknown;
}

const scratch = new Message(128);

/** Reads a structure of which only the first `size` bytes are there; the rest reads as zeros. */
export function readShort<Value>(struct: Struct<Value>, message: Message, at: number, size: number): Value {
  if (size >= struct.size) return struct.read(message, at);
  const target = struct.size > scratch.bytes.length ? new Message(struct.size) : scratch;
  target.bytes.fill(0);
  target.bytes.set(message.bytes.subarray(at, at + size));
  return struct.read(target, 0);
}

/** Decodes the request of `length` bytes. Trusts nothing: what does not fit the protocol comes back as `Malformed`. */
export function decodeRequest(
  message: Message,
  length: number,
  dialect: Dialect = CURRENT_DIALECT,
): Request | UnknownRequest | Malformed {
  if (length < IN_HEADER_SIZE || length > message.bytes.length)
    return {
      op: 'MALFORMED',
      code: length >= 8 ? message.words[1] : 0,
      unique: 0,
      problem: `request: expected at least ${IN_HEADER_SIZE} bytes in a buffer of ${message.bytes.length}, given ${length}`,
    };
  const header = fuse_in_header.read(message, 0);
  const name = opcodeName(header.opcode);
  try {
    if (header.len !== length) mismatch(`a length of ${length} in the header`, header.len);
    const end = length - 8 * header.total_extlen;
    if (end < IN_HEADER_SIZE) mismatch(`at most ${length - IN_HEADER_SIZE} bytes of extensions`, length - end);
    const { unique, nodeid, uid, gid, pid } = header;
    const parts: Parts = { op: name ?? 'UNKNOWN', header: { unique, nodeid, uid, gid, pid } };
    if (name === undefined) {
      parts.code = header.opcode;
      parts.data = message.bytes.subarray(IN_HEADER_SIZE, length);
    } else {
      decodeParts(parts, opcodeRow(name).request, message, end, dialect);
      if (end < length) parts.extensions = decodeExtensions(message.bytes, end, length);
    }
    return parts as unknown as Request;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const problem = `${name ?? `opcode ${header.opcode}`}: ${error.message}`;
    return { op: 'MALFORMED', code: header.opcode, unique: header.unique, problem };
  }
}

function decodeParts(parts: Parts, layout: RequestLayout, message: Message, end: number, dialect: Dialect): void {
  let at = IN_HEADER_SIZE;
  if (layout.body !== undefined) {
    const size = actualBodySize(layout, end - at, dialect);
    if (at + size > end) mismatch(`${size} bytes of ${layout.body.name}`, end - at);
    parts.body = readShort(layout.body, message, at, size);
    at += size;
  }
  for (const key of layout.strings ?? []) {
    const nul = nameEnd(message.bytes, at, end);
    if (nul < 0) mismatch(`a NUL-terminated ${key}`, `${end - at} bytes without NUL`);
    parts[key] = readName(message.bytes, at, nul);
    at = nul + 1;
  }
  if (layout.data !== undefined) {
    const size = (parts.body as Record<string, number>)[layout.data];
    if (size !== end - at) mismatch(`${size} bytes of data (${layout.data})`, end - at);
    parts.data = message.bytes.subarray(at, end);
    at = end;
  }
  if (layout.items !== undefined) {
    const { count } = parts.body as { count: number };
    if (count * layout.items.size !== end - at) mismatch(`${count} times ${layout.items.size} bytes`, end - at);
    parts.items = [];
    for (; at < end; at += layout.items.size) parts.items.push(layout.items.read(message, at));
  }
  if (at !== end) mismatch(`${at - IN_HEADER_SIZE} bytes of arguments`, end - IN_HEADER_SIZE);
}

/** Where nothing follows the body, the length itself tells which of its sizes it has. */
function actualBodySize(layout: RequestLayout, given: number, dialect: Dialect): number {
  const alone = layout.strings === undefined && layout.data === undefined && layout.items === undefined;
  if (alone && layout.older?.some(([, size]) => size === given)) return given;
  return alone ? (layout.body as Struct<object>).size : bodySize(layout, dialect);
}

/** Bytes of a message that is large enough for a request. */
export function requestSize(request: Request | UnknownRequest): number {
  const parts = request as unknown as Parts;
  let size = IN_HEADER_SIZE + (parts.data?.length ?? 0);
  if (request.op === 'UNKNOWN') return size;
  const { request: layout } = opcodeRow(request.op);
  size += layout.body?.size ?? 0;
  for (const key of layout.strings ?? []) size += nameLength(parts[key] as string) + 1;
  if (layout.items !== undefined) size += layout.items.size * (parts.items?.length ?? 0);
  for (const extension of parts.extensions ?? []) size += extensionSize(extension);
  return size;
}

function extensionSize(extension: Extension): number {
  switch (extension.type) {
    case 'secctx':
      return extension.contexts.reduce((sum, { name, context }) => sum + 9 + nameLength(name) + context.length, 16);
    case 'groups':
      return 20 + 4 * extension.groups.length;
    case 'unknown':
      return 16 + extension.data.length;
  }
}

/**
 * Encodes a request and returns its length in bytes. Throws a RangeError where the message is too small and a TypeError
 * where a string contains NUL.
 */
export function encodeRequest(
  message: Message,
  request: Request | UnknownRequest,
  dialect: Dialect = CURRENT_DIALECT,
): number {
  const parts = request as unknown as Parts;
  const needed = requestSize(request);
  if (needed > message.bytes.length)
    throw new RangeError(`${request.op}: expected a message of ${needed} bytes, given ${message.bytes.length}`);
  const { bytes } = message;
  let code: number;
  let end: number;
  let extensionLength = 0;
  if (request.op === 'UNKNOWN') {
    ({ code } = request);
    bytes.set(request.data, IN_HEADER_SIZE);
    end = IN_HEADER_SIZE + request.data.length;
  } else {
    const row = opcodeRow(request.op);
    ({ code } = row);
    end = encodeParts(parts, row, message, dialect);
    if (parts.extensions !== undefined) {
      const start = end;
      end = encodeExtensions(bytes, start, parts.extensions);
      extensionLength = end - start;
    }
  }
  const { unique, nodeid, uid, gid, pid } = request.header;
  const header = { len: end, opcode: code, unique, nodeid, uid, gid, pid, total_extlen: extensionLength / 8 };
  fuse_in_header.write(message, 0, header);
  return end;
}

function encodeParts(parts: Parts, row: OpcodeRow, message: Message, dialect: Dialect): number {
  const { bytes } = message;
  const layout = row.request;
  let at = IN_HEADER_SIZE;
  if (layout.body !== undefined) {
    let { body } = parts;
    if (layout.data !== undefined) body = { ...body, [layout.data]: parts.data?.length ?? 0 };
    if (layout.items !== undefined) body = { ...body, count: parts.items?.length ?? 0 };
    layout.body.write(message, at, body as object);
    at += bodySize(layout, dialect);
  }
  for (const key of layout.strings ?? []) {
    const text = parts[key] as string;
    if (text.includes('\0')) throw new TypeError(`${parts.op}: expected a ${key} without NUL, given one`);
    at = writeName(bytes, at, text);
    bytes[at] = 0;
    at += 1;
  }
  if (parts.data !== undefined && layout.data !== undefined) {
    bytes.set(parts.data, at);
    at += parts.data.length;
  }
  for (const item of parts.items ?? []) {
    layout.items?.write(message, at, item);
    at += layout.items?.size ?? 0;
  }
  return at;
}
