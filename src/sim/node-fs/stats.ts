import * as host from 'node:fs';
import { dateAt } from '../../env/date-at.ts';
import type { FileSystemStatistics, Stat, Timespec, U64 } from '../../vfs/index.ts';
import { answerFileType, type FileTypeQuestions } from './file-type.ts';

/** What statx gives where the filesystem does not know the time of birth. */
const NEVER: Timespec = { sec: 0, nsec: 0 };
const times = ['atime', 'mtime', 'ctime', 'birthtime'] as const;

const timesOf = (stat: Stat): readonly Timespec[] => [stat.atime, stat.mtime, stat.ctime, stat.btime ?? NEVER];

const fields = ['dev', 'mode', 'nlink', 'uid', 'gid', 'rdev', 'blksize', 'ino', 'size', 'blocks'] as const;

/** `at` has by the ending of its field each of the four times. */
function assign(
  to: object,
  stat: Stat,
  convert: (value: U64) => unknown,
  at: Readonly<Record<string, readonly unknown[]>>,
): void {
  const all: Record<string, unknown> = {};
  for (const field of fields) all[field] = convert(stat[field]);
  for (const [ending, values] of Object.entries(at))
    for (const [i, name] of times.entries()) all[`${name}${ending}`] = values[i];
  Object.assign(to, all);
}

export interface Stats extends FileTypeQuestions {
  readonly mode: number;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the fields are assigned, the methods defined
export class Stats {
  constructor(stat: Stat) {
    const at = timesOf(stat).map(({ sec, nsec }) => sec * 1000 + nsec / 1e6);
    assign(this, stat, Number, { Ms: at, '': at.map((time) => dateAt(Math.round(time))) });
  }

  static {
    answerFileType(Stats.prototype, ({ mode }) => mode, host.Stats.prototype);
  }
}

export interface BigIntStats extends FileTypeQuestions {
  readonly mode: bigint;
}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: as above
export class BigIntStats {
  constructor(stat: Stat) {
    const at = timesOf(stat).map(({ sec, nsec }) => BigInt(sec) * 1_000_000_000n + BigInt(nsec));
    const whole = at.map((time) => time / 1_000_000n);
    assign(this, stat, BigInt, { Ms: whole, Ns: at, '': whole.map((time) => dateAt(Number(time))) });
  }

  static {
    answerFileType(BigIntStats.prototype, ({ mode }) => Number(mode), Object.prototype);
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
