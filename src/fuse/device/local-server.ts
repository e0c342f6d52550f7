import { closeSync } from 'node:fs';
import type { FileSystem, Negotiated } from '../../vfs/index.ts';
import { DeviceConnection, isWaiting, newCounters, readCounters } from './connection.ts';
import { deferred } from './deferred.ts';
import { openDevice } from './device.ts';
import type { Interposer } from './interposer.ts';
import { serveEventLoop } from './serve.ts';
import type { DeviceServer, Report, ServeOptions } from './server.ts';
import { deviceSession } from './session.ts';
import { openTap, type Tap } from './tap.ts';

/** Serves a filesystem object from the event loop of the thread that owns it. */
export async function startLocalServer(
  filesystem: FileSystem,
  options: ServeOptions,
  report: Report,
  interpose?: (tap: Tap | undefined) => Interposer,
): Promise<DeviceServer> {
  const tap = options.tap && (await openTap(options.tap, () => filesystem.name));
  const interposer = interpose?.(tap);
  const served = interposer?.filesystem(filesystem) ?? filesystem;
  const fd = openDevice();
  const counters = newCounters();
  const connection = new DeviceConnection(fd, options.maxWrite, counters, report, tap);
  const device = deviceSession(served, connection, options, report, interposer?.link);
  const { session } = device;

  const finish = deferred<Error | undefined>();
  let closed = false;
  let serving = false;
  const close = () => {
    if (closed) return;
    closed = true;
    session.close();
    interposer?.close();
    closeSync(fd);
  };

  return {
    name: filesystem.name,
    fd,
    sharesThread: true,
    ended: finish.promise,
    statistics: () => readCounters(counters),
    isWaiting: () => isWaiting(counters),
    serve() {
      const negotiated = deferred<Negotiated>();
      serving = true;
      serveEventLoop(connection, device, { fd, maxWrite: options.maxWrite, counters }, () =>
        negotiated.resolve(session.negotiated!),
      )
        .then(() => undefined, asError)
        .then((error) => {
          close();
          negotiated.reject(error ?? new Error('the connection ended before the kernel said INIT'));
          finish.resolve(error);
        });
      return negotiated.promise;
    },
    async stop() {
      session.close();
      // A reader that is under way closes the descriptor when it ends: until then its number must stay taken.
      if (!serving) {
        close();
        finish.resolve(undefined);
      }
    },
  };
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
