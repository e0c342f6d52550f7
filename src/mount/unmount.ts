import { setTimeout as delay } from 'node:timers/promises';
import { isStillMounted, type MountEntry } from './mount-table.ts';
import { runTool, runToolNow } from './tool.ts';

/** How long a busy mount is waited for, milliseconds. */
const busyBound = 2000;
const toolBound = 10_000;

/** Unmounts while the daemon still serves; a mount that stays busy is reported, cut off from its daemon and detached. */
export async function unmount(entry: MountEntry, notice: (line: string) => void): Promise<void> {
  const place = entry.mountPoint;
  let last = '';
  for (let waited = 0; waited < busyBound; waited += 100) {
    if (!isStillMounted(entry)) return;
    const result = await runTool('umount', plain(place), { timeout: toolBound });
    if (result.status === 0) return;
    last = result.output;
    if (!/busy/.test(last)) break;
    await delay(100);
  }
  if (!isStillMounted(entry)) return;
  const why = /busy/.test(last) ? `busy (a process works in it: see fuser -vm ${place})` : last;
  notice(`${place}: ${why}; it is detached, and who still uses it gets ENOTCONN`);
  await runTool('umount', forced(place), { timeout: toolBound });
}

/**
 * Unmounts without the event loop, for a process that is exiting. `served` says that another thread still answers: then the
 * kernel may ask for what an orderly unmount needs.
 */
export function unmountNow(entry: MountEntry, served: boolean): void {
  if (!isStillMounted(entry)) return;
  if (served && runToolNow('umount', plain(entry.mountPoint), toolBound).status === 0) return;
  abortNow(entry);
}

/** Ends the connection, so that nobody waits for it, and detaches the mount. */
export async function abort(entry: MountEntry): Promise<void> {
  if (isStillMounted(entry)) await runTool('umount', forced(entry.mountPoint), { timeout: toolBound });
}

function abortNow(entry: MountEntry): void {
  if (isStillMounted(entry)) runToolNow('umount', forced(entry.mountPoint), toolBound);
}

// Without -c umount(8) asks the filesystem what it is (statfs), and hangs with a daemon that does not answer.
function plain(place: string): string[] {
  return ['-i', '-c', '--', place];
}

// MNT_FORCE aborts the connection (fuse_umount_begin) where /sys/fs/fuse/connections need not be mounted; MNT_DETACH follows.
function forced(place: string): string[] {
  return ['-i', '-c', '-f', '-l', '--', place];
}
