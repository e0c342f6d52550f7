import type { InjectedFault } from '../../src/fault/index.ts';
import { Message } from '../../src/fuse/message.ts';
import { endChunk, recordsChunk } from '../../src/trace/format/chunk.ts';
import { Encoder } from '../../src/trace/format/encoder.ts';
import { faultBytes } from '../../src/trace/format/fault.ts';
import { headerText } from '../../src/trace/format/header.ts';
import { recordBound } from '../../src/trace/format/record.ts';
import {
  readTrace,
  type TraceEnding,
  type TraceHeader,
  type TraceMessage,
  type TraceRecord,
} from '../../src/trace/index.ts';
import { newRing, RING, Ring } from '../../src/trace/record/ring.ts';

export const header: TraceHeader = {
  filesystem: 'ram',
  kernel: '6.18.0',
  started: { sec: 1_735_689_600, nsec: 0 },
  protocol: { major: 7, minor: 45, flags: 0, flags2: 0 },
  session: { maxWrite: 1 << 20, entryTimeout: 1, attributeTimeout: 1, negativeTimeout: 0, directIo: false },
  window: RING,
};

/** A message before it has a place in a trace. */
export type Recorded = Omit<TraceMessage, 'index'>;

export function recorded(fromKernel: boolean, bytes: Uint8Array, more: Partial<Recorded> = {}): Recorded {
  const message = new Message(bytes.length);
  message.bytes.set(bytes);
  return { kind: 'message', fromKernel, time: 0, thread: 0, refused: 0, message, length: bytes.length, ...more };
}

/** Writes a trace as a recording does, but in one thread. */
export class TraceBytes {
  readonly #ring = new Ring(newRing());
  readonly #encoder = new Encoder(this.#ring);
  readonly parts: Uint8Array[];

  constructor(faults = false) {
    this.parts = [Buffer.from(headerText(faults ? { ...header, faults } : header))];
  }

  add({ fromKernel, message, length, time, thread, refused }: Recorded): void {
    const at = this.#ring.reserve(recordBound(length), 0);
    if (at === undefined) throw new Error('the ring is full');
    this.#ring.commit(this.#encoder.encode(at, fromKernel, message, length, time, thread, refused));
  }

  addFault(fault: InjectedFault, time: number, thread = 0): void {
    const bytes = faultBytes(fault);
    const at = this.#ring.reserve(recordBound(bytes.length), 0);
    if (at === undefined) throw new Error('the ring is full');
    this.#ring.commit(this.#encoder.encodeFault(at, bytes, time, thread));
  }

  /** What was added since becomes a chunk, or several. */
  flush(dense: boolean): void {
    for (let records = this.#ring.take(); records !== undefined; records = this.#ring.take())
      for (const part of recordsChunk(records, dense)) this.parts.push(Buffer.from(part));
  }

  end(): Uint8Array {
    this.flush(true);
    return Buffer.concat([...this.parts, endChunk()]);
  }
}

export function traceBytes(messages: readonly Recorded[]): Uint8Array {
  const bytes = new TraceBytes();
  for (const message of messages) bytes.add(message);
  return bytes.end();
}

/** Reads a whole trace that comes in pieces of `step` bytes. */
export async function readAll(
  bytes: Uint8Array,
  step = bytes.length,
): Promise<{
  readonly records: TraceRecord[];
  readonly messages: TraceMessage[];
  readonly ending: TraceEnding | undefined;
}> {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) pieces.push(bytes.subarray(at, at + step));
  const trace = await readTrace(pieces);
  const records: TraceRecord[] = [];
  for await (const record of trace.records) records.push(record);
  return { records, messages: records.filter((record) => record.kind === 'message'), ending: trace.ending };
}

/** What counts of messages, for comparison. */
export const plain = (messages: readonly Recorded[]) =>
  messages.map(({ fromKernel, time, thread, refused, message, length }) => ({
    fromKernel,
    time,
    thread,
    refused,
    bytes: Buffer.from(message.bytes.subarray(0, length)).toString('latin1'),
  }));
