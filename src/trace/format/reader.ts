import { CHUNK_HEAD, chunkRecords, parseChunkHead } from './chunk.ts';
import { Decoder, type TraceRecord } from './decoder.ts';
import { MAX_HEADER, parseHeader, TraceError, type TraceHeader } from './header.ts';
import { Unreadable } from './varint.ts';
import { Window } from './window.ts';

/** How a trace ended, after how many messages. */
export type TraceEnding =
  /** As it should. */
  | { readonly kind: 'complete'; readonly messages: number }
  /** In the middle: the recorder was killed, or this is not all of the file. What was read is sound. */
  | { readonly kind: 'truncated'; readonly messages: number }
  /** From byte `at` on it is not what was written. */
  | { readonly kind: 'damaged'; readonly messages: number; readonly at: number; readonly problem: string };

/** A trace that is being read, front to back: a pipe will do. */
export interface Trace {
  readonly header: TraceHeader;
  /** Messages, and the faults between them, once. Nothing in the bytes makes it throw; what was wrong with them says `ending`. */
  readonly records: AsyncIterable<TraceRecord>;
  /** Undefined until `records` is at its end. */
  readonly ending: TraceEnding | undefined;
}

/**
 * Opens a trace whose bytes come in pieces of any size: a stream of a file, standard input, an array.
 *
 * @throws TraceError where it is none, or of a version that is not known here
 * @example for await (const record of (await readTrace(createReadStream('git.trace'))).records) ...
 */
export async function readTrace(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Trace> {
  const input = new Input(source);
  const reader = new Reader(input, await readHeader(input));
  return reader;
}

async function readHeader(input: Input): Promise<TraceHeader> {
  let lines = 0;
  let length = 0;
  while (lines < 2) {
    if (length >= MAX_HEADER || !(await input.has(length + 1))) {
      const given = input.peek(Math.min(length, 40));
      const what = length === 0 ? 'nothing' : `${JSON.stringify(text(given))}...`;
      throw new TraceError(`expected a trace, given ${what}`);
    }
    const available = input.peek(Math.min(input.length, MAX_HEADER));
    for (; length < available.length && lines < 2; length++) if (available[length] === 0x0a) lines += 1;
  }
  return parseHeader(text(input.take(length)));
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();

class Reader implements Trace {
  readonly header: TraceHeader;
  ending: TraceEnding | undefined;
  readonly records: AsyncIterable<TraceRecord>;
  readonly #input: Input;

  constructor(input: Input, header: TraceHeader) {
    this.#input = input;
    this.header = header;
    this.records = this.#read();
  }

  async *#read(): AsyncGenerator<TraceRecord> {
    const input = this.#input;
    const window = new Window(this.header.window);
    const decoder = new Decoder(window);
    for (;;) {
      const at = input.position;
      try {
        if (!(await input.has(CHUNK_HEAD))) break;
        const head = input.take(CHUNK_HEAD);
        const { kind, stored, raw } = parseChunkHead(head);
        if (!(await input.has(stored))) break;
        const records = chunkRecords(head, { kind, stored, raw }, input.take(stored));
        if (kind === 'end') {
          this.ending = { kind: 'complete', messages: decoder.count };
          return;
        }
        yield* decoder.chunk(records, window.add(records));
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        this.ending = { kind: 'damaged', messages: decoder.count, at, problem: error.message };
        return;
      }
    }
    this.ending = { kind: 'truncated', messages: decoder.count };
  }
}

/** Bytes that come in pieces, taken in others. */
class Input {
  readonly #source: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #pieces: Uint8Array[] = [];
  length = 0;
  /** Bytes that were taken. */
  position = 0;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#source = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Whether there are `length` bytes more, which are waited for. */
  async has(length: number): Promise<boolean> {
    while (this.length < length) {
      const { done, value } = await this.#source.next();
      if (done) return false;
      this.#pieces.push(value);
      this.length += value.length;
    }
    return true;
  }

  /** The next `length` bytes, which are there. */
  peek(length: number): Uint8Array {
    if (this.#pieces.length === 0) return new Uint8Array(0);
    if (this.#pieces[0].length < length) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0].subarray(0, length);
  }

  take(length: number): Uint8Array {
    const taken = this.peek(length);
    if (length > 0) this.#pieces[0] = this.#pieces[0].subarray(length);
    if (this.#pieces[0]?.length === 0) this.#pieces.shift();
    this.length -= length;
    this.position += length;
    return taken;
  }
}
