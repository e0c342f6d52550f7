import {
  FUSE_WRITE_KILL_SUIDGID,
  FUSE_WRITE_LOCKOWNER,
  fuse_write_in,
  fuse_write_out,
  opcodes,
  writeU64,
} from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, O_APPEND, O_DIRECT } from '../../vfs/index.ts';
import { fileModified } from './attr.ts';
import { directWrite } from './direct-io.ts';
import type { File } from './file.ts';
import { updateAttributes } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { doReadFolio, wire } from './fuse-read.ts';
import { type FuseRequest, IN } from './fuse-request.ts';
import { FUSE_STATX_MODSIZE, type Inode, invalidateAttributes, STATX_MODE, STATX_SIZE } from './inode.ts';
import { isOperation, type Operation, settled } from './operation.ts';
import {
  type AddressSpace,
  grabPage,
  mappingOf,
  PAGE_SIZE,
  type Page,
  removePage,
  setDirty,
  unlockPage,
  waitOnPage,
} from './page-cache.ts';
import { shouldDropSuidgid } from './permission.ts';
import type { Process } from './process.ts';
import { MAX_RW_COUNT, writeLimits } from './size-limits.ts';
import { markDirty } from './writeback.ts';

/** fuse_write_args_fill (fs/fuse/file.c); `owner` 0: none. */
export function beginWrite(
  request: FuseRequest,
  file: File,
  position: number,
  data: Uint8Array,
  flags: number,
  owner: number,
): void {
  const words = request.begin(opcodes.WRITE.code, file.inode.nodeid, fuse_write_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, wire(position));
  words[IN + 4] = data.length;
  words[IN + 5] = flags | (owner === 0 ? 0 : FUSE_WRITE_LOCKOWNER);
  writeU64(words, IN + 6, owner);
  words[IN + 8] = file.flags;
  words[IN + 9] = 0;
  request.bytes(data);
  request.expected = fuse_write_out.size;
}

/** FUSE_WRITE_KILL_SUIDGID where the caller may not keep set-user-id and set-group-id. */
export const killFlag = (p: Process, when: boolean): number => (when && !p.capable ? FUSE_WRITE_KILL_SUIDGID : 0);

/** Bytes that the filesystem says it wrote of `count`, or an error. */
export const bytesWritten = (request: FuseRequest, count: number): number =>
  request.error !== 0 ? request.error : request.word(0) > count ? -E.EIO : request.word(0);

/** fuse_write_update_attr: the size grows with what was written, the other attributes are stale. */
export function writeUpdateAttributes(fc: FuseConnection, inode: Inode, position: number, written: number): void {
  inode.attrVersion = fc.nextAttrVersion();
  if (written > 0 && position > inode.size) inode.size = position;
  invalidateAttributes(inode, FUSE_STATX_MODSIZE);
}

/** fuse_cache_write_iter. Gives the bytes written; `p.writtenTo` is where the last one ended. */
export function* cacheWrite(
  fc: FuseConnection,
  p: Process,
  file: File,
  offset: number,
  data: Uint8Array,
): Operation<number> {
  const { inode } = file;
  let writeback = false;
  if (fc.writebackCache) {
    const error = yield* settled(updateAttributes(fc, p, file, STATX_SIZE | STATX_MODE));
    if (error !== 0) return error;
    writeback = !fc.handleKillprivV2 || !shouldDropSuidgid(p, inode);
  }
  if (!inode.rwsem.tryDown(true)) yield* inode.rwsem.wait(p, true, 'an inode');
  const result = yield* cacheWriteLocked(fc, p, file, offset, data, writeback);
  inode.rwsem.up(true);
  return result;
}

function* cacheWriteLocked(
  fc: FuseConnection,
  p: Process,
  file: File,
  offset: number,
  data: Uint8Array,
  writeback: boolean,
): Operation<number> {
  const { inode } = file;
  // generic_write_checks
  if (data.length === 0) return 0;
  const start = (file.flags & O_APPEND) !== 0 ? inode.size : offset;
  p.writtenTo = start;
  const room = writeLimits(fc, start, data.length);
  if (room < 0) return room;
  const error = yield* fileModified(fc, p, file);
  if (error !== 0) return error;
  const total = Math.min(room, MAX_RW_COUNT);
  const all = total === data.length ? data : data.subarray(0, total);
  if ((file.flags & O_DIRECT) !== 0) return yield* directWrite(fc, p, file, start, all);
  const done = writeback ? yield* iomapWrite(fc, p, file, start, all) : yield* performWrite(fc, p, file, start, all);
  if (done > 0) p.writtenTo = start + done;
  return done;
}

