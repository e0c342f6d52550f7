import { nameLength, readName, type U64, writeName } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { OUT_HEADER_SIZE } from './constants.ts';
import { type Malformed, Mismatch, mismatch } from './malformed.ts';
import { type Struct, struct } from './struct.ts';
import * as s from './structs.ts';

/** What a notification carries behind its header: a structure, then a NUL-terminated name, or bytes, or node ids. */
interface NotificationRow {
  readonly code: number;
  readonly body?: Struct<object>;
  /** `namelen` of the body counts its bytes, the NUL not included. */
  readonly name?: true;
  /** `size` of the body counts them. */
  readonly data?: true;
  /** `count` of the body counts them. */
  readonly nodes?: true;
}

const table = <const Rows extends Record<string, NotificationRow>>(rows: Rows): Rows => rows;

/** The notifications that a daemon may send unasked (enum fuse_notify_code). */
export const notifications = table({
  POLL: { code: 1, body: s.fuse_notify_poll_wakeup_out },
  INVAL_INODE: { code: 2, body: s.fuse_notify_inval_inode_out },
  INVAL_ENTRY: { code: 3, body: s.fuse_notify_inval_entry_out, name: true },
  STORE: { code: 4, body: s.fuse_notify_store_out, data: true },
  RETRIEVE: { code: 5, body: s.fuse_notify_retrieve_out },
  DELETE: { code: 6, body: s.fuse_notify_delete_out, name: true },
  RESEND: { code: 7 },
  INC_EPOCH: { code: 8 },
  PRUNE: { code: 9, body: s.fuse_notify_prune_out, nodes: true },
});

export type NotificationName = keyof typeof notifications;

type Rows = typeof notifications;

/** A notification: `{ op: 'INVAL_ENTRY', body: { parent, namelen, flags }, name }`; what counts is set when it is encoded. */
export type NotificationOf<Name extends NotificationName> = { readonly op: Name } & (Rows[Name] extends {
  body: Struct<infer V>;
}
  ? { readonly body: V }
  : unknown) &
  (Rows[Name] extends { name: true } ? { readonly name: string } : unknown) &
  (Rows[Name] extends { data: true } ? { readonly data: Uint8Array } : unknown) &
  (Rows[Name] extends { nodes: true } ? { readonly nodes: readonly U64[] } : unknown);

export type Notification = { [Name in NotificationName]: NotificationOf<Name> }[NotificationName];

const byCode = new Map<number, NotificationName>(
  (Object.keys(notifications) as NotificationName[]).map((key) => [notifications[key].code, key]),
);

const nodeId = struct('u64', { value: 'u64' });

interface Parts {
  op: string;
  body?: object;
  name?: string;
  data?: Uint8Array;
  nodes?: U64[];
}

/** Whether a message from a daemon is a notification and not a reply: its unique is 0 (fuse_dev_do_write, fs/fuse/dev.c). */
export function isNotification(message: Message): boolean {
  return message.words[2] === 0 && message.words[3] === 0;
}

/** Decodes a notification. `data` is a view of the message. */
export function decodeNotification(message: Message, length: number): Notification | Malformed {
  let code = 0;
  let name: NotificationName | undefined;
  try {
    if (length < OUT_HEADER_SIZE || length > message.bytes.length)
      mismatch(`at least ${OUT_HEADER_SIZE} bytes in a buffer of ${message.bytes.length}`, length);
    const header = s.fuse_out_header.read(message, 0);
    code = header.error;
    name = byCode.get(code);
    if (header.len !== length) mismatch(`a length of ${length} in the header`, header.len);
    if (header.unique !== 0) mismatch('a unique of 0', String(header.unique));
    if (name === undefined) mismatch('a notification code from 1 to 9', code);
    const parts: Parts = { op: name };
    decodeParts(parts, notifications[name], message, length);
    return parts as unknown as Notification;
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    return { op: 'MALFORMED', code, unique: 0, problem: `notification ${name ?? code}: ${error.message}` };
  }
}

function decodeParts(parts: Parts, row: NotificationRow, message: Message, end: number): void {
  let at = OUT_HEADER_SIZE;
  if (row.body !== undefined) {
    if (at + row.body.size > end) mismatch(`${row.body.size} bytes of ${row.body.name}`, end - at);
    parts.body = row.body.read(message, at);
    at += row.body.size;
  }
  const counts = parts.body as { namelen: number; size: number; count: number };
  if (row.name) {
    if (counts.namelen !== end - at - 1) mismatch(`a name of ${counts.namelen} bytes and a NUL`, `${end - at} bytes`);
    if (message.bytes[end - 1] !== 0) mismatch('a NUL at the end of the name', message.bytes[end - 1]);
    parts.name = readName(message.bytes, at, end - 1);
    at = end;
  }
  if (row.data) {
    if (counts.size !== end - at) mismatch(`${counts.size} bytes of data`, end - at);
    parts.data = message.bytes.subarray(at, end);
    at = end;
  }
  if (row.nodes) {
    if (counts.count * nodeId.size !== end - at) mismatch(`${counts.count} node ids of 8 bytes`, `${end - at} bytes`);
    parts.nodes = [];
    for (; at < end; at += nodeId.size) parts.nodes.push(nodeId.read(message, at).value);
  }
  if (at !== end) mismatch(`${at - OUT_HEADER_SIZE} bytes`, end - OUT_HEADER_SIZE);
}

/** Bytes of a message that is large enough for a notification. */
export function notificationSize(notification: Notification): number {
  const parts = notification as Parts;
  const row: NotificationRow = notifications[notification.op];
  return (
    OUT_HEADER_SIZE +
    (row.body?.size ?? 0) +
    (parts.name === undefined ? 0 : nameLength(parts.name) + 1) +
    (parts.data?.length ?? 0) +
    8 * (parts.nodes?.length ?? 0)
  );
}

/** Encodes a notification and returns its length in bytes; a RangeError where the message is too small. */
export function encodeNotification(message: Message, notification: Notification): number {
  const needed = notificationSize(notification);
  if (needed > message.bytes.length)
    throw new RangeError(`${notification.op}: expected a message of ${needed} bytes, given ${message.bytes.length}`);
  const parts = notification as Parts;
  const row: NotificationRow = notifications[notification.op];
  const bodyAt = OUT_HEADER_SIZE;
  let at = bodyAt + (row.body?.size ?? 0);
  const counts = { namelen: 0, size: (parts.body as { size?: number })?.size ?? 0, count: 0 };
  if (parts.name !== undefined) {
    const end = writeName(message.bytes, at, parts.name);
    counts.namelen = end - at;
    message.bytes[end] = 0;
    at = end + 1;
  }
  if (parts.data !== undefined) {
    message.bytes.set(parts.data, at);
    counts.size = parts.data.length;
    at += parts.data.length;
  }
  if (parts.nodes !== undefined) {
    counts.count = parts.nodes.length;
    for (const value of parts.nodes) {
      nodeId.write(message, at, { value });
      at += nodeId.size;
    }
  }
  if (row.body !== undefined) row.body.write(message, bodyAt, { ...parts.body, ...counts });
  s.fuse_out_header.write(message, 0, { len: at, error: row.code, unique: 0 });
  return at;
}
