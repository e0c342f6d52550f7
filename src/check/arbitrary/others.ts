import { type Call, O_CREAT, O_RDWR } from '../../vfs/index.ts';
import type { ProgramStep } from '../program.ts';
import type { Making } from './making.ts';
import * as numbers from './numbers.ts';

/** A file or directory that one process makes, and what another does with it: moves it to a directory of its own, say. */
export function useOfOthers(m: Making): readonly ProgramStep[] {
  const { draw } = m;
  const owner = draw.of(m.pids);
  const user = draw.of(m.pids);
  const [path, own] = [m.fresh(), m.fresh()];
  const isDirectory = draw.chance(60);
  m.remember(isDirectory ? m.directories : m.files, path);
  m.remember(m.directories, own);
  m.pid = owner;
  const made: Call = isDirectory
    ? { op: 'mkdir', path, mode: draw.of(numbers.directoryModes) }
    : { op: 'open', path, flags: O_RDWR | O_CREAT, mode: m.fileMode(), into: m.into('file') };
  m.pid = user;
  return [
    { pid: user, call: { op: 'mkdir', path: own, mode: draw.of(numbers.directoryModes) } },
    { pid: owner, call: made },
    { pid: user, call: use(m, path, own, isDirectory) },
  ];
}

function use(m: Making, path: string, own: string, isDirectory: boolean): Call {
  const { draw } = m;
  switch (draw.below(8)) {
    case 0:
      return { op: isDirectory ? 'rmdir' : 'unlink', path };
    case 1:
      return { op: 'chmod', path, mode: draw.of(numbers.modes) & 0o7777 };
    case 2:
      return { op: 'chown', path, uid: m.uid(), gid: m.gid() };
    case 3:
      return { op: 'utimensat', path, atime: numbers.drawTime(draw), mtime: numbers.drawTime(draw), flags: 0 };
    case 4:
      return isDirectory
        ? { op: 'mkdir', path: `${path}/a`, mode: draw.of(numbers.directoryModes) }
        : { op: 'open', path, flags: draw.of(numbers.openFlags), mode: 0, into: m.into('file') };
    case 5:
      return { op: 'access', path, mode: draw.of(numbers.accessModes), flags: 0 };
    default:
      return { op: 'rename', path, newPath: `${own}/${draw.chance(70) ? 'a' : 'b'}`, flags: 0 };
  }
}
