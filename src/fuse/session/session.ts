import {
  Errno,
  errno,
  errnoFrom,
  type FileSystem,
  isPromise,
  type Negotiated,
  type Notifier,
  type U64,
} from '../../vfs/index.ts';
import { Message } from '../message.ts';
import {
  FUSE_KERNEL_VERSION,
  fuse_init_in,
  fuse_init_out,
  fuse_notify_retrieve_in,
  IN_HEADER_SIZE,
  OUT_HEADER_SIZE,
  opcode,
  opcodeName,
  opcodeRow,
  readU64,
  type StructValue,
  writeOutHeader,
} from '../protocol/index.ts';
import { Mismatch, mismatch } from '../protocol/malformed.ts';
import { readShort } from '../protocol/request.ts';
import { BadAnswer } from './bad-answer.ts';
import { Core } from './core.ts';
import { Exchange } from './exchange.ts';
import { EarlyInterrupts } from './interrupts.ts';
import type { Lookups } from './lookups.ts';
import { type InitAnswer, LOWEST_MINOR, negotiate, otherMajor } from './negotiate.ts';
import { SessionNotifier } from './notifier.ts';
import { type Operation, operations } from './operations/index.ts';
import type { SessionOptions } from './options.ts';

/** Exchanges that are kept for later requests. */
const KEPT = 64;

/**
 * Serves one filesystem to one kernel: takes request messages, calls the filesystem, sends replies in the order in which
 * answers come. Nothing that the kernel or the filesystem does makes `receive` throw; each request is answered once.
 */
export class Session {
  readonly notifier: Notifier;
  readonly #core: Core;
  readonly #notifications: SessionNotifier;
  readonly #early = new EarlyInterrupts();
  /** Requests whose answer is a promise. */
  readonly #pending = new Map<U64, Exchange>();
  readonly #idle: Exchange[] = [];
  /** A 'sync' filesystem has answered with a promise, and that was reported. */
  #promised = false;
  #state: 'before INIT' | 'serving' | 'destroyed' = 'before INIT';

  constructor(filesystem: FileSystem, options: SessionOptions) {
    this.#core = new Core(filesystem, options);
    this.#notifications = new SessionNotifier(this.#core);
    this.notifier = this.#notifications;
  }

  /** As the filesystem declares it. */
  get mode(): 'sync' | 'async' {
    return this.#core.filesystem.mode;
  }

  /** What was agreed; undefined before INIT. */
  get negotiated(): Negotiated | undefined {
    return this.#core.negotiated;
  }

  /** References that the kernel holds to nodes. */
  get lookups(): Lookups {
    return this.#core.lookups;
  }

