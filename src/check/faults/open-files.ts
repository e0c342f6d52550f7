import type { Inode } from '../../model/index.ts';
import { type Call, errnoNumbers, SEEK_CUR, SEEK_DATA, SEEK_END, SEEK_HOLE, type SysResult } from '../../vfs/index.ts';
import type { World } from './world.ts';

/** Longer than any file of a program. */
const ANY_SIZE = 2 ** 52;

/** From here on the bytes, the size and the times of a file may be anything; of a directory, the times. */
export function leaveOpen(world: World, inode: Inode): void {
  world.openFiles.add(inode);
  refresh(inode);
}

function refresh(inode: Inode): void {
  inode.content?.mayBeCut();
  for (const stamp of [inode.atime, inode.mtime, inode.ctime]) stamp.forget('fault');
  if (!inode.isRegular) return;
  // As of memory that is not written back yet: where there are holes, nobody can say.
  inode.stored ??= { since: { sec: 0, nsec: 0 }, start: 0, end: Number.POSITIVE_INFINITY };
}

/** Before a call is judged, the files that are open become what its result says of them. */
export function follow(world: World, pid: number, call: Call, result: SysResult): void {
  for (const inode of world.openFiles) refresh(inode);
  if (typeof result === 'object' && 'ino' in result) {
    // Whichever of them it is about: the others' sizes are open as well.
    for (const inode of world.openFiles) inode.size = result.size;
    return;
  }
  switch (call.op) {
    case 'read':
    case 'readv':
    case 'pread':
      followRead(world, pid, call, result);
      return;
    case 'lseek':
      followSeek(world, pid, call, result);
      return;
    case 'copy_file_range': {
      const file = world.model.fileOf(pid, call.fd);
      if (file === undefined || !world.openFiles.has(file.inode) || typeof result !== 'number') return;
      // That source and target overlap, the size decides as well (generic_copy_file_checks, fs/read_write.c).
      file.inode.size =
        (call.offset ?? file.offset) + (result === -errnoNumbers.EINVAL ? call.size : Math.max(0, result));
      return;
    }
    case 'load':
    case 'store':
      for (const inode of world.openFiles) inode.size = result === -errnoNumbers.EFAULT ? 0 : ANY_SIZE;
      if (typeof result !== 'number' && result instanceof Uint8Array && call.op === 'load')
        mapped(world, pid, call, result.length);
      if (typeof result === 'number' && result >= 0 && call.op === 'store') mapped(world, pid, call, result);
  }
}

/** How much of a mapping there is, the size says, in whole pages. */
function mapped(world: World, pid: number, { map, offset }: { map: number; offset: number }, length: number): void {
  const mapping = world.model.mappingOf(pid, map);
  if (mapping === undefined || !world.openFiles.has(mapping.file.inode)) return;
  mapping.file.inode.size = mapping.offset + offset + length;
}

type ReadCall = Extract<Call, { op: 'read' | 'readv' | 'pread' }>;

function followRead(world: World, pid: number, call: ReadCall, result: SysResult): void {
  const file = world.model.fileOf(pid, call.fd);
  if (file === undefined || !world.openFiles.has(file.inode) || !(result instanceof Uint8Array)) return;
  const size = call.op === 'readv' ? call.sizes.reduce((sum, part) => sum + part, 0) : call.size;
  const end = (call.op === 'pread' ? call.offset : file.offset) + result.length;
  file.inode.size = result.length < size ? end : Math.max(file.inode.size, end);
}

function followSeek(world: World, pid: number, call: Extract<Call, { op: 'lseek' }>, result: SysResult): void {
  const file = world.model.fileOf(pid, call.fd);
  if (file === undefined || !world.openFiles.has(file.inode) || typeof result !== 'number') return;
  const { inode } = file;
  switch (call.whence) {
    // An append went to the end, wherever that was.
    case SEEK_CUR:
      file.offset = result >= 0 ? result - call.offset : Math.max(0, -call.offset - 1);
      return;
    case SEEK_END:
      inode.size = result >= 0 ? result - call.offset : 0;
      return;
    case SEEK_DATA:
    case SEEK_HOLE:
      inode.size = result >= 0 ? Math.max(result, call.offset + 1) : 0;
  }
}
