import * as flags from '../vfs/flags.ts';
import type { ArgumentKind } from '../vfs/index.ts';

/** How a number of some argument kind is written: names of bits, or names of values. */
export interface Symbols {
  readonly bits?: readonly (readonly [string, number])[];
  readonly values?: readonly (readonly [string, number])[];
  readonly octal?: boolean;
}

const flagTable: Readonly<Record<string, unknown>> = flags;

const named = (...names: (keyof typeof flags)[]): readonly (readonly [string, number])[] =>
  names.map((name) => [name, flagTable[name] as number] as const);

/** Longer flags stand before those they contain. */
export const symbols: Partial<Record<ArgumentKind, Symbols>> = {
  openFlags: {
    bits: named(
      'O_TMPFILE',
      'O_SYNC',
      'O_RDWR',
      'O_WRONLY',
      'O_CREAT',
      'O_EXCL',
      'O_NOCTTY',
      'O_TRUNC',
      'O_APPEND',
      'O_NONBLOCK',
      'O_DSYNC',
      'O_DIRECT',
      'O_LARGEFILE',
      'O_DIRECTORY',
      'O_NOFOLLOW',
      'O_NOATIME',
      'O_CLOEXEC',
      'O_PATH',
      'O_TMPFILE_BIT',
    ),
    values: named('O_RDONLY'),
  },
  mode: {
    bits: named('S_IFSOCK', 'S_IFLNK', 'S_IFBLK', 'S_IFREG', 'S_IFDIR', 'S_IFCHR', 'S_IFIFO'),
    octal: true,
  },
  atFlags: { bits: named('AT_SYMLINK_NOFOLLOW', 'AT_EACCESS', 'AT_SYMLINK_FOLLOW', 'AT_EMPTY_PATH') },
  accessMode: { bits: named('R_OK', 'W_OK', 'X_OK'), values: named('F_OK') },
  whence: { values: named('SEEK_SET', 'SEEK_CUR', 'SEEK_END', 'SEEK_DATA', 'SEEK_HOLE') },
  renameFlags: { bits: named('RENAME_NOREPLACE', 'RENAME_EXCHANGE', 'RENAME_WHITEOUT') },
  fallocMode: {
    bits: named(
      'FALLOC_FL_KEEP_SIZE',
      'FALLOC_FL_PUNCH_HOLE',
      'FALLOC_FL_COLLAPSE_RANGE',
      'FALLOC_FL_ZERO_RANGE',
      'FALLOC_FL_INSERT_RANGE',
      'FALLOC_FL_UNSHARE_RANGE',
    ),
  },
  xattrFlags: { bits: named('XATTR_CREATE', 'XATTR_REPLACE') },
  protection: { bits: named('PROT_READ', 'PROT_WRITE', 'PROT_EXEC'), values: named('PROT_NONE') },
  mapFlags: { bits: named('MAP_SHARED', 'MAP_PRIVATE') },
  msyncFlags: { bits: named('MS_ASYNC', 'MS_INVALIDATE', 'MS_SYNC') },
  advice: {
    values: named(
      'POSIX_FADV_NORMAL',
      'POSIX_FADV_RANDOM',
      'POSIX_FADV_SEQUENTIAL',
      'POSIX_FADV_WILLNEED',
      'POSIX_FADV_DONTNEED',
      'POSIX_FADV_NOREUSE',
    ),
  },
  flockOperation: { bits: named('LOCK_SH', 'LOCK_EX', 'LOCK_NB', 'LOCK_UN') },
};

const byName = new Map<string, number>(Object.entries(flags).filter((entry) => typeof entry[1] === 'number') as never);

/** The number as text: `O_RDWR|O_CREAT`, `0644`, `SEEK_END`, `17`. */
export function showNumber(kind: ArgumentKind, value: number): string {
  const table = symbols[kind];
  if (table === undefined || !Number.isInteger(value) || value < 0 || value > 0x7fffffff) return String(value);
  if (table.octal && value === 0) return '0';
  for (const [name, number] of table.values ?? []) if (number === value) return name;
  let rest = value;
  const words: string[] = [];
  for (const [name, bit] of table.bits ?? [])
    if (bit !== 0 && (rest & bit) === bit) {
      // File types are values in a field: only one name fits.
      if (kind === 'mode' && (value & flags.S_IFMT) !== bit) continue;
      words.push(name);
      rest &= ~bit;
    }
  if (rest !== 0 || words.length === 0)
    words.push(table.octal ? `0${rest.toString(8)}` : rest === 0 ? '0' : `0x${rest.toString(16)}`);
  return words.join('|');
}

/** The inverse of `showNumber`; undefined where a word is not known. */
export function readNumber(text: string): number | undefined {
  let value = 0;
  const words = text.split('|');
  for (const word of words) {
    const number = byName.get(word) ?? (/^0[0-7]+$/.test(word) ? Number.parseInt(word, 8) : Number(word));
    if (word === '' || Number.isNaN(number)) return undefined;
    if (words.length === 1) return number;
    value |= number;
  }
  return value;
}
