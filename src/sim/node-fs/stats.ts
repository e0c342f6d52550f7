import * as host from 'node:fs';
import type { FileSystemStatistics, Stat, Timespec } from '../../vfs/index.ts';
import { S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG, S_IFSOCK } from '../../vfs/index.ts';

/** The answers of Stats and BigIntStats by type. */
abstract class FileType {
  declare readonly mode: number | bigint;

  #is(type: number): boolean {
    return (Number(this.mode) & S_IFMT) === type;
  }

  isDirectory(): boolean {
    return this.#is(S_IFDIR);
  }

  isFile(): boolean {
    return this.#is(S_IFREG);
  }

  isBlockDevice(): boolean {
    return this.#is(S_IFBLK);
  }

  isCharacterDevice(): boolean {
    return this.#is(S_IFCHR);
  }

  isSymbolicLink(): boolean {
    return this.#is(S_IFLNK);
  }

  isFIFO(): boolean {
    return this.#is(S_IFIFO);
  }

  isSocket(): boolean {
    return this.#is(S_IFSOCK);
  }
}

/** What statx gives where the filesystem does not know the time of birth. */
const NEVER: Timespec = { sec: 0, nsec: 0 };
const times = ['atime', 'mtime', 'ctime', 'birthtime'] as const;

const timesOf = (stat: Stat): readonly Timespec[] => [stat.atime, stat.mtime, stat.ctime, stat.btime ?? NEVER];
const milliseconds = ({ sec, nsec }: Timespec): number => sec * 1000 + nsec / 1e6;
const date = (at: number): Date => new Date(Math.round(at));

const fields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'] as const;

export class Stats extends FileType {
  constructor(stat: Stat) {
    super();
    const all: Record<string, unknown> = {};
    for (const field of fields) all[field] = Number(stat[field]);
    const at = timesOf(stat).map(milliseconds);
    for (const [i, name] of times.entries()) all[`${name}Ms`] = at[i];
    for (const [i, name] of times.entries()) all[name] = date(at[i]);
    Object.assign(this, all);
  }
}
// So that `instanceof` holds with the Stats of node:fs too.
Object.setPrototypeOf(FileType.prototype, host.Stats.prototype);

export class BigIntStats extends FileType {
  constructor(stat: Stat) {
    super();
    const all: Record<string, unknown> = {};
    for (const field of fields) all[field] = BigInt(stat[field]);
    const at = timesOf(stat).map(({ sec, nsec }) => BigInt(sec) * 1_000_000_000n + BigInt(nsec));
    for (const [i, name] of times.entries()) all[`${name}Ms`] = at[i] / 1_000_000n;
    for (const [i, name] of times.entries()) all[`${name}Ns`] = at[i];
    for (const [i, name] of times.entries()) all[name] = date(Number(at[i] / 1_000_000n));
    Object.assign(this, all);
  }
}

/** FUSE_SUPER_MAGIC (include/uapi/linux/magic.h). */
const FUSE = 0x65735546;

export class StatFs {
  constructor(statistics: FileSystemStatistics, bigint: boolean) {
    const { bsize, blocks, bfree, bavail, files, ffree } = statistics;
    const all = { type: FUSE, bsize, blocks, bfree, bavail, files, ffree };
    for (const [name, value] of Object.entries(all))
      (this as Record<string, unknown>)[name] = bigint ? BigInt(value) : value;
  }
}
