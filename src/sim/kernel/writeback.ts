import {
  FATTR_CTIME,
  FATTR_FH,
  FATTR_MTIME,
  FUSE_WRITE_CACHE,
  fuse_attr_out,
  fuse_setattr_in,
  fuse_write_in,
  fuse_write_out,
  opcodes,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, isRegular } from '../../vfs/index.ts';
import type { File } from './file.ts';
import { fuseFileGet, fuseFilePut } from './file-table.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { wire } from './fuse-read.ts';
import { IN } from './fuse-request.ts';
import { FUSE_STATX_MODIFY, type Inode, invalidateAttributes } from './inode.ts';
import type { Operation, Soon } from './operation.ts';
import {
  type AddressSpace,
  checkErrors,
  clearDirty,
  endWriteback,
  mappingOf,
  PAGE_SIZE,
  type Page,
  setMappingError,
  waitOnPage,
} from './page-cache.ts';
import type { Process } from './process.ts';

/** struct fuse_writepage_args (fs/fuse/file.c): dirty pages that follow each other, on their way to the filesystem. */
export interface Writeback {
  readonly file: File;
  readonly pages: readonly Page[];
}

/** Whether the kernel's size and times of an inode are the true ones (fuse_get_cache_mask). */
export const trustsCache = (fc: FuseConnection, inode: Inode): boolean => fc.writebackCache && isRegular(inode.mode);

/** __mark_inode_dirty: the flusher will come. */
export function markDirty(fc: FuseConnection, mapping: AddressSpace): void {
  if (fc.dirtyInodes.has(mapping)) return;
  mapping.dirtiedAt = fc.now;
  fc.dirtyInodes.add(mapping);
  fc.flusher.wakeLater();
}

/** file_update_time: with write-back the kernel keeps the times of files. */
export function updateTime(fc: FuseConnection, inode: Inode): void {
  if (!trustsCache(fc, inode)) return;
  const { sec, nsec } = fc.scheduler.clock.now();
  if (inode.ctimeSec === sec && inode.ctimeNsec === nsec && inode.mtimeSec === sec && inode.mtimeNsec === nsec) return;
  inode.mtimeSec = sec;
  inode.mtimeNsec = nsec;
  setCtime(fc, inode, sec, nsec);
}

function setCtime(fc: FuseConnection, inode: Inode, sec: number, nsec: number): void {
  inode.ctimeSec = sec;
  inode.ctimeNsec = nsec;
  const mapping = mappingOf(inode);
  mapping.dirtyTimes = true;
  markDirty(fc, mapping);
}

/** fuse_update_ctime_in_cache (fs/fuse/dir.c): a change of names or attributes by this kernel; the filesystem is told at once. */
export function* updateCtimeInCache(fc: FuseConnection, p: Process, inode: Inode): Operation<void> {
  if (!trustsCache(fc, inode)) return;
  const { sec, nsec } = fc.scheduler.clock.now();
  setCtime(fc, inode, sec, nsec);
  yield* flushTimeUpdate(fc, p, inode);
}

/** fuse_flush_time_update: times that the filesystem does not know go to it. */
export function* flushTimeUpdate(fc: FuseConnection, p: Process, inode: Inode): Operation<void> {
  const { mapping } = inode;
  if (mapping === null || !mapping.dirtyTimes) return;
  if (mapping.writeback > 0)
    for (const page of [...mapping.pages.values()]) while (page.writeback) yield* waitOnPage(p, page);
  mapping.dirtyTimes = false;
  setMappingError(mapping, yield* flushTimes(fc, p, inode));
}

/** fuse_writeback_range: everything from byte `start` on is with the filesystem. */
export function* writebackRange(fc: FuseConnection, p: Process, inode: Inode, start: number): Operation<number> {
  const { mapping } = inode;
  if (mapping === null) return 0;
  yield* writeAndWait(fc, p, mapping, Math.floor(start / PAGE_SIZE));
  const error = checkErrors(mapping);
  if (error === 0) yield* syncWrites(fc, p, mapping);
  return error;
}

/** fuse_link_write_file. */
export function linkWriteFile(file: File): void {
  const { writeFiles } = mappingOf(file.inode);
  if (!writeFiles.includes(file)) writeFiles.unshift(file);
}

