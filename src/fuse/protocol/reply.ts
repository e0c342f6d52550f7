import { nameFromBytes, nameLength, type U64, writeName } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { OUT_HEADER_SIZE } from './constants.ts';
import { decodeDirents, direntsSize, encodeDirents, type WireDirent, type WireDirentPlus } from './dirents.ts';
import { type Malformed, Mismatch, mismatch } from './malformed.ts';
import { type OpcodeName, opcodeName, opcodeRow, type opcodes, type ReplyLayout } from './opcodes.ts';
import { readShort } from './request.ts';
import type { Struct } from './struct.ts';
import { fuse_out_header } from './structs.ts';

type Rows = typeof opcodes;
type BodyOf<L> = L extends { body: Struct<infer V> } ? { readonly body: V } : unknown;
type DataOf<L> = L extends { data: 'text' }
  ? { readonly text: string }
  : L extends { data: string }
    ? { readonly data: Uint8Array }
    : unknown;
type EntriesOf<L> = L extends { entries: 'dirent' }
  ? { readonly entries: readonly WireDirent[] }
  : L extends { entries: 'direntplus' }
    ? { readonly entries: readonly WireDirentPlus[] }
    : unknown;

/** Opcodes that are answered. */
export type AnsweredName = {
  [Name in OpcodeName]: Rows[Name]['reply'] extends { none: true } ? never : Name;
}[OpcodeName];

/** The reply of a request that succeeded: `{ op: 'LOOKUP', unique, error: 0, body: { nodeid, ... } }`. */
export type ReplyOf<Name extends AnsweredName> = {
  readonly op: Name;
  readonly unique: U64;
  readonly error: 0;
} & BodyOf<Rows[Name]['reply']> &
  DataOf<Rows[Name]['reply']> &
  EntriesOf<Rows[Name]['reply']>;

export type Reply = { [Name in AnsweredName]: ReplyOf<Name> }[AnsweredName];

/** The reply of a request that failed; `error` is the positive errno number. */
export interface ErrorReply {
  readonly op: 'ERROR';
  readonly unique: U64;
  readonly error: number;
}

/** The largest errno that the kernel takes: it refuses -512 (ERESTARTSYS) and below (fuse_dev_do_write, fs/fuse/dev.c). */
const MAX_ERRNO = 511;

interface Parts {
  op: string;
  unique: U64;
  error: number;
  body?: object;
  data?: Uint8Array;
  text?: string;
  entries?: readonly (WireDirent | WireDirentPlus)[];
}

/** Decodes the reply to a request with the given opcode number. `data` is a view of the message. */
export function decodeReply(code: number, message: Message, length: number): Reply | ErrorReply | Malformed {
  const name = opcodeName(code);
  let unique: U64 = 0;
  try {
    if (length < OUT_HEADER_SIZE || length > message.bytes.length)
      mismatch(`at least ${OUT_HEADER_SIZE} bytes in a buffer of ${message.bytes.length}`, length);
    const header = fuse_out_header.read(message, 0);
    unique = header.unique;
    if (header.len !== length) mismatch(`a length of ${length} in the header`, header.len);
    if (header.error > 0 || header.error < -MAX_ERRNO) mismatch(`an error from ${-MAX_ERRNO} to 0`, header.error);
    if (header.error !== 0) {
      if (length !== OUT_HEADER_SIZE) mismatch('no data with an error', `${length - OUT_HEADER_SIZE} bytes`);
      return { op: 'ERROR', unique, error: -header.error };
    }
    if (name === undefined) mismatch('a known opcode', code);
    const layout = opcodeRow(name).reply;
    if (layout.none) mismatch('no reply', `${length} bytes`);
    const parts: Parts = { op: name, unique, error: 0 };
    decodeParts(parts, layout, message, length);
    return parts as unknown as Reply;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { op: 'MALFORMED', code, unique, problem: `${name ?? `opcode ${code}`} reply: ${error.message}` };
  }
}

function decodeParts(parts: Parts, layout: ReplyLayout, message: Message, end: number): void {
  let at = OUT_HEADER_SIZE;
  if (layout.body !== undefined) {
    const size = layout.least === undefined ? layout.body.size : Math.min(layout.body.size, end - at);
    if (at + size > end || size < (layout.least ?? 0))
      mismatch(`${layout.body.size} bytes of ${layout.body.name}`, end - at);
    parts.body = readShort(layout.body, message, at, size);
    at += size;
  }
  if (layout.data === 'text') parts.text = nameFromBytes(message.bytes.subarray(at, end));
  else if (layout.data !== undefined) parts.data = message.bytes.subarray(at, end);
  else if (layout.entries !== undefined)
    parts.entries = decodeDirents(message, at, end, layout.entries === 'direntplus');
  else if (at !== end) mismatch(`${at - OUT_HEADER_SIZE} bytes of results`, end - OUT_HEADER_SIZE);
}

/** Bytes of a message that is large enough for a reply. */
export function replySize(reply: Reply | ErrorReply): number {
  if (reply.op === 'ERROR') return OUT_HEADER_SIZE;
  const parts = reply as Parts;
  const { body } = opcodeRow(reply.op).reply;
  let size = OUT_HEADER_SIZE + (body?.size ?? 0) + (parts.data?.length ?? 0);
  if (parts.text !== undefined) size += nameLength(parts.text);
  if (parts.entries !== undefined) size += direntsSize(parts.entries);
  return size;
}

/** Encodes a reply and returns its length in bytes; a RangeError where the message is too small. */
export function encodeReply(message: Message, reply: Reply | ErrorReply): number {
  const needed = replySize(reply);
  if (needed > message.bytes.length)
    throw new RangeError(`${reply.op} reply: expected a message of ${needed} bytes, given ${message.bytes.length}`);
  let at = OUT_HEADER_SIZE;
  if (reply.op !== 'ERROR') {
    const parts = reply as Parts;
    const { body } = opcodeRow(reply.op).reply;
    if (body !== undefined && parts.body !== undefined) {
      body.write(message, at, parts.body);
      at += body.size;
    }
    if (parts.text !== undefined) at = writeName(message.bytes, at, parts.text);
    if (parts.data !== undefined) {
      message.bytes.set(parts.data, at);
      at += parts.data.length;
    }
    if (parts.entries !== undefined) at = encodeDirents(message, at, parts.entries);
  }
  fuse_out_header.write(message, 0, { len: at, error: -reply.error, unique: reply.unique });
  return at;
}
