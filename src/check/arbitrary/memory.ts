import { AT_EMPTY_PATH, type Call } from '../../vfs/index.ts';
import type { Making } from './making.ts';
import * as numbers from './numbers.ts';

export function mmap(m: Making): Call {
  const { draw } = m;
  const flags = draw.of(m.has('mmap-shared') ? numbers.mapFlags : numbers.privateMapFlags);
  return {
    op: 'mmap',
    fd: m.fd('file'),
    offset: draw.of(numbers.mapOffsets),
    size: draw.chance(1) ? 2 ** 52 : draw.of(numbers.mapSizes),
    protection: draw.of(numbers.protections),
    flags,
    into: m.intoMapping(),
  };
}

export function msync(m: Making): Call {
  const { draw } = m;
  const offset = draw.chance(80) ? 0 : draw.of([4096, 8192, 100, -4096]);
  return { op: 'msync', map: m.mapping(), offset, size: draw.of(numbers.mapSizes), flags: draw.of(numbers.msyncFlags) };
}

/** Most often near the beginning, where small files have something. */
const offset = (m: Making): number => (m.draw.chance(60) ? m.draw.of(numbers.mappedOffsets) : m.offset());

export function load(m: Making): Call {
  return { op: 'load', map: m.mapping(), offset: offset(m), size: m.count() };
}

export function store(m: Making): Call {
  return { op: 'store', map: m.mapping(), offset: offset(m), data: m.data() };
}

export function nameToHandle(m: Making): Call {
  const { draw } = m;
  const flags = draw.of(numbers.handleFlags);
  const isDirectory = draw.chance(25);
  const path = isDirectory ? m.someDirectory() : m.someFile();
  const into = m.intoHandle(isDirectory ? 'directory' : 'file');
  if (draw.chance(10) && m.has('directory-descriptors'))
    return { op: 'name_to_handle_at', path: '', flags: flags | AT_EMPTY_PATH, dirfd: m.anyFd(), into };
  return m.at({ op: 'name_to_handle_at', path, flags, into });
}

export function openByHandle(m: Making): Call {
  const { draw } = m;
  const isDirectory = m.hasHandle('directory') && (!m.hasHandle('file') || draw.chance(25));
  if (isDirectory && m.has('directory-descriptors')) {
    const flags = draw.of(numbers.directoryFlags);
    return { op: 'open_by_handle_at', handle: m.handle('directory'), flags, into: m.into('directory') };
  }
  const flags = m.has('write') ? draw.of(numbers.handleOpenFlags) : 0;
  return { op: 'open_by_handle_at', handle: m.handle('file'), flags, into: m.into('file') };
}
