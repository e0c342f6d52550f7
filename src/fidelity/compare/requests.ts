import {
  CURRENT_DIALECT,
  decodeReply,
  decodeRequest,
  dialectOf,
  FUSE_WRITE_CACHE,
  opcode,
} from '../../fuse/protocol/index.ts';
import { errnoName, nameFromBytes, O_DIRECT, O_NONBLOCK, type Timespec, type U64 } from '../../vfs/index.ts';
import { CONTROL } from '../filesystem.ts';
import type { LoggedMessage } from '../message-log.ts';
import { digest } from './bytes.ts';
import { byName, Listings } from './listings.ts';
import type { Names } from './names.ts';

/** A transfer of data: what is needed to tell what several of them came to. */
export interface Transfer {
  readonly offset: number;
  readonly size: number;
  /** All that tells it from another: node, handle and flags. */
  readonly stream: string;
  readonly kind: 'cached write' | 'direct' | 'cached read';
  /** What is written or was read. */
  readonly bytes: Uint8Array;
}

/** One request, without what is no promise of a kernel (see `tolerances.ts`). */
export interface Request {
  readonly op: string;
  readonly node: string;
  readonly text: string;
  /** The filesystem's answer; undefined where there is none (yet). */
  readonly answer: string | undefined;
  /** Which of the script's calls asked for it, where that is known. */
  call?: number;
  /** Nodes that it is about besides its own. */
  readonly others?: readonly string[];
  readonly transfer?: Transfer;
  /** Of FORGET and BATCH_FORGET: how many references to what. */
  readonly references?: readonly { readonly node: string; readonly lookups: number }[];
}

interface Answerable {
  readonly code: number;
  readonly op: string;
  readonly nodeid: U64;
  readonly parts: Parts;
  readonly request: { -readonly [Key in keyof Request]: Request[Key] };
}

interface Entry {
  readonly name: string;
  readonly type: number;
  readonly off: U64;
}

type Body = Readonly<Record<string, unknown>>;
interface Parts {
  readonly body?: Body;
  readonly data?: Uint8Array;
  readonly name?: string;
  readonly newName?: string;
  readonly [name: string]: unknown;
}

const meaningless = new Set(['lock_owner', 'owner', 'unique', 'padding', 'dummy', 'unused', 'unused4', 'unused5']);
const nodeFields = new Set(['nodeid', 'nodeid_out', 'oldnodeid', 'newdir']);
const handleFields = new Set(['fh', 'fh_in', 'fh_out']);
const hexadecimal = new Set([
  'flags',
  'flags2',
  'valid',
  'write_flags',
  'read_flags',
  'release_flags',
  'getattr_flags',
]);
const fileFlags = /^(OPEN|CREATE|TMPFILE|READ|WRITE|RELEASE)/;
const FATTR_ATIME_NOW = 0x80;
const FATTR_MTIME_NOW = 0x100;
const times = ['atime', 'mtime', 'ctime'] as const;

/** Turns the messages of a connection into requests with their answers. */
export class RequestReader {
  readonly #names: Names;
  readonly #isNow: (time: Timespec) => boolean;
  readonly #directIo: boolean;
  readonly #listings: Listings | undefined;
  readonly #pending = new Map<string, Answerable>();
  #dialect = CURRENT_DIALECT;

  constructor(names: Names, isNow: (time: Timespec) => boolean, directIo: boolean, foreign = false) {
    this.#names = names;
    this.#isNow = isNow;
    this.#directIo = directIo;
    if (foreign) this.#listings = new Listings();
  }

