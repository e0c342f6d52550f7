import { existsSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type MountEntry, whereIs } from './mount-table.ts';
import { runTool, runToolNow } from './tool.ts';

/** How long a busy mount is waited for, milliseconds. */
const busyBound = 2000;
const toolBound = 10_000;
/** Milliseconds after which a connection that outlives its mount is cut off. */
export const livesOnBound = 1000;

/** Unmounts while the daemon still serves; a mount that stays busy is reported, cut off from its daemon and detached. */
export async function unmount(entry: MountEntry, notice: (line: string) => void): Promise<void> {
  const place = entry.mountPoint;
  let last = '';
  for (let waited = 0; waited < busyBound && whereIs(entry) === 'on top'; waited += 100) {
    const result = await runTool('umount', plain(place), { timeout: toolBound });
    if (result.status === 0) return;
    last = result.output;
    if (!/busy/.test(last)) break;
    await delay(100);
  }
  const where = whereIs(entry);
  if (where === 'gone') return;
  if (where === 'covered') {
    notice(
      `${place}: another filesystem is mounted over it; it ends, and its dead mount stays below (umount ${place}, twice)`,
    );
  } else {
    const why = /busy/.test(last) ? `busy (a process works in it: see fuser -vm ${place})` : last;
    notice(`${place}: ${why}; it is detached, and who still uses it gets ENOTCONN`);
  }
  await abort(entry);
}

/**
 * Unmounts without the event loop, for a process that is exiting. `served` says that another thread still answers: then the
 * kernel may ask for what an orderly unmount needs.
 */
export function unmountNow(entry: MountEntry, served: boolean): void {
  const where = whereIs(entry);
  if (where === 'on top') {
    if (served && runToolNow('umount', plain(entry.mountPoint), toolBound).status === 0) return;
    runToolNow('umount', forced(entry.mountPoint), toolBound);
  } else if (where === 'covered') {
    abortConnection(entry);
  }
}

/** Ends the connection, so that nobody waits for it, and detaches the mount if it can be reached. */
export async function abort(entry: MountEntry): Promise<void> {
  const where = whereIs(entry);
  if (where === 'on top') {
    await runTool('umount', forced(entry.mountPoint), { timeout: toolBound });
  } else if (where === 'covered') {
    abortConnection(entry);
  }
}

const connections = '/sys/fs/fuse/connections';

/**
 * What is unmounted lives on where it is mounted elsewhere too (mount --bind), or was detached with files in use (umount -l).
 * Its thread would wait for ever: it is cut off.
 */
export function cutOffNow(entry: MountEntry, isWaiting: () => boolean): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let waited = 0; waited < livesOnBound && isWaiting(); waited += 20) Atomics.wait(pause, 0, 0, 20);
  if (isWaiting()) abortConnection(entry);
}

/**
 * Aborts through the control filesystem (Documentation/filesystems/fuse.rst), which is mounted for it if need be. The
 * connection must be known to live: its number is soon another's.
 */
export function abortConnection(entry: MountEntry): void {
  const file = `${connections}/${entry.device.split(':')[1]}/abort`;
  const mounted = existsSync(file);
  if (!mounted) runToolNow('mount', ['-i', '-t', 'fusectl', 'fusectl', connections], toolBound);
  try {
    writeFileSync(file, '1');
  } catch {
    // The connection has ended by itself.
  }
  if (!mounted) runToolNow('umount', plain(connections), toolBound);
}

// Without -c umount(8) asks the filesystem what it is (statfs), and hangs with a daemon that does not answer.
function plain(place: string): string[] {
  return ['-i', '-c', '--', place];
}

// MNT_FORCE aborts the connection (fuse_umount_begin) where /sys/fs/fuse/connections need not be mounted; MNT_DETACH follows.
function forced(place: string): string[] {
  return ['-i', '-c', '-f', '-l', '--', place];
}
