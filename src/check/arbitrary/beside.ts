import type { Call } from '../../vfs/index.ts';
import type { ProgramStep } from '../program.ts';
import { weighted } from './draw.ts';
import type { Making } from './making.ts';
import { xattrNames } from './names.ts';

type Maker = (m: Making) => Call;

const stat: Maker = (m) => ({ op: m.draw.chance(50) ? 'stat' : 'lstat', path: m.some() });

/** A call on an open file; without one, a look. */
const onFile =
  (make: Maker): Maker =>
  (m) =>
    m.hasFd('file') ? make(m) : stat(m);

/** Calls that can go beside others: those that look, and those on one open file. */
const makers = weighted<Maker>([
  [30, stat],
  [25, onFile((m) => ({ op: 'pread', fd: m.fd('file'), size: m.count(), offset: m.offset() }))],
  [8, onFile((m) => ({ op: 'fstat', fd: m.fd('file') }))],
  [5, (m) => ({ op: 'access', path: m.some(), mode: m.draw.below(8), flags: 0 })],
  [4, onFile((m) => ({ op: 'fsync', fd: m.fd('file') }))],
  [4, (m) => (m.has('symlinks') ? { op: 'readlink', path: m.some() } : stat(m))],
  [4, (m) => (m.has('xattrs') ? { op: 'getxattr', path: m.some(), name: m.draw.of(xattrNames), size: 256 } : stat(m))],
  [4, (m) => (m.has('drop-caches') ? { op: 'drop_caches', caches: m.draw.of([1, 2, 3]) } : stat(m))],
]);
const writers = weighted<Maker>([
  [25, onFile((m) => ({ op: 'pwrite', fd: m.fd('file'), data: m.data(), offset: m.offset() }))],
  [8, onFile((m) => ({ op: 'write', fd: m.fd('file'), data: m.data() }))],
  [8, onFile((m) => ({ op: 'ftruncate', fd: m.fd('file'), size: m.size() }))],
]);

/** Each process makes a call while the others make theirs; now and then the first is killed before its call is at an end. */
export function sideBySide(m: Making): readonly ProgramStep[] {
  const { draw } = m;
  const writes = m.has('write') && draw.chance(35);
  const pids = m.pids.toReversed();
  // What nobody has looked up yet is looked up by all at once.
  if (!writes && m.has('drop-caches') && draw.chance(25)) {
    const path = m.some();
    const look = (pid: number, i: number): ProgramStep => {
      const call = draw.chance(60) ? ({ op: 'lstat', path } as const) : draw.of(makers)(m);
      return i === 0 ? { pid, call } : { pid, call, beside: true };
    };
    return [{ pid: m.pid, call: { op: 'drop_caches', caches: 3 } }, ...pids.map(look)];
  }
  return pids.map((pid, i): ProgramStep => {
    m.pid = pid;
    if (i === 0) return { pid, call: draw.of(writes ? writers : makers)(m) };
    if (i === pids.length - 1 && draw.chance(8))
      return { pid, call: { op: 'kill', pid: pids[0], signal: 9 }, beside: true };
    return { pid, call: draw.of(writes && draw.chance(60) ? writers : makers)(m), beside: true };
  });
}
