import { FUSE_READ_LOCKOWNER, fuse_read_in, opcodes, writeU64 } from '../../fuse/protocol/index.ts';
import { errnoNumbers as E, type U64 } from '../../vfs/index.ts';
import type { File } from './file.ts';
import { fuseFileGet, fuseFilePut } from './file-table.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { type FuseRequest, IN } from './fuse-request.ts';
import { type Inode, invalidateAttributes, STATX_ATIME } from './inode.ts';
import type { Operation } from './operation.ts';
import { PAGE_SIZE, type Page, removePage, unlockPage } from './page-cache.ts';
import type { Process } from './process.ts';
import { readaheadState } from './readahead.ts';

/** A 64-bit value as it goes onto the wire: numbers are exact up to 2^53, above they are what they are. */
export const wire = (value: number): U64 => (Number.isSafeInteger(value) ? value : BigInt(value));

/** fuse_read_args_fill (fs/fuse/file.c); `owner` 0: none. */
export function beginRead(request: FuseRequest, file: File, position: number, size: number, owner: number): void {
  const words = request.begin(opcodes.READ.code, file.inode.nodeid, fuse_read_in.size);
  writeU64(words, IN, file.fh);
  writeU64(words, IN + 2, wire(position));
  words[IN + 4] = size;
  words[IN + 5] = owner === 0 ? 0 : FUSE_READ_LOCKOWNER;
  writeU64(words, IN + 6, owner);
  words[IN + 8] = file.flags;
  words[IN + 9] = 0;
  request.results = 'bytes';
  request.expected = size;
}

export function invalidateAtime(fc: FuseConnection, inode: Inode): void {
  if (!fc.options.readOnly) invalidateAttributes(inode, STATX_ATIME);
}

/** fuse_short_read: the end of the file is here; with write-back it may be a hole that the filesystem does not know of. */
function shortRead(fc: FuseConnection, inode: Inode, version: number, end: number): void {
  if (fc.writebackCache || version < inode.attrVersion || end >= inode.size || inode.mapping?.sizeUnstable) return;
  inode.attrVersion = fc.nextAttrVersion();
  inode.size = end;
}

/** Puts what was read into pages that follow each other; what was not read is zero. */
function fillPages(pages: readonly Page[], data: Uint8Array): void {
  let at = 0;
  for (const page of pages) {
    const piece = data.subarray(at, at + PAGE_SIZE);
    page.data.set(piece);
    if (piece.length < PAGE_SIZE) page.data.fill(0, piece.length);
    if (page.limit < PAGE_SIZE) page.data.fill(0, page.limit);
    page.limit = PAGE_SIZE;
    at += PAGE_SIZE;
  }
}

/** fuse_do_readfolio: reads one page, which is locked and stays so. */
export function* doReadFolio(fc: FuseConnection, p: Process, file: File, page: Page): Operation<number> {
  const { inode } = file;
  const version = fc.attrVersion;
  const { request } = p;
  beginRead(request, file, page.index * PAGE_SIZE, PAGE_SIZE, 0);
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) return request.error;
  fillPages([page], request.data);
  if (request.size < PAGE_SIZE) shortRead(fc, inode, version, page.index * PAGE_SIZE + request.size);
  return 0;
}

/** fuse_read_folio: reads one page, which is locked and is unlocked then. */
export function* readFolio(fc: FuseConnection, p: Process, file: File, page: Page): Operation<number> {
  const error = file.inode.bad ? -E.EIO : yield* doReadFolio(fc, p, file, page);
  if (error === 0) page.uptodate = true;
  invalidateAtime(fc, file.inode);
  unlockPage(page);
  return error;
}

/** fuse_readpages_end. */
function readpagesEnd(
  fc: FuseConnection,
  file: File,
  pages: readonly Page[],
  request: FuseRequest,
  version: number,
): void {
  const { inode } = file;
  if (request.error === 0) {
    fillPages(pages, request.data);
    if (request.size < pages.length * PAGE_SIZE && pages.some(({ mapping }) => mapping !== null))
      shortRead(fc, inode, version, pages[0].index * PAGE_SIZE + request.size);
  }
  invalidateAtime(fc, inode);
  for (const page of pages) {
    if (request.error === 0) page.uptodate = true;
    unlockPage(page);
  }
}

/** fuse_send_readpages. */
function* sendReadpages(fc: FuseConnection, p: Process, file: File, pages: readonly Page[]): Operation<void> {
  const version = fc.attrVersion;
  const position = pages[0].index * PAGE_SIZE;
  if (!fc.asyncRead) {
    beginRead(p.request, file, position, pages.length * PAGE_SIZE, 0);
    if (!fc.device.send(p)) yield;
    readpagesEnd(fc, file, pages, p.request, version);
    return;
  }
  yield* fc.device.waitForBackground(p);
  fuseFileGet(file);
  const request = fc.device.background((ended) => {
    readpagesEnd(fc, file, pages, ended, version);
    fuseFilePut(fc, file);
  }, p);
  beginRead(request, file, position, pages.length * PAGE_SIZE, 0);
  fc.device.queueBackground(request);
}

/** fuse_readahead, and what read_pages (mm/readahead.c) does with pages that were left: reads new pages that follow each other. */
export function* fuseReadahead(fc: FuseConnection, p: Process, file: File, pages: readonly Page[]): Operation<void> {
  const most = Math.min(fc.maxPages, Math.floor(fc.maxRead / PAGE_SIZE));
  const ra = readaheadState(file);
  let at = 0;
  while (at < pages.length && !file.inode.bad) {
    // Where much is under way in the background, what is only read ahead is left.
    if (fc.device.congested && ra.asyncSize >= pages.length - at) break;
    const piece = pages.slice(at, at + most);
    yield* sendReadpages(fc, p, file, piece);
    at += piece.length;
  }
  for (const page of pages.slice(at)) {
    ra.size -= 1;
    if (ra.asyncSize > 0) {
      ra.asyncSize -= 1;
      removePage(page);
    }
    unlockPage(page);
  }
}
