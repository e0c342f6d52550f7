import { type DirectoryEntry, nameLength, type U64 } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';
import { PAGE_SIZE } from './page-cache.ts';

/** Bytes of struct fuse_dirent before the name. */
const DIRENT_NAME = 24;

interface CachedEntry {
  readonly entry: DirectoryEntry;
  /** Where in the page it begins, and where the next one would. */
  readonly at: number;
  readonly end: number;
}

/**
 * fi->rdc (fs/fuse/fuse_i.h): a directory's listing, as it was read by whoever read it first from its start, in pages of the
 * page cache, which may go without it.
 */
export interface ReaddirCache {
  readonly pages: Map<number, CachedEntry[]>;
  /** The listing is complete. */
  cached: boolean;
  /** Bytes so far. */
  size: number;
  /** Where the entry that is to come next is read from. */
  position: U64;
  version: number;
  /** What the directory was when the listing was begun. */
  mtimeSec: number;
  mtimeNsec: number;
  changesThen: number;
  /** i_version: how often this kernel has changed the directory since anybody could notice. */
  changes: number;
}

export function readdirCache(inode: Inode): ReaddirCache {
  inode.readdirCache ??= {
    pages: new Map(),
    cached: false,
    size: 0,
    position: 0,
    version: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    changesThen: 0,
    changes: 0,
  };
  return inode.readdirCache;
}

/** invalidate_inode_pages2 of a directory. */
export function dropListing(inode: Inode): void {
  inode.readdirCache?.pages.clear();
}

/** fuse_rdc_reset. */
function reset(cache: ReaddirCache): void {
  cache.cached = false;
  cache.version += 1;
  cache.size = 0;
  cache.position = 0;
}

/** fuse_add_dirent_to_cache: an entry that goes at the end of the listing. */
export function addToCache(inode: Inode, entry: DirectoryEntry, position: U64): void {
  const cache = readdirCache(inode);
  if (cache.cached || cache.position !== position) return;
  const length = (DIRENT_NAME + nameLength(entry.name) + 7) & ~7;
  let index = Math.floor(cache.size / PAGE_SIZE);
  let at = cache.size % PAGE_SIZE;
  if (at + length > PAGE_SIZE) {
    index += 1;
    at = 0;
  }
  let page = cache.pages.get(index);
  if (page === undefined) {
    // The beginning of the page has gone.
    if (at !== 0) return;
    page = [];
    cache.pages.set(index, page);
  }
  if (at === 0) page.length = 0;
  page.push({ entry, at, end: at + length });
  cache.size = index * PAGE_SIZE + at + length;
  cache.position = entry.offset;
}

/** fuse_readdir_cache_end. */
export function completeCache(inode: Inode, position: U64): void {
  const cache = readdirCache(inode);
  if (cache.position === position) cache.cached = true;
}

/** Whether the directory is still what it was when the listing was begun. */
const unchanged = (inode: Inode, cache: ReaddirCache): boolean =>
  cache.changes === cache.changesThen && cache.mtimeSec === inode.mtimeSec && cache.mtimeNsec === inode.mtimeNsec;

/** What of the listing may be used: false where there is none; at its start a new one is begun. */
function usable(inode: Inode, cache: ReaddirCache, atStart: boolean): boolean {
  if (cache.cached && atStart && !unchanged(inode, cache)) reset(cache);
  if (cache.cached) return true;
  if (atStart && cache.size === 0) {
    cache.mtimeSec = inode.mtimeSec;
    cache.mtimeNsec = inode.mtimeNsec;
    cache.changesThen = cache.changes;
  }
  return false;
}

/**
 * fuse_readdir_cached (fs/fuse/readdir.c): gives entries from the file's position on to `emit` until that says no. False:
 * they must be read.
 */
export function readCachedEntries(file: File, emit: (entry: DirectoryEntry) => boolean): boolean {
  const cache = readdirCache(file.inode);
  const stream = file.readdir;
  // Seeked: the stream begins anew.
  if (stream.position !== file.position) {
    stream.position = 0;
    stream.at = 0;
  }
  for (let found = false; ; ) {
    if (!usable(file.inode, cache, file.position === 0)) return false;
    if (stream.version !== cache.version) {
      stream.position = 0;
      stream.at = 0;
    }
    if (stream.position === 0) stream.version = cache.version;
    const index = Math.floor(stream.at / PAGE_SIZE);
    const size = index === Math.floor(cache.size / PAGE_SIZE) ? cache.size % PAGE_SIZE : PAGE_SIZE;
    if (stream.at % PAGE_SIZE === size) return true;
    const page = cache.pages.get(index);
    if (page === undefined) {
      // The page has gone: the listing is of no use.
      reset(cache);
      continue;
    }
    for (const { entry, at, end } of page) {
      if (at < stream.at % PAGE_SIZE) continue;
      if (stream.position === file.position) {
        found = true;
        if (!emit(entry)) return true;
        file.position = entry.offset;
      }
      stream.position = entry.offset;
      stream.at = index * PAGE_SIZE + end;
      if (end === PAGE_SIZE) break;
    }
    if (size !== PAGE_SIZE) return found;
    stream.at = (index + 1) * PAGE_SIZE;
  }
}
