import type { Worker } from 'node:worker_threads';
import { type Deferred, deferred } from '../../fuse/device/deferred.ts';
import { startWorker } from '../../fuse/device/start-worker.ts';
import { within } from '../../fuse/device/within.ts';
import type { Hang } from '../hang.ts';
import { type ProblemReport, reportOnStandardError } from '../reporter.ts';
import type { Limit } from './limit.ts';
import type { Answer, Message, OrderKind, Orders, ThreadTask } from './orders.ts';
import { Pulse } from './pulse.ts';

/** Milliseconds that a call may take, unless it is said: machines pause, and are busy with other things. */
export const PATIENCE = 10_000;
/** Loading a module and looking at its first filesystem takes longer than a call. */
const LEAST_OPENING = 10_000;
/** A thread is waited for so long when it is ended: one that is inside a system call does not end before that does. */
const ENDING = 1000;

/** What came of an order: an answer, or none. */
export type Reply<Kind extends OrderKind> =
  | { readonly kind: 'answer'; readonly answer: Answer<Kind> }
  | { readonly kind: 'hang'; readonly hang: Hang; readonly run: number };

export interface HandOptions {
  /** Milliseconds without a sign of life after which a thread is ended; 10,000 unless given. */
  readonly patience?: number;
  /** Takes what is wrong with the filesystem's code; standard error unless given. */
  readonly onProblem?: ProblemReport;
  readonly onLine?: (line: string) => void;
}

/** A thread that carries out one order after another. One that gives no sign of life is ended, and the next order has another. */
export class Hand {
  readonly #task: Omit<ThreadTask, 'pulse' | 'limit'>;
  readonly #limit: Limit;
  readonly #onProblem: ProblemReport;
  readonly #onLine: HandOptions['onLine'];
  /** Milliseconds. */
  readonly patience: number;
  /** The most that is waited from now on, whatever was asked for. */
  #most = Number.POSITIVE_INFINITY;
  #worker: Worker | undefined;
  #pulse = new Pulse();
  #waiting: Deferred<unknown> | undefined;
  /** What was thrown in the thread while nothing was waited for. */
  #crash: Error | undefined;

  constructor(task: Omit<ThreadTask, 'pulse' | 'limit'>, limit: Limit, options: HandOptions = {}) {
    this.#task = task;
    this.#limit = limit;
    this.patience = options.patience ?? PATIENCE;
    this.#onProblem = options.onProblem ?? reportOnStandardError;
    this.#onLine = options.onLine;
  }

  /** Starts the thread if there is none; gives the name of its target. @throws what its module throws */
  async start(): Promise<string | undefined> {
    if (this.#worker !== undefined) return undefined;
    this.#pulse = new Pulse();
    const task: ThreadTask = { ...this.#task, pulse: this.#pulse.memory, limit: this.#limit.memory };
    const worker = startWorker(new URL('./thread.ts', import.meta.url), 'estale check', task);
    this.#worker = worker;
    worker.on('message', (message: Message) => this.#heard(message));
    worker.on('error', (error) => {
      if (this.#waiting === undefined) this.#crash = error;
      else this.#waiting.reject(error);
    });
    worker.on('exit', (code) => {
      if (this.#worker === worker) this.#worker = undefined;
      this.#waiting?.reject(new Error(`its thread ended by itself, with exit code ${code}`));
    });
    const patience = Math.max(this.patience, LEAST_OPENING);
    const name = await this.#wait<string>(patience, false);
    if (name !== 'silence') return name.answer;
    await this.end();
    throw new Error(`a look at a fresh filesystem did not come to an end within ${patience / 1000} s`);
  }

  /** Lets the thread carry out an order. @throws what it throws, and where the thread ends by itself */
  async ask<Kind extends OrderKind>(
    kind: Kind,
    order: Orders[Kind]['order'],
    patience = this.patience,
  ): Promise<Reply<Kind>> {
    if (this.#crash !== undefined) throw this.#crash;
    await this.start();
    this.#pulse.begin(0);
    this.#worker?.postMessage({ kind, ...order });
    try {
      const came = await this.#wait<Answer<Kind>>(patience, true);
      if (came !== 'silence') return { kind: 'answer', answer: came.answer };
      return await this.#hang('silence', patience);
    } catch (error) {
      if (!isOutOfMemory(error)) throw error;
      return await this.#hang('memory', patience);
    }
  }

  /** From now on orders are not given more patience than this, in milliseconds. */
  hurry(patience: number): void {
    this.#most = patience;
  }

  async end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    if (worker === undefined) return;
    worker.removeAllListeners();
    worker.on('error', () => {});
    await within(ENDING, worker.terminate());
  }

  #heard(message: Message): void {
    switch (message.kind) {
      case 'ready':
        this.#waiting?.resolve(message.name);
        break;
      case 'answer':
        this.#waiting?.resolve(message.answer);
        break;
      case 'failed':
        this.#waiting?.reject(message.error);
        break;
      case 'problem':
        this.#onProblem(message.problem, message.error);
        break;
      case 'line':
        this.#onLine?.(message.line);
        break;
    }
  }

  async #hang(why: Hang['why'], patience: number): Promise<Reply<never>> {
    const { where, run } = this.#pulse;
    await this.end();
    return { kind: 'hang', hang: { why, patience, ...where }, run };
  }

  /** Waits for what the thread says, as long as it gives signs of life. */
  async #wait<T>(patience: number, mayHurry: boolean): Promise<{ readonly answer: T } | 'silence'> {
    const waiting = deferred<unknown>();
    this.#waiting = waiting;
    const interval = Math.min(Math.max(patience / 20, 5), 250);
    let { beat } = this.#pulse;
    let last = performance.now();
    let silence = 0;
    const timer = setInterval(() => {
      const now = performance.now();
      // When the whole process was paused, the thread was too.
      silence += Math.min(now - last, 2 * interval);
      last = now;
      if (beat !== this.#pulse.beat) {
        ({ beat } = this.#pulse);
        silence = 0;
      }
      if (silence >= (mayHurry ? Math.min(patience, this.#most) : patience)) waiting.resolve(SILENCE);
    }, interval);
    try {
      const answer = await waiting.promise;
      return answer === SILENCE ? 'silence' : { answer: answer as T };
    } finally {
      clearInterval(timer);
      this.#waiting = undefined;
    }
  }
}

const SILENCE = Symbol('silence');

const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
