import type { U64 } from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { describeNotification, describeReply, describeRequest } from './describe.ts';
import { CURRENT_DIALECT, type Dialect, dialectOf } from './dialect.ts';
import { isNotification } from './notification.ts';
import { opcode, opcodeName, opcodeRow } from './opcodes.ts';
import { decodeReply } from './reply.ts';
import { readU64 } from './u64.ts';

/** The header of a request. */
export interface RequestHead {
  readonly code: number;
  readonly unique: U64;
  readonly nodeid: U64;
  readonly uid: number;
  readonly gid: number;
  readonly pid: number;
}

/** What a message of a connection is. `request` of a reply is undefined where it was not seen. */
export type Exchange =
  | { readonly kind: 'request'; readonly request: RequestHead }
  | { readonly kind: 'reply'; readonly unique: U64; readonly request: RequestHead | undefined }
  | { readonly kind: 'notification' };

/** Follows the messages of a connection: which request a reply belongs to, and what INIT has agreed on. */
export class Exchanges {
  dialect: Dialect = CURRENT_DIALECT;
  readonly #open = new Map<U64, RequestHead>();

  /** A request that is not answered yet. */
  open(unique: U64): RequestHead | undefined {
    return this.#open.get(unique);
  }

  /** Takes the next message; `refused`: the errno number with which the kernel did not take it, or 0. */
  next(fromKernel: boolean, message: Message, length: number, refused = 0): Exchange {
    const { words } = message;
    const unique = readU64(words, 2);
    if (fromKernel) {
      const [, code] = words;
      const [uid, gid, pid] = words.subarray(6, 9);
      const request = { code, unique, nodeid: readU64(words, 4), uid, gid, pid };
      if (isAnswered(code)) this.#open.set(unique, request);
      return { kind: 'request', request };
    }
    if (isNotification(message)) return { kind: 'notification' };
    const request = this.#open.get(unique);
    // What the kernel refused as malformed is answered once more.
    if (refused === 0) this.#open.delete(unique);
    if (request?.code === opcode.INIT) {
      const reply = decodeReply(opcode.INIT, message, length);
      if (reply.op === 'INIT') this.dialect = dialectOf(reply.body.minor, reply.body.flags);
    }
    return { kind: 'reply', unique, request };
  }
}

/** Whether there is a reply to requests with this opcode number. */
export function isAnswered(code: number): boolean {
  const name = opcodeName(code);
  return name === undefined || opcodeRow(name).reply.none !== true;
}

/** A message in one line. */
export function describeMessage(exchange: Exchange, message: Message, length: number, dialect: Dialect): string {
  switch (exchange.kind) {
    case 'request':
      return describeRequest(message, length, dialect);
    case 'notification':
      return describeNotification(message, length);
    case 'reply':
      return exchange.request === undefined
        ? `#${exchange.unique} reply to a request that was not seen`
        : describeReply(exchange.request.code, message, length);
  }
}
