import {
  AT_SYMLINK_NOFOLLOW,
  type Call,
  type DirectoryEntry,
  isError,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_RDWR,
  O_TRUNC,
  type Stat,
  type SysResult,
  type Timespec,
  type ValueOf,
} from '../../vfs/index.ts';
import type { ServerCall } from './kernel.ts';
import type { PathOperations, PathStat } from './load.ts';

const GETDENTS_BUFFER = 1 << 16;

/** The path operations of libfuse 2 as system calls of a simulated kernel, whose path walk turns them into requests on nodes. */
export function pathOperations(run: ServerCall): PathOperations {
  /** Runs a call and gives libfuse its answer; `convert` runs for a success only. */
  function answer<const C extends Call, T>(
    call: C,
    done: (error: number, value?: T) => void,
    convert: (value: ValueOf<C['op']>) => T,
  ): void {
    const settle = (result: SysResult) => {
      if (isError(result)) done(result);
      else done(0, convert(result as ValueOf<C['op']>));
    };
    const result = run(call);
    if (result instanceof Promise) void result.then(settle);
    else settle(result);
  }
  const nothing = () => undefined;
  const descriptor = (fd: number) => fd;

  return {
    access: (path, mode, done) => answer({ op: 'access', path, mode }, done, nothing),
    statfs: (path, done) => answer({ op: 'statfs', path }, done, (s) => ({ ...s, namemax: s.namelen })),
    getattr: (path, done) => answer({ op: 'lstat', path }, done, (stat) => pathStat(stat)),
    fgetattr: (_path, fd, done) => answer({ op: 'fstat', fd }, done, (stat) => pathStat(stat)),
    // A descriptor of our kernel is one open file of theirs: their close(2) of one of several is no close of ours.
    flush: (_path, _fd, done) => done(0),
    fsync: (_path, dataOnly, fd, done) => answer({ op: dataOnly ? 'fdatasync' : 'fsync', fd }, done, nothing),
    fsyncdir: (_path, dataOnly, fd, done) => answer({ op: dataOnly ? 'fdatasync' : 'fsync', fd }, done, nothing),
    readdir: (path, done) => readdir(run, path, done),
    truncate: (path, size, done) => answer({ op: 'truncate', path, size }, done, nothing),
    ftruncate: (_path, fd, size, done) => answer({ op: 'ftruncate', fd, size }, done, nothing),
    utimens: (path, atime, mtime, done) =>
      answer(
        {
          op: 'utimensat',
          path,
          atime: fromMilliseconds(atime),
          mtime: fromMilliseconds(mtime),
          flags: AT_SYMLINK_NOFOLLOW,
        },
        done,
        nothing,
      ),
    readlink: (path, done) => answer({ op: 'readlink', path }, done, (text) => text),
    chown: (path, uid, gid, done) => answer({ op: 'lchown', path, uid, gid }, done, nothing),
    chmod: (path, mode, done) => answer({ op: 'chmod', path, mode: mode & 0o7777 }, done, nothing),
    mknod: (path, mode, rdev, done) => answer({ op: 'mknod', path, mode, rdev }, done, nothing),
    setxattr: (path, name, value, _position, flags, done) =>
      answer({ op: 'lsetxattr', path, name, value: Uint8Array.from(value), flags }, done, nothing),
    getxattr: (path, name, _position, done) =>
      answer({ op: 'lgetxattr', path, name, size: 65536 }, done, (value) =>
        typeof value === 'number' ? Buffer.alloc(0) : Buffer.from(value),
      ),
    listxattr: (path, done) =>
      answer({ op: 'llistxattr', path, size: 65536 }, done, (names) => (typeof names === 'number' ? [] : names)),
    removexattr: (path, name, done) => answer({ op: 'lremovexattr', path, name }, done, nothing),
    // The kernel in front has added the offset of O_APPEND already, and truncates by itself.
    open: (path, flags, done) =>
      answer({ op: 'open', path, flags: flags & (O_ACCMODE | O_TRUNC), mode: 0 }, done, descriptor),
    opendir: (path, _flags, done) => answer({ op: 'open', path, flags: O_DIRECTORY, mode: 0 }, done, descriptor),
    // fuse-native passes no flags on: read and write both must work afterwards.
    create: (path, mode, done) =>
      answer({ op: 'open', path, flags: O_RDWR | O_CREAT, mode: mode & 0o7777 }, done, descriptor),
    read: (_path, fd, into, length, offset, done) =>
      answer({ op: 'pread', fd, size: length, offset }, countTo(done), (data) => {
        into.set(data);
        return data.length;
      }),
    write: (_path, fd, data, length, offset, done) =>
      answer({ op: 'pwrite', fd, data: data.subarray(0, length), offset }, countTo(done), (count) => count),
    release: (_path, fd, done) => answer({ op: 'close', fd }, done, nothing),
    releasedir: (_path, fd, done) => answer({ op: 'close', fd }, done, nothing),
    unlink: (path, done) => answer({ op: 'unlink', path }, done, nothing),
    rename: (path, newPath, done) => answer({ op: 'rename', path, newPath, flags: 0 }, done, nothing),
    link: (path, newPath, done) => answer({ op: 'link', path, newPath, flags: 0 }, done, nothing),
    symlink: (target, path, done) => answer({ op: 'symlink', target, path }, done, nothing),
    mkdir: (path, mode, done) => answer({ op: 'mkdir', path, mode: mode & 0o7777 }, done, nothing),
    rmdir: (path, done) => answer({ op: 'rmdir', path }, done, nothing),
  };
}

const countTo = (done: (result: number) => void) => (error: number, count?: number) => done(count ?? error);

async function readdir(run: ServerCall, path: string, done: (error: number, names?: string[]) => void): Promise<void> {
  const fd = await run({ op: 'open', path, flags: O_DIRECTORY, mode: 0 });
  if (isError(fd)) return done(fd);
  const names: string[] = [];
  let error = 0;
  for (;;) {
    const entries = await run({ op: 'getdents', fd: Number(fd), size: GETDENTS_BUFFER });
    if (isError(entries)) error = entries;
    if (isError(entries) || (entries as readonly DirectoryEntry[]).length === 0) break;
    for (const entry of entries as readonly DirectoryEntry[]) names.push(entry.name);
  }
  await run({ op: 'close', fd: Number(fd) });
  if (error < 0) done(error);
  else done(0, names);
}

function pathStat(stat: Stat): PathStat {
  return {
    ...stat,
    ino: Number(BigInt.asUintN(32, BigInt(stat.ino))),
    atime: milliseconds(stat.atime),
    mtime: milliseconds(stat.mtime),
    ctime: milliseconds(stat.ctime),
  };
}

const milliseconds = (time: Timespec): number => time.sec * 1000 + Math.floor(time.nsec / 1e6);

function fromMilliseconds(ms: number): Timespec {
  const sec = Math.floor(ms / 1000);
  return { sec, nsec: Math.round((ms - sec * 1000) * 1e6) };
}
