import type { FaultPlan, InjectedFault } from '../fault/index.ts';
import {
  compiledModule,
  type DeviceServer,
  type DeviceStatistics,
  deferred,
  errorCode,
  type FileSystemModule,
  type Report,
  type ServeOptions,
  type SpeakingInterposer,
  startLocalServer,
  startWorkerServer,
  type Tap,
  type TapModule,
  within,
} from '../fuse/device/index.ts';
import { type DaemonSource, startBridge } from '../fuse/socket/index.ts';
import { type Recording, type RecordSettings, startRecording } from '../trace/record/recording.ts';
import type { WriterMessage } from '../trace/record/writer.ts';
import type { FileSystem, Negotiated } from '../vfs/index.ts';
import { unmountAtEnd } from './endings.ts';
import { MountError } from './error.ts';
import { openControlSocket } from './faults/control-socket.ts';
import { interpose } from './faults/interpose.ts';
import { FaultDesk, type MountFaults } from './faults/mount-faults.ts';
import { SharedState } from './faults/shared-state.ts';
import type { FaultMessage } from './faults/state.ts';
import { anotherMount, onMountPoint } from './mount-point.ts';
import { type MountEntry, mountAt, mountsAt, whereIs } from './mount-table.ts';
import { checkMountOptions, kernelOptions, type MountOptions } from './options.ts';
import { checkSystem, needsCapability } from './system.ts';
import { runTool } from './tool.ts';
import { abort, abortConnection, cutOffNow, livesOnBound, unmount, unmountNow } from './unmount.ts';
import { startWatcher } from './watcher.ts';

/** Why a mount ended: it was unmounted (by whomever), its connection was aborted, or its filesystem's thread failed. */
export type Closed =
  | { readonly reason: 'unmounted' | 'aborted' }
  | { readonly reason: 'failed'; readonly error: Error };

/** A filesystem that is mounted and answers. It is unmounted when the process ends, in whatever way. */
export interface Mounted {
  /** The mount point, resolved. */
  readonly directory: string;
  /** The filesystem's name. */
  readonly filesystem: string;
  /** Number of the FUSE connection (in /sys/fs/fuse/connections, and the minor of st_dev). */
  readonly connection: number;
  /** Settles when nothing is mounted any more and everything that served it is gone; never rejects. */
  readonly closed: Promise<Closed>;
  /** The plan that it was mounted with. */
  readonly faults?: MountFaults;
  /** Unmounts; a busy mount is waited for two seconds, then cut off with a notice. Resolves with `closed`, also when called again. */
  unmount(): Promise<Closed>;
}

/** A mount through /dev/fuse itself. */
export interface DeviceMounted extends Mounted {
  readonly negotiated: Negotiated;
  statistics(): DeviceStatistics;
  /** Settles with `closed`, or when the trace file cannot be written; undefined where nothing is recorded. */
  readonly recorded: Promise<WriterMessage> | undefined;
}

export interface MountSettings extends MountOptions {
  /** Takes notices and errors of the filesystem's code; default: standard error, with the stack. */
  readonly report?: Report;
  /** Who listens to the messages where they are not recorded. */
  readonly tap?: TapModule;
  /** Writes every message to a trace file; device mounts only. */
  readonly record?: RecordSettings;
  /** SIGINT, SIGTERM and SIGHUP do not unmount: the program takes care of them itself. Default false. */
  readonly ignoreSignals?: boolean;
  /** Faults between the kernel and the filesystem, and around it; `estale fault` changes them while it is mounted. */
  readonly faults?: FaultPlan;
  /** Hears of every fault that is injected. */
  readonly onFault?: (fault: InjectedFault) => void;
}

/** Bytes of the largest WRITE that Linux sends (FUSE_MAX_MAX_PAGES of 4 KiB). */
const mostWrite = 1024 * 1024;
const initBound = 10_000;
const endBound = 5000;

/**
 * Mounts the filesystem that a module's factory makes on an empty directory. The filesystem lives in a thread of its own, so
 * this thread may use the mount synchronously.
 *
 * @throws MountError that says what to do
 */
export async function mount(
  source: FileSystemModule,
  dir: string,
  settings: MountSettings = {},
): Promise<DeviceMounted> {
  const start: Start = (options, report, faults) => startWorkerServer(source, options, report, interposed(faults));
  return mountServer(start, dir, settings);
}

/**
 * Mounts a filesystem object of this thread. The thread must not use the mount synchronously: the call would wait for an
 * answer that only this thread can give.
 *
 * @throws MountError that says what to do
 */
