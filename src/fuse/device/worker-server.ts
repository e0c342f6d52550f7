import type { Worker } from 'node:worker_threads';
import type { Negotiated } from '../../vfs/index.ts';
import { type Counters, isWaiting, newCounters, readCounters } from './connection.ts';
import { deferred } from './deferred.ts';
import type { SpeakingInterposer } from './interposer.ts';
import type { FileSystemModule } from './module.ts';
import type { DeviceServer, Report, ServeOptions } from './server.ts';
import { startWorker } from './start-worker.ts';
import type { WorkerMessage, WorkerOrder, WorkerTask } from './worker-messages.ts';

const startBound = 30_000;
const stopBound = 1000;

/**
 * Makes the filesystem in a worker that will serve it: blocking if it is `sync`, from the worker's event loop if `async`.
 *
 * @throws the error of the module, of its factory or of opening /dev/fuse
 */
export function startWorkerServer(
  source: FileSystemModule,
  options: ServeOptions,
  report: Report,
  interposer?: SpeakingInterposer,
): Promise<DeviceServer> {
  const counters = newCounters();
  const task: WorkerTask = { source, options, counters, interposer: interposer?.module };
  const worker = startWorker(new URL('./worker.ts', import.meta.url), 'estale device', task);
  return serverOf(worker, counters, report, interposer?.said);
}

/** The server that lives in a worker, which sends `WorkerMessage`s and takes a `WorkerOrder`. */
export function serverOf(
  worker: Worker,
  counters: Counters,
  report: Report,
  said?: (message: unknown) => void,
): Promise<DeviceServer> {
  const opened = deferred<DeviceServer>();
  const negotiated = deferred<Negotiated>();
  const ended = deferred<Error | undefined>();
  negotiated.promise.catch(() => {});
  let failure: Error | undefined;
  let orderly = false;

  const order = (what: WorkerOrder) => worker.postMessage(what);
  const server = (fd: number, name: string): DeviceServer => ({
    name,
    fd,
    sharesThread: false,
    ended: ended.promise,
    statistics: () => readCounters(counters),
    isWaiting: () => isWaiting(counters),
    serve() {
      order('serve');
      return negotiated.promise;
    },
    async stop() {
      order('end');
      await Promise.race([ended.promise, new Promise((resolve) => setTimeout(resolve, stopBound).unref())]);
      orderly = true;
      await worker.terminate();
    },
  });

  const startLimit = setTimeout(() => {
    failure = new Error(`the filesystem's module and factory were not done in ${startBound / 1000} s`);
    void worker.terminate();
  }, startBound);

  worker.on('message', (message: WorkerMessage) => {
    switch (message.kind) {
      case 'opened':
        clearTimeout(startLimit);
        return opened.resolve(server(message.fd, message.name));
      case 'negotiated':
        return negotiated.resolve(message.negotiated);
      case 'report':
        return report(message.message, message.error);
      case 'failed':
        failure = message.error;
        return;
      case 'said':
        return said?.(message.message);
      case 'ended':
        orderly = true;
        return;
    }
  });
  worker.on('error', (error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  worker.on('exit', (code) => {
    clearTimeout(startLimit);
    if (failure === undefined && !orderly) failure = new Error(`the filesystem's thread ended with code ${code}`);
    const reason = failure ?? new Error('the connection ended before the kernel said INIT');
    opened.reject(reason);
    negotiated.reject(reason);
    ended.resolve(failure);
  });
  return opened.promise;
}
