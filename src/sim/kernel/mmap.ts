import { FOPEN_DIRECT_IO } from '../../fuse/protocol/index.ts';
import {
  type CallOf,
  dataBytes,
  errnoNumbers as E,
  isRegular,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  PROT_EXEC,
  PROT_READ,
  PROT_WRITE,
} from '../../vfs/index.ts';
import { type File, FMODE_READ, FMODE_WRITE } from './file.ts';
import { fput } from './file-table.ts';
import { fsyncFile } from './fsync.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { readFolio } from './fuse-read.ts';
import { type Operation, settled } from './operation.ts';
import { addPage, mappingOf, PAGE_SIZE, type Page, setDirty, setMappingError, waitOnPage } from './page-cache.ts';
import type { Process } from './process.ts';
import { openFileOf } from './read-write.ts';
import { doPageCacheRa, pageCacheAsyncRa, readaheadState } from './readahead.ts';
import { invalidateInodePages2 } from './truncate.ts';
import { linkWriteFile, markDirty, updateTime, writeInodeNow } from './writeback.ts';

const MAP_TYPE = 0xf;
const MAP_SHARED_VALIDATE = 3;
const TASK_SIZE = 2 ** 47;
/** MMAP_LOTSAMISS. */
const LOTS_OF_MISSES = 100;
/** Pages that one read fault maps around it where they are cached (fault_around_bytes). */
const FAULT_AROUND = 16;

/** struct vm_area_struct: memory of a process that shows a file. */
export interface VmArea {
  readonly file: File;
  /** vm_pgoff: the first page of the file. */
  readonly first: number;
  /** Bytes, whole pages. */
  readonly size: number;
  readonly protection: number;
  /** MAP_SHARED, of a file that is open for writing: VM_SHARED. */
  readonly shared: boolean;
  /** Pages that a private mapping has of its own, by their number in the file. */
  readonly copies: Map<number, Uint8Array>;
  /** Whether fuse_file_vm_ops serve it; they write the file back when it is unmapped. */
  readonly fuse: boolean;
}

/** do_mmap (mm/mmap.c), fuse_file_mmap (fs/fuse/file.c). */
export function* mmap(fc: FuseConnection, p: Process, call: CallOf<'mmap'>): Operation<number> {
  const { fd, offset, size, protection, flags } = call;
  if (offset % PAGE_SIZE !== 0) return -E.EINVAL;
  const file = openFileOf(p, fd);
  if (file === undefined) return -E.EBADF;
  if (size <= 0) return size < 0 ? -E.ENOMEM : -E.EINVAL;
  const length = Math.ceil(size / PAGE_SIZE) * PAGE_SIZE;
  if (length > TASK_SIZE) return -E.ENOMEM;
  if (offset < 0 || offset + length >= 2 ** 63) return -E.EOVERFLOW;
  const type = flags & MAP_TYPE;
  const isShared = type === MAP_SHARED || type === MAP_SHARED_VALIDATE;
  if (!isShared && type !== MAP_PRIVATE) return -E.EINVAL;
  const writable = (file.mode & FMODE_WRITE) !== 0;
  if (isShared && (protection & PROT_WRITE) !== 0 && !writable) return -E.EACCES;
  if ((file.mode & FMODE_READ) === 0) return -E.EACCES;
  const { inode } = file;
  if (!isRegular(inode.mode)) return -E.ENODEV;
  const direct = (file.openFlags & FOPEN_DIRECT_IO) !== 0;
  if (direct) {
    if (isShared && !fc.directIoAllowMmap) return -E.ENODEV;
    invalidateInodePages2(fc, inode);
  }
  const shared = isShared && writable;
  if (shared) linkWriteFile(file);
  const area = {
    file,
    first: offset / PAGE_SIZE,
    size: length,
    protection,
    shared,
    copies: new Map<number, Uint8Array>(),
    fuse: !direct || isShared,
  };
  const { into } = call;
  let map = into;
  if (map === undefined) {
    map = 0;
    while (p.maps[map] !== undefined) map += 1;
  } else if (!Number.isInteger(map) || map < 0) return -E.EINVAL;
  const old = p.maps[map];
  addArea(p, map, area);
  if (old !== undefined) yield* unmapArea(fc, p, old);
  return map;
}

function addArea(p: Process, map: number, area: VmArea): void {
  area.file.count += 1;
  mappingOf(area.file.inode).areas.add(area);
  p.maps[map] = area;
}

