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
const PATHS = ['/a', '/b', '/d/a', '/d/b'] as const;
const FDS = [3, 4] as const;
const DIRECTORY_FD = 5;
const CALLS = 24;
const LENGTHS = [1, 100, 512, 3000, 4096, 5000, 16384, 40000] as const;
const OFFSETS = [0, 0, 0, 2, 511, 4090, 4096, 8192, 65536, 100_000, 200_000] as const;

interface Row {
  readonly weight: number;
  readonly needs: readonly Capability[];
  readonly calls: (draw: Draw) => readonly Call[];
}

const row = (weight: number, calls: Row['calls'], ...needs: readonly Capability[]): Row => ({ weight, needs, calls });

const open = (draw: Draw): Call => ({
  op: 'open',
  path: draw.of(PATHS),
  flags: O_CREAT | O_RDWR | (draw.chance(20) ? O_APPEND : 0),
  mode: 0o644,
  into: draw.of(FDS),
});
const bytes = (draw: Draw) => ({ seed: draw.below(26), length: draw.of(LENGTHS) });

const rows: readonly Row[] = [
  row(10, (draw) => [open(draw)], 'write'),
  row(12, (draw) => [{ op: 'write', fd: draw.of(FDS), data: bytes(draw) }], 'write'),
  row(12, (draw) => [{ op: 'pwrite', fd: draw.of(FDS), data: bytes(draw), offset: draw.of(OFFSETS) }], 'write'),
  row(22, (draw) => [{ op: 'fsync', fd: draw.of(FDS) }], 'write'),
  row(8, (draw) => [{ op: 'ftruncate', fd: draw.of(FDS), size: draw.of([0, 0, 0, 3, 100, 4096, 9000]) }], 'write'),
  row(
    3,
    (draw) => [
      {
        op: 'fallocate',
        fd: draw.of(FDS),
        mode: draw.of([0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE]),
        offset: draw.of(OFFSETS),
        size: draw.of(LENGTHS),
      },
    ],
    'write',
    'fallocate',
    'punch-hole',
  ),
  row(8, (draw) => [{ op: 'unlink', path: draw.of(PATHS) }], 'write'),
  row(5, (draw) => [{ op: 'rename', path: draw.of(PATHS), newPath: draw.of(PATHS), flags: 0 }], 'renames'),
  row(4, (draw) => [{ op: 'mkdir', path: draw.of(['/d', '/e']), mode: 0o755 }], 'directories'),
  row(4, (draw) => [{ op: 'rmdir', path: draw.of(['/d', '/e']) }], 'directories'),
  row(
    6,
    (draw) => [
      { op: 'open', path: draw.of(['/', '/', '/d']), flags: O_RDONLY, mode: 0, into: DIRECTORY_FD },
      { op: 'fsync', fd: DIRECTORY_FD },
    ],
    'directory-descriptors',
  ),
];

/**
 * A program that makes, fills, cuts and removes the same few files again and again, and syncs them often: what one gives up
 * another gets. Undefined where too little of that can be done.
 */
export function churningProgram(draw: Draw, without: Without): Program | undefined {
  if (without.has('write')) return undefined;
  const possible = rows.filter(({ needs }) => !needs.some((need) => without.has(need)));
  const table = weighted(possible.map(({ weight, calls }) => [weight, calls]));
  const calls: Call[] = without.has('directories') ? [] : [{ op: 'mkdir', path: '/d', mode: 0o755 }];
  for (const into of FDS) calls.push({ ...open(draw), into } as Call);
  const length = 4 + draw.below(CALLS);
  while (calls.length < length) calls.push(...draw.of(table)(draw));
  return { version: 1, processes: [PROCESS], steps: calls.map((call): ProgramStep => ({ pid: PROCESS.pid, call })) };
}
