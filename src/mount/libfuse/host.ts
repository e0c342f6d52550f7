// The process of a libfuse mount: fuse-native answers on its main thread, so nobody else may need that thread.
import { makeFileSystem } from '../../fuse/device/index.ts';
import { Injector } from '../faults/injector.ts';
import { isStillMounted, type MountEntry, mountAt } from '../mount-table.ts';
import { unmount } from '../unmount.ts';
import { hostKernel } from './kernel.ts';
import { loadFuseNative } from './load.ts';
import type { HostMessage, HostOrder, HostTask } from './messages.ts';
import { pathOperations } from './operations.ts';
import { repairUtimens } from './utimens.ts';
import { repairXattrSizes } from './xattr-sizes.ts';

/** Milliseconds between two looks at the mount table. */
const POLL_INTERVAL = 100;

const say = (message: HostMessage) => process.connected && process.send?.(message);
const report = (message: string, error?: unknown) =>
  say({ kind: 'report', message, stack: error instanceof Error ? error.stack : undefined });

process.once('message', (task: HostTask) => {
  serve(task).catch((error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    process.send?.({ kind: 'failed', message } satisfies HostMessage, () => process.exit(1));
  });
});

// The parent unmounts; signals from the terminal are the parent's to handle.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});

async function serve({ source, directory, options, maxWrite, faults }: HostTask): Promise<void> {
  const Fuse = loadFuseNative();
  const injector = faults && new Injector(faults, false, (message) => say({ kind: 'faults', message }));
  if (injector) process.on('message', (order: HostOrder) => injector.change(order.faults));
  const made = await makeFileSystem(source, report, injector && ((environment) => injector.environment(environment)));
  const filesystem = injector?.filesystem(made, false, { kernel: injector.kernel }) ?? made;
  const run = hostKernel(filesystem, { maxWrite, report });
  // The options ride in behind the name: fuse-native drops those that it does not know, and timeouts of 0.
  const operations = pathOperations(run);
  const fuse = new Fuse(directory, operations, { timeout: false, fsname: options });
  repairUtimens(fuse, report);
  repairXattrSizes(fuse, operations);
  await new Promise<void>((resolve, reject) => fuse.mount((error) => (error ? reject(error) : resolve())));
  const entry = mountAt(directory);
  if (entry === undefined) throw new Error(`${directory}: libfuse says that it mounted, but nothing is there`);
  exitWhenUnmounted(entry, () => {
    filesystem.destroy?.();
    injector?.close();
  });
  process.once('disconnect', () => void unmount(entry, () => {}));
  say({ kind: 'mounted', name: filesystem.name });
}

/** libfuse's thread ends by itself after an unmount, but tells nobody. */
function exitWhenUnmounted(entry: MountEntry, destroy: () => void): void {
  setInterval(() => {
    if (isStillMounted(entry)) return;
    destroy();
    // What was said is sent before the channel closes.
    process.disconnect?.();
    process.exit(0);
  }, POLL_INTERVAL);
}
