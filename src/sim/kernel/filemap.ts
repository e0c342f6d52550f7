import { errnoNumbers as E } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { readFolio } from './fuse-read.ts';
import type { Operation } from './operation.ts';
import {
  type AddressSpace,
  addPage,
  holdPage,
  mappingOf,
  PAGE_SIZE,
  type Page,
  putPage,
  waitOnPage,
} from './page-cache.ts';
import type { Process } from './process.ts';
import { pageCacheAsyncRa, pageCacheSyncRa, readaheadState } from './readahead.ts';

/** filemap_get_read_batch: pages from `index` on, up to and with the first that must be looked at; they are held. */
function readBatch(mapping: AddressSpace, index: number, last: number, into: Page[]): void {
  into.length = 0;
  for (let i = index; i <= last && into.length < BATCH; i++) {
    const page = mapping.pages.get(i);
    if (page === undefined) return;
    into.push(holdPage(page));
    if (!page.uptodate || page.readahead) return;
  }
}

/** PAGEVEC_SIZE. */
const BATCH = 31;

/** filemap_get_pages: pages that are up to date, from `index` on, held; `end` is the page behind the last one wanted. */
function* getPages(
  fc: FuseConnection,
  p: Process,
  file: File,
  index: number,
  end: number,
  batch: Page[],
): Operation<number> {
  const mapping = mappingOf(file.inode);
  for (;;) {
    if (p.fatalSignal) return -E.EINTR;
    readBatch(mapping, index, end - 1, batch);
    if (batch.length === 0) {
      yield* pageCacheSyncRa(fc, p, file, index, end - index);
      readBatch(mapping, index, end - 1, batch);
    }
    if (batch.length === 0) {
      // filemap_create_folio
      const page = holdPage(addPage(mapping, index));
      batch.push(page);
      const error = yield* readFolio(fc, p, file, page);
      return error;
    }
    const page = batch[batch.length - 1];
    if (page.readahead) yield* pageCacheAsyncRa(fc, p, file, page, end - page.index);
    if (page.uptodate) return 0;
    // filemap_update_page
    let error = 0;
    let again = false;
    if (page.locked) {
      yield* waitOnPage(p, page);
      again = true;
    } else if (page.mapping === null) again = true;
    else {
      page.locked = true;
      error = yield* readFolio(fc, p, file, page);
    }
    if (!again && error === 0) return 0;
    batch.pop();
    putPage(page);
    if (batch.length > 0) return 0;
    if (!again) return error;
  }
}

/** What of a read is in the cache as it is, if all of it is; so most reads need no generator. */
export function readCached(file: File, position: number, count: number): Uint8Array | undefined {
  const { inode } = file;
  const { mapping } = inode;
  if (mapping === null) return undefined;
  const end = Math.min(position + count, inode.size);
  const first = Math.floor(position / PAGE_SIZE);
  const last = Math.floor((end - 1) / PAGE_SIZE);
  if (last - first >= BATCH) return undefined;
  for (let i = first; i <= last; i++) {
    const page = mapping.pages.get(i);
    if (page === undefined || !page.uptodate || page.readahead) return undefined;
  }
  const into = new Uint8Array(Math.max(0, end - position));
  for (let i = first; i <= last; i++) copyOut((mapping.pages.get(i) as Page).data, i, position, end, into);
  if (end > position) readaheadState(file).previous = end;
  return into;
}

/** The part of a page that lies in [position, end). */
function copyOut(data: Uint8Array, index: number, position: number, end: number, into: Uint8Array): number {
  const start = index * PAGE_SIZE;
  const from = Math.max(position - start, 0);
  const to = Math.min(end - start, PAGE_SIZE);
  into.set(from === 0 && to === PAGE_SIZE ? data : data.subarray(from, to), start + from - position);
  return start + to;
}

/** filemap_read: bytes of a file through the page cache, fewer at its end. */
export function* filemapRead(
  fc: FuseConnection,
  p: Process,
  file: File,
  position: number,
  count: number,
): Operation<Uint8Array | number> {
  const { inode } = file;
  let into = new Uint8Array(Math.max(0, Math.min(count, inode.size - position)));
  const batch: Page[] = [];
  let at = position;
  let error = 0;
  while (at < position + count && at < inode.size) {
    const end = Math.ceil((position + count) / PAGE_SIZE);
    error = yield* getPages(fc, p, file, Math.floor(at / PAGE_SIZE), end, batch);
    // The size must be looked at when the pages are there.
    if (error < 0 || at >= inode.size) {
      batch.forEach(putPage);
      break;
    }
    const stop = Math.min(inode.size, position + count);
    if (stop - position > into.length) {
      const larger = new Uint8Array(stop - position);
      larger.set(into);
      into = larger;
    }
    for (const page of batch) {
      if (at >= stop) break;
      at = copyOut(page.data, page.index, position, stop, into);
    }
    batch.forEach(putPage);
  }
  // Where nothing was read, the read before it stays the previous one.
  if (at > position) readaheadState(file).previous = at;
  const done = at - position;
  return done === 0 && error < 0 ? error : done === into.length ? into : into.subarray(0, done);
}
