import { threadId } from 'node:worker_threads';
import type { InjectedFault } from '../../fault/index.ts';
import type { Tap } from '../../fuse/device/tap.ts';
import { decodeReply, Message, opcode } from '../../fuse/index.ts';
import { Encoder } from '../format/encoder.ts';
import { faultBytes } from '../format/fault.ts';
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
export function tap(data: unknown, filesystem: () => string): Tap {
  return new RecordingTap(data as TapData, filesystem);
}

class RecordingTap implements Tap {
  readonly #ring: Ring;
  readonly #encoder: Encoder;
  readonly #header: TapData['header'];
  readonly #filesystem: () => string;
  /** The start, in this thread's performance.now(). */
  readonly #start: number;
  /** What comes before the reply to INIT: that is part of the header, which goes first. */
  readonly #held: (() => void)[] = [];
  #init = false;
  /** The header is there. */
  #begun = false;
  #recording = true;

  constructor({ memory, header, startedAt }: TapData, filesystem: () => string) {
    this.#ring = new Ring(memory);
    this.#encoder = new Encoder(this.#ring);
    this.#header = header;
    this.#filesystem = filesystem;
    this.#start = startedAt - performance.timeOrigin;
  }

  request(message: Message, length: number, now: number): void {
    if (this.#begun) this.#record(true, message, length, now, 0);
    else if (message.words[1] === opcode.INIT) {
      const copy = new Message(length);
      copy.bytes.set(message.bytes.subarray(0, length));
      this.#init = true;
      this.#held.push(() => this.#record(true, copy, length, now, 0));
    }
  }

  sent(message: Message, length: number, now: number, refused: number): void {
    if (this.#init && !this.#begun) this.#begin(message, length);
    this.#record(false, message, length, now, refused);
  }

  interfered(event: unknown, now: number): void {
    const fault = faultBytes(event as InjectedFault);
    if (this.#begun) this.#recordFault(fault, now);
    else this.#held.push(() => this.#recordFault(fault, now));
  }

  #begin(message: Message, length: number): void {
    this.#begun = true;
    const reply = decodeReply(opcode.INIT, message, length);
    const { major, minor, flags, flags2 } =
      reply.op === 'INIT' ? reply.body : { major: 0, minor: 0, flags: 0, flags2: 0 };
    const protocol = { major, minor, flags, flags2 };
    this.#ring.header = headerText({ filesystem: this.#filesystem(), ...this.#header, protocol });
    for (const record of this.#held.splice(0)) record();
  }

  #record(fromKernel: boolean, message: Message, length: number, now: number, refused: number): void {
    const at = this.#reserve(length);
    if (at === undefined) return;
    this.#ring.commit(this.#encoder.encode(at, fromKernel, message, length, this.#timeOf(now), threadId, refused));
  }

  #recordFault(fault: Uint8Array, now: number): void {
    const at = this.#reserve(fault.length);
    if (at !== undefined) this.#ring.commit(this.#encoder.encodeFault(at, fault, this.#timeOf(now), threadId));
  }

  #timeOf(now: number): number {
    return Math.round((now - this.#start) * 1e6);
  }

  /** Where a record of so many bytes can be written; undefined where recording has come to its end. */
  #reserve(length: number): number | undefined {
    if (!this.#recording) return undefined;
    const at = this.#ring.reserve(recordBound(length), PATIENCE);
    if (at !== undefined) return at;
    this.#recording = false;
    this.#ring.become('failed');
    return undefined;
  }
}
