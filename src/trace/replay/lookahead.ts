import { isAnswered, isNotification } from '../../fuse/index.ts';
import type { TraceMessage, TraceRecord } from '../format/decoder.ts';
import type { RecordedFault } from '../format/fault.ts';

/** Records that are read ahead at most to find a reply. */
const MOST = 1024;

/** What becomes of a request in the recording. */
export interface Fate {
  /** Undefined where it is too far away, or nowhere. */
  readonly reply: TraceMessage | undefined;
  /** The faults that strike the request, or its reply. */
  readonly faults: readonly RecordedFault[];
}

/** The records of a trace, with a look at what comes. */
export class Lookahead {
  readonly #source: AsyncIterator<TraceRecord>;
  readonly #queue: TraceRecord[] = [];
  #ended = false;

  constructor(source: AsyncIterable<TraceRecord>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async next(): Promise<TraceRecord | undefined> {
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

  /** The fate of the request that was taken last, which is `to`. */
  async fate(to: TraceMessage): Promise<Fate> {
    const [, code, low, high] = to.message.words;
    const unique = low + high * 2 ** 32;
    const faults: RecordedFault[] = [];
    const answered = isAnswered(code);
    for (let i = 0; i < MOST; i++) {
      if (i >= this.#queue.length && !(await this.#read())) break;
      const record = this.#queue[i];
      if (record.kind === 'fault') {
        if (Number(record.fault.unique) === unique) faults.push(record.fault);
        // What strikes a request that has no reply is told at once.
      } else if (!answered) break;
      else if (!record.fromKernel && record.message.words[2] === low && record.message.words[3] === high)
        return { reply: record, faults };
    }
    return { reply: undefined, faults };
  }

  /** The errno number with which the kernel will refuse the next notification, as far as it was read, or 0. */
  refusedNotification(): number {
    for (const record of this.#queue)
      if (record.kind === 'message' && !record.fromKernel && isNotification(record.message)) return record.refused;
    return 0;
  }
}
