// One switch over the system-call table: longer than other files, because the table is.
import type {
  Call,
  Credentials,
  DirectoryEntry,
  Kernel,
  Stat,
  SysResult,
  TimeArgument,
  Timespec,
} from '../../vfs/index.ts';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  AT_SYMLINK_NOFOLLOW,
  dataBytes,
  errnoFrom,
  errno as errnos,
  isDirectory,
  nameLength,
  nameToBytes,
  O_ACCMODE,
  O_APPEND,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  root as rootCredentials,
  S_IFLNK,
  S_IFMT,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from '../../vfs/index.ts';
import type { Capability } from '../profile.ts';
import { missingCapabilities } from './capabilities.ts';
import type { FsClock, FsFailure, FsKernelOptions, NodeFs, NodePath, NodeTime } from './node-fs.ts';
import { asNodeFs } from './node-fs.ts';
import type { Description } from './process.ts';
import { FsProcess } from './process.ts';
import { signalEffect } from './signals.ts';
import { direntsFrom, statFrom, statfsFrom, WrongShape } from './stat.ts';

const EBADF = -errnos.EBADF.errno;
const EBUSY = -errnos.EBUSY.errno;
const EFBIG = -errnos.EFBIG.errno;
const EINVAL = -errnos.EINVAL.errno;
const EISDIR = -errnos.EISDIR.errno;
const ENOSYS = -errnos.ENOSYS.errno;
const ENOTDIR = -errnos.ENOTDIR.errno;
const ESRCH = -errnos.ESRCH.errno;

const exact = { bigint: true } as const;
/** Read calls are cut short here, as the kernel may (read(2)). */
const READ_LIMIT = 1 << 26;
const loneSurrogate = /\p{Surrogate}/u;

/**
 * System calls on a `node:fs`-shaped object. Each call goes to the most direct synchronous method, and what the object
 * answers is the result; only what belongs to a process (descriptor table, offsets moved by lseek, cwd, umask) is kept
 * here. Where `node:fs` has no words for a call, the result is ENOSYS and the capability is in `without`.
 */
export class FsKernel implements Kernel {
  readonly name: string;
  readonly timeSlack: number;
  /** What the object cannot be asked for. */
  readonly without: ReadonlySet<Capability>;
  /** Set when FsKernel itself made the last call's result EIO: what the object did is a bug, whatever was expected. */
  lastFailure: FsFailure | undefined;

  readonly #fs: NodeFs;
  readonly #prefix: string;
  readonly #clock: FsClock;
  readonly #wrap: <T>(use: () => T) => T;
  readonly #batch: <T>(calls: () => T) => T;
  readonly #credentials: Credentials;
  readonly #sizeLimit: number;
  readonly #processes = new Map<number, FsProcess>();
  readonly #ended = new Set<number>();

