import { errnoName, nameFromBytes } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import * as constants from './constants.ts';
import { CURRENT_DIALECT, type Dialect } from './dialect.ts';
import { decodeNotification } from './notification.ts';
import { opcodeName } from './opcodes.ts';
import { decodeReply } from './reply.ts';
import { decodeRequest } from './request.ts';

const SHOWN_BYTES = 16;
const SHOWN_ITEMS = 4;

/** Names of the constants with a prefix, by value. */
function flagNames(prefix: string): ReadonlyMap<number, string> {
  const entries = Object.entries(constants).filter(
    (entry): entry is [string, number] => entry[0].startsWith(prefix) && typeof entry[1] === 'number',
  );
  return new Map(entries.map(([name, bit]) => [bit, name.slice(prefix.length)]));
}

const byBit = (flags: Readonly<Record<string, number>>): ReadonlyMap<number, string> =>
  new Map(Object.entries(flags).map(([name, bit]) => [bit, name]));

const openFlags = new Map([
  [0o100, 'O_CREAT'],
  [0o200, 'O_EXCL'],
  [0o1000, 'O_TRUNC'],
  [0o2000, 'O_APPEND'],
  [0o4000, 'O_NONBLOCK'],
  [0o40000, 'O_DIRECT'],
  [0o100000, 'O_LARGEFILE'],
  [0o200000, 'O_DIRECTORY'],
  [0o400000, 'O_NOFOLLOW'],
]);

/** Flags by the field's name, for one opcode `OP.field` or for all. */
const flagFields: Readonly<Record<string, ReadonlyMap<number, string>>> = {
  'INIT.flags': byBit(constants.initFlags),
  'INIT.flags2': byBit(constants.initFlags2),
  'INIT reply.flags': byBit(constants.initFlags),
  'INIT reply.flags2': byBit(constants.initFlags2),
  'IOCTL.flags': flagNames('FUSE_IOCTL_'),
  'POLL.flags': flagNames('FUSE_POLL_'),
  'OPEN reply.open_flags': flagNames('FOPEN_'),
  'OPENDIR reply.open_flags': flagNames('FOPEN_'),
  'CREATE reply.open_flags': flagNames('FOPEN_'),
  'TMPFILE reply.open_flags': flagNames('FOPEN_'),
  'INVAL_ENTRY.flags': new Map([[constants.FUSE_EXPIRE_ONLY, 'EXPIRE_ONLY']]),
  'RENAME2.flags': new Map([
    [1, 'NOREPLACE'],
    [2, 'EXCHANGE'],
    [4, 'WHITEOUT'],
  ]),
  'SETXATTR.flags': new Map([
    [1, 'CREATE'],
    [2, 'REPLACE'],
  ]),
  'OPEN.flags': openFlags,
  'OPENDIR.flags': openFlags,
  'CREATE.flags': openFlags,
  'TMPFILE.flags': openFlags,
  'READ.flags': openFlags,
  'WRITE.flags': openFlags,
  'READDIR.flags': openFlags,
  'READDIRPLUS.flags': openFlags,
  'RELEASE.flags': openFlags,
  'RELEASEDIR.flags': openFlags,
  valid: flagNames('FATTR_'),
  write_flags: flagNames('FUSE_WRITE_'),
  read_flags: flagNames('FUSE_READ_'),
  release_flags: flagNames('FUSE_RELEASE_'),
  getattr_flags: flagNames('FUSE_GETATTR_'),
  fsync_flags: flagNames('FUSE_FSYNC_'),
  lk_flags: flagNames('FUSE_LK_'),
};

const accessModes = ['O_RDONLY', 'O_WRONLY', 'O_RDWR', 'O_ACCMODE'];
const lockTypes = ['F_RDLCK', 'F_WRLCK', 'F_UNLCK'];

function flags(value: number, names: ReadonlyMap<number, string>): string {
  const words = names === openFlags ? [accessModes[value & 3]] : [];
  let rest = names === openFlags ? value & ~3 : value;
  for (const [bit, name] of names) {
    if (bit === 0 || (rest & bit) === 0) continue;
    words.push(name);
    rest &= ~bit;
  }
  if (rest !== 0) words.push(`0x${(rest >>> 0).toString(16)}`);
  return words.length === 0 ? '0' : words.join('|');
}

