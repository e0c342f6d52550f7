import type { Message } from '../message.ts';
import { opcodeName, opcodes } from '../protocol/index.ts';
import { type ReadResult, SocketConnection } from './connection.ts';
import { readable } from './libc.ts';
import { offerNoSplicing } from './splice.ts';

/** A daemon that is not there any more (`ended`), or does not answer in time (`silent`). */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';
  readonly reason: 'ended' | 'silent';

  constructor(reason: 'ended' | 'silent', message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface SocketServerOptions {
  /** Milliseconds that a request may take; INIT, for which the daemon has to start first, has at least 10 seconds. */
  readonly patience: number;
  /** Takes replies and notifications: the kernel. */
  readonly send: (message: Message, length: number) => number;
}

const START_PATIENCE = 10_000;
const { FORGET, BATCH_FORGET, NOTIFY_REPLY, INTERRUPT, SETLKW, INIT } = opcodes;
/** What no daemon answers. */
export const unanswered: ReadonlySet<number> = new Set([
  FORGET.code,
  BATCH_FORGET.code,
  NOTIFY_REPLY.code,
  INTERRUPT.code,
]);

/** How long a lock request may take until it counts as one that waits for another process, milliseconds. */
const LOCK_PATIENCE = 200;
/** EAGAIN as the answer to an INTERRUPT asks for another one; a daemon that never has enough is not asked again. */
const MOST_INTERRUPTS = 100;
const EAGAIN = 11;

/**
 * A foreign daemon at the other end of a socket, as the simulated kernel sees it: a request is answered before `receive`
 * returns, so that one is under way at a time. Only SETLKW, which may wait for another process, is answered later.
 */
export class SocketServer {
  readonly #connection: SocketConnection;
  readonly #options: SocketServerOptions;
  /** Uniques of lock requests under way. */
  readonly #locks = new Set<number>();
  #interrupts = 0;
  #broken = false;

  constructor(fd: number, options: SocketServerOptions) {
    this.#connection = new SocketConnection(fd);
    this.#options = options;
  }

  /** Hands a request to the daemon, and its reply to the kernel. @throws {DaemonError} once; afterwards nothing is sent */
  receive(message: Message, length: number): void {
    if (this.#broken) return;
    const { words } = message;
    const opcode = words[1];
    const unique = uniqueOf(message);
    // The message is the kernel's again as soon as it has its reply.
    const what = () => `${opcodeName(opcode) ?? `opcode ${opcode}`} of node ${words[4]} (unique ${unique})`;
    if (opcode === INIT.code) offerNoSplicing(message);
    this.#write(message, length, what);
    if (unanswered.has(opcode)) return;
    if (opcode === SETLKW.code) this.#locks.add(unique);
    else this.#await(unique, what(), opcode === INIT.code ? START_PATIENCE : 0);
  }

  /** Waits a while for the reply to a lock request under way; true: something came. */
  poll(): boolean {
    if (this.#broken || this.#locks.size === 0) return false;
    const [came] = readable([this.#connection.fd], LOCK_PATIENCE);
    return came && this.#read('a lock request') !== 'nothing';
  }

  #write(message: Message, length: number, what: () => string): void {
    const deadline = performance.now() + this.#options.patience;
    for (;;) {
      const written = this.#connection.write(message, length);
      if (written === true) return;
      if (written === 'closed') throw this.#ended(what());
      // Both ends may wait for room: what the daemon sends is taken first.
      if (this.#read(what()) === 'nothing' && performance.now() > deadline) throw this.#silent(what(), 'does not take');
    }
  }

  #await(unique: number, what: string, least: number): void {
    const deadline = performance.now() + Math.max(least, this.#options.patience);
    for (;;) {
      const read = this.#read(what);
      if (read !== 'nothing' && read === unique) return;
      if (performance.now() > deadline) throw this.#silent(what, 'does not answer');
    }
  }

  /** Takes one message, if one comes, and gives its unique. */
  #read(what: string): number | 'nothing' {
    const read: ReadResult = this.#connection.read();
    if (read === 'closed') throw this.#ended(what);
    if (read === 'nothing') return 'nothing';
    const { message } = this.#connection;
    const unique = uniqueOf(message);
    this.#locks.delete(unique);
    if (this.#isWanted(message, unique)) this.#options.send(message, read);
    return unique;
  }

  #isWanted({ signedWords }: Message, unique: number): boolean {
    if (unique % 2 === 0 || signedWords[1] !== -EAGAIN) return true;
    this.#interrupts += 1;
    return this.#interrupts <= MOST_INTERRUPTS;
  }

  #ended(what: string): DaemonError {
    this.#broken = true;
    return new DaemonError('ended', `the daemon ended during ${what}`);
  }

  #silent(what: string, does: string): DaemonError {
    this.#broken = true;
    return new DaemonError('silent', `the daemon ${does} ${what} within ${this.#options.patience / 1000} s`);
  }
}

export const uniqueOf = ({ words }: Message): number => words[2] + words[3] * 2 ** 32;
