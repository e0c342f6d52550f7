import { closeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { FileSystem } from '../../vfs/index.ts';
import { DeviceConnection } from './connection.ts';
import { openDevice } from './device.ts';
import { loadInterposer } from './interposer.ts';
import { makeFileSystem } from './module.ts';
import { plainError } from './plain-error.ts';
import { serveBlocking, serveEventLoop } from './serve.ts';
import { deviceSession } from './session.ts';
import { openTap } from './tap.ts';
import type { WorkerMessage, WorkerOrder, WorkerTask } from './worker-messages.ts';

// The descriptor is this thread's: when the thread dies, however, Node closes it and the kernel ends the connection.

const port = parentPort!;
const { source, options, counters, interposer: between } = workerData as WorkerTask;

const tell = (message: WorkerMessage) => port.postMessage(message);
const report = (message: string, error?: Error) => tell({ kind: 'report', message, error: error && plainError(error) });

async function serve(): Promise<void> {
  const tap = options.tap && (await openTap(options.tap, () => filesystem.name));
  const interposer = between && (await loadInterposer(between, (message) => tell({ kind: 'said', message }), tap));
  const made = await makeFileSystem(source, report, interposer?.environment);
  const filesystem: FileSystem = interposer?.filesystem(made) ?? made;
  const fd = openDevice();
  const connection = new DeviceConnection(fd, options.maxWrite, counters, report, tap);
  const device = deviceSession(filesystem, connection, options, report, interposer?.link);
  const { session } = device;
  tell({ kind: 'opened', fd, name: filesystem.name });
  try {
    const order = await new Promise<WorkerOrder>((resolve) => port.once('message', resolve));
    if (order === 'end') return;
    const negotiated = () => tell({ kind: 'negotiated', negotiated: session.negotiated! });
    if (filesystem.mode === 'sync' && !interposer?.needsEventLoop()) serveBlocking(connection, device, negotiated);
    else await serveEventLoop(connection, device, { fd, maxWrite: options.maxWrite, counters }, negotiated);
  } finally {
    closeSync(fd);
    session.close();
    interposer?.close();
  }
}

try {
  await serve();
  tell({ kind: 'ended' });
} catch (error) {
  tell({ kind: 'failed', error: plainError(error) });
}
port.close();
