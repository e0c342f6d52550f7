import type { Attributes, FileSystemStatistics, Timespec, U64 } from '../../vfs/index.ts';
import { NAME_MAX } from '../../vfs/index.ts';
import type { BackingStatistics, BackingStats, BackingTime } from './backing.ts';

const BILLION = 1_000_000_000n;

function timeOf(nanoseconds: bigint): Timespec {
  const nsec = ((nanoseconds % BILLION) + BILLION) % BILLION;
  return { sec: Number((nanoseconds - nsec) / BILLION), nsec: Number(nsec) };
}

function u64(value: bigint): U64 {
  return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
}

/** A backing's stat as the contract has it. glibc's dev_t is Linux' 32-bit encoding for all that fits there. */
export function attributesOf(stats: BackingStats): Attributes {
  return {
    ino: u64(stats.ino),
    mode: Number(stats.mode),
    nlink: Number(stats.nlink),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    rdev: Number(stats.rdev & 0xffffffffn),
    size: Number(stats.size),
    blocks: Number(stats.blocks),
    blksize: Number(stats.blksize),
    atime: timeOf(stats.atimeNs),
    mtime: timeOf(stats.mtimeNs),
    ctime: timeOf(stats.ctimeNs),
  };
}

/** A time for `utimes`, which goes through a double: precise to about a quarter of a microsecond. */
export function backingTime({ sec, nsec }: Timespec): BackingTime {
  const seconds = sec + nsec / 1e9;
  return seconds < 0 ? String(seconds) : seconds;
}

export function statisticsOf({ bsize, blocks, bfree, bavail, files, ffree }: BackingStatistics): FileSystemStatistics {
  return { bsize, frsize: bsize, blocks, bfree, bavail, files, ffree, namelen: NAME_MAX };
}