  /** Requests that are not answered yet. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Takes one request message, which is the sender's again when this returns. */
  receive(message: Message, length: number): void {
    const { words } = message;
    if (length < IN_HEADER_SIZE || length > message.bytes.length) {
      this.#report(`request: expected at least ${IN_HEADER_SIZE} bytes, given ${length}; it cannot be answered`);
      return;
    }
    const code = words[1];
    const operation = operations[code];
    if (operation === undefined || words[0] !== length || this.#state !== 'serving') {
      this.#receiveOther(message, length, code);
      return;
    }
    const exchange = this.#idle.pop() ?? new Exchange(this.#core);
    exchange.begin(message, length);
    if (this.#pending.size > 0 && this.#pending.has(exchange.unique)) {
      this.#report(`request ${exchange.unique}: expected a unique that is not in use; it is dropped`);
      return;
    }
    if (!this.#early.empty) this.#meetInterrupts(exchange);
    let answer: unknown;
    let promised = false;
    try {
      const given = exchange.end - IN_HEADER_SIZE;
      if (given < operation.least || (operation.exact === true && given !== operation.least))
        mismatch(`${operation.exact ? '' : 'at least '}${operation.least} bytes of arguments`, given);
      answer = operation.anyNode || this.#core.knows(exchange.node) ? operation.run(exchange) : errno.ESTALE;
      promised = isPromise(answer);
    } catch (error) {
      answer = this.#thrown(error, code, exchange.unique);
    }
    if (promised) this.#await(operation, exchange, code, answer as PromiseLike<unknown>);
    else this.#finish(operation, exchange, code, answer);
  }

  /** Ends the session: pending requests are interrupted and their answers dropped, every reference and handle is void. */
  close(): void {
    if (this.#core.closed) return;
    this.#core.closed = true;
    for (const exchange of this.#pending.values()) exchange.interrupt();
    this.#pending.clear();
    this.#notifications.close();
    this.#destroy();
    for (const exchange of this.#idle.splice(0)) exchange.retire();
  }

  #await(operation: Operation<unknown>, exchange: Exchange, code: number, answer: PromiseLike<unknown>): void {
    const { unique } = exchange;
    const { filesystem } = this.#core;
    exchange.lent = true;
    this.#pending.set(unique, exchange);
    if (filesystem.mode === 'sync' && !this.#promised) {
      this.#promised = true;
      const request = `${opcodeName(code)} (request ${unique})`;
      this.#report(`filesystem ${filesystem.name}: expected no promise as its mode is 'sync', given one to ${request}`);
    }
    // A promise settles once; what merely has a `then` may call back again, or throw.
    const waits = (): boolean => this.#pending.get(unique) === exchange && !this.#core.closed;
    const settle = (value: unknown): void => {
      if (!waits()) return;
      this.#pending.delete(unique);
      this.#finish(operation, exchange, code, value);
    };
    const fail = (error: unknown): void => {
      if (waits()) settle(this.#thrown(error, code, unique));
    };
    try {
      answer.then(settle, fail);
    } catch (error) {
      fail(error);
    }
  }

  #finish(operation: Operation<unknown>, exchange: Exchange, code: number, answer: unknown): void {
    let error = 0;
    let length: number | undefined;
    if (answer instanceof Errno) {
      length = operation.failed?.(exchange, answer);
      error = answer.errno;
    } else {
      try {
        length = operation.reply(exchange, answer);
      } catch (thrown) {
        error = this.#thrown(thrown, code, exchange.unique).errno;
      }
    }
    const { reply } = exchange;
    const { words } = reply;
    words[0] = length ?? OUT_HEADER_SIZE;
    words[1] = length === undefined ? -error : 0;
    words[2] = exchange.uniqueLow;
    words[3] = exchange.uniqueHigh;
    if (this.#core.send(reply, words[0]) !== 0) {
      if (error === 0) this.#takeBack(operation, exchange, code, answer);
    } else if (this.#idle.length < KEPT && (error === 0 || !exchange.lent)) this.#idle.push(exchange);
  }

  /** The kernel does not have what the reply gave it, and will never give it back. */
  #takeBack(operation: Operation<unknown>, exchange: Exchange, code: number, answer: unknown): void {
    const failed = (error: unknown): void => {
      this.#thrown(error, code, exchange.unique);
    };
    try {
      const result = operation.undelivered?.(exchange, answer);
      if (isPromise(result)) result.then(undefined, failed);
    } catch (error) {
      failed(error);
    }
  }

  /** The errno that a thrown value stands for; what is a bug of the filesystem or of the sender is reported and is EIO. */
  #thrown(error: unknown, code: number, unique: U64): Errno {
    const known = errnoFrom(error);
    if (known !== undefined) return known;
    const request = `${opcodeName(code) ?? `opcode ${code}`} (request ${unique})`;
    const { name } = this.#core.filesystem;
    if (error instanceof Mismatch) this.#report(`${request} is malformed: ${error.message}; it is answered EIO`);
    else if (error instanceof BadAnswer)
      this.#report(`filesystem ${name}: wrong answer to ${request}: ${error.message}; the caller gets EIO`);
    else
      this.#report(`filesystem ${name}: ${request} threw something without a POSIX code; the caller gets EIO`, error);
    return errno.EIO;
  }

  /** What is no call of the filesystem, or comes at the wrong time. */
  #receiveOther(message: Message, length: number, code: number): void {
    const name = opcodeName(code);
    const unique = readU64(message.words, 2);
    const refuse = (problem: string): void => {
      this.#report(`${name ?? `opcode ${code}`} (request ${unique}): ${problem}`);
      if (name === undefined || opcodeRow(name).reply.none !== true) this.#answer(unique, errno.EIO.errno);
    };
    if (this.#core.closed) return;
    if (message.words[0] !== length) refuse(`expected a length of ${length} in the header, given ${message.words[0]}`);
    else if (code === opcode.INIT) this.#init(message, length, unique, refuse);
    else if (this.#state !== 'serving')
      refuse(this.#state === 'destroyed' ? 'expected nothing after DESTROY' : 'expected INIT first');
    else if (!this.#control(message, length, code, unique, refuse)) this.#answer(unique, errno.ENOSYS.errno);
  }

  /** Carries out what concerns the session itself; false for an opcode that is not served. */
  #control(message: Message, length: number, code: number, unique: U64, refuse: (problem: string) => void): boolean {
    const { words } = message;
    const given = length - IN_HEADER_SIZE;
    const argument = IN_HEADER_SIZE / 4;
    const least = (bytes: number): boolean => {
      if (given < bytes) refuse(`expected at least ${bytes} bytes of arguments, given ${given}`);
      return given >= bytes;
    };
    switch (code) {
      case opcode.FORGET:
        if (least(8)) this.#forget(readU64(words, 4), readU64(words, argument));
        return true;
      case opcode.BATCH_FORGET:
        if (!least(8)) return true;
        if (words[argument] * 16 !== given - 8)
          refuse(`expected ${words[argument]} nodes of 16 bytes, given ${given - 8} bytes`);
        else for (let i = argument + 2; i < length / 4; i += 4) this.#forget(readU64(words, i), readU64(words, i + 2));
        return true;
      case opcode.INTERRUPT:
        if (least(8)) this.#interrupt(unique, readU64(words, argument));
        return true;
      case opcode.NOTIFY_REPLY:
        if (!least(fuse_notify_retrieve_in.size)) return true;
        if (fuse_notify_retrieve_in.read(message, IN_HEADER_SIZE).size !== given - fuse_notify_retrieve_in.size)
          refuse(`expected as much data as it says, given ${given - fuse_notify_retrieve_in.size} bytes`);
        else
          this.#notifications.retrieved(
            unique,
            message.bytes.slice(IN_HEADER_SIZE + fuse_notify_retrieve_in.size, length),
          );
        return true;
      case opcode.DESTROY:
        this.#destroy();
        this.#answer(unique, 0);
        return true;
      default:
        return false;
    }
  }

  #init(message: Message, length: number, unique: U64, refuse: (problem: string) => void): void {
    const given = length - IN_HEADER_SIZE;
    if (this.#state !== 'before INIT') refuse('expected one INIT, given another');
    else if (given < 8) refuse(`expected at least 8 bytes of arguments, given ${given}`);
    else {
      const agreed = this.#agree(readShort(fuse_init_in, message, IN_HEADER_SIZE, given), unique);
      if (agreed instanceof Errno) this.#answer(unique, agreed.errno);
      else this.#answerInit(unique, agreed);
    }
  }

  #agree(init: StructValue<typeof fuse_init_in>, unique: U64): InitAnswer | Errno {
    const core = this.#core;
    if (init.major > FUSE_KERNEL_VERSION) return { reply: otherMajor, replySize: fuse_init_out.size };
    if (init.major < FUSE_KERNEL_VERSION || init.minor < LOWEST_MINOR) {
      const expected = `${FUSE_KERNEL_VERSION}.${LOWEST_MINOR}`;
      this.#report(`INIT: expected protocol ${expected} or later, given ${init.major}.${init.minor}; it is refused`);
      return errno.EPROTO;
    }
    const { reply, replySize, negotiated } = negotiate(core.filesystem, init, core.options);
    core.offered = init.flags;
    core.negotiated = negotiated;
    try {
      core.filesystem.init?.(negotiated, this.notifier);
    } catch (error) {
      this.#state = 'destroyed';
      return this.#thrown(error, opcode.INIT, unique);
    }
    this.#state = 'serving';
    return { reply, replySize };
  }

  #forget(node: U64, lookups: U64): void {
    this.#core.forget(Number(node), Number(lookups));
  }

  #interrupt(unique: U64, target: U64): void {
    const exchange = this.#pending.get(target);
    if (exchange !== undefined) exchange.interrupt();
    else if (!this.#early.add(unique, target)) this.#answer(unique, errno.EAGAIN.errno);
  }

  #meetInterrupts(exchange: Exchange): void {
    const { interrupted, again } = this.#early.arrive(exchange.unique);
    if (interrupted) exchange.interrupt();
    for (const unique of again) this.#answer(unique, errno.EAGAIN.errno);
  }

  #destroy(): void {
    if (this.#state === 'destroyed') return;
    const initialised = this.#state === 'serving';
    this.#state = 'destroyed';
    const { lookups, filesystem } = this.#core;
    for (const [node, count] of [...lookups]) this.#core.forget(node, count);
    if (!initialised) return;
    try {
      filesystem.destroy?.();
    } catch (error) {
      this.#report(`filesystem ${filesystem.name}: destroy threw`, error);
    }
  }

  #answerInit(unique: U64, { reply, replySize }: InitAnswer): void {
    const message = new Message(OUT_HEADER_SIZE + fuse_init_out.size);
    fuse_init_out.write(message, OUT_HEADER_SIZE, reply);
    writeOutHeader(message, OUT_HEADER_SIZE + replySize, 0, unique);
    this.#core.send(message, OUT_HEADER_SIZE + replySize);
  }

  /** Answers without results. */
  #answer(unique: U64, error: number): void {
    const message = new Message(OUT_HEADER_SIZE);
    writeOutHeader(message, OUT_HEADER_SIZE, error, unique);
    this.#core.send(message, OUT_HEADER_SIZE);
  }

  #report(problem: string, error?: unknown): void {
    this.#core.options.report(problem, error);
  }
}
