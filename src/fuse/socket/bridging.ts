import type { Negotiated } from '../../vfs/index.ts';
import type { DeviceConnection } from '../device/connection.ts';
import type { LinkHook } from '../link-hook.ts';
import { Message } from '../message.ts';
import { fuse_init_out, initFlags, OUT_HEADER_SIZE, opcodeName, opcodes } from '../protocol/index.ts';
import type { SocketConnection } from './connection.ts';
import { unanswered, uniqueOf } from './server.ts';
import { offerNoSplicing } from './splice.ts';

const PAGE_SIZE = 4096;
const HEADERS = 4096;

/** Bytes of data that fit into a message of the link beside what it has else; whole pages. */
export function roomFor(largestMessage: number): number {
  return Math.floor((largestMessage - HEADERS) / PAGE_SIZE) * PAGE_SIZE;
}

/**
 * Carries messages between a mount's device and a daemon's socket. All but two are passed on as they are: INIT does not
 * offer splicing, and its reply asks for no more than the socket takes.
 */
export class Bridge {
  readonly #device: DeviceConnection;
  readonly #daemon: SocketConnection;
  readonly #room: number;
  readonly #onNegotiated: (negotiated: Negotiated) => void;
  readonly #link: LinkHook | undefined;
  /** Requests that are not answered yet, by their unique, the oldest first: what they are, and since when. */
  readonly #pending = new Map<number, { readonly opcode: number; readonly since: number }>();
  /** The unique of INIT, until it is answered. */
  #init: number | undefined;

  constructor(
    device: DeviceConnection,
    daemon: SocketConnection,
    largestMessage: number,
    onNegotiated: (negotiated: Negotiated) => void,
    link?: LinkHook,
  ) {
    this.#device = device;
    this.#daemon = daemon;
    this.#room = roomFor(largestMessage);
    this.#onNegotiated = onNegotiated;
    this.#link = link;
    link?.attach?.({ toDaemon: this.#toDaemon, toKernel: this.#toKernel });
  }

  /** Passes on one request, if there is one. */
  request(): 'passed' | 'closed' {
    const length = this.#device.read();
    if (length === 'disconnected') return 'closed';
    if (length === 'again') return 'passed';
    const { request } = this.#device;
    this.#device.arrived(length);
    if (request.words[1] === opcodes.INIT.code) {
      this.#init = request.words[2];
      offerNoSplicing(request);
    }
    if (this.#link === undefined) this.#toDaemon(request, length);
    else this.#link.request(request, length, this.#toDaemon);
    return 'passed';
  }

  readonly #toDaemon = (request: Message, length: number): void => {
    this.#expect(request);
    // That the daemon has gone is seen where its replies are read.
    while (this.#daemon.write(request, length) === false) this.reply();
  };

  readonly #toKernel = (message: Message, length: number): number => this.#device.send(message, length);

  /** Passes on one reply or notification, if there is one. */
  reply(): 'passed' | 'closed' {
    const length = this.#daemon.read();
    if (length === 'closed') return 'closed';
    if (length === 'nothing') return 'passed';
    const { message } = this.#daemon;
    this.#pending.delete(uniqueOf(message));
    const isInit = this.#init !== undefined && message.words[2] === this.#init;
    if (isInit) this.#limit(message, length);
    if (this.#link === undefined) this.#toKernel(message, length);
    else this.#link.reply(message, length, this.#toKernel);
    if (isInit) {
      this.#init = undefined;
      if (message.signedWords[1] === 0) this.#onNegotiated(negotiatedOf(message, length));
    }
    return 'passed';
  }

  /** Whoever waits for a lock may wait long. */
  #expect(request: Message): void {
    const opcode = request.words[1];
    if (unanswered.has(opcode) || opcode === opcodes.SETLKW.code) return;
    this.#pending.set(uniqueOf(request), { opcode, since: performance.now() });
  }

  /** The request that has not been answered for so many milliseconds, if there is one. */
  overdue(patience: number): string | undefined {
    for (const { opcode, since } of this.#pending.values())
      return performance.now() - since > patience ? (opcodeName(opcode) ?? `opcode ${opcode}`) : undefined;
    return undefined;
  }

  #limit(message: Message, length: number): void {
    const reply = initReply(message, length);
    if (message.signedWords[1] !== 0 || reply.max_write <= this.#room) return;
    const limited = new Message(fuse_init_out.size);
    fuse_init_out.write(limited, 0, {
      ...reply,
      max_write: this.#room,
      max_pages: Math.min(reply.max_pages, this.#room / PAGE_SIZE),
    });
    message.bytes.set(limited.bytes.subarray(0, length - OUT_HEADER_SIZE), OUT_HEADER_SIZE);
  }
}

/** Daemons below 7.23 know a shorter structure; what is missing is zero. */
function initReply(message: Message, length: number) {
  const results = new Message(fuse_init_out.size);
  results.bytes.set(message.bytes.subarray(OUT_HEADER_SIZE, length));
  return fuse_init_out.read(results, 0);
}

function negotiatedOf(message: Message, length: number): Negotiated {
  const reply = initReply(message, length);
  return {
    major: reply.major,
    minor: reply.minor,
    maxWrite: reply.max_write,
    maxReadahead: reply.max_readahead,
    maxBackground: reply.max_background,
    congestionThreshold: reply.congestion_threshold,
    timeGranularity: reply.time_gran,
    flags: reply.flags,
    flags2: reply.flags2,
    writebackCache: (reply.flags & initFlags.WRITEBACK_CACHE) !== 0,
  };
}