export async function mountObject(
  filesystem: FileSystem,
  dir: string,
  settings: MountSettings = {},
): Promise<DeviceMounted> {
  const start: Start = (options, report, faults) => {
    const said = (message: unknown): void => faults?.desk.said(message as FaultMessage);
    const between = faults && ((tap: Tap | undefined) => interpose(faults.shared.memory, said, tap));
    return startLocalServer(filesystem, options, report, between);
  };
  return mountServer(start, dir, settings);
}

/**
 * Mounts a foreign daemon on an empty directory: its bytes pass through this process. The source is the caller's to close,
 * after the mount. A request that takes longer than `patience` milliseconds ends the mount; without it, any time is given.
 *
 * @throws MountError that says what to do
 */
export async function mountDaemon(
  source: DaemonSource,
  dir: string,
  settings: MountSettings = {},
  patience?: number,
): Promise<DeviceMounted> {
  const start: Start = ({ tap }, report, faults) => startBridge(source, tap, report, interposed(faults), patience);
  return mountServer(start, dir, settings);
}

/** A plan, and the memory through which it reaches whoever injects. */
interface Faults {
  readonly desk: FaultDesk;
  readonly shared: SharedState;
}

function faultsOf({ faults, onFault }: MountSettings): Faults | undefined {
  if (faults === undefined) return undefined;
  const shared = new SharedState();
  return { shared, desk: new FaultDesk(faults, (state) => shared.write(state), onFault) };
}

/** Where a worker finds what injects the faults. */
function interposed(faults: Faults | undefined): SpeakingInterposer | undefined {
  if (faults === undefined) return undefined;
  const module = compiledModule(new URL('./faults/interpose.ts', import.meta.url).href);
  return {
    module: { module, data: faults.shared.memory },
    said: (message) => faults.desk.said(message as FaultMessage),
  };
}

type Start = (
  options: ServeOptions,
  report: Report,
  faults: Faults | undefined,
) => DeviceServer | Promise<DeviceServer>;

async function mountServer(start: Start, dir: string, settings: MountSettings): Promise<DeviceMounted> {
  const report = settings.report ?? reportToStandardError;
  checkMountOptions(settings);
  checkSystem();
  return onMountPoint(dir, report, (path) => mountPrepared(start, path, settings, report));
}

async function mountPrepared(
  start: Start,
  path: string,
  settings: MountSettings,
  report: Report,
): Promise<DeviceMounted> {
  const faults = faultsOf(settings);
  const recording = startRecorder(settings, report);
  const server = await startServer(start, settings, report, recording, faults).catch(async (error: unknown) => {
    await recording?.discard();
    throw error;
  });
  const watcher = startWatcher(path);
  let entry: MountEntry | undefined;
  try {
    entry = await mountDevice(server, path, settings);
    watcher.mounted(entry);
    const closeSocket = faults && (await openControlSocket(entry, faults.desk));
    const release = (): void => {
      closeSocket?.();
      watcher.release();
    };
    const attached = attach(server, entry, { ...settings, report }, recording, release, faults?.desk);
    return await attached.catch((error: unknown) => {
      closeSocket?.();
      throw error;
    });
  } catch (error) {
    // A mount(8) that failed late may have mounted; nothing was there before.
    const left = entry ?? mountAt(path);
    if (left?.type.startsWith('fuse')) await abort(left);
    await server.stop();
    await recording?.discard();
    watcher.release();
    throw error;
  }
}

/** What the server needs of the settings: data that can travel into a worker. */
function serveOptions({
  report: _,
  fsname: __,
  subtype: ___,
  record: ____,
  ignoreSignals: _____,
  tap: ______,
  faults: _______,
  onFault: ________,
  ...policy
}: MountSettings): ServeOptions {
  return {
    ...policy,
    entryTimeout: policy.entryTimeout ?? 1,
    attributeTimeout: policy.attributeTimeout ?? 1,
    maxWrite: policy.maxWrite ?? mostWrite,
  };
}

function startRecorder(settings: MountSettings, report: Report): Recording | undefined {
  if (settings.record === undefined) return undefined;
  const { file } = settings.record;
  try {
    const now = performance.timeOrigin + performance.now();
    const { allowOther, defaultPermissions, readOnly, maxRead, ...session }: MountOptions = serveOptions(settings);
    const recording = startRecording(settings.record, session, now, settings.faults !== undefined);
    void recording.ended.then((end) => {
      if (end.kind === 'failed')
        report(
          `${file}: recording has stopped, the trace ends early: ${end.error.message}; the mount is not concerned`,
        );
    });
    return recording;
  } catch (error) {
    if (errorCode(error) === 'EEXIST')
      throw new MountError('trace-file', `${file}: there is a file already; choose another name, or force it`);
    throw new MountError('trace-file', `${file}: the trace cannot be written: ${(error as Error).message}`);
  }
}

