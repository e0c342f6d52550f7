import type { SimKernel } from '../../sim/index.ts';
import {
  type Call,
  type DirectoryEntry,
  type Kernel,
  O_DIRECTORY,
  O_RDONLY,
  root,
  type SysResult,
} from '../../vfs/index.ts';

/** A process of root that programs do not have. */
const JANITOR = 1_000_000;
const BUFFER = 32_768;
/** Listings that do not come to an end are given up. */
const LISTINGS = 1000;

/** Removes what is in a filesystem, and gives the root directory to root with mode 0755; false where something is left. */
export async function emptyTree(kernel: Kernel): Promise<boolean> {
  kernel.spawn(JANITOR, root);
  const janitor = new Janitor(kernel);
  await janitor.empty('/');
  await janitor.call({ op: 'chown', path: '/', uid: 0, gid: 0 });
  await janitor.call({ op: 'chmod', path: '/', mode: 0o755 });
  const xattrs = await janitor.call({ op: 'listxattr', path: '/', size: 65_536 });
  if (Array.isArray(xattrs))
    for (const name of xattrs as readonly string[]) await janitor.call({ op: 'removexattr', path: '/', name });
  return await janitor.isDone();
}

/** Whether nothing is in a filesystem, as far as it can be listed. */
export async function isEmptyTree(kernel: Kernel): Promise<boolean> {
  kernel.spawn(JANITOR, root);
  return await new Janitor(kernel).isDone();
}

/** Ends the processes of a kernel, empties its filesystem and drops its caches; false where something is left. */
export async function startOver(kernel: Kernel & Pick<SimKernel, 'dropCaches'>, pids: Set<number>): Promise<boolean> {
  for (const pid of pids) await kernel.call(pid, { op: 'exit', status: 0 });
  pids.clear();
  const empty = await emptyTree(kernel);
  await kernel.dropCaches();
  return empty;
}

class Janitor {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  async call(call: Call): Promise<SysResult> {
    return await this.#kernel.call(JANITOR, call);
  }

  async empty(path: string): Promise<void> {
    for (const name of (await this.names(path)) ?? []) {
      const child = path === '/' ? `/${name}` : `${path}/${name}`;
      if ((await this.call({ op: 'unlink', path: child })) === 0) continue;
      await this.empty(child);
      await this.call({ op: 'rmdir', path: child });
    }
  }

  /** Goes; false where something is left, or cannot be listed. */
  async isDone(): Promise<boolean> {
    const left = await this.names('/');
    await this.call({ op: 'exit', status: 0 });
    return left?.length === 0;
  }

  /** Undefined where it cannot be listed. */
  async names(path: string): Promise<readonly string[] | undefined> {
    const fd = await this.call({ op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0 });
    if (typeof fd !== 'number' || fd < 0) return undefined;
    const names: string[] = [];
    let isListed = false;
    for (let i = 0; i < LISTINGS && !isListed; i++) {
      const entries = await this.call({ op: 'getdents', fd, size: BUFFER });
      if (!Array.isArray(entries)) break;
      isListed = entries.length === 0;
      for (const { name } of entries as readonly DirectoryEntry[]) if (name !== '.' && name !== '..') names.push(name);
    }
    await this.call({ op: 'close', fd });
    return isListed ? names : undefined;
  }
}
