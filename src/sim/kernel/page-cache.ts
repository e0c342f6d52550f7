import { errnoNumbers as E } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';
import type { VmArea } from './mmap.ts';
import { afterWait, type Operation, type Soon } from './operation.ts';
import type { Process } from './process.ts';
import type { Writeback } from './writeback.ts';

export const PAGE_SIZE = 4096;

const NOTHING = new Uint8Array(0);
/** Memory of pages that went, for the next ones. */
const freed: Uint8Array[] = [];
const MOST_FREED = 1024;

/** struct folio of one page (include/linux/mm_types.h): the mappings of FUSE files have no larger ones. */
export class Page {
  readonly index: number;
  /** PAGE_SIZE bytes, until the page is dropped. */
  data: Uint8Array;
  /** The address space that it is in; null after it was taken out. */
  mapping: AddressSpace | null;
  /** PG_uptodate, PG_dirty, PG_writeback, PG_locked, PG_readahead. */
  uptodate = false;
  dirty = false;
  writeback = false;
  locked = false;
  readahead = false;
  /** It was to be dropped while it was locked or written back: that is done when the lock or the write ends. */
  stale = false;
  /** Reads that have the page in hand and will copy from it: its memory is not given to another meanwhile. */
  holders = 0;
  /** Bytes that a truncation left while the page was being read. */
  limit = PAGE_SIZE;
  waiters: Process[] | null = null;
  /** Mappings of memory that show the page, and those that may write it without a fault. */
  mappedBy: Set<VmArea> | null = null;
  writableBy: Set<VmArea> | null = null;

  constructor(mapping: AddressSpace, index: number) {
    this.mapping = mapping;
    this.index = index;
    this.data = freed.pop() ?? new Uint8Array(PAGE_SIZE);
  }
}

/** struct address_space (include/linux/fs.h), with what fs/fuse keeps of a regular file's cache (struct fuse_inode). */
export class AddressSpace {
  readonly host: Inode;
  readonly pages = new Map<number, Page>();
  /** Pages with PG_dirty and with PG_writeback. */
  dirty = 0;
  writeback = 0;
  /** AS_EIO, AS_ENOSPC: what a write-back ended with since somebody asked (filemap_check_errors). */
  error = 0;
  /** wb_err (lib/errseq.c): the last error, how many there were, and whether anybody has seen it. */
  lastError = 0;
  errors = 0;
  errorSeen = true;
  /** Memory that maps the file: i_mmap. */
  readonly areas = new Set<VmArea>();
  /** fi->write_files: open files through which pages may be written, the last one first. */
  readonly writeFiles: File[] = [];
  /** fi->writectr, FUSE_NOWRITE, fi->queued_writes. */
  writing = 0;
  nowrite = 0;
  readonly queuedWrites: Writeback[] = [];
  readonly writeWaiters: Process[] = [];
  /** I_DIRTY_SYNC: times that the filesystem does not know. */
  dirtyTimes = false;
  /** When the inode got dirty (dirtied_when), in the clock's nanoseconds. */
  dirtiedAt = 0;
  /** FUSE_I_SIZE_UNSTABLE: a size from the filesystem is not to be believed now. */
  sizeUnstable = false;
  /** Dirty pages were written because they had to go: who made them go waits for that (`waitForLaundering`). */
  laundering = false;

  constructor(host: Inode) {
    this.host = host;
  }

  /** truncate_inode_pages_final: the inode goes; whoever could write has done so at close or munmap. */
  evict(): void {
    for (const page of [...this.pages.values()]) removePage(page);
  }
}

/** i_mapping of an inode, made when it is first needed. */
export function mappingOf(inode: Inode): AddressSpace {
  inode.mapping ??= new AddressSpace(inode);
  return inode.mapping;
}

/** filemap_add_folio: a new page, locked, of unspecified content. */
export function addPage(mapping: AddressSpace, index: number): Page {
  const page = new Page(mapping, index);
  page.locked = true;
  mapping.pages.set(index, page);
  return page;
}

