import {
  type Call,
  type Data,
  dataBytes,
  errnoName,
  type Kernel,
  MAP_PRIVATE,
  MAP_SHARED,
  O_CREAT,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  POSIX_FADV_NORMAL,
  PROT_READ,
  PROT_WRITE,
  S_IFIFO,
  type Stat,
  type SysResult,
} from '../vfs/index.ts';
import { KernelFailure } from './kernel-failure.ts';
import { type Capability, capabilities, type Without } from './profile.ts';
import type { Target } from './target.ts';

/** A capability that a target was found not to have. */
export interface Missing {
  readonly capability: Capability;
  /** What was tried, and what came of it. */
  readonly reason: string;
}

/** Calls that must succeed, the last with a value that satisfies; each capability starts from `/f`, a file of 3 bytes. */
interface Probe {
  readonly calls: readonly Call[];
  readonly shows?: (result: SysResult) => boolean;
}

const OTHER = 1000;
const fd = 3;
const stat: Call = { op: 'stat', path: '/f' };
const openFile: Call = { op: 'open', path: '/f', flags: O_RDWR, mode: 0, into: fd };
const openRoot: Call = { op: 'open', path: '/', flags: O_RDONLY | O_DIRECTORY, mode: 0, into: fd };
const isStat = (result: SysResult): result is Stat => typeof result === 'object' && 'ino' in result;
const statShows = (test: (stat: Stat) => boolean) => (result: SysResult) => isStat(result) && test(result);
const isBytes = (expected: Data) => (result: SysResult) =>
  result instanceof Uint8Array && Buffer.compare(result, dataBytes(expected)) === 0;
const lock = { fd, whence: 0, start: 0, size: 1 } as const;

const probes: Readonly<Record<Capability, Probe>> = {
  write: { calls: [openFile, { op: 'pwrite', fd, data: { seed: 0, length: 1 }, offset: 0 }] },
  directories: { calls: [{ op: 'mkdir', path: '/d', mode: 0o755 }] },
  renames: { calls: [{ op: 'rename', path: '/f', newPath: '/g', flags: 0 }] },
  links: { calls: [{ op: 'link', path: '/f', newPath: '/g', flags: 0 }, stat], shows: statShows((s) => s.nlink === 2) },
  symlinks: {
    calls: [
      { op: 'symlink', target: 'f', path: '/s' },
      { op: 'readlink', path: '/s' },
    ],
    shows: (target) => target === 'f',
  },
  special: { calls: [{ op: 'mknod', path: '/p', mode: S_IFIFO | 0o644, rdev: 0 }] },
  tmpfile: { calls: [{ op: 'open', path: '/', flags: O_TMPFILE | O_RDWR, mode: 0o644, into: fd }] },
  'rename-flags': { calls: [{ op: 'rename', path: '/f', newPath: '/g', flags: 1 }] },
  xattrs: {
    calls: [
      { op: 'setxattr', path: '/f', name: 'user.a', value: { seed: 0, length: 1 }, flags: 0 },
      { op: 'getxattr', path: '/f', name: 'user.a', size: 16 },
    ],
  },
  locks: { calls: [openFile, { op: 'setlk', ...lock, type: 'write', wait: false }] },
  flock: { calls: [openFile, { op: 'flock', fd, operation: 6 }] },
  fallocate: { calls: [openFile, { op: 'fallocate', fd, mode: 0, offset: 0, size: 8 }] },
  'punch-hole': { calls: [openFile, { op: 'fallocate', fd, mode: 3, offset: 0, size: 1 }] },
  'seek-hole': { calls: [openFile, { op: 'lseek', fd, offset: 0, whence: 4 }], shows: (at) => at === 3 },
  'copy-range': { calls: [openFile, { op: 'copy_file_range', fd, fdOut: fd, size: 1, offset: 0, offsetOut: 1 }] },
  ownership: {
    calls: [{ op: 'chown', path: '/f', uid: OTHER, gid: OTHER }, stat],
    shows: statShows((s) => s.uid === OTHER && s.gid === OTHER),
  },
  permissions: { calls: [] },
  modes: {
    calls: [{ op: 'chmod', path: '/f', mode: 0o640 }, stat],
    shows: statShows((s) => (s.mode & 0o7777) === 0o640),
  },
  umask: {
    calls: [
      { op: 'umask', mask: 0o077 },
      { op: 'open', path: '/u', flags: O_RDWR | O_CREAT, mode: 0o666, into: fd },
      { op: 'fstat', fd },
    ],
    shows: statShows((s) => (s.mode & 0o777) === 0o600),
  },
  times: {
    calls: [{ op: 'utimensat', path: '/f', atime: { sec: 5, nsec: 0 }, mtime: { sec: 7, nsec: 0 }, flags: 0 }, stat],
    shows: statShows((s) => s.mtime.sec === 7),
  },
  processes: { calls: [{ op: 'fork', child: 2 }] },
  'directory-descriptors': {
    calls: [
      openRoot,
      { op: 'stat', path: 'f', dirfd: fd },
      { op: 'lseek', fd, offset: 0, whence: 0 },
      { op: 'fsync', fd },
    ],
  },
  'working-directory': {
    calls: [
      { op: 'chdir', path: '/' },
      { op: 'stat', path: 'f' },
    ],
  },
  statfs: { calls: [{ op: 'statfs', path: '/' }] },
  mmap: {
    calls: [
      openFile,
      { op: 'mmap', fd, offset: 0, size: 3, protection: PROT_READ | PROT_WRITE, flags: MAP_PRIVATE, into: 0 },
      { op: 'store', map: 0, offset: 0, data: { seed: 7, length: 1 } },
      { op: 'load', map: 0, offset: 1, size: 2 },
    ],
    shows: isBytes({ seed: 1, length: 2 }),
  },
  'mmap-shared': {
    calls: [
      openFile,
      { op: 'mmap', fd, offset: 0, size: 3, protection: PROT_READ | PROT_WRITE, flags: MAP_SHARED, into: 0 },
      { op: 'store', map: 0, offset: 0, data: { seed: 7, length: 1 } },
      { op: 'pread', fd, size: 1, offset: 0 },
    ],
    shows: isBytes({ seed: 7, length: 1 }),
  },
  fadvise: { calls: [openFile, { op: 'posix_fadvise', fd, offset: 0, size: 0, advice: POSIX_FADV_NORMAL }] },
  'drop-caches': { calls: [{ op: 'drop_caches', caches: 3 }] },
  handles: {
    calls: [
      { op: 'name_to_handle_at', path: '/f', flags: 0, into: 0 },
      { op: 'drop_caches', caches: 2 },
      { op: 'open_by_handle_at', handle: 0, flags: O_RDONLY, into: fd },
      { op: 'pread', fd, size: 1, offset: 0 },
    ],
    shows: isBytes({ seed: 0, length: 1 }),
  },
};