  constructor(fs: unknown, options: FsKernelOptions) {
    this.#fs = asNodeFs(fs);
    this.name = options.name ?? 'fs';
    this.#prefix = (options.root ?? '/').replace(/\/+$/, '');
    this.#clock = options.clock;
    this.timeSlack = options.timeSlack ?? 2_000_000;
    this.#wrap = options.wrap ?? ((use) => use());
    this.#batch = options.batch ?? ((calls) => calls());
    this.#credentials = options.credentials ?? rootCredentials;
    this.#sizeLimit = options.fileSizeLimit ?? 2 ** 30;
    this.without = missingCapabilities(this.#fs);
  }

  now(): Timespec {
    return this.#clock.now();
  }

  spawn(pid: number, credentials: Credentials, umask = 0o022): void {
    if (this.#processes.has(pid)) throw new RangeError(`spawn: expected a free pid, given ${pid}`);
    const own = this.#credentials;
    if (credentials.uid !== own.uid || credentials.gid !== own.gid)
      throw new RangeError(
        `spawn: every process of ${this.name} has uid ${own.uid} and gid ${own.gid}, ` +
          `given ${credentials.uid} and ${credentials.gid}; check it without the capability "permissions"`,
      );
    this.#ended.delete(pid);
    this.#processes.set(pid, new FsProcess('/', umask));
  }

  call(pid: number, call: Call): SysResult {
    const caller = this.#processes.get(pid);
    if (caller === undefined) {
      if (this.#ended.has(pid)) return ESRCH;
      throw new RangeError(`call: expected the pid of a process that was spawned, given ${pid}`);
    }
    this.lastFailure = undefined;
    try {
      return this.#wrap(() => this.#run(caller, pid, call));
    } catch (thrown) {
      if (thrown instanceof Escape) throw thrown;
      const known = errnoFrom(thrown);
      if (known !== undefined) return -known.errno;
      const message = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
      this.lastFailure = thrown instanceof WrongShape ? { call, message: thrown.message } : { call, message, thrown };
      return -errnos.EIO.errno;
    }
  }

  batch<T>(calls: () => T): T {
    return this.#batch(calls);
  }

  close(): void {
    for (const [pid, caller] of this.#processes) this.#end(pid, caller);
  }

  #run(caller: FsProcess, pid: number, call: Call): SysResult {
    const fs = this.#fs;
    const path = (text: string, dirfd?: number) => this.#path(caller, text, dirfd);
    switch (call.op) {
      case 'open':
        return this.#open(caller, call.path, call.flags, call.mode, call.dirfd, call.into);
      case 'creat':
        return this.#open(caller, call.path, O_CREAT | O_WRONLY | O_TRUNC, call.mode, undefined, call.into);
      case 'close': {
        const description = caller.descriptors.get(call.fd);
        if (description === undefined) return EBADF;
        caller.descriptors.delete(call.fd);
        return this.#release(description);
      }
      case 'dup': {
        const description = caller.descriptors.get(call.fd);
        if (description === undefined) return EBADF;
        return call.into === call.fd ? call.fd : this.#install(caller, description, call.into);
      }
      case 'dup2': {
        const description = caller.descriptors.get(call.fd);
        if (description === undefined || !FsProcess.valid(call.newFd)) return EBADF;
        return call.newFd === call.fd ? call.fd : this.#install(caller, description, call.newFd);
      }
      case 'read':
        return this.#onFile(caller, call.fd, (file, fd) => this.#read(file, fd, call.size));
      case 'pread':
        if (call.offset < 0) return EINVAL;
        return this.#onFile(caller, call.fd, (file, fd) => this.#read(file, fd, call.size, call.offset));
      case 'readv':
        return this.#onFile(caller, call.fd, (file, fd) => this.#readv(file, fd, call.sizes));
      case 'write':
        return this.#onFile(caller, call.fd, (file, fd) => this.#write(file, fd, dataBytes(call.data)));
      case 'pwrite':
        if (call.offset < 0) return EINVAL;
        return this.#onFile(caller, call.fd, (file, fd) => this.#write(file, fd, dataBytes(call.data), call.offset));
      case 'writev':
        return this.#onFile(caller, call.fd, (file, fd) => this.#writev(file, fd, call.datas.map(dataBytes)));
      case 'lseek':
        return this.#on(caller, call.fd, (file) => this.#lseek(file, call.offset, call.whence));
      case 'truncate':
        if (call.size < 0) return EINVAL;
        if (!fs.truncateSync) return ENOSYS;
        if (call.size > this.#sizeLimit)
          return isDirectory(statFrom(fs.statSync(path(call.path), exact)).mode) ? EISDIR : EFBIG;
        return done(fs.truncateSync(path(call.path), call.size));
      case 'ftruncate':
        if (call.size < 0) return EINVAL;
        return this.#onFile(caller, call.fd, (file, fd) => {
          if (!fs.ftruncateSync) return ENOSYS;
          if (call.size > this.#sizeLimit) return (file.flags & O_ACCMODE) === O_RDONLY ? EINVAL : EFBIG;
          return done(fs.ftruncateSync(fd, call.size));
        });
      case 'fsync':
        return this.#onFile(caller, call.fd, (_, fd) => (fs.fsyncSync ? done(fs.fsyncSync(fd)) : ENOSYS));
      case 'fdatasync':
        return this.#onFile(caller, call.fd, (_, fd) => (fs.fdatasyncSync ? done(fs.fdatasyncSync(fd)) : ENOSYS));
      case 'sync':
        return 0;
      case 'syncfs':
        return caller.descriptors.has(call.fd) ? 0 : EBADF;

      case 'stat':
        return statFrom(fs.statSync(path(call.path, call.dirfd), exact));
      case 'lstat':
        return statFrom(fs.lstatSync(path(call.path, call.dirfd), exact));
      case 'fstat':
        return this.#on(caller, call.fd, (file) => this.#fstat(file));
      case 'statx': {
        if (call.path === '' && call.flags & AT_EMPTY_PATH && call.dirfd !== undefined)
          return this.#on(caller, call.dirfd, (file) => this.#fstat(file));
        const target = path(call.path, call.dirfd);
        return statFrom(call.flags & AT_SYMLINK_NOFOLLOW ? fs.lstatSync(target, exact) : fs.statSync(target, exact));
      }
      case 'access':
        return fs.accessSync ? done(fs.accessSync(path(call.path, call.dirfd), call.mode)) : ENOSYS;
      case 'chmod':
        return fs.chmodSync ? done(fs.chmodSync(path(call.path, call.dirfd), call.mode)) : ENOSYS;
      case 'fchmod':
        return this.#onFile(caller, call.fd, (_, fd) => (fs.fchmodSync ? done(fs.fchmodSync(fd, call.mode)) : ENOSYS));
      case 'chown':
        return fs.chownSync ? done(fs.chownSync(path(call.path, call.dirfd), call.uid, call.gid)) : ENOSYS;
      case 'lchown':
        return fs.lchownSync ? done(fs.lchownSync(path(call.path, call.dirfd), call.uid, call.gid)) : ENOSYS;
      case 'fchown':
        return this.#onFile(caller, call.fd, (_, fd) =>
          fs.fchownSync ? done(fs.fchownSync(fd, call.uid, call.gid)) : ENOSYS,
        );
      case 'utimensat': {
        if (call.atime === 'omit' && call.mtime === 'omit') return 0;
        const target = path(call.path, call.dirfd);
        const [set, look] =
          call.flags & AT_SYMLINK_NOFOLLOW
            ? (['lutimesSync', 'lstatSync'] as const)
            : (['utimesSync', 'statSync'] as const);
        if (!fs[set]) return ENOSYS;
        const [atime, mtime] = this.#times(call.atime, call.mtime, () => statFrom(fs[look](target, exact)));
        return done(fs[set](target, atime, mtime));
      }
      case 'futimens':
        // The kernel does not even look at the descriptor then (do_utimes).
        if (call.atime === 'omit' && call.mtime === 'omit') return 0;
        return this.#onFile(caller, call.fd, (_, fd) => {
          if (!fs.futimesSync) return ENOSYS;
          const [atime, mtime] = this.#times(call.atime, call.mtime, () => statFrom(fs.fstatSync(fd, exact)));
          return done(fs.futimesSync(fd, atime, mtime));
        });
      case 'statfs':
        return fs.statfsSync ? statfsFrom(fs.statfsSync(path(call.path), exact)) : ENOSYS;

      case 'mkdir':
        return done(fs.mkdirSync(path(call.path, call.dirfd), call.mode & ~caller.umask));
      case 'rmdir':
        if (this.#prefix !== '' && isRoot(call.path)) return EBUSY;
        return done(fs.rmdirSync(path(call.path, call.dirfd)));
      case 'unlink':
        return done(fs.unlinkSync(path(call.path, call.dirfd)));
      case 'rename':
        if (call.flags !== 0) return EINVAL;
        return done(fs.renameSync(path(call.path, call.dirfd), path(call.newPath, call.newDirfd)));
      case 'link': {
        if (!fs.linkSync) return ENOSYS;
        const source = path(call.path, call.dirfd);
        return done(
          fs.linkSync(
            call.flags & AT_SYMLINK_FOLLOW ? this.#followed(source) : source,
            path(call.newPath, call.newDirfd),
          ),
        );
      }
      case 'symlink':
        if (!fs.symlinkSync) return ENOSYS;
        this.#confine(call.target, true);
        return done(fs.symlinkSync(nodePath(call.target), path(call.path, call.dirfd)));
      case 'readlink': {
        if (!fs.readlinkSync) return ENOSYS;
        const target = fs.readlinkSync(path(call.path, call.dirfd));
        if (typeof target !== 'string')
          throw new WrongShape(`expected a string from readlinkSync, given ${typeof target}`);
        return target;
      }
      case 'getdents':
        return this.#on(caller, call.fd, (file) => this.#getdents(file, call.size));

      case 'chdir': {
        if (!isDirectory(statFrom(fs.statSync(path(call.path), exact)).mode)) return ENOTDIR;
        caller.cwd = absolute(caller.cwd, call.path);
        return 0;
      }
      case 'fchdir':
        return this.#on(caller, call.fd, (file) => {
          if (!isDirectory(this.#fstat(file).mode)) return ENOTDIR;
          caller.cwd = file.path;
          return 0;
        });
      case 'umask': {
        const before = caller.umask;
        caller.umask = call.mask & 0o777;
        return before;
      }
      case 'fork':
        if (this.#processes.has(call.child)) throw new RangeError(`fork: expected a free pid, given ${call.child}`);
        this.#ended.delete(call.child);
        this.#processes.set(call.child, caller.fork());
        return call.child;
      case 'exit':
        this.#end(pid, caller);
        return 0;
      case 'kill': {
        const target = this.#processes.get(call.pid);
        if (target === undefined) return ESRCH;
        const effect = signalEffect(call.signal);
        if (effect === 'ends') this.#end(call.pid, target);
        return effect === 'invalid' ? EINVAL : 0;
      }

      case 'fallocate':
      case 'copy_file_range':
      case 'fstatfs':
      case 'mknod':
      case 'setxattr':
      case 'lsetxattr':
      case 'fsetxattr':
      case 'getxattr':
      case 'lgetxattr':
      case 'fgetxattr':
      case 'listxattr':
      case 'llistxattr':
      case 'flistxattr':
      case 'removexattr':
      case 'lremovexattr':
      case 'fremovexattr':
      case 'flock':
      case 'setlk':
      case 'getlk':
        return ENOSYS;
      // node:fs has no words for these.
      case 'mmap':
      case 'munmap':
      case 'msync':
      case 'load':
      case 'store':
      case 'posix_fadvise':
      case 'drop_caches':
      case 'name_to_handle_at':
      case 'open_by_handle_at':
        return ENOSYS;
      default:
        return call satisfies never;
    }
  }

  #open(
    caller: FsProcess,
    path: string,
    flags: number,
    mode: number,
    dirfd: number | undefined,
    into?: number,
  ): number {
    const target = this.#path(caller, path, dirfd);
    let fd: number | null;
    try {
      fd = descriptor(this.#fs.openSync(target, flags, mode & ~caller.umask));
    } catch (error) {
      // On Linux a plain open for reading never fails with EISDIR: here it means that directories cannot be opened.
      const reading = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) === O_RDONLY;
      if (!reading || errnoFrom(error) !== errnos.EISDIR) throw error;
      fd = null;
    }
    const description: Description = {
      fd,
      path: absolute(this.#base(caller, dirfd), path),
      flags,
      position: 0,
      explicit: false,
      names: undefined,
      references: 0,
    };
    const number = this.#install(caller, description, into);
    if (number < 0) this.#closeObject(description);
    return number;
  }

  /** Gives a description one more number; what was open there is closed first. */
  #install(caller: FsProcess, description: Description, into: number | undefined): number {
    description.references += 1;
    const before = into === undefined ? undefined : caller.descriptors.get(into);
    const number = caller.install(description, into);
    if (number < 0) description.references -= 1;
    else if (before !== undefined) this.#release(before);
    return number;
  }

  #release(description: Description): number {
    description.references -= 1;
    return description.references === 0 ? this.#closeObject(description) : 0;
  }