  read(messages: readonly LoggedMessage[]): readonly Request[] {
    const requests: Request[] = [];
    for (const logged of messages) {
      if (!logged.fromKernel) this.#reply(logged);
      else for (const request of this.#request(logged)) requests.push(request);
    }
    return requests;
  }

  *#request({ message, length }: LoggedMessage): Generator<Request> {
    const decoded = decodeRequest(message, length, this.#dialect);
    if (!('header' in decoded)) {
      yield { op: 'MALFORMED', node: '', text: `MALFORMED ${decoded.problem}`, answer: undefined };
      return;
    }
    const { op, header, ...rest } = decoded;
    const parts = rest as Parts;
    if (op === 'FORGET' || op === 'BATCH_FORGET') {
      yield this.#forget(op, header.nodeid, parts);
      return;
    }
    const node = this.#names.node(header.nodeid);
    const kernelMade = header.pid === 0 ? ' by the kernel' : '';
    const text = `${op === 'SETLKW' ? 'SETLK' : op} ${node}${this.#fields(op, node, parts)}, uid ${header.uid} gid ${header.gid}${kernelMade}`;
    const out = parts.body?.nodeid_out as U64 | undefined;
    const others = out === undefined ? undefined : [this.#names.node(out)];
    const request = { op, node, text, answer: undefined, others, transfer: this.#transfer(op, node, parts) };
    this.#pending.set(key(message.words), { code: message.words[1], op, nodeid: header.nodeid, parts, request });
    yield request;
  }

  #forget(op: string, nodeid: U64, parts: Parts): Request {
    const items = (parts.items as readonly { nodeid: U64; nlookup: U64 }[] | undefined) ?? [
      { nodeid, nlookup: parts.body?.nlookup as U64 },
    ];
    const references = items
      .filter((item) => !this.#names.isForeign(item.nodeid))
      .map((item) => ({ node: this.#names.node(item.nodeid), lookups: Number(item.nlookup) }));
    for (const item of items) this.#names.forgotten(item.nodeid, Number(item.nlookup));
    return { op, node: '', text: op, answer: undefined, references };
  }

  #fields(op: string, node: string, { body = {}, data, ...more }: Parts): string {
    const shown: string[] = [];
    const valid = Number(body.valid ?? 0);
    for (const [field, value] of Object.entries(body)) {
      if (meaningless.has(field)) continue;
      if (nodeFields.has(field)) shown.push(`${field} ${this.#names.node(value as U64)}`);
      else if (handleFields.has(field)) shown.push(`${field} ${this.#names.handle(value as U64)}`);
      else if (op === 'SETATTR' && /^[amc]time/.test(field)) continue;
      else if (field === 'lk') shown.push(showLock(value as Body));
      else if (field === 'offset' && op.startsWith('READDIR'))
        shown.push(`offset ${this.#listings?.count(node, value as U64) ?? value}`);
      else if (field === 'flags' && fileFlags.test(op))
        shown.push(`flags 0x${(Number(value) & ~O_NONBLOCK).toString(16)}`);
      else shown.push(`${field} ${hexadecimal.has(field) ? `0x${Number(value).toString(16)}` : showValue(value)}`);
    }
    if (op === 'SETATTR') shown.push(...this.#setTimes(valid, body));
    for (const [name, value] of Object.entries(more))
      shown.push(`${name} ${typeof value === 'string' ? JSON.stringify(this.#names.plain(value)) : showValue(value)}`);
    if (data !== undefined)
      shown.push(more.name === CONTROL ? this.#names.plainOrder(nameFromBytes(data)) : digest(data));
    return shown.length === 0 ? '' : `, ${shown.join(', ')}`;
  }

  #setTimes(valid: number, body: Body): string[] {
    return times.flatMap((name) => {
      const now = name === 'atime' ? FATTR_ATIME_NOW : name === 'mtime' ? FATTR_MTIME_NOW : 0;
      if ((valid & now) !== 0) return [];
      return [`${name} ${this.#time(body[name] as number, body[`${name}nsec`] as number)}`];
    });
  }

  #time(sec: number, nsec: number): string {
    return this.#isNow({ sec, nsec }) ? 'now' : `${sec}.${nsec}`;
  }

  #transfer(op: string, node: string, { body, data }: Parts): Transfer | undefined {
    if ((op !== 'READ' && op !== 'WRITE') || body === undefined) return undefined;
    const flags = Number(body.flags) & ~O_NONBLOCK;
    const cached = op === 'WRITE' && (Number(body.write_flags) & FUSE_WRITE_CACHE) !== 0;
    const direct = this.#directIo || (flags & O_DIRECT) !== 0;
    return {
      offset: Number(body.offset),
      size: Number(body.size),
      stream: `${op} ${node} ${this.#names.handle(body.fh as U64)} 0x${flags.toString(16)} ${body.write_flags ?? body.read_flags}`,
      kind: cached ? 'cached write' : op === 'READ' && !direct ? 'cached read' : 'direct',
      bytes: data?.slice() ?? new Uint8Array(0),
    };
  }

  #reply({ message, length }: LoggedMessage): void {
    const unique = key(message.words);
    const pending = this.#pending.get(unique);
    if (pending === undefined) return;
    this.#pending.delete(unique);
    const { request, code, op } = pending;
    const reply = decodeReply(code, message, length);
    if (reply.op === 'MALFORMED') request.answer = reply.problem;
    else if (reply.op === 'ERROR') request.answer = errnoName(reply.error);
    else {
      const { body, data, ...more } = reply as unknown as Parts;
      if (code === opcode.INIT && body !== undefined) this.#dialect = dialectOf(Number(body.minor), Number(body.flags));
      this.#found(pending, body, more);
      if (op === 'READ' && request.transfer !== undefined && data !== undefined)
        request.transfer = { ...request.transfer, bytes: data.slice() };
      const entries = more.entries as readonly Entry[] | undefined;
      if (entries !== undefined)
        this.#listings?.listed(
          request.node,
          pending.parts.body?.offset as U64,
          entries.map(({ off }) => off),
        );
      request.answer = this.#answer({ body, data, ...more });
    }
  }

  /** Nodes and handles get their names when the filesystem first tells them. */
  #found({ op, nodeid, parts }: Answerable, body: Body | undefined, more: Parts): void {
    const names = this.#names;
    const created = body?.entry as Body | undefined;
    const opened = (op === 'OPEN' || op === 'OPENDIR' ? body : body?.open) as Body | undefined;
    const entry = created ?? body;
    if (entry?.nodeid !== undefined && op !== 'GETATTR')
      names.found(entry.nodeid as U64, nodeid, parts.name || '(unnamed)');
    if (opened?.fh !== undefined) names.opened(opened.fh as U64);
    if (op !== 'READDIRPLUS') return;
    for (const { name, entry_out } of more.entries as readonly { name: string; entry_out: Body }[])
      if (name !== '.' && name !== '..') names.found(entry_out.nodeid as U64, nodeid, name);
  }

  #answer(parts: Parts): string {
    const shown: string[] = [];
    const walk = (fields: Body): void => {
      for (const [field, value] of Object.entries(fields)) {
        if (meaningless.has(field) || field === 'ino' || field === 'op' || field === 'error') continue;
        if (field === 'bfree' || field === 'bavail' || field === 'ffree') continue;
        if (nodeFields.has(field)) shown.push(value === 0 ? 'no node' : this.#names.node(value as U64));
        else if (handleFields.has(field)) shown.push(this.#names.handle(value as U64));
        else if (/^[amcb]timensec$/.test(field)) continue;
        else if (/^[amc]time$/.test(field) && typeof value !== 'object')
          shown.push(`${field} ${this.#time(Number(value), Number(fields[`${field}nsec`]))}`);
        else if (/^[amcb]time$/.test(field)) {
          const { tv_sec, tv_nsec } = value as Record<string, number>;
          shown.push(`${field} ${this.#time(tv_sec, tv_nsec)}`);
        } else if (field === 'lk') shown.push(showLock(value as Body));
        else if (field === 'mode') shown.push(`mode 0${Number(value).toString(8)}`);
        else if (typeof value === 'object' && value !== null) walk(value as Body);
        else shown.push(`${field} ${value}`);
      }
    };
    const { body, data, text, entries } = parts;
    if (body !== undefined) walk(body);
    if (data !== undefined) shown.push(digest(data));
    if (typeof text === 'string') shown.push(JSON.stringify(this.#names.plain(text)));
    const listed = (entries as readonly Entry[] | undefined) ?? [];
    if (this.#listings === undefined) for (const { name, type, off } of listed) shown.push(`${name} ${type} ${off}`);
    else for (const { name, type } of [...listed].sort(byName)) shown.push(`${name} ${type}`);
    return shown.length === 0 ? 'done' : shown.join(', ');
  }
}

const key = (words: Uint32Array): string => `${words[3]}:${words[2]}`;

const showValue = (value: unknown): string =>
  typeof value === 'object'
    ? JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? String(item) : item))
    : String(value);

const showLock = ({ start, end, type }: Body): string => `lock ${type} [${start}, ${end}]`;
