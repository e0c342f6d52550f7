import { Message } from '../../fuse/message.ts';
import {
  fuse_interrupt_in,
  IN_HEADER_SIZE,
  OUT_HEADER_SIZE,
  opcodes,
  writeInHeader,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, type U64 } from '../../vfs/index.ts';
import type { Runnable, Scheduler } from '../scheduler.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { FuseRequest } from './fuse-request.ts';
import { notify } from './notify.ts';
import type { Operation } from './operation.ts';
import type { Process } from './process.ts';
import { copyBytes } from './slab.ts';

/** What sits on the device: the daemon's side, and who listens to the messages. */
export interface Link {
  /** Gives a message to the daemon. The message is the kernel's again when the call returns. */
  deliver(message: Message, length: number): void;
  /** Called for every message: `fromKernel` tells requests from replies and notifications. */
  readonly observe: ((fromKernel: boolean, message: Message, length: number) => void) | undefined;
  /** Whether a request may be answered within the call that sends it; false while faults may strike. */
  inline(): boolean;
  /** Called with what is wrong with a message of the daemon. */
  readonly report: (problem: string) => void;
}

const awaitsReply = (request: FuseRequest): boolean => request.state === 'sent' && !request.noReply;

/** Forgets that fit the read buffer of a daemon. */
const BATCH = 4096;
/** Whose write(2) a RETRIEVE is, and so what it answers with: the daemon's, somewhere on the host. */
const DAEMON_PID = 1;
/** Where `pid` lies in fuse_in_header. */
const PID_WORD = 8;
/** Bytes of one forget in a batch. */
const FORGET_ONE = 16;
/** Forgets that the buffer has room for until more come at once. */
const FIRST_BATCH = 16;

interface Forget {
  readonly nodeid: U64;
  readonly nlookup: number;
}

/**
 * The request queue (struct fuse_iqueue, fs/fuse/dev.c). Reading it hands one message to the daemon: interrupts first, then
 * forgets and pending requests in turn; each request that was read waits for its reply.
 */
export class FuseDevice implements Runnable {
  readonly #fc: FuseConnection;
  readonly #scheduler: Scheduler;
  readonly link: Link;
  readonly #pending: FuseRequest[] = [];
  readonly #interrupts: FuseRequest[] = [];
  readonly #forgets: Forget[] = [];
  /** fc->bg_queue, num_background, active_background, blocked_waitq. */
  readonly #backgroundQueue: FuseRequest[] = [];
  #numBackground = 0;
  #activeBackground = 0;
  readonly #blocked: Process[] = [];
  /** Requests that were read and not answered, but for the one that is answered inline. */
  readonly #processing = new Map<number, FuseRequest>();
  /** An INTERRUPT or forgets, being handed to the daemon. */
  #control = new Message(IN_HEADER_SIZE + 8 + FIRST_BATCH * FORGET_ONE);
  /** Background requests that have ended, for the next ones. */
  readonly #idle: FuseRequest[] = [];
  /** The request that is being handed to the daemon. */
  #delivered: FuseRequest | undefined;
  /** The request whose sender waits in `send` without having yielded. */
  #inlineRequest: FuseRequest | undefined;
  #lastUnique = 0;
  #forgetBatch = 0;
  #noInterrupt = false;
  #readerReady = false;
  connected = true;
  /** fc->conn_error. */
  connectionError = 0;
  #reads = 0;

  constructor(fc: FuseConnection, scheduler: Scheduler, link: Link) {
    this.#fc = fc;
    this.#scheduler = scheduler;
    this.link = link;
  }

