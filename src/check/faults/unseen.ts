import type { InjectedFault } from '../../fault/index.ts';
import type { CallClock, Inode, Model, Verdict } from '../../model/index.ts';
import {
  type Call,
  type CallOf,
  dataBytes,
  O_CREAT,
  O_TMPFILE_BIT,
  O_TRUNC,
  type SyscallName,
  type SysResult,
} from '../../vfs/index.ts';
import { leaveOpen } from './open-files.ts';
import type { Deed, World } from './world.ts';

/** A descriptor that no program uses: of a file that was opened, and nobody was told. */
const SPARE = 1000;
/** Set-user-id and set-group-id. */
const PRIVILEGES = 0o6000;

/** Calls that change nothing but what one request of theirs does: all of it or nothing. */
const whole: ReadonlySet<SyscallName> = new Set([
  'mkdir',
  'rmdir',
  'unlink',
  'rename',
  'link',
  'symlink',
  'mknod',
  'truncate',
  'ftruncate',
  'fallocate',
  'chmod',
  'fchmod',
  'chown',
  'lchown',
  'fchown',
  'utimensat',
  'futimens',
  'setxattr',
  'lsetxattr',
  'fsetxattr',
  'removexattr',
  'lremovexattr',
  'fremovexattr',
  'setlk',
  'flock',
]);

const writing: ReadonlySet<SyscallName> = new Set([
  'write',
  'pwrite',
  'writev',
  'fallocate',
  'copy_file_range',
  'ftruncate',
]);

/**
 * The call took place, though its result is an error: what it would have given is made up. The verdict says whether it could
 * have taken place at all.
 */
export function tookPlace(pid: number, call: Call, clock: CallClock): Deed | undefined {
  if (whole.has(call.op)) return ({ model }) => model.step(pid, call, 0, clock);
  if (!opensAnew(call)) return undefined;
  return ({ model }) =>
    model.step(pid, { ...call, into: SPARE }, SPARE, clock) ?? model.step(pid, { op: 'close', fd: SPARE }, 0, clock);
}

/** A file is made, or cut, by one request; whether it may be opened is asked by others, which may fail (do_open, fs/namei.c). */
export const opensAnew = (call: Call): call is CallOf<'creat'> | CallOf<'open'> | CallOf<'open_by_handle_at'> =>
  call.op === 'creat' ||
  (call.op === 'open' && (call.flags & (O_CREAT | O_TRUNC | O_TMPFILE_BIT)) !== 0) ||
  (call.op === 'open_by_handle_at' && (call.flags & O_TRUNC) !== 0);

/** The open file that a call writes to. */
function writtenBy(model: Model, pid: number, call: Call): ReturnType<Model['fileOf']> {
  if (!writing.has(call.op) || !('fd' in call)) return undefined;
  return model.fileOf(pid, 'fdOut' in call ? call.fdOut : call.fd);
}

/** The call failed and nothing came of it, but for what is gone by then. */
export function failed(pid: number, call: Call, clock: CallClock): Deed {
  return (world): Verdict => {
    const { model } = world;
    // close(2) gives its error when the descriptor is free already (filp_flush, fs/open.c).
    if (call.op === 'close') return model.step(pid, call, 0, clock);
    const file = writtenBy(model, pid, call);
    if (file === undefined) return undefined;
    // Its pages have the data by then, and whoever maps them may see it or write it back.
    if (model.mapsMemory) leaveOpen(world, file.inode);
    mayLosePrivileges(file.inode, clock);
    // With write-back the times change before the data do (file_update_time).
    file.inode.mtime.mayTouch(clock.before, clock.after, clock.slack, 'fault');
    return undefined;
  };
}

/** Before it writes, the kernel takes the privileges away, by a request of its own (file_remove_privs). */
export function mayLosePrivileges(inode: Inode, { before, after, slack }: CallClock): void {
  inode.openBits |= inode.mode & PRIVILEGES;
  inode.mode &= ~PRIVILEGES;
  inode.ctime.mayTouch(before, after, slack, 'fault');
}

