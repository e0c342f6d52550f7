import { closeSync, constants } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { Negotiated } from '../../vfs/index.ts';
import { type Counters, DeviceConnection, setWaiting } from '../device/connection.ts';
import { openDevice } from '../device/device.ts';
import { type InterposerModule, loadInterposer } from '../device/interposer.ts';
import { openTap, type TapModule } from '../device/tap.ts';
import type { WorkerMessage, WorkerOrder } from '../device/worker-messages.ts';
import type { LinkHook } from '../link-hook.ts';
import { Bridge } from './bridging.ts';
import { SocketConnection } from './connection.ts';
import { readable } from './libc.ts';

/** What the worker is started with: the daemon's socket, bytes of the largest message on it, and the daemon's name. */
export interface BridgeTask {
  readonly socket: number;
  readonly largestMessage: number;
  readonly counters: Counters;
  readonly name: string;
  /** Who listens to the messages. */
  readonly tap: TapModule | undefined;
  /** What stands on the link; it has no timers here. */
  readonly interposer: InterposerModule | undefined;
  /** Milliseconds that a request may take; undefined: any time. */
  readonly patience: number | undefined;
}

/** How long the thread sleeps without looking up, milliseconds: it can be stopped then. */
const NAP = 200;
const MOST_WRITE = 1 << 20;

const port = parentPort!;
const { socket, largestMessage, counters, name, tap, interposer: between, patience } = workerData as BridgeTask;
const tell = (message: WorkerMessage) => port.postMessage(message);

/** Until the kernel or the daemon ends the connection. @throws an Error where it was the daemon */
function carry(device: DeviceConnection, link: LinkHook | undefined): void {
  const negotiated = (negotiated: Negotiated) => tell({ kind: 'negotiated', negotiated });
  const bridge = new Bridge(device, new SocketConnection(socket), largestMessage, negotiated, link);
  for (;;) {
    setWaiting(counters, true);
    const [request, reply] = readable([device.fd, socket], NAP);
    setWaiting(counters, false);
    // Replies first: the kernel may have to be rid of them before it can say more.
    if (reply && bridge.reply() === 'closed') throw new Error('the daemon ended while it was mounted');
    if (request && bridge.request() === 'closed') return;
    const overdue = patience === undefined ? undefined : bridge.overdue(patience);
    if (overdue !== undefined) throw new Error(`the daemon does not answer ${overdue} within ${patience! / 1000} s`);
  }
}

async function serve(): Promise<void> {
  const listening = tap && (await openTap(tap, () => name));
  const interposer =
    between && (await loadInterposer(between, (message) => tell({ kind: 'said', message }), listening));
  interposer?.bridge();
  // Never waiting in a read: a request may be withdrawn after poll has told of it.
  const fd = openDevice(constants.O_RDWR | constants.O_NONBLOCK);
  const report = (message: string, error?: Error) => tell({ kind: 'report', message, error });
  const device = new DeviceConnection(fd, MOST_WRITE, counters, report, listening);
  tell({ kind: 'opened', fd, name });
  try {
    const order = await new Promise<WorkerOrder>((resolve) => port.once('message', resolve));
    if (order === 'serve') carry(device, interposer?.link);
  } finally {
    closeSync(fd);
    interposer?.close();
  }
}

try {
  await serve();
  tell({ kind: 'ended' });
} catch (error) {
  tell({ kind: 'failed', error: error instanceof Error ? new Error(error.message) : new Error(String(error)) });
}
port.close();
