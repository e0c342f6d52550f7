import { parentPort, workerData } from 'node:worker_threads';
import { type Counters, DeviceConnection } from './connection.ts';

/** What the reading thread is started with: the mounted descriptor, bytes of the largest WRITE, and where to count. */
export interface ReaderTask {
  readonly fd: number;
  readonly maxWrite: number;
  readonly counters: Counters;
}

export type ReaderMessage =
  | { readonly kind: 'request'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'failed'; readonly error: Error };

const port = parentPort!;
const { fd, maxWrite, counters } = workerData as ReaderTask;

function readAll(): void {
  const connection = new DeviceConnection(fd, maxWrite, counters, () => {});
  for (;;) {
    const length = connection.read();
    if (length === 'disconnected') return;
    if (length === 'again') continue;
    const bytes = connection.request.bytes.slice(0, length);
    const message: ReaderMessage = { kind: 'request', bytes };
    port.postMessage(message, [bytes.buffer]);
  }
}

try {
  readAll();
} catch (error) {
  const message: ReaderMessage = { kind: 'failed', error: error instanceof Error ? error : new Error(String(error)) };
  port.postMessage(message);
}