async function startServer(
  start: Start,
  settings: MountSettings,
  report: Report,
  recording: Recording | undefined,
  faults: Faults | undefined,
): Promise<DeviceServer> {
  try {
    return await start({ ...serveOptions(settings), tap: recording?.tap ?? settings.tap }, report, faults);
  } catch (error) {
    throw new MountError('filesystem-failed', error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function mountDevice(server: DeviceServer, path: string, settings: MountSettings): Promise<MountEntry> {
  const type = `fuse.${settings.subtype ?? 'estale'}`;
  const options = kernelOptions(settings, 3, process.getuid?.() ?? 0, process.getgid?.() ?? 0);
  const source = settings.fsname ?? server.name;
  const result = await runTool('mount', ['-i', '-t', type, '-o', options, '--', source, path], {
    timeout: 10_000,
    descriptor: server.fd,
  });
  const [entry, ...others] = mountsAt(path);
  // Which one is ours nobody can tell: mountinfo does not say whose connection it is.
  if (result.status === 0 && others.length > 0) throw anotherMount(path);
  if (result.status === 0 && entry?.type === type) return entry;
  if (/unknown filesystem type/.test(result.output)) {
    throw new MountError(
      'no-device',
      `the kernel has no FUSE: load the module (modprobe fuse); mount said: ${result.output}`,
    );
  }
  if (/permission denied|superuser/i.test(result.output)) {
    throw new MountError('no-permission', `${needsCapability}; mount said: ${result.output}`);
  }
  throw new MountError('mount-failed', `mount ended with ${result.status}: ${result.output || 'it said nothing'}`);
}

async function attach(
  server: DeviceServer,
  entry: MountEntry,
  { report, ignoreSignals }: MountSettings & { readonly report: Report },
  recording: Recording | undefined,
  release: () => void,
  faults: MountFaults | undefined,
): Promise<DeviceMounted> {
  const closed = deferred<Closed>();
  let unmounting: Promise<Closed> | undefined;

  const unmountOnce = async () => {
    await unmount(entry, report);
    if ((await within(livesOnBound, server.ended)) === 'late' && server.isWaiting()) {
      report(
        `${entry.mountPoint}: still in use, detached or mounted elsewhere too; it is cut off, and who uses it gets ENOTCONN`,
      );
      abortConnection(entry);
    }
    const ended = await within(endBound, server.ended);
    if (ended === 'late') {
      report(
        `${entry.mountPoint}: the filesystem "${server.name}" does not come back from a request; its thread is stopped`,
      );
      await server.stop();
    }
    return closed.promise;
  };
  const mounted = {
    unmount() {
      unmounting ??= unmountOnce();
      return unmounting;
    },
    unmountNow() {
      unmountNow(entry, !server.sharesThread);
      cutOffNow(entry, server.isWaiting);
      recording?.finishNow();
    },
  };
  const forget = unmountAtEnd({
    unmount: async () => void (await mounted.unmount()),
    unmountNow: mounted.unmountNow,
    ignoresSignals: ignoreSignals,
  });

  void server.ended.then(async (error) => {
    const aborted = whereIs(entry) !== 'gone';
    if (aborted) await abort(entry);
    await recording?.finish();
    forget();
    release();
    closed.resolve(error ? { reason: 'failed', error } : { reason: aborted ? 'aborted' : 'unmounted' });
  });

  const negotiated = await within(initBound, server.serve().catch(initFailed));
  if (negotiated === 'late') throw initFailed(new Error(`the kernel's INIT was not answered in ${initBound / 1000} s`));
  return {
    directory: entry.mountPoint,
    filesystem: server.name,
    connection: Number(entry.device.split(':')[1]),
    negotiated,
    closed: closed.promise,
    ...(faults === undefined ? {} : { faults }),
    statistics: () => server.statistics(),
    recorded: recording?.ended,
    unmount: mounted.unmount,
  };
}

function initFailed(error: Error): never {
  throw new MountError('filesystem-failed', error.message, { cause: error });
}

export function reportToStandardError(message: string, error?: Error): void {
  console.error(describeReport(message, error));
}

/** What is printed of a report: the line, and the stack of the error behind it. */
export function describeReport(message: string, error?: Error): string {
  return error === undefined ? `estale: ${message}` : `estale: ${message}\n${error.stack ?? error.message}`;
}
