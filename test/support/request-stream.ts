import { readFileSync } from 'node:fs';
import { Message } from '../../src/fuse/message.ts';
import { decodeRequest } from '../../src/fuse/protocol/index.ts';
import { O_NONBLOCK } from '../../src/vfs/index.ts';

/**
 * Requests as text that two kernels have in common. Left out, because it is no promise of a kernel:
 * - the number of a request, the client's pid, and lock owners (scrambled pointers);
 * - node ids and handles as such: they are numbered in the order in which they come up;
 * - the value of a time that is set to "now";
 * - O_NONBLOCK in the flags of open files: HostKernel sets it, so that no FIFO holds it up;
 * - when what nobody waits for goes out: RELEASE, RELEASEDIR and FORGET are compared as sets, at the end of a script.
 */
export interface RequestStream {
  /** What somebody waits for, in order. */
  readonly waited: readonly string[];
  /** RELEASE and RELEASEDIR, sorted; and the references that were given back, by node. */
  readonly released: readonly string[];
}

const unpromised = new Set(['lock_owner', 'owner', 'unique', 'padding', 'dummy', 'unused']);
const nodeFields = new Set(['nodeid', 'nodeid_out', 'oldnodeid', 'newdir']);
const handleFields = new Set(['fh', 'fh_in', 'fh_out']);
const openFileOperations = /^(OPEN|CREATE|TMPFILE|READ|WRITE|RELEASE)/;
const FATTR_ATIME_NOW = 0x80;
const FATTR_MTIME_NOW = 0x100;

/** Gives ids numbers in the order in which they come up. */
class Numbering {
  readonly #numbers = new Map<string, number>();

  of(id: unknown): number {
    const key = String(id);
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.#numbers.size);
    return this.#numbers.size - 1;
  }
}

/** Turns the messages of one connection into streams, one script after the other. */
export class StreamReader {
  readonly #nodes = new Numbering();
  readonly #handles = new Numbering();

  read(messages: readonly Uint8Array[]): RequestStream {
    const waited: string[] = [];
    const released: string[] = [];
    const forgotten = new Map<number, number>();
    const forget = (node: unknown, lookups: unknown): void => {
      const number = this.#nodes.of(node);
      forgotten.set(number, (forgotten.get(number) ?? 0) + Number(lookups));
    };
    for (const bytes of messages) {
      const message = new Message(bytes.length);
      message.bytes.set(bytes);
      const request = decodeRequest(message, bytes.length);
      if (request.op === 'FORGET') forget(request.header.nodeid, request.body.nlookup);
      else if (request.op === 'BATCH_FORGET') for (const { nodeid, nlookup } of request.items) forget(nodeid, nlookup);
      else (request.op.startsWith('RELEASE') ? released : waited).push(this.#show(request));
    }
    const references = [...forgotten].map(([node, lookups]) => `FORGET node ${node}: ${lookups}`);
    return { waited, released: [...released, ...references].sort() };
  }

  #show(request: ReturnType<typeof decodeRequest>): string {
    if (!('header' in request)) return JSON.stringify(request);
    const { op, header, ...rest } = request;
    const parts: string[] = [`${op} node ${this.#nodes.of(header.nodeid)} uid ${header.uid} gid ${header.gid}`];
    const { body, data, ...strings } = rest as { body?: Record<string, unknown>; data?: Uint8Array };
    const valid = Number(body?.valid ?? 0);
    for (const [field, value] of Object.entries(body ?? {})) {
      if (unpromised.has(field)) continue;
      if (field.startsWith('atime') && (valid & FATTR_ATIME_NOW) !== 0) continue;
      if (field.startsWith('mtime') && (valid & FATTR_MTIME_NOW) !== 0) continue;
      if (nodeFields.has(field)) parts.push(`${field} ${this.#nodes.of(value)}`);
      else if (handleFields.has(field)) parts.push(`${field} ${value === 0 ? 'none' : this.#handles.of(value)}`);
      else if (field === 'flags' && openFileOperations.test(op)) parts.push(`flags ${Number(value) & ~O_NONBLOCK}`);
      else parts.push(`${field} ${typeof value === 'object' ? JSON.stringify(value) : String(value)}`);
    }
    for (const [name, value] of Object.entries(strings)) parts.push(`${name} ${JSON.stringify(value)}`);
    if (data !== undefined) parts.push(`${data.length} bytes ${data.reduce((sum, byte) => (sum * 31 + byte) | 0, 0)}`);
    return parts.join(', ');
  }
}

/** The messages in a log of the `recording` filesystem, from byte `start` on, and where it ends. */
export function readLog(log: string, start: number): { readonly messages: Uint8Array[]; readonly end: number } {
  const bytes = readFileSync(log);
  const messages: Uint8Array[] = [];
  let at = start;
  while (at + 4 <= bytes.length) {
    const length = bytes.readUInt32LE(at);
    if (at + 4 + length > bytes.length) break;
    messages.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return { messages, end: at };
}
