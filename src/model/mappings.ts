import {
  type CallOf,
  dataBytes,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  PROT_EXEC,
  PROT_WRITE,
} from '../vfs/index.ts';
import { releaseFile } from './descriptors.ts';
import { Mapping, PAGE, pageEnd } from './mapping.ts';
import type { OpenFile, Process } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongData, wrongValue } from './verdict.ts';

/** TASK_SIZE of x86-64. */
const ADDRESS_SPACE = 2 ** 47;
/** Beyond, memory of one's own may be more than there is. */
const MEMORY = 2 ** 30;
const OFFSET_MAX = 2 ** 63;

/** ksys_mmap_pgoff and do_mmap (mm/mmap.c). Both flags are MAP_SHARED_VALIDATE: shared, and no unknown flags. */
export function mmap(s: State, call: CallOf<'mmap'>): Verdict {
  const { offset, size, protection, flags } = call;
  if (offset % PAGE !== 0) return s.fails(E.EINVAL);
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  if (size === 0) return s.fails(E.EINVAL);
  if (size < 0 || size > ADDRESS_SPACE) return s.failsWith(E.ENOMEM, E.EOVERFLOW);
  // file_mmap_ok; other files may lie anywhere.
  if (offset < 0 || offset + size > OFFSET_MAX)
    if (file.inode.isRegular || s.isError(E.EOVERFLOW)) return s.fails(E.EOVERFLOW);
  const isShared = (flags & MAP_SHARED) !== 0;
  if (flags === 0 || (flags & ~(MAP_SHARED | MAP_PRIVATE)) !== 0) return s.fails(E.EINVAL);
  if (!file.readable || (isShared && (protection & PROT_WRITE) !== 0 && !file.writable)) return s.fails(E.EACCES);
  // path_noexec
  if ((protection & PROT_EXEC) !== 0 && s.isError(E.EPERM)) return undefined;
  if (!file.inode.isRegular) return s.fails(E.ENODEV);
  if (isShared && s.options.sharedMappings === 'refused') return s.fails(E.ENODEV);
  if (size > MEMORY && s.isError(E.ENOMEM)) return undefined;
  if (s.failed) return s.succeeds();
  return give(s, file, call, isShared);
}

function give(s: State, file: OpenFile, call: CallOf<'mmap'>, isShared: boolean): Verdict {
  const { mappings } = s.process;
  let number = call.into ?? 0;
  if (call.into === undefined) while (mappings.has(number)) number++;
  if (s.result !== number) return wrongValue('mapping', 'wrong', number, String(s.result));
  const mapping = new Mapping(file, call.offset, pageEnd(call.size), call.protection, isShared);
  unmap(s, s.process, number);
  mappings.set(number, mapping);
  s.accessed(file.inode);
  return undefined;
}

/** Takes a mapping away, if there is one: what was stored through it is written back, by the end of the call or after it. */
export function unmap(s: State, process: Process, number: number, writtenBack: 'now' | 'later' = 'now'): void {
  const mapping = process.mappings.get(number);
  if (mapping === undefined) return;
  process.mappings.delete(number);
  const { file, isShared, isWritable, content } = mapping;
  if (isShared && isWritable) {
    if (writtenBack === 'now') s.wroteBack(file.inode);
    else s.mayHaveWrittenBack(file.inode);
  }
  content.unwatch(mapping);
  releaseFile(file);
}

export function munmap(s: State, call: CallOf<'munmap'>): Verdict {
  if (!s.process.mappings.has(call.map)) return s.fails(E.EINVAL);
  if (s.failed) return s.succeeds();
  unmap(s, s.process, call.map);
  return undefined;
}

/** mm/msync.c. */
export function msync(s: State, call: CallOf<'msync'>): Verdict {
  const { offset, size, flags } = call;
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0 || offset % PAGE !== 0) return s.fails(E.EINVAL);
  if ((flags & MS_ASYNC) !== 0 && (flags & MS_SYNC) !== 0) return s.fails(E.EINVAL);
  const mapping = s.process.mappings.get(call.map);
  if (mapping === undefined) return s.fails(E.ENOMEM);
  if (size === 0) return s.succeeds();
  if (offset < 0 || size < 0 || offset + size > mapping.length) return s.fails(E.ENOMEM);
  if (s.failed) return s.succeeds();
  const { inode } = mapping.file;
  const { stored } = inode;
  const start = mapping.offset + offset;
  const all = stored !== undefined && start <= stored.start && stored.end <= start + pageEnd(size);
  if (mapping.isShared && (flags & MS_SYNC) !== 0 && all) s.wroteBack(inode);
  return undefined;
}

/** How many bytes from `offset` on there is memory for: up to the end of the mapping and of the page with the file's last byte. */
function available(mapping: Mapping, offset: number, size: number): number {
  const end = Math.min(mapping.length, pageEnd(mapping.file.inode.size) - mapping.offset);
  return Math.max(0, Math.min(size, end - offset));
}

export function load(s: State, call: CallOf<'load'>): Verdict {
  const mapping = s.process.mappings.get(call.map);
  if (mapping === undefined || call.offset < 0) return s.fails(E.EFAULT);
  const { result } = s;
  const count = mapping.isReadable ? available(mapping, call.offset, call.size) : 0;
  if (count === 0 && call.size > 0) return s.fails(E.EFAULT);
  if (s.failed) return s.succeeds();
  if (!(result instanceof Uint8Array)) return wrongValue('result', 'malformed', 'bytes', typeof result);
  if (result.length !== count)
    return wrongValue('length', result.length < count ? 'too short' : 'too long', count, result.length);
  if (count === 0) return undefined;
  s.accessed(mapping.file.inode);
  const start = mapping.offset + call.offset;
  const wrong = mapping.difference(start, result);
  return wrong && wrongData(wrong.expected, result[wrong.at - start], wrong.at, wrong.cause);
}

export function store(s: State, call: CallOf<'store'>): Verdict {
  const mapping = s.process.mappings.get(call.map);
  if (mapping === undefined || call.offset < 0) return s.fails(E.EFAULT);
  const bytes = dataBytes(call.data);
  const count = mapping.isWritable ? available(mapping, call.offset, bytes.length) : 0;
  if (count === 0 && bytes.length > 0) return s.fails(E.EFAULT);
  if (s.failed) return s.succeeds();
  if (s.result !== count) return wrongValue('count', 'wrong', count, String(s.result));
  if (count === 0) return undefined;
  const at = mapping.offset + call.offset;
  const stored = bytes.subarray(0, count);
  if (mapping.isShared) storeShared(s, mapping, at, stored);
  else mapping.storePrivately(at, stored);
  s.accessed(mapping.file.inode);
  return undefined;
}

/** What lies behind the end of the file is in its last page, for whoever has it mapped, as long as the page is in memory. */
function storeShared(s: State, { file, content }: Mapping, at: number, bytes: Uint8Array): void {
  const { inode } = file;
  const end = at + bytes.length;
  const inFile = Math.max(0, Math.min(end, inode.size) - at);
  content.write(at, bytes.subarray(0, inFile), s.op);
  content.forget(at + inFile, end);
  inode.stored ??= { since: s.before, start: at, end };
  inode.stored.start = Math.min(inode.stored.start, at);
  inode.stored.end = Math.max(inode.stored.end, end);
  inode.cause = s.op;
}