  get label(): string {
    const next = this.#pending[0];
    return `read.${next?.task?.label ?? `${this.#fc.name}${this.#reads}`}`;
  }

  /** Requests that the daemon has and did not answer. */
  get outstanding(): FuseRequest[] {
    return [...this.#processing.values()];
  }

  get hasOutstanding(): boolean {
    return this.#processing.size > 0;
  }

  /** fuse_get_unique: even, so that bit 0 is free for interrupts. */
  #nextUnique(): number {
    this.#lastUnique += 2;
    return this.#lastUnique;
  }

  /**
   * fuse_simple_request of a process: true when the reply is there already; false: the operation must yield, and finds the
   * reply when it is resumed. The error is in `request.error`.
   */
  send(task: Process): boolean {
    const { request } = task;
    if (!this.connected || this.connectionError !== 0) {
      request.error = this.connected ? this.connectionError : -E.ENOTCONN;
      return true;
    }
    task.sleeps += 1;
    if (this.link.inline() && this.#scheduler.readyCount === (this.#readerReady ? 1 : 0)) {
      if (this.#sendInline(request, task)) return true;
    } else {
      this.queue(request);
      if (task.signalPending) this.interrupt(request, task.fatalSignal);
    }
    if (request.state !== 'finished') {
      task.sleep('');
      task.onSignal = () => this.interrupt(request, task.fatalSignal);
    }
    return false;
  }

  /**
   * What the scheduler would do, here and now, while the reader of the queue is the only one that is ready. True when the
   * reply is there and the sender would be the next to run.
   */
  #sendInline(request: FuseRequest, task: Process): boolean {
    this.#inlineRequest = request;
    if (this.#readerReady || task.signalPending) {
      this.queue(request);
      if (task.signalPending) this.interrupt(request, task.fatalSignal);
      while (this.#scheduler.isOnly(this) && !this.#scheduler.promisesPending) {
        this.#scheduler.remove(this);
        this.run();
      }
    } else {
      this.#prepare(request);
      this.#reads += 1;
      this.#deliverRequest(request);
      if (this.#processing.size > 0) this.#scheduler.promisesPending = true;
    }
    if (this.#inlineRequest === undefined) return true;
    this.#inlineRequest = undefined;
    return false;
  }

  /** A request that nobody waits for (fuse_simple_background); `onEnd` hears of its end, and must leave it alone afterwards. */
  background(onEnd: (request: FuseRequest) => void, caller?: Process): FuseRequest {
    const request = this.#idle.pop() ?? new FuseRequest(undefined);
    request.onEnd = onEnd;
    request.caller = caller;
    return request;
  }

  /** Whether as much is under way in the background as the filesystem finds too much (congestion_threshold). */
  get congested(): boolean {
    return this.#numBackground >= this.#fc.congestionThreshold;
  }

  /** fuse_block_alloc: waits while max_background requests are under way. */
  *waitForBackground(task: Process): Operation<void> {
    while (this.#numBackground >= this.#fc.maxBackground && this.connected) {
      this.#blocked.push(task);
      task.sleep('a background request to end');
      yield;
    }
  }

  /** fuse_request_queue_background; on a connection that has ended the request has failed already. */
  queueBackground(request: FuseRequest): void {
    if (!this.connected) {
      this.#finish(request, -E.ENOTCONN);
      return;
    }
    request.background = true;
    this.#numBackground += 1;
    this.#backgroundQueue.push(request);
    this.#flushBackgroundQueue();
  }

  /** flush_bg_queue: the daemon gets as many at a time as it said (max_background). */
  #flushBackgroundQueue(): void {
    while (this.#activeBackground < this.#fc.maxBackground && this.#backgroundQueue.length > 0) {
      this.#activeBackground += 1;
      this.queue(this.#backgroundQueue.shift() as FuseRequest);
    }
  }

  #endBackground(request: FuseRequest): void {
    request.background = false;
    this.#numBackground -= 1;
    this.#activeBackground -= 1;
    this.#flushBackgroundQueue();
    this.#blocked.shift()?.wake();
  }

  /** Puts a request at the end of the queue. */
  queue(request: FuseRequest): void {
    this.#prepare(request);
    this.#pending.push(request);
    this.#wakeReader();
  }

  /** fuse_request_send_notify_reply: what RETRIEVE asked for, under the number that it gave; it is not answered. */
  queueReply(request: FuseRequest, unique: U64): void {
    request.noReply = true;
    this.#prepare(request, unique);
    request.message.words[PID_WORD] = DAEMON_PID;
    this.#pending.push(request);
    this.#wakeReader();
  }

  #prepare(request: FuseRequest, unique: U64 = this.#nextUnique()): void {
    request.unique = Number(unique);
    request.state = 'pending';
    request.interrupted = false;
    request.error = 0;
    const caller = request.withoutCredentials ? undefined : (request.task ?? request.caller);
    const credentials = caller?.credentials;
    writeInHeader(
      request.message,
      request.length,
      request.opcode,
      unique,
      request.nodeid,
      credentials?.uid ?? 0,
      credentials?.gid ?? 0,
      caller?.pid ?? 0,
    );
  }

  /** fuse_queue_forget. */
  queueForget(nodeid: U64, nlookup: number): void {
    if (!this.connected) return;
    this.#forgets.push({ nodeid, nlookup });
    this.#wakeReader();
  }

  #wakeReader(): void {
    if (this.#readerReady) return;
    this.#readerReady = true;
    this.#scheduler.makeReady(this);
  }

  /** request_wait_answer, where a signal came: INTERRUPT goes out; a request that was not read yet is withdrawn when the signal is fatal. */
  interrupt(request: FuseRequest, fatal: boolean): void {
    if (request.state === 'pending' && fatal && !request.force) {
      this.#pending.splice(this.#pending.indexOf(request), 1);
      this.#finish(request, -E.EINTR);
      return;
    }
    if (request.interrupted) return;
    request.interrupted = true;
    if (request.state === 'sent') this.#queueInterrupt(request);
  }

  #queueInterrupt(request: FuseRequest): void {
    if (this.#noInterrupt) return;
    this.#interrupts.push(request);
    this.#wakeReader();
  }

  /** fuse_dev_do_read: hands one message to the daemon. */
  run(): void {
    this.#readerReady = false;
    this.#reads += 1;
    let request: FuseRequest | undefined;
    const interrupted = this.#interrupts.shift();
    let length = 0;
    if (interrupted !== undefined) length = this.#readInterrupt(interrupted);
    else if (this.#forgets.length > 0 && (this.#pending.length === 0 || this.#forgetBatch-- > 0))
      length = this.#readForget();
    else {
      if (this.#forgets.length > 0 && this.#forgetBatch <= -8) this.#forgetBatch = 16;
      request = this.#pending.shift();
      if (request === undefined) return;
    }
    if (this.#interrupts.length > 0 || this.#forgets.length > 0 || this.#pending.length > 0) this.#wakeReader();
    if (request === undefined) this.#deliver(this.#control, length);
    else this.#deliverRequest(request);
    if (this.#processing.size > 0) this.#scheduler.promisesPending = true;
  }

  #deliver(message: Message, length: number): void {
    this.link.observe?.(true, message, length);
    this.link.deliver(message, length);
  }

  #deliverRequest(request: FuseRequest): void {
    request.state = 'sent';
    // Most are answered at once: those need not go through the map.
    this.#delivered = request;
    this.#deliver(request.message, request.length);
    this.#delivered = undefined;
    if (!awaitsReply(request)) return;
    this.#processing.set(request.unique, request);
    if (request.interrupted) this.#queueInterrupt(request);
  }

  /** fuse_read_interrupt. */
  #readInterrupt(request: FuseRequest): number {
    const length = IN_HEADER_SIZE + fuse_interrupt_in.size;
    writeInHeader(this.#control, length, opcodes.INTERRUPT.code, request.unique + 1, 0, 0, 0, 0);
    fuse_interrupt_in.write(this.#control, IN_HEADER_SIZE, { unique: request.unique });
    return length;
  }

  /** fuse_read_forget: one by itself, several in a batch. */
  #readForget(): number {
    const at = IN_HEADER_SIZE / 4;
    const count = Math.min(this.#forgets.length, BATCH);
    const length = IN_HEADER_SIZE + 8 + count * FORGET_ONE;
    if (length > this.#control.bytes.length) this.#control = new Message(2 ** Math.ceil(Math.log2(length)));
    const { words } = this.#control;
    const unique = this.#nextUnique();
    if (count === 1) {
      const { nodeid, nlookup } = this.#forgets.shift() as Forget;
      writeInHeader(this.#control, IN_HEADER_SIZE + 8, opcodes.FORGET.code, unique, nodeid, 0, 0, 0);
      writeU64(words, at, nlookup);
      return IN_HEADER_SIZE + 8;
    }
    writeInHeader(this.#control, length, opcodes.BATCH_FORGET.code, unique, 0, 0, 0, 0);
    words[at] = count;
    words[at + 1] = 0;
    for (const [i, { nodeid, nlookup }] of this.#forgets.splice(0, count).entries()) {
      writeU64(words, at + 2 + 4 * i, nodeid);
      writeU64(words, at + 4 + 4 * i, nlookup);
    }
    return length;
  }

  /** fuse_dev_do_write: what the daemon wrote. Returns 0 or the errno number with which its write fails. */
  write(message: Message, length: number): number {
    this.link.observe?.(false, message, length);
    const { words, signedWords } = message;
    if (length < OUT_HEADER_SIZE || words[0] !== length) return this.#refuse(E.EINVAL, 'a message of a wrong length');
    const unique = words[2] + words[3] * 2 ** 32;
    const error = signedWords[1];
    if (unique === 0) return notify(this.#fc, message, length);
    if (error > 0 || error <= -512) return this.#refuse(E.EINVAL, `a reply with error ${error}`);
    if (unique % 2 === 1) return this.#interruptReply(unique - 1, error);
    const delivered = this.#delivered;
    const atOnce = delivered !== undefined && delivered.unique === unique && delivered.state === 'sent';
    const request = atOnce ? delivered : this.#processing.get(unique);
    if (request === undefined) return this.#refuse(E.ENOENT, `a reply to request ${unique}, which nobody waits for`);
    if (!atOnce) this.#processing.delete(unique);
    const size = length - OUT_HEADER_SIZE;
    if (error === 0 && (request.results === 'bytes' ? size > request.expected : size !== request.expected)) {
      this.#finish(request, -E.EIO);
      return this.#refuse(
        E.EINVAL,
        `a reply to ${request.label} with ${size} bytes of results, expected ${request.expected}`,
      );
    }
    request.size = size;
    if (request.results === 'bytes') request.data = copyBytes(message.bytes, OUT_HEADER_SIZE, length);
    else {
      const reply = request.reply.words;
      for (let i = length >>> 2; i-- > 0; ) reply[i] = words[i];
    }
    this.#finish(request, error);
    return 0;
  }

  #refuse(number: number, problem: string): number {
    this.link.report(problem);
    return number;
  }

  /** The reply to an INTERRUPT: ENOSYS turns interrupts off, EAGAIN asks for the same once more. */
  #interruptReply(unique: number, error: number): number {
    const request = this.#processing.get(unique);
    if (request === undefined) return E.ENOENT;
    if (error === -E.ENOSYS) this.#noInterrupt = true;
    else if (error === -E.EAGAIN) this.#queueInterrupt(request);
    return 0;
  }

  /** fuse_request_end. */
  #finish(request: FuseRequest, error: number): void {
    request.error = error;
    request.state = 'finished';
    if (request.interrupted) {
      const waiting = this.#interrupts.indexOf(request);
      if (waiting >= 0) this.#interrupts.splice(waiting, 1);
    }
    if (request.onEnd !== undefined) {
      if (request.background) this.#endBackground(request);
      const { onEnd } = request;
      request.onEnd = undefined;
      onEnd(request);
      this.#idle.push(request);
    } else if (request === this.#inlineRequest && this.#mayContinue()) this.#inlineRequest = undefined;
    else {
      const task = request.task as Process;
      // A sender that did not yield yet is not asleep: it is made ready all the same, and yields.
      if (!task.asleep) task.sleep('');
      task.wake();
    }
  }

  /** Whether the sender of the inline request would be the next to run. */
  #mayContinue(): boolean {
    return this.#scheduler.readyCount === 0 && this.#processing.size === 0;
  }

  /** fuse_abort_conn: every request ends, and no more are taken. */
  abort(): void {
    if (!this.connected) return;
    this.connected = false;
    const requests = [...this.#processing.values(), ...this.#pending, ...this.#backgroundQueue.splice(0)];
    // The daemon dies of the request that it is being given.
    if (this.#delivered !== undefined && awaitsReply(this.#delivered)) requests.unshift(this.#delivered);
    this.#processing.clear();
    this.#pending.length = 0;
    this.#forgets.length = 0;
    this.#interrupts.length = 0;
    for (const request of requests) this.#finish(request, -E.ECONNABORTED);
    for (const task of this.#blocked.splice(0)) task.wake();
    for (const request of this.#idle.splice(0)) request.giveBack();
  }
}
