import { basename } from 'node:path';
import { newCounters } from '../device/connection.ts';
import type { SpeakingInterposer } from '../device/interposer.ts';
import type { DeviceServer, Report } from '../device/server.ts';
import { startWorker } from '../device/start-worker.ts';
import type { TapModule } from '../device/tap.ts';
import { serverOf } from '../device/worker-server.ts';
import type { BridgeTask } from './bridge-worker.ts';
import type { DaemonSource } from './source.ts';

/**
 * A foreign daemon behind a real mount, through this process: a worker carries the bytes between /dev/fuse and the daemon's
 * socket, so that all of them are seen. The daemon decides about everything but the mount options. A request that is not
 * answered within `patience` milliseconds ends the mount; without it none does.
 *
 * @throws {DaemonCommandError} where it does not speak FUSE, or the error of opening /dev/fuse
 */
export async function startBridge(
  source: DaemonSource,
  tap: TapModule | undefined,
  report: Report,
  interposer?: SpeakingInterposer,
  patience?: number,
): Promise<DeviceServer> {
  const daemon = await source.start();
  const counters = newCounters();
  const name = basename(source.program);
  const task: BridgeTask = {
    socket: daemon.fd,
    largestMessage: daemon.largestMessage,
    counters,
    name,
    tap,
    interposer: interposer?.module,
    patience,
  };
  const worker = startWorker(new URL('./bridge-worker.ts', import.meta.url), 'estale bridge', task);
  let server: DeviceServer;
  try {
    server = await serverOf(worker, counters, report, interposer?.said);
  } catch (error) {
    await daemon.end();
    throw error;
  }
  const ended = server.ended.then(async (error) => {
    if (error === undefined) await daemon.end();
    return error === undefined ? undefined : new Error(await daemon.postMortem(error.message));
  });
  return { ...server, ended };
}
