import {
  AT_EACCESS,
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  MAP_PRIVATE,
  MAP_SHARED,
  MS_ASYNC,
  MS_INVALIDATE,
  MS_SYNC,
  O_APPEND,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_RDWR,
  O_TMPFILE,
  O_TRUNC,
  O_WRONLY,
  PROT_NONE,
  PROT_READ,
  PROT_WRITE,
  SEEK_CUR,
  SEEK_DATA,
  SEEK_END,
  SEEK_HOLE,
  SEEK_SET,
  type TimeArgument,
} from '../../vfs/index.ts';
import { type Draw, weighted } from './draw.ts';

/** Offsets and sizes around the edges of sectors, pages and larger blocks. */
const edges = weighted<number>([
  [6, 0],
  [4, 1],
  [1, 2],
  [3, 10],
  [1, 100],
  [1, 511],
  [1, 512],
  [1, 513],
  [1, 1000],
  [2, 4095],
  [3, 4096],
  [2, 4097],
  [1, 5000],
  [1, 8191],
  [2, 8192],
  [1, 12288],
]);
export const large: readonly number[] = weighted<number>([
  [3, 65535],
  [3, 65536],
  [3, 65537],
  [3, 131072],
  [3, 131073],
  [1, 262144],
  [1, 1048575],
  [1, 1048576],
]);
/** Beyond, sizes would not be exact. */
const extreme: readonly number[] = [2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 43, 2 ** 52];

export function drawOffset(draw: Draw): number {
  const dice = draw.below(100);
  if (dice < 88) return draw.of(edges);
  if (dice < 95) return draw.below(10000);
  return dice < 98 ? draw.of(large) : dice < 99 ? -1 - draw.below(4096) : draw.of(extreme);
}

/** The size of what is read or written at once. */
export function drawCount(draw: Draw): number {
  const dice = draw.below(100);
  if (dice < 90) return draw.of(edges);
  return dice < 98 ? draw.below(6000) : draw.of(large);
}

/** A file size for truncate. */
export function drawSize(draw: Draw): number {
  const dice = draw.below(200);
  if (dice < 190) return draw.of(edges);
  return dice < 196 ? draw.of(large) : dice < 198 ? -1 : draw.of(extreme);
}

export const openFlags: readonly number[] = weighted<number>([
  [8, O_RDONLY],
  [3, O_WRONLY],
  [14, O_RDWR],
  [32, O_RDWR | O_CREAT],
  [5, O_WRONLY | O_CREAT],
  [2, O_RDONLY | O_CREAT],
  [8, O_RDWR | O_CREAT | O_EXCL],
  [4, O_WRONLY | O_CREAT | O_TRUNC],
  [4, O_RDWR | O_CREAT | O_TRUNC],
  [2, O_RDWR | O_CREAT | O_EXCL | O_TRUNC],
  [4, O_RDWR | O_CREAT | O_APPEND],
  [2, O_WRONLY | O_APPEND],
  [3, O_WRONLY | O_TRUNC],
  [1, O_RDONLY | O_TRUNC],
  [2, O_RDONLY | O_NOFOLLOW],
  [2, O_RDWR | O_CREAT | O_NOFOLLOW],
]);
export const directoryFlags: readonly number[] = [
  O_RDONLY | O_DIRECTORY,
  O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
  O_RDONLY,
];
export const pathFlags: readonly number[] = [O_PATH, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY];
export const tmpfileFlags: readonly number[] = [O_TMPFILE | O_RDWR, O_TMPFILE | O_WRONLY, O_TMPFILE | O_RDWR | O_EXCL];
/** Bits for random combinations. */
export const openBits: readonly number[] = [
  O_WRONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  O_APPEND,
  O_NONBLOCK,
  O_NOFOLLOW,
];

export const modes: readonly number[] = weighted<number>([
  [10, 0o644],
  [6, 0o755],
  [4, 0o600],
  [3, 0o666],
  [3, 0o777],
  [1, 0],
  [1, 0o200],
  [1, 0o400],
  [1, 0o100],
  [1, 0o444],
  [1, 0o711],
  [2, 0o4755],
  [2, 0o2755],
  [1, 0o2644],
  [1, 0o6777],
  [2, 0o1777],
  [1, 0o7777],
  [1, 0o170644],
  // The group may what others may not.
  [2, 0o640],
  [2, 0o660],
  [1, 0o2770],
  // A class that may less than the ones behind it.
  [1, 0o066],
  [1, 0o606],
]);
/** Files must not be executable by accident only: directories without x are rare. */
export const directoryModes: readonly number[] = weighted<number>([
  [20, 0o755],
  [10, 0o777],
  [3, 0o700],
  [3, 0o1777],
  [3, 0o2775],
  [2, 0o750],
  [2, 0o770],
  [1, 0o711],
  [1, 0o500],
  [1, 0o444],
  [1, 0o666],
  [1, 0o077],
  [1, 0o707],
  [1, 0o070],
  [1, 0],
]);
export const privilegedModes: readonly number[] = [0o4755, 0o2755, 0o6755, 0o2644, 0o4644];
export const umasks: readonly number[] = [0o022, 0o022, 0, 0, 0o077, 0o777, 0o002];