/** Pages that take the bytes of the next WRITE (fuse_fill_write_pages): up to the first that is not wholly known. */
function* fillWritePages(
  fc: FuseConnection,
  p: Process,
  mapping: AddressSpace,
  position: number,
  data: Uint8Array,
  pages: Page[],
): Operation<number> {
  pages.length = 0;
  let left = Math.min(data.length, fc.maxWrite);
  let offset = position % PAGE_SIZE;
  let index = Math.floor(position / PAGE_SIZE);
  let count = 0;
  while (left > 0 && pages.length < fc.maxPages) {
    const grabbed = grabPage(p, mapping, index);
    const page = isOperation(grabbed) ? yield* grabbed : grabbed;
    const size = Math.min(PAGE_SIZE - offset, left);
    page.data.set(data.subarray(count, count + size), offset);
    pages.push(page);
    count += size;
    left -= size;
    offset = (offset + size) % PAGE_SIZE;
    index += 1;
    if (size === PAGE_SIZE) page.uptodate = true;
    // A page that is not wholly known stays locked until it is written.
    if (!page.uptodate) break;
    unlockPage(page);
    if (!fc.bigWrites || offset !== 0) break;
  }
  return count;
}

/** fuse_perform_write: through the cache to the filesystem, one WRITE after the other. */
export function* performWrite(
  fc: FuseConnection,
  p: Process,
  file: File,
  start: number,
  data: Uint8Array,
): Operation<number> {
  const { inode } = file;
  const mapping = mappingOf(inode);
  const { request } = p;
  const pages: Page[] = [];
  let done = 0;
  let error = 0;
  if (inode.size < start + data.length) mapping.sizeUnstable = true;
  do {
    const position = start + done;
    const count = yield* fillWritePages(fc, p, mapping, position, data.subarray(done), pages);
    for (const page of pages) while (page.writeback) yield* waitOnPage(p, page);
    beginWrite(request, file, position, data.subarray(done, done + count), killFlag(p, fc.handleKillprivV2), 0);
    if (!fc.device.send(p)) yield;
    const written = bytesWritten(request, count);
    sentWritePages(pages, position, written, count);
    if (written < 0) {
      error = written;
      break;
    }
    done += written;
    // Through the cache a short write is an error.
    if (written < count) error = -E.EIO;
  } while (error === 0 && done < data.length);
  writeUpdateAttributes(fc, inode, start + done, done);
  mapping.sizeUnstable = false;
  return done > 0 ? done : error;
}

/** What fuse_send_write_pages does behind the reply: pages that the filesystem did not take are not known any more. */
function sentWritePages(pages: readonly Page[], position: number, written: number, count: number): void {
  let end = (Math.floor(position / PAGE_SIZE) + 1) * PAGE_SIZE;
  for (const [i, page] of pages.entries()) {
    const whole = written >= end - position;
    if (!whole && written < count) page.uptodate = false;
    end += PAGE_SIZE;
    if (i === pages.length - 1 && page.locked) unlockPage(page);
  }
}

/** iomap_file_buffered_write (fs/iomap/buffered-io.c) with fuse_iomap_write_ops: into the cache; the filesystem hears of it later. */
function* iomapWrite(fc: FuseConnection, p: Process, file: File, start: number, data: Uint8Array): Operation<number> {
  const { inode } = file;
  const mapping = mappingOf(inode);
  let done = 0;
  while (done < data.length) {
    const position = start + done;
    const index = Math.floor(position / PAGE_SIZE);
    const offset = position % PAGE_SIZE;
    const size = Math.min(PAGE_SIZE - offset, data.length - done);
    const grabbed = grabPage(p, mapping, index);
    const page = isOperation(grabbed) ? yield* grabbed : grabbed;
    if (!page.uptodate && size < PAGE_SIZE) {
      // Of a page that is partly written the rest must be known: behind the end of the file it is zero.
      let error = 0;
      if (index * PAGE_SIZE >= inode.size) page.data.fill(0);
      else error = yield* doReadFolio(fc, p, file, page);
      if (error !== 0) {
        if (!page.dirty && !page.uptodate) removePage(page);
        unlockPage(page);
        return done > 0 ? done : error;
      }
    }
    page.data.set(size === data.length ? data : data.subarray(done, done + size), offset);
    page.uptodate = true;
    setDirty(page);
    if (position + size > inode.size) inode.size = position + size;
    unlockPage(page);
    markDirty(fc, mapping);
    done += size;
  }
  return done;
}
