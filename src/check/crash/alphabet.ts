import { type Call, O_APPEND, O_CREAT, O_RDONLY, O_WRONLY } from '../../vfs/index.ts';
import type { Program, ProgramProcess, ProgramStep } from '../program.ts';

const PROCESS: ProgramProcess = { pid: 1, uid: 0, gid: 0, groups: [], umask: 0o022 };
const FD = 3;

/** An operation of the sweep: a few calls, and what has to be synced for it to be safe. */
export interface Operation {
  readonly name: string;
  readonly calls: readonly Call[];
  readonly touches: readonly string[];
}

const opened = (path: string, flags: number, ...calls: readonly Call[]): readonly Call[] => [
  { op: 'open', path, flags, mode: 0o644, into: FD },
  ...calls,
  { op: 'close', fd: FD },
];

const sync = (path: string): readonly Call[] => opened(path, O_RDONLY, { op: 'fsync', fd: FD });

const operation = (name: string, calls: readonly Call[], ...touches: readonly string[]): Operation => ({
  name,
  calls,
  touches,
});

const rename = (path: string, newPath: string, ...touches: readonly string[]): Operation =>
  operation(`rename ${path} ${newPath}`, [{ op: 'rename', path, newPath, flags: 0 }], ...touches);
const link = (path: string, newPath: string, ...touches: readonly string[]): Operation =>
  operation(`link ${path} ${newPath}`, [{ op: 'link', path, newPath, flags: 0 }], ...touches);
const truncate = (path: string, size: number): Operation =>
  operation(`truncate ${path} ${size}`, [{ op: 'truncate', path, size }], path);
const syncing = (path: string): Operation => operation(`fsync ${path}`, sync(path));

/** What is there and safe before every program: /f and /d/g with bytes, the empty directory /e. */
export const prepared: Program = programOf([
  { op: 'mkdir', path: '/d', mode: 0o755 },
  { op: 'mkdir', path: '/e', mode: 0o755 },
  ...opened(
    '/f',
    O_CREAT | O_WRONLY,
    { op: 'write', fd: FD, data: { seed: 0, length: 6000 } },
    { op: 'fsync', fd: FD },
  ),
  ...opened(
    '/d/g',
    O_CREAT | O_WRONLY,
    { op: 'write', fd: FD, data: { seed: 50, length: 100 } },
    { op: 'fsync', fd: FD },
  ),
  ...sync('/d'),
  ...sync('/e'),
  ...sync('/'),
]);

/**
 * The operations that programs of the sweep are made of, after ACE (Mohan et al., OSDI 2018): two directories, files that are
 * there and files that are not, names within and across directories. Not sync(2), which does not reach a FUSE filesystem.
 */
export const alphabet: readonly Operation[] = [
  operation('creat /n', opened('/n', O_CREAT | O_WRONLY), '/n', '/'),
  operation('creat /d/n', opened('/d/n', O_CREAT | O_WRONLY), '/d/n', '/d'),
  operation(
    'write /n',
    opened('/n', O_CREAT | O_WRONLY, { op: 'write', fd: FD, data: { seed: 9, length: 5000 } }),
    '/n',
    '/',
  ),
  operation(
    'overwrite /f',
    opened('/f', O_WRONLY, { op: 'pwrite', fd: FD, data: { seed: 5, length: 20 }, offset: 4090 }),
    '/f',
  ),
  operation(
    'append /f',
    opened('/f', O_WRONLY | O_APPEND, { op: 'write', fd: FD, data: { seed: 7, length: 3000 } }),
    '/f',
  ),
  operation(
    'append /d/g',
    opened('/d/g', O_WRONLY | O_APPEND, { op: 'write', fd: FD, data: { seed: 3, length: 10 } }),
    '/d/g',
  ),
  truncate('/f', 0),
  truncate('/f', 5000),
  truncate('/d/g', 8000),
  operation('chmod /f', [{ op: 'chmod', path: '/f', mode: 0o600 }], '/f'),
  rename('/f', '/n', '/'),
  rename('/n', '/f', '/'),
  rename('/f', '/d/g', '/', '/d'),
  rename('/d/g', '/f', '/', '/d'),
  rename('/d', '/m', '/'),
  rename('/d', '/e', '/'),
  link('/f', '/n', '/f', '/'),
  link('/f', '/d/n', '/f', '/d'),
  operation('symlink /n', [{ op: 'symlink', target: 'f', path: '/n' }], '/'),
  operation('unlink /f', [{ op: 'unlink', path: '/f' }], '/'),
  operation('unlink /d/g', [{ op: 'unlink', path: '/d/g' }], '/d'),
  operation('mkdir /m', [{ op: 'mkdir', path: '/m', mode: 0o755 }], '/m', '/'),
  operation('mkdir /d/m', [{ op: 'mkdir', path: '/d/m', mode: 0o755 }], '/d/m', '/d'),
  operation('rmdir /e', [{ op: 'rmdir', path: '/e' }], '/'),
  syncing('/f'),
  syncing('/n'),
  syncing('/d/g'),
  syncing('/d'),
  syncing('/'),
];

/** The program of some operations; what the last of them leaves to be synced is synced at the end. */
export function programOfOperations(operations: readonly Operation[]): Program {
  const touched = operations.at(-1)?.touches ?? [];
  return programOf([...operations.flatMap(({ calls }) => calls), ...touched.flatMap((path) => sync(path))]);
}

function programOf(calls: readonly Call[]): Program {
  return { version: 1, processes: [PROCESS], steps: calls.map((call): ProgramStep => ({ pid: PROCESS.pid, call })) };
}
