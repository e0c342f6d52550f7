import { readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { MountError } from './error.ts';
import { type MountEntry, mountAt } from './mount-table.ts';
import { checkPlatform } from './system.ts';
import { runTool } from './tool.ts';

/** Mount points at which this process is about to mount. */
const underWay = new Set<string>();

export const anotherMount = (path: string): MountError =>
  new MountError('already-mounted', `${path}: another filesystem is being mounted there; choose another directory`);

/**
 * Prepares a mount point and mounts on it, one filesystem at a time.
 *
 * @throws MountError that says what to do
 */
export async function onMountPoint<T>(
  dir: string,
  notice: (line: string) => void,
  mount: (path: string) => Promise<T>,
): Promise<T> {
  const path = await prepareMountPoint(dir, notice);
  if (underWay.has(path)) throw anotherMount(path);
  underWay.add(path);
  try {
    return await mount(path);
  } finally {
    underWay.delete(path);
  }
}

/**
 * Makes sure that a filesystem can be mounted on `dir`: an empty directory with nothing mounted on it. A FUSE mount whose
 * daemon is gone (ENOTCONN) is taken away first, with a line to `notice`. Gives the resolved path.
 *
 * @throws MountError that says what to do
 */
export async function prepareMountPoint(dir: string, notice: (line: string) => void): Promise<string> {
  checkPlatform();
  const place = placeOf(dir);
  for (let mounted = mountAt(place); mounted !== undefined; mounted = mountAt(place)) {
    if (!(await isDeadFuseMount(mounted))) {
      throw new MountError(
        'already-mounted',
        `${dir}: "${mounted.source}" (${mounted.type}) is mounted there; unmount it first: umount ${place}`,
      );
    }
    const result = await runTool('umount', ['-i', '-l', '--', place], { timeout: 10_000 });
    if (result.status !== 0) {
      throw new MountError(
        'already-mounted',
        `${dir}: a dead mount ("${mounted.source}", its daemon is gone) is there and "umount -l ${place}" failed: ${result.output}`,
      );
    }
    notice(`${dir}: removed a dead mount ("${mounted.source}", its daemon is gone)`);
  }

  const path = realpath(place, dir);
  if (path !== place) return prepareMountPoint(path, notice);
  if (!statOf(path, dir).isDirectory()) {
    throw new MountError('not-a-directory', `${dir}: not a directory; a filesystem is mounted on an empty directory`);
  }
  const entries = entriesOf(path, dir);
  if (entries.length > 0) {
    const some = entries.slice(0, 3).join(', ') + (entries.length > 3 ? ', ...' : '');
    throw new MountError('not-empty', `${dir}: not empty (${some}); choose an empty directory, or empty this one`);
  }
  return path;
}

/** The absolute path, resolved up to but not including the last component, which may be a mount that does not answer. */
function placeOf(dir: string): string {
  const path = resolve(dir);
  return path === '/' ? path : join(realpath(dirname(path), dir), basename(path));
}

/** Whether the daemon of a FUSE mount is gone. statfs always asks the daemon; a mount that does not answer is not dead. */
async function isDeadFuseMount(entry: MountEntry): Promise<boolean> {
  if (!/^fuse(blk)?(\.|$)/.test(entry.type)) return false;
  const { output } = await runTool('stat', ['-f', '--', entry.mountPoint], { timeout: 2000 });
  return /not connected|connection abort/i.test(output);
}

function realpath(path: string, dir: string): string {
  return reading(dir, () => realpathSync(path));
}

function statOf(path: string, dir: string): Stats {
  return reading(dir, () => statSync(path));
}

function entriesOf(path: string, dir: string): string[] {
  return reading(dir, () => readdirSync(path));
}

function reading<T>(dir: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const message = error instanceof Error ? error.message : String(error);
    if (code === 'ENOENT') {
      throw new MountError('missing-directory', `${dir}: no such directory; make it first: mkdir -p ${dir}`);
    }
    if (code === 'ENOTDIR') throw new MountError('not-a-directory', `${dir}: not a directory`);
    throw new MountError('no-permission', `${dir}: cannot be read (${message})`, { cause: error });
  }
}