function bytes(data: Uint8Array): string {
  const shown = JSON.stringify(nameFromBytes(data.subarray(0, SHOWN_BYTES)));
  return data.length > SHOWN_BYTES ? `${data.length} bytes ${shown}...` : `${data.length} bytes ${shown}`;
}

function text(op: string, key: string, value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (value instanceof Uint8Array) return bytes(value);
  if (Array.isArray(value)) {
    const shown = value.slice(0, SHOWN_ITEMS).map((item) => text(op, key, item));
    if (value.length > SHOWN_ITEMS) shown.push('...');
    return `${value.length} [${shown.join(', ')}]`;
  }
  if (typeof value === 'object' && value !== null) return `{${members(op, value)}}`;
  if (typeof value !== 'number') return String(value);
  const names = flagFields[`${op}.${key}`] ?? flagFields[key];
  if (names !== undefined) return flags(value, names);
  if (key === 'mode' || key === 'umask') return `0${value.toString(8)}`;
  if (key === 'type' && op.includes('LK')) return lockTypes[value] ?? String(value);
  return String(value);
}

// What a reader of a trace does not miss: zero nanoseconds, absent flags, counts of what is shown anyway.
const uninteresting = new Set(['namelen', 'count', 'open_flags', 'backing_id', 'getattr_flags', 'umask']);

function members(op: string, value: object): string {
  const words: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key === 'namelen' || key === 'count') continue;
    if (member === 0 && (uninteresting.has(key) || key.endsWith('nsec') || key.endsWith('_flags'))) continue;
    words.push(`${key}=${text(op, key, member)}`);
  }
  return words.join(' ');
}

/** The arguments or results of a decoded message in one line, the body's fields first. */
function contents(op: string, value: object): string {
  const words: string[] = [];
  for (const [key, member] of Object.entries(value)) {
    if (key === 'op' || key === 'header' || key === 'unique' || key === 'error') continue;
    const word = key === 'body' ? members(op, member as object) : `${key}=${text(op, key, member)}`;
    if (word !== '') words.push(word);
  }
  return words.join(' ');
}

const join = (...words: readonly string[]): string => words.filter((word) => word !== '').join(' ');

/** One line of text for a request: `#2 LOOKUP node 1 uid 0 gid 0 pid 17 name="a"`. */
export function describeRequest(message: Message, length: number, dialect: Dialect = CURRENT_DIALECT): string {
  const request = decodeRequest(message, length, dialect);
  if (request.op === 'MALFORMED') return `#${request.unique} malformed ${request.problem}`;
  const { unique, nodeid, uid, gid, pid } = request.header;
  const op = request.op === 'UNKNOWN' ? `opcode ${request.code}` : request.op;
  const who = uid === 0 && gid === 0 && pid === 0 ? '' : `uid ${uid} gid ${gid} pid ${pid}`;
  const node = nodeid === 0 ? '' : `node ${nodeid}`;
  if (request.op === 'UNKNOWN') return join(`#${unique}`, op, node, who, bytes(request.data));
  return join(`#${unique}`, op, node, who, contents(op, request));
}

/** One line of text for the reply to a request with the given opcode number: `#2 LOOKUP reply ENOENT`. */
export function describeReply(code: number, message: Message, length: number): string {
  const reply = decodeReply(code, message, length);
  if (reply.op === 'MALFORMED') return `#${reply.unique} malformed ${reply.problem}`;
  const op = `${opcodeName(code) ?? `opcode ${code}`} reply`;
  if (reply.op === 'ERROR') return `#${reply.unique} ${op} ${errnoName(reply.error)}`;
  return join(`#${reply.unique}`, op, contents(op, reply) || 'ok');
}

/** One line of text for a notification: `notify INVAL_ENTRY parent=1 name="a"`. */
export function describeNotification(message: Message, length: number): string {
  const notification = decodeNotification(message, length);
  if (notification.op === 'MALFORMED') return `malformed ${notification.problem}`;
  return join('notify', notification.op, contents(notification.op, notification));
}
