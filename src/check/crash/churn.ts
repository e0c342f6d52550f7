import {
  type Call,
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  O_APPEND,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
} from '../../vfs/index.ts';
import { type Draw, weighted } from '../arbitrary/draw.ts';
import type { Capability, Without } from '../profile.ts';
import type { Program, ProgramProcess, ProgramStep } from '../program.ts';

const PROCESS: ProgramProcess = { pid: 1, uid: 0, gid: 0, groups: [], umask: 0o022 };
const PATHS = ['/a', '/a', '/b', '/d/a'] as const;
const DIRECTORY_FD = 5;
const CALLS = 20;
const LENGTHS = [1, 4, 100, 512, 3000, 4096, 5000, 16384, 40000, 40000] as const;
const OFFSETS = [0, 0, 2, 511, 1000, 4090, 4096, 8192, 65536, 100_000, 100_000, 200_000] as const;
const SIZES = [0, 0, 0, 3, 3, 100, 1000, 4096, 9000] as const;

/** Draws for calls on a few open files; with fewer they meet more often. */
interface Hand {
  readonly draw: Draw;
  readonly fds: readonly number[];
}

type MakeCalls = (hand: Hand) => readonly Call[];

interface Row {
  readonly weight: number;
  readonly needs: readonly Capability[];
  readonly calls: MakeCalls;
}

const row = (weight: number, calls: MakeCalls, ...needs: readonly Capability[]): Row => ({ weight, needs, calls });

const open = (draw: Draw, into: number): Call => ({
  op: 'open',
  path: draw.of(PATHS),
  flags: O_CREAT | O_RDWR | (draw.chance(20) ? O_APPEND : 0),
  mode: 0o644,
  into,
});
const bytes = (draw: Draw) => ({ seed: draw.below(26), length: draw.of(LENGTHS) });

const rows: readonly Row[] = [
  row(8, ({ draw, fds }) => [open(draw, draw.of(fds))]),
  row(10, ({ draw, fds }) => [{ op: 'write', fd: draw.of(fds), data: bytes(draw) }]),
  row(14, ({ draw, fds }) => [{ op: 'pwrite', fd: draw.of(fds), data: bytes(draw), offset: draw.of(OFFSETS) }]),
  row(10, ({ draw, fds }) => [{ op: 'ftruncate', fd: draw.of(fds), size: draw.of(SIZES) }]),
  row(
    3,
    ({ draw, fds }) => [
      {
        op: 'fallocate',
        fd: draw.of(fds),
        mode: draw.of([0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE]),
        offset: draw.of(OFFSETS),
        size: draw.of(LENGTHS),
      },
    ],
    'fallocate',
    'punch-hole',
  ),
  row(8, ({ draw }) => [{ op: 'unlink', path: draw.of(PATHS) }]),
  row(5, ({ draw }) => [{ op: 'rename', path: draw.of(PATHS), newPath: draw.of(PATHS), flags: 0 }], 'renames'),
  row(4, ({ draw }) => [{ op: 'mkdir', path: draw.of(['/d', '/e']), mode: 0o755 }], 'directories'),
  row(4, ({ draw }) => [{ op: 'rmdir', path: draw.of(['/d', '/e']) }], 'directories'),
  row(
    6,
    ({ draw }) => [
      { op: 'open', path: draw.of(['/', '/', '/d']), flags: O_RDONLY, mode: 0, into: DIRECTORY_FD },
      { op: 'fsync', fd: DIRECTORY_FD },
    ],
    'directory-descriptors',
  ),
];
/** One call after the other, for which chance would take long. */
const patterns: readonly Row[] = [
  // Something is given up, and what is written next takes its place.
  row(12, ({ draw, fds }) => {
    const fd = draw.of(fds);
    const given: Call = draw.chance(70)
      ? { op: 'ftruncate', fd: draw.of(fds), size: 0 }
      : { op: 'unlink', path: draw.of(PATHS) };
    return [given, { op: 'pwrite', fd, data: { seed: draw.below(26), length: 40000 }, offset: 0 }, { op: 'fsync', fd }];
  }),
  // Far into a file, which takes more than one block of the disk's own to tell where it is.
  row(12, ({ draw, fds }) => {
    const fd = draw.of(fds);
    const offset = draw.of([65536, 100_000, 200_000]);
    return [
      { op: 'pwrite', fd, data: bytes(draw), offset },
      { op: 'fsync', fd },
    ];
  }),
  // Bytes over those that were just cut off.
  row(12, ({ draw, fds }) => {
    const fd = draw.of(fds);
    return [
      { op: 'fsync', fd },
      { op: 'ftruncate', fd, size: draw.of([3, 100, 1000]) },
      {
        op: 'pwrite',
        fd,
        data: { seed: draw.below(26), length: draw.of([4, 512, 3000]) },
        offset: draw.of([0, 511, 1000]),
      },
    ];
  }),
];
const syncing = row(24, ({ draw, fds }) => [{ op: 'fsync', fd: draw.of(fds) }]);

/**
 * A program that makes, fills, cuts and removes the same few files again and again, and syncs them often: what one gives up
 * another gets. As in every generator here, a part of what it may do is left out of each. Undefined where nothing can be
 * changed.
 */
export function churningProgram(draw: Draw, without: Without): Program | undefined {
  if (without.has('write')) return undefined;
  const possible = rows.filter(({ needs }) => !needs.some((need) => without.has(need)));
  const chosen = [syncing, ...patterns, ...possible].filter((one) => one === syncing || draw.chance(60));
  const table = weighted(chosen.map(({ weight, calls }) => [weight, calls]));
  const hand: Hand = { draw, fds: draw.chance(70) ? [3] : [3, 4] };
  const calls: Call[] = draw.chance(50) || without.has('directories') ? [] : [{ op: 'mkdir', path: '/d', mode: 0o755 }];
  for (const fd of hand.fds) calls.push(open(draw, fd));
  const length = calls.length + 3 + draw.below(CALLS);
  while (calls.length < length) calls.push(...draw.of(table)(hand));
  return { version: 1, processes: [PROCESS], steps: calls.map((call): ProgramStep => ({ pid: PROCESS.pid, call })) };
}
