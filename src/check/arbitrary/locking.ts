import { O_CREAT, O_RDWR, SEEK_SET } from '../../vfs/index.ts';
import type { ProgramStep } from '../program.ts';
import type { Making } from './making.ts';
import { lockTypes } from './numbers.ts';

/** Bytes of a lock; 0: up to the end of the file, however long it becomes. */
const LENGTHS: readonly number[] = [0, 0, 8, 8, 3];
const FIRST_PARTS: readonly number[] = [0, 1, 1, 2, 4];

/** A lock of which a part becomes another one or none, and what other processes then meet of it. */
export function lockInParts(m: Making): readonly ProgramStep[] {
  const { draw, pid } = m;
  const path = m.someFile();
  m.remember(m.files, path);
  const lock = (by: number, fd: number, start: number, size: number): ProgramStep => ({
    pid: by,
    call: { op: 'setlk', fd, type: draw.of(lockTypes), whence: SEEK_SET, start, size, wait: false },
  });
  const open = (by: number): { readonly fd: number; readonly step: ProgramStep } => {
    m.pid = by;
    const fd = m.into('file');
    return { fd, step: { pid: by, call: { op: 'open', path, flags: O_RDWR | O_CREAT, mode: 0o666, into: fd } } };
  };
  const other = draw.of(m.pids);
  const [own, others] = [open(pid), open(other)];
  return [
    own.step,
    others.step,
    lock(pid, own.fd, 0, draw.of(LENGTHS)),
    lock(pid, own.fd, draw.of(FIRST_PARTS), draw.of([1, 1, 2, 4])),
    {
      pid: other,
      call: {
        op: 'getlk',
        fd: others.fd,
        type: 'write',
        whence: SEEK_SET,
        start: draw.of(FIRST_PARTS),
        size: draw.of(LENGTHS),
      },
    },
    lock(other, others.fd, draw.of(FIRST_PARTS), draw.of(LENGTHS)),
  ];
}
