import type { File } from './file.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { fuseReadahead } from './fuse-read.ts';
import type { Operation } from './operation.ts';
import { type AddressSpace, addPage, mappingOf, PAGE_SIZE, type Page } from './page-cache.ts';
import type { Process } from './process.ts';

/** struct file_ra_state (include/linux/fs.h). Everything is counted in pages, but for `previous`. */
export class ReadaheadState {
  start = 0;
  size = 0;
  /** Where in the window its reader makes the next window come: at this many pages from its end. */
  asyncSize = 0;
  /** Pages of the largest window. */
  pages: number;
  /** Misses of mappings of memory. */
  mmapMisses = 0;
  /** prev_pos: where the last read ended, in bytes; -1 before the first. */
  previous = -1;
  /** FMODE_RANDOM. */
  random = false;

  constructor(pages: number) {
    this.pages = pages;
  }
}

/** The state of an open file (file_ra_state_init). */
export function readaheadState(file: File): ReadaheadState {
  file.readahead ??= new ReadaheadState(file.opener.fc.readaheadPages);
  return file.readahead;
}

/** bdi->io_pages, and the largest window that anybody has (VM_READAHEAD_PAGES). */
export const VM_READAHEAD_PAGES = 32;

/** ractl_max_pages. */
function mostPages(ra: ReadaheadState, wanted: number): number {
  return wanted > ra.pages && VM_READAHEAD_PAGES > ra.pages ? Math.min(wanted, VM_READAHEAD_PAGES) : ra.pages;
}

/** get_init_ra_size. */
function initialSize(size: number, max: number): number {
  const rounded = 2 ** Math.ceil(Math.log2(size));
  if (rounded <= max / 32) return rounded * 4;
  return rounded <= max / 4 ? rounded * 2 : max;
}

/** get_next_ra_size. */
function nextSize(ra: ReadaheadState, max: number): number {
  if (ra.size < Math.floor(max / 16)) return 4 * ra.size;
  return ra.size <= Math.floor(max / 2) ? 2 * ra.size : max;
}

/** page_cache_sync_ra (mm/readahead.c): a page that is wanted is not cached. */
export function* pageCacheSyncRa(
  fc: FuseConnection,
  p: Process,
  file: File,
  index: number,
  wanted: number,
): Operation<void> {
  const ra = readaheadState(file);
  if (ra.pages === 0 || ra.random) {
    yield* forcePageCacheRa(fc, p, file, index, ra.pages === 0 ? 1 : wanted);
    return;
  }
  const max = mostPages(ra, wanted);
  const previous = ra.previous < 0 ? Number.NEGATIVE_INFINITY : Math.floor(ra.previous / PAGE_SIZE);
  const distance = index - previous;
  // The start of the file, an oversized read, or a sequential miss.
  if (index === 0 || wanted > max || distance === 0 || distance === 1) {
    ra.start = index;
    ra.size = initialSize(wanted, max);
    ra.asyncSize = ra.size > wanted ? ra.size - wanted : ra.size >>> 1;
  } else {
    const cached = cachedBefore(mappingOf(file.inode), index, max);
    if (cached <= wanted) {
      // A small random read.
      yield* doPageCacheRa(fc, p, file, index, wanted, 0);
      return;
    }
    ra.start = index;
    ra.size = Math.min((cached === index ? cached * 2 : cached) + wanted, max);
    ra.asyncSize = 1;
  }
  yield* doPageCacheRa(fc, p, file, ra.start, ra.size, ra.asyncSize);
}

/** Pages that are cached right before `index`, at most `max` (page_cache_prev_miss). */
function cachedBefore(mapping: AddressSpace, index: number, max: number): number {
  let count = 0;
  while (count < max && index - 1 - count >= 0 && mapping.pages.has(index - 1 - count)) count += 1;
  return count;
}

/** page_cache_async_ra: the reader has come to the page that asks for the next window. */
export function* pageCacheAsyncRa(
  fc: FuseConnection,
  p: Process,
  file: File,
  page: Page,
  wanted: number,
): Operation<void> {
  const ra = readaheadState(file);
  if (ra.pages === 0 || page.writeback) return;
  page.readahead = false;
  const max = mostPages(ra, wanted);
  if (page.index === ra.start + ra.size - ra.asyncSize) {
    ra.start += ra.size;
    ra.size = Math.max(ra.size, nextSize(ra, max));
  } else {
    // A marked page without a valid state, as of interleaved reads: the window begins at the next page that is missing.
    const mapping = mappingOf(file.inode);
    let start = page.index + 1;
    while (start - page.index <= max && mapping.pages.has(start)) start += 1;
    if (start - page.index > max) return;
    ra.start = start;
    ra.size = start - page.index + wanted;
    ra.size = nextSize(ra, max);
  }
  // The window ends at a multiple of four pages where it can, in hope of large folios (ra->order is 2 here).
  const align = Math.min(4, max & -max);
  const end = ra.start + ra.size;
  const aligned = end - (end % align);
  if (aligned > ra.start) ra.size = aligned - ra.start;
  ra.asyncSize = ra.size;
  yield* doPageCacheRa(fc, p, file, ra.start, ra.size, ra.asyncSize);
}

/** force_page_cache_ra: what is asked for, in pieces. */
export function* forcePageCacheRa(
  fc: FuseConnection,
  p: Process,
  file: File,
  index: number,
  count: number,
): Operation<void> {
  const most = Math.max(VM_READAHEAD_PAGES, readaheadState(file).pages);
  yield* doPageCacheRa(fc, p, file, index, Math.min(count, most), 0);
}

/** do_page_cache_ra, page_cache_ra_unbounded: reads the pages of a range that are not cached, but none behind the end of the file. */
export function* doPageCacheRa(
  fc: FuseConnection,
  p: Process,
  file: File,
  index: number,
  count: number,
  lookahead: number,
): Operation<void> {
  const { inode } = file;
  if (inode.size === 0) return;
  const last = Math.floor((inode.size - 1) / PAGE_SIZE);
  if (index > last) return;
  const size = Math.min(count, last - index + 1);
  const marked = lookahead > 0 ? index + size - lookahead : -1;
  const mapping = mappingOf(inode);
  let pages: Page[] = [];
  for (let i = index; i < index + size; i++) {
    if (mapping.pages.has(i)) {
      if (pages.length > 0) yield* fuseReadahead(fc, p, file, pages);
      pages = [];
      continue;
    }
    const page = addPage(mapping, i);
    if (i === marked) page.readahead = true;
    pages.push(page);
  }
  if (pages.length > 0) yield* fuseReadahead(fc, p, file, pages);
}
