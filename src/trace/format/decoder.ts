import { Message, OUT_HEADER_SIZE } from '../../fuse/index.ts';
import { MAX_FAULT, parseFault, type RecordedFault } from './fault.ts';
import {
  KNOWN_FLAGS,
  MAX_FIXED_WORDS,
  MAX_MESSAGE,
  newSlots,
  PIECE,
  PIECES_FROM,
  recordFlag,
  SLOTS,
} from './record.ts';
import { Cursor, Unreadable, unzigzag } from './varint.ts';
import type { Window } from './window.ts';

/** One message of a trace. */
export interface TraceMessage {
  readonly kind: 'message';
  /** Its place in the trace, from 0 on. */
  readonly index: number;
  /** A request; else a reply or notification of the daemon. */
  readonly fromKernel: boolean;
  /** Nanoseconds since the recording began. */
  readonly time: number;
  /** The thread of the daemon that took or sent it: `worker_threads.threadId`, 0 for the main thread. */
  readonly thread: number;
  /** The errno number with which the kernel did not take a reply or notification (ENOENT: nobody waited any more), or 0. */
  readonly refused: number;
  /** The message, of `length` bytes. */
  readonly message: Message;
  readonly length: number;
}

/** A fault that was injected between the messages before and behind it, above what it made of them. */
export interface TraceFault {
  readonly kind: 'fault';
  /** Nanoseconds since the recording began. */
  readonly time: number;
  readonly thread: number;
  readonly fault: RecordedFault;
}

/** What a trace consists of. */
export type TraceRecord = TraceMessage | TraceFault;

/** Reads records; the reverse of `Encoder`. */
export class Decoder {
  readonly #window: Window;
  readonly #slots = newSlots();
  #slot = 0;
  #unique = 0;
  #time = 0;
  #thread = 0;
  #index = 0;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Messages so far. */
  get count(): number {
    return this.#index;
  }

  /**
   * What a chunk holds, which starts at byte `start` of the stream of records.
   *
   * @throws Unreadable where the bytes are not records
   */
  *chunk(bytes: Uint8Array, start: number): Generator<TraceRecord> {
    const cursor = new Cursor(bytes);
    while (cursor.left > 0) yield this.#record(cursor, start);
  }

  #record(cursor: Cursor, start: number): TraceRecord {
    const flags = cursor.byte();
    if ((flags & ~KNOWN_FLAGS) !== 0) throw new Unreadable(`expected flags up to ${KNOWN_FLAGS}, given ${flags}`);
    const fromKernel = (flags & recordFlag.FROM_DAEMON) === 0;
    const time = this.#time + cursor.varint();
    if (!Number.isSafeInteger(time)) throw new Unreadable('expected a time up to 2^53 - 1 ns, given a later one');
    if ((flags & recordFlag.FAULT) !== 0) return this.#fault(cursor, flags, time);
    const number = flags & recordFlag.SAME_SLOT ? this.#slot : cursor.count('a slot', SLOTS - 1);
    const slot = this.#slots[fromKernel ? number : SLOTS + number];
    if ((flags & recordFlag.SAME_SHAPE) === 0) this.#shape(cursor, slot);
    const refused = flags & recordFlag.REFUSED ? cursor.count('an errno', 4095) : 0;
    const thread = flags & recordFlag.OTHER_THREAD ? cursor.varint() : this.#thread;
    this.#time = time;
    this.#thread = thread;
    const { length, fixed, words } = slot;
    if (length < OUT_HEADER_SIZE) throw new Unreadable(`expected a message of at least 16 bytes, given ${length}`);

    const message = new Message(length);
    words[0] = length;
    words[2] = this.#unique;
    const changed = cursor.take((fixed + 7) >>> 3);
    for (let i = 0; i < fixed; i++) {
      if ((changed[i >>> 3] & (1 << (i & 7))) !== 0) words[i] += unzigzag(cursor.count('a difference', 0xffffffff));
      message.words[i] = words[i];
    }
    if (fromKernel) {
      this.#slot = number;
      this.#unique = words[2];
    }
    this.#rest(cursor, start, message.bytes.subarray(4 * fixed, length));
    return { kind: 'message', index: this.#index++, fromKernel, time, thread, refused, message, length };
  }

  #fault(cursor: Cursor, flags: number, time: number): TraceFault {
    const thread = flags & recordFlag.OTHER_THREAD ? cursor.varint() : this.#thread;
    const fault = parseFault(cursor.take(cursor.count('a fault', MAX_FAULT)));
    this.#time = time;
    this.#thread = thread;
    return { kind: 'fault', time, thread, fault };
  }

  #shape(cursor: Cursor, slot: { length: number; fixed: number }): void {
    slot.length = cursor.count('a message', MAX_MESSAGE);
    slot.fixed = cursor.count('fixed words', Math.min(MAX_FIXED_WORDS, slot.length >>> 2));
  }

  #rest(cursor: Cursor, start: number, into: Uint8Array): void {
    if (into.length < PIECES_FROM) {
      into.set(cursor.take(into.length));
      return;
    }
    for (let at = 0; at < into.length; at += PIECE) {
      const piece = into.subarray(at, at + PIECE);
      const here = start + cursor.at;
      const back = cursor.varint();
      piece.set(back === 0 ? cursor.take(piece.length) : this.#window.read(here - back, piece.length));
    }
  }
}
