import type { DirectoryEntry, U64 } from '../../vfs/index.ts';
import type { File } from './file.ts';
import type { Inode } from './inode.ts';

/**
 * fi->rdc (fs/fuse/fuse_i.h): a directory's listing as it was read by whoever read it first from its start. Linux keeps it
 * in pages; here it is a list, which goes as a whole.
 */
export interface ReaddirCache {
  entries: DirectoryEntry[];
  /** The listing is complete. */
  cached: boolean;
  /** Where the entry that is to come next was read from. */
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
    entries: [],
    cached: false,
    position: 0,
    version: 0,
    mtimeSec: 0,
    mtimeNsec: 0,
    changesThen: 0,
    changes: 0,
  };
  return inode.readdirCache;
}

/** fuse_rdc_reset. */
export function resetReaddirCache(cache: ReaddirCache): void {
  cache.cached = false;
  cache.version += 1;
  cache.entries = [];
  cache.position = 0;
}

/** fuse_add_dirent_to_cache: an entry that goes at the end of the listing. */
export function addToCache(inode: Inode, entry: DirectoryEntry, position: U64): void {
  const cache = readdirCache(inode);
  if (cache.cached || cache.position !== position) return;
  cache.entries.push(entry);
  cache.position = entry.offset;
}

/** fuse_readdir_cache_end. */
export function completeCache(inode: Inode, position: U64): void {
  const cache = readdirCache(inode);
  if (cache.position === position) cache.cached = true;
}

/** What fuse_readdir_cached does before it looks for entries: whether there is a listing that is still true. */
function usable(inode: Inode, cache: ReaddirCache, atStart: boolean): boolean {
  if (
    cache.cached &&
    atStart &&
    (cache.changes !== cache.changesThen || cache.mtimeSec !== inode.mtimeSec || cache.mtimeNsec !== inode.mtimeNsec)
  )
    resetReaddirCache(cache);
  if (cache.cached) return true;
  if (atStart && cache.entries.length === 0) {
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
  const { inode } = file;
  const cache = readdirCache(inode);
  const stream = file.readdir;
  // Seeked: the stream begins anew.
  if (stream.position !== file.position) {
    stream.position = 0;
    stream.next = 0;
  }
  if (!usable(inode, cache, file.position === 0)) return false;
  if (stream.version !== cache.version) {
    stream.position = 0;
    stream.next = 0;
  }
  if (stream.position === 0) stream.version = cache.version;
  const { entries } = cache;
  if (stream.next >= entries.length) return true;
  let found = false;
  while (stream.next < entries.length) {
    const entry = entries[stream.next];
    if (stream.position === file.position) {
      found = true;
      if (!emit(entry)) return true;
      file.position = entry.offset;
    }
    stream.position = entry.offset;
    stream.next += 1;
  }
  return found;
}