  #closeObject(description: Description): number {
    return description.fd === null ? 0 : done(this.#fs.closeSync(description.fd));
  }

  #end(pid: number, caller: FsProcess): void {
    this.#processes.delete(pid);
    this.#ended.add(pid);
    for (const description of caller.descriptors.values()) this.#release(description);
  }

  #on(caller: FsProcess, fd: number, use: (file: Description) => SysResult): SysResult {
    const description = caller.descriptors.get(fd);
    return description === undefined ? EBADF : use(description);
  }

  #onFile(caller: FsProcess, fd: number, use: (file: Description, fd: number) => SysResult): SysResult {
    const description = caller.descriptors.get(fd);
    if (description === undefined) return EBADF;
    return description.fd === null ? EISDIR : use(description, description.fd);
  }

  #fstat(file: Description): Stat {
    const fs = this.#fs;
    return statFrom(file.fd === null ? fs.statSync(this.#inObject(file.path), exact) : fs.fstatSync(file.fd, exact));
  }

  /** The position to tell the object: null for its own. */
  #position(file: Description, offset: number | undefined): number | null {
    return offset ?? (file.explicit ? file.position : null);
  }

  #read(file: Description, fd: number, size: number, offset?: number): SysResult {
    const position = this.#position(file, offset);
    if (size === 0 || (position !== null && position > Number.MAX_SAFE_INTEGER)) return this.#readNothing(file);
    const buffer = Buffer.alloc(Math.min(size, READ_LIMIT));
    const count = counted(this.#fs.readSync(fd, buffer, 0, buffer.length, position), buffer.length, 'readSync');
    if (offset === undefined) file.position += count;
    return new Uint8Array(buffer.buffer, buffer.byteOffset, count);
  }

  /** Node answers reads of no bytes, and at positions beyond its integers, before it looks at the descriptor. */
  #readNothing(file: Description): SysResult {
    if ((file.flags & O_ACCMODE) === O_WRONLY) return EBADF;
    return isDirectory(this.#fstat(file).mode) ? EISDIR : new Uint8Array(0);
  }

  #readv(file: Description, fd: number, sizes: readonly number[]): SysResult {
    const total = sizes.reduce((sum, size) => sum + size, 0);
    // A vector of no bytes never reaches the file (do_iter_readv, fs/read_write.c).
    if (total === 0) return (file.flags & O_ACCMODE) === O_WRONLY ? EBADF : new Uint8Array(0);
    if (file.explicit || !this.#fs.readvSync) return this.#read(file, fd, total);
    const buffers = sizes.map((size) => Buffer.alloc(size));
    const count = counted(this.#fs.readvSync(fd, buffers), total, 'readvSync');
    file.position += count;
    return new Uint8Array(Buffer.concat(buffers)).subarray(0, count);
  }

  #write(file: Description, fd: number, data: Uint8Array, offset?: number): SysResult {
    const append = (file.flags & O_APPEND) !== 0;
    const room = append ? Number.POSITIVE_INFINITY : this.#sizeLimit - (offset ?? file.position);
    // Cut at the limit, and nothing beyond it (generic_write_check_limits, fs/read_write.c).
    if (room <= 0 && data.length > 0) return (file.flags & O_ACCMODE) === O_RDONLY ? EBADF : EFBIG;
    const length = Math.min(data.length, Math.max(room, 0));
    const buffer = Buffer.from(data.buffer, data.byteOffset, length);
    const position = append && offset === undefined ? null : this.#position(file, offset);
    const told = position === null ? null : Math.min(position, this.#sizeLimit);
    const count = counted(this.#fs.writeSync(fd, buffer, 0, length, told), length, 'writeSync');
    if (offset === undefined) this.#wrote(file, count);
    return count;
  }

  #writev(file: Description, fd: number, datas: readonly Uint8Array[]): SysResult {
    if (datas.length === 0) return (file.flags & O_ACCMODE) === O_RDONLY ? EBADF : 0;
    if (file.explicit || !this.#fs.writevSync) return this.#write(file, fd, Buffer.concat(datas));
    const buffers = datas.map((data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    const total = datas.reduce((sum, data) => sum + data.length, 0);
    const count = counted(this.#fs.writevSync(fd, buffers), total, 'writevSync');
    this.#wrote(file, count);
    return count;
  }

  #wrote(file: Description, count: number): void {
    if ((file.flags & O_APPEND) === 0) file.position += count;
    else if (count > 0) file.position = this.#fstat(file).size;
  }

  #lseek(file: Description, offset: number, whence: number): SysResult {
    let base: number;
    if (whence === SEEK_SET) base = 0;
    else if (whence === SEEK_CUR) base = file.position;
    else if (whence === SEEK_END) {
      const { mode, size } = this.#fstat(file);
      // The positions of a directory have no end (dcache_dir_lseek, fs/libfs.c).
      if (isDirectory(mode)) return EINVAL;
      base = size;
    } else return EINVAL;
    const target = base + offset;
    if (target < 0 || target >= 2 ** 63) return EINVAL;
    if (target !== file.position) file.explicit = true;
    file.position = target;
    if (target === 0) file.names = undefined;
    return target;
  }

  /** Names come from readdirSync, which leaves `.` and `..` out and knows no inode numbers: ino 0 is "unknown". */
  #getdents(file: Description, size: number): SysResult {
    if (!isDirectory(this.#fstat(file).mode)) return ENOTDIR;
    file.names ??= [
      { name: '.', type: 4 },
      { name: '..', type: 4 },
      ...direntsFrom(this.#fs.readdirSync(this.#inObject(file.path), { withFileTypes: true })),
    ];
    const entries: DirectoryEntry[] = [];
    let left = size;
    while (file.position < file.names.length) {
      const { name, type } = file.names[file.position];
      left -= direntLength(name);
      if (left < 0) return entries.length > 0 ? entries : EINVAL;
      file.position += 1;
      entries.push({ name, type, ino: 0, offset: file.position });
    }
    return entries;
  }

  #times(atime: TimeArgument, mtime: TimeArgument, look: () => Stat): readonly [NodeTime, NodeTime] {
    const now = this.now();
    const before = atime === 'omit' || mtime === 'omit' ? look() : undefined;
    const choose = (time: TimeArgument, kept: Timespec) =>
      seconds(time === 'now' ? now : time === 'omit' ? kept : time);
    return [choose(atime, before?.atime ?? now), choose(mtime, before?.mtime ?? now)];
  }

  /** What linkat(2) with AT_SYMLINK_FOLLOW links: node:fs has no such flag. */
  #followed(path: NodePath): NodePath {
    if ((statFrom(this.#fs.lstatSync(path, exact)).mode & S_IFMT) !== S_IFLNK || !this.#fs.realpathSync) return path;
    const real = this.#fs.realpathSync(path);
    if (typeof real !== 'string') throw new WrongShape(`expected a string from realpathSync, given ${typeof real}`);
    return real;
  }

  #base(caller: FsProcess, dirfd: number | undefined): string {
    return dirfd === undefined ? caller.cwd : (caller.descriptors.get(dirfd)?.path ?? caller.cwd);
  }

  #path(caller: FsProcess, path: string, dirfd?: number): NodePath {
    if (dirfd !== undefined && !path.startsWith('/')) {
      const directory = caller.descriptors.get(dirfd);
      if (directory === undefined) throw errnos.EBADF;
      if (!isDirectory(this.#fstat(directory).mode)) throw errnos.ENOTDIR;
    }
    // The empty path stays empty: what it means is the object's own answer.
    return path === '' ? '' : this.#inObject(absolute(this.#base(caller, dirfd), path));
  }

  #inObject(path: string): NodePath {
    this.#confine(path, false);
    // The object does not know that a directory of its own is somebody's root; by the name `.` it cannot be moved either.
    return nodePath(this.#prefix !== '' && isRoot(path) ? `${this.#prefix}/.` : this.#prefix + path);
  }

  #confine(path: string, target: boolean): void {
    if (this.#prefix === '') return;
    if ((target && path.startsWith('/')) || path.split('/').includes('..'))
      throw new Escape(
        `${this.name}: expected no ".." and no absolute link target below the root ${this.#prefix}, given ${JSON.stringify(path)}; ` +
          'to check a directory of the host with them, use the host kernel',
      );
  }
}

/** Not a result of the program: the call would leave the root directory. */
class Escape extends Error {}

const absolute = (base: string, path: string): string =>
  path.startsWith('/') ? path : base.endsWith('/') ? base + path : `${base}/${path}`;

const isRoot = (path: string): boolean => /^\/+$/.test(path);

const nodePath = (path: string): NodePath => (loneSurrogate.test(path) ? Buffer.from(nameToBytes(path)) : path);

const direntLength = (name: string): number => (19 + nameLength(name) + 1 + 7) & ~7;

const seconds = ({ sec, nsec }: Timespec): NodeTime => (sec < 0 ? String(sec + nsec / 1e9) : sec + nsec / 1e9);

function done(value: unknown): 0 {
  if (typeof value === 'object' && value !== null && 'then' in value)
    throw new WrongShape('expected a finished call, given a promise');
  return 0;
}

function descriptor(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) return value;
  throw new WrongShape(`expected a descriptor (an integer from 0 on) from openSync, given ${String(value)}`);
}

function counted(value: unknown, most: number, method: string): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most) return value;
  throw new WrongShape(`expected a count from 0 to ${most} from ${method}, given ${String(value)}`);
}
