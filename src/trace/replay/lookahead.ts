import { isNotification } from '../../fuse/index.ts';
import type { TraceMessage } from '../format/decoder.ts';

/** Messages that are read ahead at most to find a reply. */
const MOST = 1024;

/** The messages of a trace, with a look at what comes. */
export class Lookahead {
  readonly #source: AsyncIterator<TraceMessage>;
  readonly #queue: TraceMessage[] = [];
  #ended = false;

  constructor(source: AsyncIterable<TraceMessage>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async next(): Promise<TraceMessage | undefined> {
    if (this.#queue.length === 0) await this.#read();
    return this.#queue.shift();
  }

  async #read(): Promise<boolean> {
    if (this.#ended) return false;
    const { done, value } = await this.#source.next();
    if (done) this.#ended = true;
    else this.#queue.push(value);
    return !this.#ended;
  }

  /** The errno number with which the kernel will refuse the reply to the request that was taken last, or 0. */
  async refusedReply(to: TraceMessage): Promise<number> {
    const [, , low, high] = to.message.words;
    for (let i = 0; i < MOST; i++) {
      if (i >= this.#queue.length && !(await this.#read())) return 0;
      const { fromKernel, message, refused } = this.#queue[i];
      if (!fromKernel && message.words[2] === low && message.words[3] === high) return refused;
    }
    return 0;
  }

  /** The same of the next notification, as far as it was read. */
  refusedNotification(): number {
    return this.#queue.find(({ fromKernel, message }) => !fromKernel && isNotification(message))?.refused ?? 0;
  }
}
