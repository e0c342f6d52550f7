import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { compiledModule, type FileSystemModule, type Report } from '../../fuse/device/index.ts';
import { unmountAtEnd } from '../endings.ts';
import { MountError } from '../error.ts';
import { openControlSocket } from '../faults/control-socket.ts';
import { FaultDesk } from '../faults/mount-faults.ts';
import { type Closed, type Mounted, type MountSettings, reportToStandardError } from '../mount.ts';
import { onMountPoint } from '../mount-point.ts';
import { isStillMounted, type MountEntry, mountAt } from '../mount-table.ts';
import { checkMountOptions } from '../options.ts';
import { abort, unmount, unmountNow } from '../unmount.ts';
import { startWatcher } from '../watcher.ts';
import type { HostMessage, HostOrder, HostTask } from './messages.ts';

const MOUNT_BOUND = 20_000;
const END_BOUND = 5000;

/** Exit code or signal. */
type Exit = number | NodeJS.Signals | null;

/**
 * Mounts through fuse-native (libfuse 2), in a process of its own; what gets lost on that way stands in docs/libfuse.md and
 * is reported once.
 *
 * @throws MountError that says what to do
 */
export async function mountLibfuse(
  source: FileSystemModule,
  dir: string,
  settings: MountSettings = {},
): Promise<Mounted> {
  const report = settings.report ?? reportToStandardError;
  checkMountOptions(settings);
  if (settings.record !== undefined)
    throw new MountError(
      'bad-option',
      'recording: expected the channel device, given libfuse, which does not show messages',
    );
  return onMountPoint(dir, report, (directory) => mountPrepared(source, directory, settings, report));
}

async function mountPrepared(
  source: FileSystemModule,
  directory: string,
  settings: MountSettings,
  report: Report,
): Promise<Mounted> {
  report(
    'channel libfuse: no callers’ ids, nanoseconds, rename flags, holes, fallocate, copy_file_range, locks at the filesystem; see docs/libfuse.md',
  );
  const watcher = startWatcher(directory);
  const child = fork(fileURLToPath(compiledModule(new URL('./host.ts', import.meta.url).href)), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  try {
    let tell = (_: HostOrder): void => {};
    const desk = settings.faults && new FaultDesk(settings.faults, (faults) => tell({ faults }), settings.onFault);
    const options = libfuseOptions(settings);
    const task: HostTask = { source, directory, options, maxWrite: settings.maxWrite, faults: desk?.state };
    const name = await mounted(child, task, exited, report, desk);
    tell = (order) => child.connected && child.send(order);
    const entry = mountAt(directory);
    if (entry === undefined)
      throw new MountError('mount-failed', `${directory}: libfuse says that it mounted, but nothing is there`);
    watcher.mounted(entry);
    const closeSocket = desk && (await openControlSocket(entry, desk));
    const release = (): void => {
      closeSocket?.();
      watcher.release();
    };
    return { ...attach(child, entry, name, exited, report, release), ...(desk && { faults: desk }) };
  } catch (error) {
    child.kill('SIGKILL');
    await exited;
    const left = mountAt(directory);
    if (left?.type.startsWith('fuse')) await abort(left);
    watcher.release();
    throw error;
  }
}

/** Everything in one string: fuse-native puts it behind `fsname=`, and libfuse splits it at the commas. */
function libfuseOptions(settings: MountSettings): string {
  const words = [
    (settings.fsname ?? 'estale').replace(/[\\,]/g, '\\$&'),
    `subtype=${settings.subtype ?? 'estale'}`,
    'nosuid',
    'nodev',
    'big_writes',
  ];
  if (settings.defaultPermissions ?? true) words.push('default_permissions');
  if (settings.allowOther) words.push('allow_other');
  if (settings.readOnly) words.push('ro');
  if (settings.directIo) words.push('direct_io');
  words.push(`entry_timeout=${settings.entryTimeout ?? 1}`, `attr_timeout=${settings.attributeTimeout ?? 1}`);
  words.push(`negative_timeout=${settings.negativeTimeout ?? 0}`);
  if (settings.maxRead !== undefined) words.push(`max_read=${settings.maxRead}`);
  if (settings.maxWrite !== undefined) words.push(`max_write=${settings.maxWrite}`);
  return words.join(',');
}

/** Waits until the mount answers; gives the filesystem's name. */
async function mounted(
  child: ChildProcess,
  task: HostTask,
  exited: Promise<Exit>,
  report: Report,
  desk: FaultDesk | undefined,
): Promise<string> {
  return await new Promise<string>((resolve, reject) => {
    const fail = (message: string) => reject(new MountError('mount-failed', `channel libfuse: ${message}`));
    const timer = setTimeout(() => fail(`the kernel's INIT was not answered in ${MOUNT_BOUND / 1000} s`), MOUNT_BOUND);
    child.on('message', (message: HostMessage) => {
      switch (message.kind) {
        case 'mounted':
          return resolve(message.name);
        case 'failed':
          return reject(new MountError('filesystem-failed', message.message));
        case 'faults':
          return desk?.said(message.message);
        case 'report':
          return report(
            message.message,
            message.stack === undefined
              ? undefined
              : Object.assign(new Error(message.message), { stack: message.stack }),
          );
      }
    });
    void exited.then((code) => fail(`its process ended with ${code}`));
    child.once('error', (error) => fail(error.message));
    child.send(task, (error) => error && fail(error.message));
    void exited.finally(() => clearTimeout(timer));
    child.on('message', (message: HostMessage) => message.kind === 'mounted' && clearTimeout(timer));
  });
}

function attach(
  child: ChildProcess,
  entry: MountEntry,
  filesystem: string,
  exited: Promise<Exit>,
  report: Report,
  release: () => void,
): Mounted {
  let unmounting: Promise<Closed> | undefined;
  const end = async (): Promise<Closed> => {
    await unmount(entry, report);
    const kill = setTimeout(() => child.kill('SIGKILL'), END_BOUND);
    return closed.finally(() => clearTimeout(kill));
  };
  const forget = unmountAtEnd({
    unmount: async () => void (await mount.unmount()),
    unmountNow: () => unmountNow(entry, true),
  });
  const closed = ending(entry, exited).finally(() => {
    forget();
    release();
  });
  const mount: Mounted = {
    directory: entry.mountPoint,
    filesystem,
    connection: Number(entry.device.split(':')[1]),
    closed,
    unmount() {
      unmounting ??= end();
      return unmounting;
    },
  };
  return mount;
}

async function ending(entry: MountEntry, exited: Promise<Exit>): Promise<Closed> {
  const code = await exited;
  const left = isStillMounted(entry);
  if (left) await abort(entry);
  if (code === 0) return { reason: left ? 'aborted' : 'unmounted' };
  return { reason: 'failed', error: new Error(`the filesystem's process ended with ${code}`) };
}
