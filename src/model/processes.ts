import type { CallOf } from '../vfs/index.ts';
import { closeDescriptor } from './descriptors.ts';
import type { Inode } from './inode.ts';
import { unmap } from './mappings.ts';
import { MAY_EXEC, permitted } from './permission.ts';
import type { Process } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';
import { walk } from './walk.ts';

export function chdir(s: State, call: CallOf<'chdir'>): Verdict {
  const error = walk(s, undefined, call.path, true);
  if (error !== 0) return s.fails(error);
  return enter(s, s.found as Inode);
}

export function fchdir(s: State, call: CallOf<'fchdir'>): Verdict {
  const file = s.descriptor(call.fd);
  return file === undefined ? s.fails(E.EBADF) : enter(s, file.inode);
}

function enter(s: State, dir: Inode): Verdict {
  if (!dir.isDirectory) return s.fails(E.ENOTDIR);
  if (!permitted(s.process, dir, MAY_EXEC)) return s.fails(E.EACCES);
  if (s.failed) return s.succeeds();
  s.process.cwd = dir;
  return undefined;
}

export function umask(s: State, call: CallOf<'umask'>): Verdict {
  if (s.failed) return s.succeeds();
  const old = s.process.umask;
  if (s.result !== old) return wrongValue('mask', 'wrong', `0${old.toString(8)}`, String(s.result));
  s.process.umask = call.mask & 0o777;
  return undefined;
}

/** The child shares the open files and has mappings of its own of them; POSIX locks stay with the parent. */
export function fork(s: State, call: CallOf<'fork'>): Verdict {
  const { process, processes } = s;
  if (processes.has(call.child)) return undefined;
  if (s.failed) return s.succeeds();
  if (s.result !== call.child) return wrongValue('pid', 'wrong', call.child, String(s.result));
  s.spawn(call.child, process.uid, process.gid, process.groups, process.umask);
  const child = processes.get(call.child) as Process;
  child.cwd = process.cwd;
  process.files.forEach((file, fd) => {
    if (file === undefined) return;
    file.references++;
    child.files[fd] = file;
  });
  for (const [number, mapping] of process.mappings) {
    child.mappings.set(number, mapping.fork());
    // Where fork(2) is imitated it is an mmap (HostKernel).
    s.accessed(mapping.file.inode);
  }
  for (const [number, inode] of process.handles) child.handles.set(number, inode);
  return undefined;
}

function end(s: State, process: Process, writtenBack: 'now' | 'later'): void {
  for (const number of process.mappings.keys()) unmap(s, process, number, writtenBack);
  for (let fd = 0; fd < process.files.length; fd++) closeDescriptor(process, fd);
  process.alive = false;
}

export function exit(s: State): Verdict {
  if (s.failed) return s.succeeds();
  end(s, s.process, 'now');
  return undefined;
}

const SIGNAL_MAX = 64;
/** SIGCHLD, SIGCONT, SIGURG, SIGWINCH: ignored unless a process asks. */
const ignored = new Set([17, 18, 23, 28]);

export function kill(s: State, call: CallOf<'kill'>): Verdict {
  if (call.signal < 0 || call.signal > SIGNAL_MAX) return s.failsWith(E.EINVAL, E.ESRCH);
  const target = s.processes.get(call.pid);
  if (target === undefined) return s.fails(E.ESRCH);
  // A process that ended is there until somebody waits for it.
  if (!target.alive) return s.failed ? s.failsWith(E.ESRCH, E.EPERM) : undefined;
  if (s.process.uid !== 0 && s.process.uid !== target.uid) return s.fails(E.EPERM);
  if (s.failed) return s.succeeds();
  // kill(2) does not wait for the process to be gone.
  if (call.signal !== 0 && !ignored.has(call.signal)) end(s, target, 'later');
  return undefined;
}

/** The greatest that /proc/sys/vm/drop_caches takes everywhere. */
const CACHES_MAX = 4;

/** drop_caches_sysctl_handler (fs/drop_caches.c): nothing of it is to be seen. */
export function dropCaches(s: State, call: CallOf<'drop_caches'>): Verdict {
  if (s.process.uid !== 0) return s.fails(E.EACCES);
  if (call.caches > CACHES_MAX && s.isError(E.EINVAL)) return undefined;
  return call.caches < 1 ? s.fails(E.EINVAL) : s.succeeds();
}
