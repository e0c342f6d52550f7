import type { Message } from '../../fuse/message.ts';
import { decodeReply, decodeRequest, Exchanges, opcode, type RequestHead } from '../../fuse/protocol/index.ts';
import type { U64 } from '../../vfs/index.ts';

/** Handles of one file or directory that are the same to the filesystem. */
interface Open {
  readonly node: U64;
  readonly fh: U64;
  readonly directory: boolean;
  count: number;
}

/** Requests whose reply names a node. */
const naming: ReadonlySet<number> = new Set([opcode.LOOKUP, opcode.CREATE, opcode.MKNOD, opcode.MKDIR]);

/** Follows the messages of a link: which handles the filesystem has given out and not got back. */
export class OpenHandles {
  readonly #exchanges = new Exchanges();
  readonly #open = new Map<string, Open>();
  /** Names that are being asked for, by request; and the last name of a node. */
  readonly #asked = new Map<U64, string>();
  readonly #names = new Map<U64, string>();

  /** Takes a message of `length` bytes from the kernel, or from the daemon. */
  message(fromKernel: boolean, message: Message, length: number): void {
    const exchange = this.#exchanges.next(fromKernel, message, length);
    if (exchange.kind === 'request') this.#requested(exchange.request, message, length);
    else if (exchange.kind === 'reply' && exchange.request !== undefined)
      this.#answered(exchange.request, message, length);
  }

  /** A node for people, with the name by which the kernel met it last. */
  describe(node: U64): string {
    const name = this.#names.get(node);
    return name === undefined ? `node ${node}` : `node ${node} (${JSON.stringify(name)})`;
  }

  /** A line for each handle that is open. */
  lines(): readonly string[] {
    return [...this.#open.values()].map(({ node, fh, directory, count }) => {
      const times = count === 1 ? '' : `, ${count} times`;
      return `handle ${fh} of ${directory ? 'directory ' : ''}${this.describe(node)} is open${times}`;
    });
  }

  #requested({ code, unique, nodeid }: RequestHead, message: Message, length: number): void {
    if (naming.has(code)) {
      const request = decodeRequest(message, length, this.#exchanges.dialect);
      if ('name' in request) this.#asked.set(unique, request.name);
    } else if (code === opcode.RELEASE || code === opcode.RELEASEDIR) {
      const request = decodeRequest(message, length, this.#exchanges.dialect);
      if (request.op !== 'RELEASE' && request.op !== 'RELEASEDIR') return;
      const key = keyOf(nodeid, request.body.fh, code === opcode.RELEASEDIR);
      const open = this.#open.get(key);
      if (open === undefined) return;
      open.count -= 1;
      if (open.count === 0) this.#open.delete(key);
    }
  }

  #answered({ code, unique, nodeid }: RequestHead, message: Message, length: number): void {
    const name = this.#asked.get(unique);
    this.#asked.delete(unique);
    const opens = code === opcode.OPEN || code === opcode.OPENDIR || code === opcode.TMPFILE || code === opcode.CREATE;
    if (name === undefined && !opens) return;
    const reply = decodeReply(code, message, length);
    switch (reply.op) {
      case 'LOOKUP':
      case 'MKNOD':
      case 'MKDIR':
        if (name !== undefined && reply.body.nodeid !== 0) this.#names.set(reply.body.nodeid, name);
        return;
      case 'CREATE':
      case 'TMPFILE':
        if (name !== undefined) this.#names.set(reply.body.entry.nodeid, name);
        this.#add(reply.body.entry.nodeid, reply.body.open.fh, false);
        return;
      case 'OPEN':
      case 'OPENDIR':
        this.#add(nodeid, reply.body.fh, reply.op === 'OPENDIR');
    }
  }

  #add(node: U64, fh: U64, directory: boolean): void {
    const key = keyOf(node, fh, directory);
    const open = this.#open.get(key);
    if (open === undefined) this.#open.set(key, { node, fh, directory, count: 1 });
    else open.count += 1;
  }
}

const keyOf = (node: U64, fh: U64, directory: boolean): string => `${directory ? 'directory' : 'file'} ${node} ${fh}`;
