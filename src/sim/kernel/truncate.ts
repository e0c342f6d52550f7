import type { FuseConnection } from './fuse-connection.ts';
import type { Inode } from './inode.ts';
import { clearDirty, PAGE_SIZE, type Page, removePage, unmapPage } from './page-cache.ts';
import { launderPage } from './writeback.ts';

/** The cached pages of a range; the whole cache is walked where that is shorter. */
function cachedPages(inode: Inode, first: number, last: number): readonly Page[] {
  const pages = inode.mapping?.pages;
  if (pages === undefined || pages.size === 0) return [];
  const within: Page[] = [];
  if (last - first < pages.size) {
    for (let i = first; i <= last; i++) {
      const page = pages.get(i);
      if (page !== undefined) within.push(page);
    }
    return within;
  }
  for (const page of pages.values()) if (page.index >= first && page.index <= last) within.push(page);
  return within.length > 1 ? within.sort((a, b) => a.index - b.index) : within;
}

/** A page goes, whatever it holds; one that is being read or written goes when that has ended. */
function drop(page: Page): void {
  clearDirty(page);
  unmapPage(page);
  if (page.locked || page.writeback) page.stale = true;
  removePage(page);
}

/** Zeroes the part of a page from byte `from` to `to`, now and when a read of it ends that is under way. */
function zero(page: Page | undefined, from: number, to: number): void {
  if (page === undefined) return;
  page.data.fill(0, from, to);
  if (page.locked && !page.uptodate && to === PAGE_SIZE) page.limit = Math.min(page.limit, from);
}

/** truncate_pagecache (mm/truncate.c): what lies behind the new size is no longer cached, and zero in the last page. */
export function truncatePagecache(inode: Inode, size: number): void {
  const { mapping } = inode;
  if (mapping === null) return;
  // unmap_mapping_range with even_cows: private copies go too.
  const behind = Math.ceil(size / PAGE_SIZE);
  for (const { copies } of mapping.areas) for (const index of copies.keys()) if (index >= behind) copies.delete(index);
  if (mapping.pages.size === 0) return;
  const partial = size % PAGE_SIZE;
  const last = Math.floor(size / PAGE_SIZE);
  if (partial !== 0) zero(mapping.pages.get(last), partial, PAGE_SIZE);
  for (const page of cachedPages(inode, partial === 0 ? last : last + 1, Number.MAX_SAFE_INTEGER)) drop(page);
}

/** truncate_pagecache_range: a hole from byte `start` up to `end`. */
export function truncatePagecacheRange(inode: Inode, start: number, end: number): void {
  const { mapping } = inode;
  if (mapping === null || mapping.pages.size === 0 || end <= start) return;
  const first = Math.ceil(start / PAGE_SIZE);
  const last = Math.floor(end / PAGE_SIZE);
  if (first > last) {
    zero(mapping.pages.get(last), start % PAGE_SIZE, end % PAGE_SIZE);
    return;
  }
  if (start % PAGE_SIZE !== 0) zero(mapping.pages.get(first - 1), start % PAGE_SIZE, PAGE_SIZE);
  if (end % PAGE_SIZE !== 0) zero(mapping.pages.get(last), 0, end % PAGE_SIZE);
  for (const page of cachedPages(inode, first, last - 1)) drop(page);
}

/**
 * invalidate_inode_pages2_range: nothing of the pages is cached any more; what is dirty is written first. Linux waits for
 * those writes here; in this kernel `waitForLaundering` does, and whoever wants such a page next.
 */
export function invalidateInodePages2(
  fc: FuseConnection,
  inode: Inode,
  first = 0,
  last: number = Number.MAX_SAFE_INTEGER,
): void {
  if (inode.mapping === null) return;
  for (const page of cachedPages(inode, first, last)) {
    unmapPage(page);
    if (page.dirty) launderPage(fc, page);
    if (page.writeback) inode.mapping.laundering = true;
    if (page.locked || page.writeback) page.stale = true;
    else removePage(page);
  }
}

/** invalidate_mapping_pages: pages go that nobody uses: neither dirty, nor locked, nor mapped into memory. */
export function invalidateMappingPages(inode: Inode, first = 0, last: number = Number.MAX_SAFE_INTEGER): void {
  for (const page of cachedPages(inode, first, last))
    if (!page.dirty && !page.writeback && !page.locked && page.mappedBy === null) removePage(page);
}