export const accessModes: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
export const statFlags: readonly number[] = [0, 0, AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH];
export const accessFlags: readonly number[] = [0, 0, AT_EACCESS, AT_SYMLINK_NOFOLLOW];
export const linkFlags: readonly number[] = weighted<number>([
  [20, 0],
  [4, AT_SYMLINK_FOLLOW],
  [1, AT_EMPTY_PATH],
  [1, AT_SYMLINK_NOFOLLOW],
]);
export const whences: readonly number[] = weighted<number>([
  [8, SEEK_SET],
  [4, SEEK_CUR],
  [4, SEEK_END],
]);
export const holeWhences: readonly number[] = [SEEK_DATA, SEEK_HOLE];
export const fallocModes: readonly number[] = [0, 0, 0, FALLOC_FL_KEEP_SIZE];
export const punchModes: readonly number[] = weighted<number>([
  [8, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE],
  [4, FALLOC_FL_ZERO_RANGE],
  [4, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE],
  [1, FALLOC_FL_PUNCH_HOLE],
]);
export const flockOperations: readonly number[] = weighted<number>([
  [5, LOCK_SH | LOCK_NB],
  [5, LOCK_EX | LOCK_NB],
  [4, LOCK_UN],
  [1, LOCK_NB],
]);
export const lockTypes = weighted<'read' | 'write' | 'unlock'>([
  [4, 'read'],
  [4, 'write'],
  [3, 'unlock'],
]);

export const mapSizes: readonly number[] = weighted<number>([
  [2, 1],
  [6, 4096],
  [2, 4097],
  [4, 8192],
  [6, 12288],
  [3, 20480],
  [1, 0],
]);
export const mapOffsets: readonly number[] = weighted<number>([
  [40, 0],
  [8, 4096],
  [3, 8192],
  [1, -4096],
  [1, 100],
]);
export const mappedOffsets: readonly number[] = [0, 0, 0, 1, 10, 100, 1000, 4000, 4095];
export const protections: readonly number[] = weighted<number>([
  [12, PROT_READ | PROT_WRITE],
  [4, PROT_READ],
  [1, PROT_WRITE],
  [1, PROT_NONE],
]);
export const mapFlags: readonly number[] = weighted<number>([
  [16, MAP_SHARED],
  [8, MAP_PRIVATE],
  [1, MAP_SHARED | MAP_PRIVATE],
  [1, 0],
]);
export const privateMapFlags: readonly number[] = [MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, MAP_PRIVATE, 0];
export const msyncFlags: readonly number[] = weighted<number>([
  [8, MS_SYNC],
  [4, MS_ASYNC],
  [2, MS_SYNC | MS_INVALIDATE],
  [1, 0],
  [1, MS_SYNC | MS_ASYNC],
  [1, 8],
]);
export const advices: readonly number[] = [0, 1, 2, 3, 4, 4, 4, 5, 6];
export const handleFlags: readonly number[] = weighted<number>([
  [12, 0],
  [3, AT_SYMLINK_FOLLOW],
  [1, AT_EMPTY_PATH],
  [1, AT_SYMLINK_NOFOLLOW],
]);
export const handleOpenFlags: readonly number[] = weighted<number>([
  [6, O_RDONLY],
  [12, O_RDWR],
  [3, O_WRONLY],
  [2, O_RDWR | O_APPEND],
  [1, O_RDWR | O_TRUNC],
  [2, O_PATH],
  [1, O_RDONLY | O_DIRECTORY],
]);

const times: readonly TimeArgument[] = weighted<TimeArgument>([
  [5, 'now'],
  [5, 'omit'],
  [4, { sec: 1, nsec: 0 }],
  [4, { sec: 1_000_000_000, nsec: 123_456_789 }],
  [2, { sec: 1_600_000_000, nsec: 999_999_999 }],
  [2, { sec: 0, nsec: 0 }],
  [2, { sec: -1, nsec: 500_000_000 }],
  [1, { sec: 2 ** 31 - 1, nsec: 1 }],
  [1, { sec: 2 ** 31, nsec: 0 }],
  [1, { sec: 1, nsec: 1_000_000_000 }],
  [1, { sec: 1, nsec: -1 }],
  [1, { sec: 2 ** 40, nsec: 0 }],
]);

export const drawTime = (draw: Draw): TimeArgument => draw.of(times);