/** Of privileges that the kernel was not told of it takes none away (should_remove_suid looks at what it knows). */
export const keepingPrivileges =
  (pid: number, call: Call): Deed =>
  ({ model }) => {
    const inode = writtenBy(model, pid, call)?.inode;
    if (inode !== undefined) inode.openBits |= inode.mode & PRIVILEGES;
    return undefined;
  };

/** A call that wrote less than it was asked to, or nothing: the request for more of it took the privileges away all the same. */
export const losingPrivileges =
  (pid: number, call: Call, clock: CallClock): Deed =>
  ({ model }) => {
    const file = writtenBy(model, pid, call);
    if (file !== undefined) mayLosePrivileges(file.inode, clock);
    return undefined;
  };

/** Bytes of a request that the filesystem may have written, and nobody was told: as many of them as it took. */
export function mayHaveWritten(
  inode: Inode,
  { offset = 0, length = 0 }: InjectedFault,
  grown: boolean,
  clock: CallClock,
): void {
  const end = offset + length;
  if (grown) inode.size = Math.max(inode.size, end);
  inode.content?.forget(offset, end);
  inode.mtime.mayTouch(clock.before, clock.after, clock.slack, 'fault');
  mayLosePrivileges(inode, clock);
}

/** The call as it would have been made for as much as was read or written; undefined where that is not less. */
export function shorter(call: Call, result: SysResult): Call | undefined {
  switch (call.op) {
    case 'read':
    case 'pread':
    case 'load':
      return result instanceof Uint8Array && result.length < call.size ? { ...call, size: result.length } : undefined;
    case 'readv':
      return result instanceof Uint8Array ? { ...call, sizes: [result.length] } : undefined;
    case 'write':
    case 'pwrite':
    case 'store':
      if (typeof result !== 'number' || result < 0 || result >= call.data.length) return undefined;
      return { ...call, data: dataBytes(call.data).subarray(0, result) };
    case 'writev': {
      const bytes = Buffer.concat(call.datas.map(dataBytes));
      if (typeof result !== 'number' || result < 0 || result >= bytes.length) return undefined;
      return { ...call, datas: [bytes.subarray(0, result)] };
    }
    // By reads and writes, of which the first may write nothing.
    case 'copy_file_range':
      return result === 0 ? { ...call, size: 0 } : undefined;
    default:
      return undefined;
  }
}

/** The file at a path from the root on, as it was when the link learnt it; no symbolic link is followed. */
function inodeAt({ model }: World, path: string): Inode | undefined {
  let inode: Inode | undefined = model.root;
  for (const name of path.split('/')) if (name !== '') inode = inode?.entries?.get(name);
  return inode;
}

/**
 * The files that a fault may have been about. Its path is the last that was known, and more than one number can lead to a
 * file: all that fit, count.
 */
export function filesOf(world: World, { path, node }: InjectedFault, pid: number, call: Call): ReadonlySet<Inode> {
  const found = new Set<Inode>();
  const named = path === undefined ? undefined : inodeAt(world, path);
  if (named?.isRegular) found.add(named);
  const { model } = world;
  for (const key of ['fd', 'fdOut'] as const) {
    const fd = (call as Partial<Record<typeof key, number>>)[key];
    const inode = fd === undefined ? undefined : model.inodeOf(pid, fd);
    if (inode?.isRegular) found.add(inode);
  }
  const mapped = 'map' in call ? model.mappingOf(pid, call.map)?.file.inode : undefined;
  if (mapped !== undefined) found.add(mapped);
  // A name that a file without one had last may be another's by now.
  for (const { inode } of model.descriptors())
    if (inode.isRegular && (inode.ino === node || inode.nlink === 0)) found.add(inode);
  return found;
}

/** Every file that a fault may have been about, is open from here on. */
export function leaveFilesOpen(world: World, fault: InjectedFault, pid: number, call: Call): void {
  const named = fault.path === undefined ? undefined : inodeAt(world, fault.path);
  if (named !== undefined) leaveOpen(world, named);
  for (const inode of filesOf(world, fault, pid, call)) leaveOpen(world, inode);
}
