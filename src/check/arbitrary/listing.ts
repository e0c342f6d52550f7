import { O_DIRECTORY, O_RDONLY } from '../../vfs/index.ts';
import type { ProgramStep } from '../program.ts';
import type { Making } from './making.ts';

/** Bytes that take the first entries of a listing: those for `.` and `..` take 24 each. */
const FIRST_PART: readonly number[] = [72, 72, 72, 96, 96, 120];

/** A directory that is listed in two parts, with something in it that goes in between. */
export function listingInParts(m: Making): readonly ProgramStep[] {
  const { draw, pid } = m;
  const path = m.someDirectory();
  const fd = m.into('directory');
  const file = m.someFile();
  const removals = [
    { op: 'unlink', path: file } as const,
    { op: 'rename', path: file, newPath: m.fresh(), flags: 0 } as const,
    { op: 'rmdir', path: m.someDirectory() } as const,
  ];
  return [
    { pid, call: { op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0, into: fd } },
    { pid, call: { op: 'getdents', fd, size: draw.of(FIRST_PART) } },
    { pid, call: draw.of(removals) },
    { pid, call: { op: 'getdents', fd, size: 32768 } },
  ];
}