/** filemap_remove_folio. */
export function removePage(page: Page): void {
  const { mapping } = page;
  if (mapping === null) return;
  clearDirty(page);
  unmapPage(page);
  if (page.writeback) mapping.writeback -= 1;
  mapping.pages.delete(page.index);
  page.mapping = null;
  release(page);
}

/** Gives the memory of a page back that nobody can reach any more. */
function release(page: Page): void {
  if (page.mapping !== null || page.locked || page.writeback || page.holders > 0) return;
  if (freed.length < MOST_FREED) freed.push(page.data);
  page.data = NOTHING;
}

/** folio_get. */
export function holdPage(page: Page): Page {
  page.holders += 1;
  return page;
}

/** folio_put. */
export function putPage(page: Page): void {
  page.holders -= 1;
  release(page);
}

/** folio_mark_dirty. */
export function setDirty(page: Page): void {
  if (page.dirty || page.mapping === null) return;
  page.dirty = true;
  page.mapping.dirty += 1;
}

/** folio_clear_dirty_for_io: the next write through a mapping of memory faults (folio_mkclean). */
export function clearDirty(page: Page): void {
  page.writableBy = null;
  if (!page.dirty) return;
  page.dirty = false;
  if (page.mapping !== null) page.mapping.dirty -= 1;
}

/** unmap_mapping_pages: the next access through memory faults. */
export function unmapPage(page: Page): void {
  page.mappedBy = null;
  page.writableBy = null;
}

function wakeWaiters(page: Page): void {
  const { waiters } = page;
  page.waiters = null;
  if (waiters !== null) for (const task of waiters) task.wake();
}

/** folio_unlock. */
export function unlockPage(page: Page): void {
  page.locked = false;
  if (page.stale && !page.writeback) removePage(page);
  else release(page);
  wakeWaiters(page);
}

/** folio_end_writeback. */
export function endWriteback(page: Page): void {
  page.writeback = false;
  if (page.mapping !== null) page.mapping.writeback -= 1;
  if (page.stale && !page.locked) removePage(page);
  else release(page);
  wakeWaiters(page);
}

/** folio_wait_locked, folio_wait_writeback: until the page changes its state. */
export function* waitOnPage(p: Process, page: Page): Operation<void> {
  page.waiters ??= [];
  page.waiters.push(p);
  p.sleep(`page ${page.index} of node ${page.mapping?.host.nodeid}`);
  yield;
}

/** __filemap_get_folio with FGP_WRITEBEGIN: the page, locked; a new one is of unspecified content. */
export function grabPage(p: Process, mapping: AddressSpace, index: number): Soon<Page> {
  const page = mapping.pages.get(index);
  if (page === undefined) return addPage(mapping, index);
  // One that goes when its write has ended takes nothing more: what it took would go with it.
  if (page.locked || page.stale) return afterWait(waitOnPage(p, page), grabPage, p, mapping, index);
  page.locked = true;
  return page;
}

/** mapping_set_error: a write-back failed; fsync and close are to hear of it. */
export function setMappingError(mapping: AddressSpace, error: number): void {
  if (error === 0) return;
  mapping.error = error === -E.ENOSPC ? -E.ENOSPC : -E.EIO;
  mapping.lastError = error;
  mapping.errors += 1;
  mapping.errorSeen = false;
}

/** filemap_check_errors: the error since the last time somebody asked. */
export function checkErrors(mapping: AddressSpace): number {
  const { error } = mapping;
  mapping.error = 0;
  return error;
}

/** file_check_and_advance_wb_err: an error that this open file has not been told (lib/errseq.c). */
export function checkAndAdvanceError(mapping: AddressSpace, file: File): number {
  if (file.errorsSeen === mapping.errors) return 0;
  file.errorsSeen = mapping.errors;
  mapping.errorSeen = true;
  mapping.error = 0;
  return mapping.lastError;
}
