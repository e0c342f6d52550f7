import type { DeviceConnection } from './connection.ts';
import type { ReaderMessage, ReaderTask } from './reader.ts';
import type { DeviceSession } from './session.ts';
import { startWorker } from './start-worker.ts';

/** Serves until the connection ends and never yields: for a filesystem that answers at once, in a thread of its own. */
export function serveBlocking(
  connection: DeviceConnection,
  { session, receive }: DeviceSession,
  negotiated: () => void,
): void {
  let told = false;
  for (;;) {
    const length = connection.read();
    if (typeof length === 'number') {
      connection.arrived(length);
      receive(connection.request, length);
      if (!told && session.negotiated !== undefined) {
        told = true;
        negotiated();
      }
    } else if (length === 'disconnected') {
      return;
    }
  }
}

/**
 * Serves from the event loop until the connection ends. A thread of its own reads the device: an asynchronous read would
 * wait in libuv's thread pool behind file operations that wait for this very mount, and all would wait for ever.
 */
export function serveEventLoop(
  connection: DeviceConnection,
  { session, receive }: DeviceSession,
  task: ReaderTask,
  negotiated: () => void,
): Promise<void> {
  const reader = startWorker(new URL('./reader.ts', import.meta.url), 'estale device reader', task);
  let told = false;
  let failure: Error | undefined;
  return new Promise((resolve, reject) => {
    reader.on('message', (message: ReaderMessage) => {
      if (message.kind === 'failed') {
        failure = message.error;
        return;
      }
      connection.request.bytes.set(message.bytes);
      connection.arrived(message.bytes.length);
      receive(connection.request, message.bytes.length);
      if (!told && session.negotiated !== undefined) {
        told = true;
        negotiated();
      }
    });
    reader.on('error', (error: Error) => {
      failure = error;
    });
    // Not before: whoever closes the descriptor must know that nobody reads from its number any more.
    reader.on('exit', () => (failure === undefined ? resolve() : reject(failure)));
  });
}