/** remove_vma, fuse_vma_close: dirty pages are written now, there may be no open file for it later. */
function* unmapArea(fc: FuseConnection, p: Process, area: VmArea): Operation<void> {
  const mapping = mappingOf(area.file.inode);
  mapping.areas.delete(area);
  for (const page of mapping.pages.values()) {
    page.writableBy?.delete(area);
    if (page.mappedBy?.delete(area) && page.mappedBy.size === 0) page.mappedBy = null;
  }
  if (area.fuse) setMappingError(mapping, yield* settled(writeInodeNow(fc, p, area.file.inode)));
  fput(fc, area.file);
}

export function* munmap(fc: FuseConnection, p: Process, call: CallOf<'munmap'>): Operation<number> {
  const area = p.maps[call.map];
  if (area === undefined) return -E.EINVAL;
  p.maps[call.map] = undefined;
  yield* unmapArea(fc, p, area);
  return 0;
}

/** exit_mmap: every mapping goes, before descriptors are closed. */
export function* unmapAll(fc: FuseConnection, p: Process): Operation<void> {
  for (const area of p.maps.splice(0)) if (area !== undefined) yield* unmapArea(fc, p, area);
}

/** dup_mmap: a child sees the same files, and what was private is its own from now on. */
export function inheritMaps(p: Process, child: Process): void {
  for (const [map, area] of p.maps.entries()) {
    if (area === undefined) continue;
    const copies = new Map([...area.copies].map(([index, data]) => [index, data.slice()]));
    addArea(child, map, { ...area, copies });
  }
}

/** msync(2). */
export function* msync(fc: FuseConnection, p: Process, call: CallOf<'msync'>): Operation<number> {
  const { map, offset, size, flags } = call;
  const area = p.maps[map];
  if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) !== 0) return -E.EINVAL;
  if (offset % PAGE_SIZE !== 0 || (flags & (MS_ASYNC | MS_SYNC)) === (MS_ASYNC | MS_SYNC)) return -E.EINVAL;
  if (area === undefined || size < 0) return -E.ENOMEM;
  if (size === 0) return 0;
  if (offset < 0) return -E.ENOMEM;
  const end = Math.ceil((offset + size) / PAGE_SIZE) * PAGE_SIZE;
  if (offset >= area.size) return -E.ENOMEM;
  let error = 0;
  if ((flags & MS_SYNC) !== 0 && area.shared) {
    const first = area.first + offset / PAGE_SIZE;
    error = yield* fsyncFile(fc, p, area.file, true, first, area.first + Math.min(end, area.size) / PAGE_SIZE - 1);
  }
  return error !== 0 ? error : end > area.size ? -E.ENOMEM : 0;
}

/** filemap_map_pages: cached pages around a read fault are mapped too, so that they need no fault. */
function faultAround(area: VmArea, index: number): Page | undefined {
  const mapping = mappingOf(area.file.inode);
  const start = Math.max(area.first, index - (index % FAULT_AROUND));
  const end = Math.min(area.first + area.size / PAGE_SIZE, index - (index % FAULT_AROUND) + FAULT_AROUND);
  const behind = Math.ceil(area.file.inode.size / PAGE_SIZE);
  for (let i = start; i < Math.min(end, behind); i++) {
    const page = mapping.pages.get(i);
    if (page?.uptodate && !page.readahead && !page.locked) mapPage(page, area);
  }
  const page = mapping.pages.get(index);
  return page?.mappedBy?.has(area) ? page : undefined;
}

function mapPage(page: Page, area: VmArea): void {
  page.mappedBy ??= new Set();
  page.mappedBy.add(area);
}

/** do_sync_mmap_readahead: a window around the page. */
function* readAround(fc: FuseConnection, p: Process, file: File, index: number): Operation<void> {
  const ra = readaheadState(file);
  if (ra.pages === 0) return;
  if (ra.mmapMisses < LOTS_OF_MISSES * 10) ra.mmapMisses += 1;
  if (ra.mmapMisses > LOTS_OF_MISSES) return;
  ra.start = Math.max(0, index - (ra.pages >>> 1));
  ra.size = ra.pages;
  ra.asyncSize = ra.pages >>> 2;
  yield* doPageCacheRa(fc, p, file, ra.start, ra.size, ra.asyncSize);
}

