import { threadId } from 'node:worker_threads';
import type { Tap } from '../../fuse/device/tap.ts';
import { decodeReply, Message, opcode } from '../../fuse/index.ts';
import { Encoder } from '../format/encoder.ts';
import { headerText, type TraceHeader } from '../format/header.ts';
import { recordBound } from '../format/record.ts';
import { Ring, type RingMemory } from './ring.ts';

/** What the tap needs; plain data. */
export interface TapData {
  readonly memory: RingMemory;
  /** The header, but for the filesystem's name and what INIT decides. */
  readonly header: Omit<TraceHeader, 'filesystem' | 'protocol'>;
  /** Wall-clock time of the recording's start, milliseconds since 1970. */
  readonly startedAt: number;
}

/** Milliseconds for which the serving thread waits for room in the ring, before it goes on without recording. */
const PATIENCE = 10_000;

/** Encodes every message into the ring, in the thread that serves. Made by `openTap`. */
export function tap(data: unknown, filesystem: string): Tap {
  return new RecordingTap(data as TapData, filesystem);
}

interface Held {
  readonly message: Message;
  readonly length: number;
  readonly now: number;
}

class RecordingTap implements Tap {
  readonly #ring: Ring;
  readonly #encoder: Encoder;
  readonly #header: Omit<TraceHeader, 'protocol'>;
  /** The start, in this thread's performance.now(). */
  readonly #start: number;
  /** The first request, INIT: its reply is part of the header, which goes first. */
  #held: Held | undefined;
  /** The header is there. */
  #begun = false;
  #recording = true;

  constructor({ memory, header, startedAt }: TapData, filesystem: string) {
    this.#ring = new Ring(memory);
    this.#encoder = new Encoder(this.#ring);
    this.#header = { filesystem, ...header };
    this.#start = startedAt - performance.timeOrigin;
  }

  request(message: Message, length: number, now: number): void {
    if (this.#begun) this.#record(true, message, length, now, 0);
    else if (message.words[1] === opcode.INIT) {
      const copy = new Message(length);
      copy.bytes.set(message.bytes.subarray(0, length));
      this.#held = { message: copy, length, now };
    }
  }

  sent(message: Message, length: number, now: number, refused: number): void {
    if (this.#held !== undefined) this.#begin(this.#held, message, length);
    this.#record(false, message, length, now, refused);
  }

  #begin(init: Held, message: Message, length: number): void {
    this.#held = undefined;
    this.#begun = true;
    const reply = decodeReply(opcode.INIT, message, length);
    const { major, minor, flags, flags2 } =
      reply.op === 'INIT' ? reply.body : { major: 0, minor: 0, flags: 0, flags2: 0 };
    this.#ring.header = headerText({ ...this.#header, protocol: { major, minor, flags, flags2 } });
    this.#record(true, init.message, init.length, init.now, 0);
  }

  #record(fromKernel: boolean, message: Message, length: number, now: number, refused: number): void {
    if (!this.#recording) return;
    const at = this.#ring.reserve(recordBound(length), PATIENCE);
    if (at === undefined) {
      this.#recording = false;
      this.#ring.become('failed');
      return;
    }
    const time = Math.round((now - this.#start) * 1e6);
    this.#ring.commit(this.#encoder.encode(at, fromKernel, message, length, time, threadId, refused));
  }
}