/** fuse_set_nowrite: writes of pages that are under way end, later ones wait for `releaseNowrite`. */
export function* setNowrite(p: Process, mapping: AddressSpace): Operation<void> {
  mapping.nowrite += 1;
  while (mapping.writing > 0) {
    mapping.writeWaiters.push(p);
    p.sleep(`writes of node ${mapping.host.nodeid}`);
    yield;
  }
}

/** fuse_release_nowrite. */
export function releaseNowrite(fc: FuseConnection, mapping: AddressSpace): void {
  mapping.nowrite -= 1;
  flushWritepages(fc, mapping);
}

/** fuse_sync_writes. */
export function* syncWrites(fc: FuseConnection, p: Process, mapping: AddressSpace): Operation<void> {
  if (mapping.writing === 0 && mapping.queuedWrites.length === 0) return;
  yield* setNowrite(p, mapping);
  releaseNowrite(fc, mapping);
}

/** fuse_launder_folio, its end: what `invalidateInodePages2` has written is with the filesystem. */
export function* waitForLaundering(fc: FuseConnection, p: Process, inode: Inode): Operation<void> {
  const { mapping } = inode;
  if (mapping === null || !mapping.laundering) return;
  mapping.laundering = false;
  yield* syncWrites(fc, p, mapping);
}

/** fuse_flush_writepages. */
function flushWritepages(fc: FuseConnection, mapping: AddressSpace): void {
  while (mapping.nowrite === 0) {
    const next = mapping.queuedWrites.shift();
    if (next === undefined) return;
    sendWritepage(fc, mapping, next);
  }
}

/** fuse_send_writepage: what a truncation has cut off is not written. */
function sendWritepage(fc: FuseConnection, mapping: AddressSpace, { file, pages }: Writeback): void {
  const { host } = mapping;
  const offset = pages[0].index * PAGE_SIZE;
  const size = Math.min(pages.length * PAGE_SIZE, host.size - offset);
  mapping.writing += 1;
  if (size <= 0 || !fc.device.connected) {
    writepageEnd(fc, mapping, file, pages, size <= 0 ? 0 : -E.ENOTCONN);
    return;
  }
  const request = fc.device.background(({ error }) => writepageEnd(fc, mapping, file, pages, error));
  const words = request.begin(opcodes.WRITE.code, host.nodeid, fuse_write_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, wire(offset));
  words[IN + 4] = size;
  words[IN + 5] = FUSE_WRITE_CACHE;
  writeU64(words, IN + 6, 0);
  words[IN + 8] = 0;
  words[IN + 9] = 0;
  request.reserve(size);
  for (let at = 0, i = 0; at < size; at += PAGE_SIZE, i++)
    request.bytes(size - at < PAGE_SIZE ? pages[i].data.subarray(0, size - at) : pages[i].data);
  request.expected = fuse_write_out.size;
  request.force = true;
  fc.device.queueBackground(request);
}

/** fuse_writepage_end. */
function writepageEnd(
  fc: FuseConnection,
  mapping: AddressSpace,
  file: File,
  pages: readonly Page[],
  error: number,
): void {
  setMappingError(mapping, error);
  if (!fc.writebackCache) invalidateAttributes(mapping.host, FUSE_STATX_MODIFY);
  mapping.writing -= 1;
  for (const page of pages) endWriteback(page);
  fuseFilePut(fc, file);
  if (mapping.writing === 0) for (const task of mapping.writeWaiters.splice(0)) task.wake();
  if (mapping.dirty === 0 && mapping.writeback === 0 && !mapping.dirtyTimes) fc.dirtyInodes.delete(mapping);
}

/** The dirty pages of a range, in order. */
function dirtyPages(mapping: AddressSpace, first: number, last: number): Page[] {
  const found: Page[] = [];
  if (mapping.dirty === 0) return found;
  for (const page of mapping.pages.values())
    if (page.dirty && page.index >= first && page.index <= last) found.push(page);
  return found.sort((a, b) => a.index - b.index);
}

