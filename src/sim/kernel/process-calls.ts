import { type CallOf, errnoNumbers as E, isDirectory } from '../../vfs/index.ts';
import { dPut } from './dcache.ts';
import { closeFile, installFile } from './file-table.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { inheritMaps, unmapAll } from './mmap.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_DIRECTORY, LOOKUP_FOLLOW } from './nameidata.ts';
import { type Operation, type Soon, settled } from './operation.ts';
import { MAY_CHDIR, MAY_EXEC, permission } from './permission.ts';
import { OPEN_MAX, Process } from './process.ts';

/**
 * Signals that do not end a process: SIGCHLD, SIGCONT, SIGURG and SIGWINCH, which are ignored (signal(7)), and those that
 * stop one, which nobody would continue here.
 */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 19, 20, 21, 22, 23, 28]);
const LAST_SIGNAL = 64;

export function close(fc: FuseConnection, p: Process, call: CallOf<'close'>): Soon<number> {
  const file = p.file(call.fd);
  if (file === undefined) return -E.EBADF;
  p.files[call.fd] = undefined;
  return closeFile(fc, p, file);
}

export function dup(fc: FuseConnection, p: Process, call: CallOf<'dup'>): Soon<number> {
  const file = p.file(call.fd);
  if (file === undefined) return -E.EBADF;
  if (call.into === call.fd) return call.fd;
  file.count += 1;
  return installFile(fc, p, file, call.into);
}

export function dup2(fc: FuseConnection, p: Process, call: CallOf<'dup2'>): Soon<number> {
  const file = p.file(call.fd);
  const { newFd } = call;
  if (file === undefined || !(newFd >= 0 && newFd < OPEN_MAX)) return -E.EBADF;
  if (newFd === call.fd) return newFd;
  file.count += 1;
  return installFile(fc, p, file, newFd);
}

export function* chdir(fc: FuseConnection, p: Process, call: CallOf<'chdir'>): Operation<number> {
  let error = yield* settled(pathLookup(fc, p, p.nd, undefined, call.path, LOOKUP_FOLLOW | LOOKUP_DIRECTORY));
  if (error === 0) error = yield* settled(permission(fc, p, inodeOf(p.nd), MAY_EXEC | MAY_CHDIR));
  if (error === 0 && p.nd.dentry !== null) p.setCwd(p.nd.dentry);
  return error;
}

export function* fchdir(fc: FuseConnection, p: Process, call: CallOf<'fchdir'>): Operation<number> {
  const file = p.file(call.fd);
  if (file === undefined) return -E.EBADF;
  if (!isDirectory(file.inode.mode)) return -E.ENOTDIR;
  const error = yield* settled(permission(fc, p, file.inode, MAY_EXEC | MAY_CHDIR));
  if (error === 0) p.setCwd(file.dentry);
  return error;
}

export function umask(_fc: FuseConnection, p: Process, call: CallOf<'umask'>): number {
  const old = p.umask;
  p.shared.umask = call.mask & 0o777;
  return old;
}

/** copy_process (kernel/fork.c): the open files, with their positions, are shared. */
export function fork(fc: FuseConnection, p: Process, call: CallOf<'fork'>): number {
  if (fc.processes.has(call.child)) return -E.EAGAIN;
  const child = Process.spawn(fc, call.child, p.credentials, p.umask, p.cwd);
  for (const [fd, file] of p.files.entries()) {
    if (file !== undefined) file.count += 1;
    child.files[fd] = file;
  }
  inheritMaps(p, child);
  child.handles.push(...p.handles);
  fc.processes.set(call.child, child);
  return call.child;
}

/** do_exit (kernel/exit.c): with the last thread every descriptor is closed, lowest first. */
export function* exit(fc: FuseConnection, p: Process): Operation<number> {
  p.shared.users -= 1;
  if (p.shared.users === 0) {
    yield* unmapAll(fc, p);
    for (let fd = 0; fd < p.files.length; fd++) {
      const file = p.files[fd];
      if (file === undefined) continue;
      p.files[fd] = undefined;
      yield* settled(closeFile(fc, p, file));
    }
    dPut(fc, p.cwd);
  }
  fc.processes.delete(p.pid);
  p.request.giveBack();
  return 0;
}

/** kill(2). The processes have no handlers: every signal that does not leave them alone ends them, with all threads. */
export function kill(fc: FuseConnection, p: Process, call: CallOf<'kill'>): number {
  const { pid, signal } = call;
  const target = fc.processes.get(pid);
  if (target === undefined) return -E.ESRCH;
  if (!Number.isInteger(signal) || signal < 0 || signal > LAST_SIGNAL) return -E.EINVAL;
  if (!p.capable && p.credentials.uid !== target.credentials.uid) return -E.EPERM;
  if (signal === 0 || HARMLESS.has(signal)) return 0;
  for (const task of [...fc.processes.values()]) if (task.shared === target.shared) fc.endProcess(task);
  return 0;
}
