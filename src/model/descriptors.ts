import type { CallOf } from '../vfs/index.ts';
import { releaseLocks } from './locks.ts';
import { OPEN_MAX, type OpenFile, type Process } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';

/** Whether a number cannot be a descriptor (RLIMIT_NOFILE). */
export function descriptorRefused(into: number | undefined): boolean {
  return into !== undefined && (into < 0 || into >= OPEN_MAX);
}

/** The lowest free descriptor from 3 on. */
function lowestFree(process: Process): number {
  let fd = 3;
  while (process.files[fd] !== undefined) fd++;
  return fd;
}

/** Installs an open file under `into`, or the lowest free number, and judges the number that came back. */
export function giveDescriptor(s: State, file: OpenFile, into: number | undefined): Verdict {
  const fd = into ?? lowestFree(s.process);
  if (s.result !== fd) return wrongValue('descriptor', 'wrong', fd, String(s.result));
  file.references++;
  if (into !== undefined) closeDescriptor(s.process, into);
  s.process.files[fd] = file;
  return undefined;
}

/** filp_close: POSIX locks of the process on the file go with any descriptor of it. */
export function closeDescriptor(process: Process, fd: number): void {
  const file = process.files[fd];
  if (file === undefined) return;
  process.files[fd] = undefined;
  const { inode } = file;
  if (!file.isPath && inode.locks !== undefined) releaseLocks(inode, process.pid);
  releaseFile(file);
}

/** __fput: a descriptor or mapping let go of an open file; the last one ends it, and its flock(2). */
export function releaseFile(file: OpenFile): void {
  if (--file.references > 0) return;
  const { inode } = file;
  inode.opens--;
  if (file.flock !== undefined) inode.flocks = inode.flocks?.filter((other) => other !== file);
  if (file.stream !== undefined) inode.streams = inode.streams?.filter((other) => other !== file);
}

export function close(s: State, call: CallOf<'close'>): Verdict {
  if (s.descriptor(call.fd) === undefined) return s.fails(E.EBADF);
  if (s.failed) return s.succeeds();
  closeDescriptor(s.process, call.fd);
  return undefined;
}

export function dup(s: State, call: CallOf<'dup'>): Verdict {
  return duplicate(s, call.fd, call.into);
}

export function dup2(s: State, call: CallOf<'dup2'>): Verdict {
  return duplicate(s, call.fd, call.newFd);
}

/** Onto itself it does nothing: neither is the descriptor closed, nor are locks released. */
function duplicate(s: State, fd: number, into: number | undefined): Verdict {
  const file = s.descriptor(fd);
  if (file === undefined || descriptorRefused(into)) return s.fails(E.EBADF);
  if (s.failed) return s.succeeds();
  if (fd !== into) return giveDescriptor(s, file, into);
  return s.result === fd ? undefined : wrongValue('descriptor', 'wrong', fd, String(s.result));
}
