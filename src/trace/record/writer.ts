import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { endChunk, recordsChunk } from '../format/chunk.ts';
import { Ring, type RingMemory } from './ring.ts';

/** What the writing thread is started with. */
export interface WriterTask {
  readonly memory: RingMemory;
  readonly fd: number;
}

/** From the writing thread, last: how much it wrote, or why it could not go on. */
export type WriterMessage =
  | { readonly kind: 'written'; readonly bytes: number }
  | { readonly kind: 'failed'; readonly error: Error };

/** Milliseconds after which what is there is written, though it is little. */
const PAUSE = 100;

/**
 * Bytes of records a millisecond that there is time to deflate: less than a percent of a core, which may be the only one. What
 * was not used is kept up to a limit, so that short traces are small.
 */
const DENSE_RATE = 100;
const MOST_CREDIT = 1 << 20;

const { memory, fd } = workerData as WriterTask;
const ring = new Ring(memory);
let written = 0;
let credit = MOST_CREDIT;

function write(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  written += bytes.length;
}

/** Writes what the ring holds. */
function drain(): void {
  for (let records = ring.take(); records !== undefined; records = ring.take()) {
    if (written === 0) write(Buffer.from(ring.header ?? ''));
    const dense = records.length <= credit;
    if (dense) credit -= records.length;
    for (const part of recordsChunk(records, dense)) write(part);
  }
}

function run(): void {
  let last = performance.now();
  for (;;) {
    const { state } = ring;
    if (state === 'failed') throw new Error('it did not take the data in time');
    const now = performance.now();
    credit = Math.min(MOST_CREDIT, credit + DENSE_RATE * (now - last));
    last = now;
    drain();
    if (state !== 'open') break;
    ring.pause(PAUSE);
  }
  write(endChunk());
}

let message: WriterMessage;
try {
  run();
  message = { kind: 'written', bytes: written };
} catch (error) {
  message = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
}
parentPort?.postMessage(message);
ring.become(message.kind === 'written' ? 'done' : 'failed');