/** Finds out by small programs, each on a fresh filesystem, which capabilities a target does not have, and why. */
export async function probe(target: Target): Promise<readonly Missing[]> {
  const missing: Missing[] = [];
  for (const capability of Object.keys(capabilities) as Capability[]) {
    const reason = await probeOne(target, capability);
    if (reason !== undefined) missing.push({ capability, reason });
  }
  return missing;
}

/** Why a target does not have a capability; undefined where it does. */
export async function probeOne(target: Target, capability: Capability): Promise<string | undefined> {
  if (target.without.has(capability)) return 'declared';
  return onFresh(target, (kernel) =>
    capability === 'permissions' ? triesToTrespass(kernel) : tries(kernel, probes[capability], target.without),
  );
}

async function onFresh(
  target: Target,
  use: (kernel: Kernel) => Promise<string | undefined>,
): Promise<string | undefined> {
  const kernel = await target.start();
  try {
    kernel.spawn(1, { uid: 0, gid: 0, groups: [] }, 0);
    const made = await kernel.call(1, { op: 'open', path: '/f', flags: O_RDWR | O_CREAT, mode: 0o600, into: fd });
    if (made === fd) {
      await kernel.call(1, { op: 'write', fd, data: { seed: 0, length: 3 } });
      await kernel.call(1, { op: 'close', fd });
    }
    return await use(kernel);
  } catch (error) {
    // What ends the filesystem is for the programs to find.
    if (error instanceof KernelFailure) return undefined;
    throw error;
  } finally {
    await kernel.close();
  }
}

/** Caches are dropped only where it is nobody else's matter. */
async function tries(kernel: Kernel, { calls, shows }: Probe, without: Without): Promise<string | undefined> {
  let result: SysResult = 0;
  let last = '';
  for (const call of calls) {
    if (call.op === 'drop_caches' && without.has('drop-caches')) continue;
    result = await kernel.call(1, call);
    last = call.op;
    if (typeof result === 'number' && result < 0) return `${call.op} gave ${errnoName(-result)}`;
  }
  return shows === undefined || shows(result) ? undefined : `${last} afterwards does not show it`;
}

/** Another user must not read a file that is only its owner's. */
async function triesToTrespass(kernel: Kernel): Promise<string | undefined> {
  try {
    kernel.spawn(2, { uid: OTHER, gid: OTHER, groups: [] }, 0);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  const result = await kernel.call(2, { op: 'open', path: '/f', flags: O_RDONLY, mode: 0 });
  return result === -13 ? undefined : 'a user could open the file of another with mode 0600';
}