/** filemap_fault (mm/filemap.c): the page, up to date; EFAULT stands for SIGBUS. */
function* filemapFault(fc: FuseConnection, p: Process, area: VmArea, index: number): Operation<Page | number> {
  const { file } = area;
  const { inode } = file;
  const mapping = mappingOf(inode);
  const ra = readaheadState(file);
  let first = true;
  for (;;) {
    if (index >= Math.ceil(inode.size / PAGE_SIZE) || p.fatalSignal) return -E.EFAULT;
    let page = mapping.pages.get(index);
    if (first) {
      first = false;
      if (page !== undefined) {
        if (ra.mmapMisses > 0) ra.mmapMisses -= 1;
        if (page.readahead) yield* pageCacheAsyncRa(fc, p, file, page, ra.pages);
      } else yield* readAround(fc, p, file, index);
      page = mapping.pages.get(index);
    }
    if (page === undefined) page = addPage(mapping, index);
    else if (page.locked) {
      yield* waitOnPage(p, page);
      continue;
    } else if (page.uptodate) {
      mapPage(page, area);
      return page;
    } else page.locked = true;
    if ((yield* readFolio(fc, p, file, page)) !== 0) return -E.EFAULT;
  }
}

/** do_read_fault; a page that is mapped needs none. */
function* pageToRead(fc: FuseConnection, p: Process, area: VmArea, index: number): Operation<Page | number> {
  const page = mappingOf(area.file.inode).pages.get(index);
  if (page?.mappedBy?.has(area)) return page;
  return faultAround(area, index) ?? (yield* filemapFault(fc, p, area, index));
}

/** do_shared_fault, do_wp_page, fuse_page_mkwrite: the page, dirty and writable. */
function* pageToWrite(fc: FuseConnection, p: Process, area: VmArea, index: number): Operation<Page | number> {
  const { inode } = area.file;
  const mapping = mappingOf(inode);
  for (;;) {
    const known = mapping.pages.get(index);
    if (known?.writableBy?.has(area)) return known;
    const page = known?.mappedBy?.has(area) ? known : yield* filemapFault(fc, p, area, index);
    if (typeof page === 'number') return page;
    updateTime(fc, inode);
    while (page.locked || page.writeback) yield* waitOnPage(p, page);
    if (page.mapping !== mapping || !page.mappedBy?.has(area)) continue;
    setDirty(page);
    markDirty(fc, mapping);
    page.writableBy ??= new Set();
    page.writableBy.add(area);
    return page;
  }
}

/** do_cow_fault: a private page of its own. */
function* ownPage(fc: FuseConnection, p: Process, area: VmArea, index: number): Operation<Uint8Array | number> {
  const own = area.copies.get(index);
  if (own !== undefined) return own;
  const page = yield* filemapFault(fc, p, area, index);
  if (typeof page === 'number') return page;
  const copy = page.data.slice();
  area.copies.set(index, copy);
  return copy;
}

/** The processor reads memory. */
export function* load(fc: FuseConnection, p: Process, call: CallOf<'load'>): Operation<Uint8Array | number> {
  const area = p.maps[call.map];
  const { offset, size } = call;
  if (area === undefined || offset < 0 || size < 0) return -E.EFAULT;
  const end = Math.min(offset + size, area.size);
  const into = new Uint8Array(Math.max(0, end - offset));
  if ((area.protection & (PROT_READ | PROT_WRITE | PROT_EXEC)) === 0) return size === 0 ? into : -E.EFAULT;
  let at = offset;
  while (at < end) {
    const index = area.first + Math.floor(at / PAGE_SIZE);
    const within = at % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - within, end - at);
    const own = area.copies.get(index);
    const page = own ?? (yield* pageToRead(fc, p, area, index));
    if (typeof page === 'number') break;
    const data = page instanceof Uint8Array ? page : page.data;
    into.set(data.subarray(within, within + count), at - offset);
    at += count;
  }
  if (at === offset && size > 0) return -E.EFAULT;
  return at === end ? into : into.subarray(0, at - offset);
}

/** The processor writes memory. */
export function* store(fc: FuseConnection, p: Process, call: CallOf<'store'>): Operation<number> {
  const area = p.maps[call.map];
  const { offset } = call;
  if (area === undefined || offset < 0) return -E.EFAULT;
  const bytes = dataBytes(call.data);
  if (bytes.length === 0) return 0;
  if ((area.protection & PROT_WRITE) === 0) return -E.EFAULT;
  const end = Math.min(offset + bytes.length, area.size);
  let at = offset;
  while (at < end) {
    const index = area.first + Math.floor(at / PAGE_SIZE);
    const within = at % PAGE_SIZE;
    const count = Math.min(PAGE_SIZE - within, end - at);
    const page = area.shared ? yield* pageToWrite(fc, p, area, index) : yield* ownPage(fc, p, area, index);
    if (typeof page === 'number') break;
    const data = page instanceof Uint8Array ? page : page.data;
    data.set(bytes.subarray(at - offset, at - offset + count), within);
    at += count;
  }
  return at === offset ? -E.EFAULT : at - offset;
}
