import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from './flags.ts';

/**
 * An unsigned 64-bit value: a number up to 2^53 - 1, a bigint above. The form is canonical (a value has one), so that
 * `===` and Map keys work, and values that others chose (offsets, inode numbers, lock owners) round-trip exactly.
 */
export type U64 = number | bigint;

/** A point in time since the epoch: whole seconds (may be negative) and nanoseconds, 0 to 999,999,999. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

/** What stat(2) tells of an inode. Sizes are bytes; `blocks` counts 512-byte units; `mode` carries the file type. */
export interface Attributes {
  readonly ino: U64;
  readonly mode: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
  /** Device number of a character or block special file, in Linux' "new" 32-bit encoding (MAJOR << 8 | MINOR for small ones). */
  readonly rdev: number;
  readonly size: number;
  readonly blocks: number;
  readonly blksize: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly ctime: Timespec;
}

/** stat(2)'s answer: the attributes, the device, and the time of birth where the filesystem knows it (statx). */
export interface Stat extends Attributes {
  readonly dev: number;
  readonly btime?: Timespec;
}

/** What statfs(2) tells of a filesystem; counts of blocks are in units of `frsize`. */
export interface FileSystemStatistics {
  readonly bsize: number;
  readonly frsize: number;
  readonly blocks: number;
  readonly bfree: number;
  readonly bavail: number;
  readonly files: number;
  readonly ffree: number;
  readonly namelen: number;
}

export const isDirectory = (mode: number): boolean => (mode & S_IFMT) === S_IFDIR;
export const isRegular = (mode: number): boolean => (mode & S_IFMT) === S_IFREG;
export const isSymlink = (mode: number): boolean => (mode & S_IFMT) === S_IFLNK;

/** Less than, equal or greater than 0, as `a` is before, at or after `b`. */
export function compareTimes(a: Timespec, b: Timespec): number {
  return a.sec - b.sec || a.nsec - b.nsec;
}