/** fuse_writepages: sends the dirty pages of a range, but those that are locked or written already. Gives 0 or an error. */
export function writepages(
  fc: FuseConnection,
  mapping: AddressSpace,
  first = 0,
  last: number = Number.MAX_SAFE_INTEGER,
): number {
  const { host } = mapping;
  if (host.bad) return -E.EIO;
  const [file] = mapping.writeFiles;
  const most = Math.min(fc.maxPages, Math.floor(fc.maxWrite / PAGE_SIZE));
  let pages: Page[] = [];
  const send = (): void => {
    if (pages.length === 0) return;
    fuseFileGet(file);
    mapping.queuedWrites.push({ file, pages });
    flushWritepages(fc, mapping);
    pages = [];
  };
  let error = 0;
  for (const page of dirtyPages(mapping, first, last)) {
    if (page.locked || page.writeback) continue;
    const behind = host.size - page.index * PAGE_SIZE;
    clearDirty(page);
    // Behind the end of the file there is nothing to write; what a mapping has put behind the end goes (iomap_writeback_handle_eof).
    if (behind <= 0) continue;
    if (behind < PAGE_SIZE) page.data.fill(0, behind);
    if (file === undefined) {
      error = -E.EIO;
      setMappingError(mapping, error);
      continue;
    }
    if (pages.length > 0 && (pages.length >= most || pages[pages.length - 1].index + 1 !== page.index)) send();
    page.writeback = true;
    mapping.writeback += 1;
    pages.push(page);
  }
  send();
  return error;
}

/** fuse_launder_folio: writes one dirty page. */
export function launderPage(fc: FuseConnection, page: Page): void {
  if (page.mapping !== null) writepages(fc, page.mapping, page.index, page.index);
}

/** filemap_write_and_wait_range: the dirty pages of a range are written when this ends; errors are for others to ask for. */
export function* writeAndWait(
  fc: FuseConnection,
  p: Process,
  mapping: AddressSpace,
  first = 0,
  last: number = Number.MAX_SAFE_INTEGER,
): Operation<void> {
  for (const page of dirtyPages(mapping, first, last))
    while (page.dirty && page.mapping === mapping && (page.locked || page.writeback)) yield* waitOnPage(p, page);
  writepages(fc, mapping, first, last);
  if (mapping.writeback === 0) return;
  for (const page of [...mapping.pages.values()])
    if (page.index >= first && page.index <= last) while (page.writeback) yield* waitOnPage(p, page);
}

/** fuse_flush_times: tells the filesystem the times that the kernel keeps. */
export function* flushTimes(fc: FuseConnection, p: Process, inode: Inode): Operation<number> {
  const { request } = p;
  const file = inode.mapping?.writeFiles[0];
  request.begin(opcodes.SETATTR.code, inode.nodeid, fuse_setattr_in.size);
  fuse_setattr_in.write(request.message, IN * 4, {
    valid: FATTR_MTIME | FATTR_CTIME | (file === undefined ? 0 : FATTR_FH),
    fh: file?.fh ?? 0,
    size: 0,
    lock_owner: 0,
    atime: 0,
    mtime: inode.mtimeSec,
    ctime: inode.ctimeSec,
    atimensec: 0,
    mtimensec: inode.mtimeNsec,
    ctimensec: inode.ctimeNsec,
    mode: 0,
    uid: 0,
    gid: 0,
  });
  request.expected = fuse_attr_out.size;
  if (!fc.device.send(p)) yield;
  return request.error;
}

/** write_inode_now (fs/fs-writeback.c): pages, then times, and waits for both. */
export function writeInodeNow(fc: FuseConnection, p: Process, inode: Inode): Soon<number> {
  const { mapping } = inode;
  if (mapping === null || (mapping.dirty === 0 && mapping.writeback === 0 && !mapping.dirtyTimes)) return 0;
  return writeMappingNow(fc, p, inode, mapping);
}

function* writeMappingNow(fc: FuseConnection, p: Process, inode: Inode, mapping: AddressSpace): Operation<number> {
  yield* writeAndWait(fc, p, mapping);
  let error = checkErrors(mapping);
  if (mapping.dirtyTimes) {
    mapping.dirtyTimes = false;
    const failed = yield* flushTimes(fc, p, inode);
    if (error === 0) error = failed;
  }
  if (mapping.dirty === 0) fc.dirtyInodes.delete(mapping);
  return error;
}
