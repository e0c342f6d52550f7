// One switch over the system-call table: longer than other files, because the table is.
import type { Call, Data, SysResult } from '../../vfs/index.ts';
import {
  AT_EMPTY_PATH,
  AT_REMOVEDIR,
  AT_SYMLINK_NOFOLLOW,
  dataBytes,
  errno,
  LOCK_NB,
  LOCK_UN,
  nameFromBytes,
  O_CLOEXEC,
  O_CREAT,
  O_NOCTTY,
  O_NONBLOCK,
  O_TRUNC,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFMT,
} from '../../vfs/index.ts';
import { cString } from './confinement.ts';
import { Descriptors } from './descriptors.ts';
import { Handles } from './handles.ts';
import { AT_FDCWD, libc, STATX_BASIC_STATS } from './libc.ts';
import { Mappings } from './mappings.ts';
import {
  int64,
  iovec,
  lockRequest,
  readDirents,
  readLock,
  readStatfs,
  readStatx,
  STATFS_SIZE,
  STATX_SIZE,
  timesRequest,
} from './structs.ts';

const F_GETLK = 5;
const F_SETLK = 6;
const EAGAIN = -errno.EAGAIN.errno;
const EACCES = -errno.EACCES.errno;
/** Reads are cut short here, as the kernel may (read(2)). */
const READ_LIMIT = 1 << 26;
const PATH_BYTES = 4096;

/** The answer to a call that would wait for another process: nobody runs meanwhile, so it would wait for ever. */
export const wouldBlock = Symbol('would block');

/** One process's system calls, made for real; a result that the kernel gives goes back unchanged. */
export class SystemCalls {
  readonly descriptors = new Descriptors();
  readonly mappings = new Mappings();
  readonly handles = new Handles();
  readonly #c = libc();

  run(call: Call): SysResult | typeof wouldBlock {
    const c = this.#c;
    const fds = this.descriptors;
    const at = (dirfd: number | undefined) => (dirfd === undefined ? AT_FDCWD : fds.real(dirfd));
    const value = (data: Data) => dataBytes(data);
    switch (call.op) {
      case 'open':
        return this.#open(at(call.dirfd), call.path, call.flags, call.mode, call.into);
      case 'creat':
        return this.#open(AT_FDCWD, call.path, O_CREAT | O_WRONLY | O_TRUNC, call.mode, call.into);
      case 'close':
        return this.#result(fds.close(call.fd));
      case 'dup':
        return call.into === call.fd && fds.has(call.fd) ? call.fd : this.#dup(call.fd, call.into);
      case 'dup2':
        if (!fds.has(call.fd) || !Descriptors.valid(call.newFd)) return -errno.EBADF.errno;
        return call.fd === call.newFd ? call.fd : this.#dup(call.fd, call.newFd);
      case 'read':
        return this.#bytes(call.size, (into, size) => c.read(fds.real(call.fd), into, size));
      case 'pread':
        return this.#bytes(call.size, (into, size) => c.pread(fds.real(call.fd), into, size, int64(call.offset)));
      case 'readv': {
        const buffers = call.sizes.map((size) => Buffer.alloc(size));
        const count = this.#result(c.readv(fds.real(call.fd), iovec(buffers), buffers.length));
        return count < 0 ? count : new Uint8Array(Buffer.concat(buffers).subarray(0, count));
      }
      case 'write':
        return this.#result(c.write(fds.real(call.fd), value(call.data), call.data.length));
      case 'pwrite':
        return this.#result(c.pwrite(fds.real(call.fd), value(call.data), call.data.length, int64(call.offset)));
      case 'writev':
        return this.#result(c.writev(fds.real(call.fd), iovec(call.datas.map(value)), call.datas.length));
      case 'lseek':
        return this.#result(c.lseek(fds.real(call.fd), int64(call.offset), call.whence));
      case 'truncate':
        return this.#result(c.truncate(cString(call.path), int64(call.size)));
      case 'ftruncate':
        return this.#result(c.ftruncate(fds.real(call.fd), int64(call.size)));
      case 'fallocate':
        return this.#result(c.fallocate(fds.real(call.fd), call.mode, int64(call.offset), int64(call.size)));
      case 'copy_file_range': {
        const [from, to] = [offsetPointer(call.offset), offsetPointer(call.offsetOut)];
        const [fd, fdOut] = [fds.real(call.fd), fds.real(call.fdOut)];
        return this.#result(c.copy_file_range(fd, from, fdOut, to, int64(call.size), 0));
      }
      case 'fsync':
        return this.#result(c.fsync(fds.real(call.fd)));
      case 'fdatasync':
        return this.#result(c.fdatasync(fds.real(call.fd)));
      case 'sync':
        return this.#syncRoot();
      case 'syncfs':
        return this.#result(c.syncfs(fds.real(call.fd)));

      case 'stat':
        return this.#statx(at(call.dirfd), call.path, 0, STATX_BASIC_STATS);
      case 'lstat':
        return this.#statx(at(call.dirfd), call.path, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS);
      case 'fstat':
        return this.#statx(fds.real(call.fd), '', AT_EMPTY_PATH, STATX_BASIC_STATS);
      case 'statx':
        return this.#statx(at(call.dirfd), call.path, call.flags, call.mask);
      case 'access':
        return this.#result(c.faccessat(at(call.dirfd), cString(call.path), call.mode, call.flags ?? 0));
      case 'chmod':
        return this.#result(c.fchmodat(at(call.dirfd), cString(call.path), call.mode, 0));
      case 'fchmod':
        return this.#result(c.fchmod(fds.real(call.fd), call.mode));
      case 'chown':
        return this.#result(c.fchownat(at(call.dirfd), cString(call.path), call.uid | 0, call.gid | 0, 0));
      case 'lchown': {
        const [uid, gid] = [call.uid | 0, call.gid | 0];
        return this.#result(c.fchownat(at(call.dirfd), cString(call.path), uid, gid, AT_SYMLINK_NOFOLLOW));
      }
      case 'fchown':
        return this.#result(c.fchown(fds.real(call.fd), call.uid | 0, call.gid | 0));
      case 'utimensat': {
        const times = timesRequest(call.atime, call.mtime);
        return this.#result(c.utimensat(at(call.dirfd), cString(call.path), times, call.flags));
      }
      case 'futimens':
        return this.#result(c.futimens(fds.real(call.fd), timesRequest(call.atime, call.mtime)));
      case 'statfs':
        return this.#statfs((into) => c.statfs(cString(call.path), into));
      case 'fstatfs':
        return this.#statfs((into) => c.fstatfs(fds.real(call.fd), into));

      case 'mkdir':
        return this.#result(c.mkdirat(at(call.dirfd), cString(call.path), call.mode));
      case 'rmdir':
        return this.#result(c.unlinkat(at(call.dirfd), cString(call.path), AT_REMOVEDIR));
      case 'unlink':
        return this.#result(c.unlinkat(at(call.dirfd), cString(call.path), 0));
      case 'rename': {
        const [from, to] = [cString(call.path), cString(call.newPath)];
        return this.#result(c.renameat2(at(call.dirfd), from, at(call.newDirfd), to, call.flags));
      }
      case 'link': {
        const [from, to] = [cString(call.path), cString(call.newPath)];
        return this.#result(c.linkat(at(call.dirfd), from, at(call.newDirfd), to, call.flags));
      }
      case 'symlink':
        return this.#result(c.symlinkat(cString(call.target), at(call.dirfd), cString(call.path)));
      case 'readlink': {
        const target = this.#bytes(PATH_BYTES, (into, size) =>
          c.readlinkat(at(call.dirfd), cString(call.path), into, size),
        );
        return typeof target === 'number' ? target : nameFromBytes(target);
      }
      case 'mknod':
        if (!harmless(call.mode, call.rdev)) return -errno.EPERM.errno;
        return this.#result(c.mknodat(at(call.dirfd), cString(call.path), call.mode, call.rdev));
      case 'getdents': {
        const entries = this.#bytes(call.size, (into, size) => c.getdents64(fds.real(call.fd), into, size));
        return typeof entries === 'number' ? entries : readDirents(Buffer.from(entries.buffer, 0, entries.length));
      }

      case 'setxattr':
      case 'lsetxattr': {
        const [path, name, data] = [cString(call.path), cString(call.name), value(call.value)];
        return this.#result(c[call.op](path, name, data, data.length, call.flags));
      }
      case 'fsetxattr': {
        const [name, data] = [cString(call.name), value(call.value)];
        return this.#result(c.fsetxattr(fds.real(call.fd), name, data, data.length, call.flags));
      }
      case 'getxattr':
      case 'lgetxattr':
        return this.#xattr(call.size, (into, size) => c[call.op](cString(call.path), cString(call.name), into, size));
      case 'fgetxattr':
        return this.#xattr(call.size, (into, size) => c.fgetxattr(fds.real(call.fd), cString(call.name), into, size));
      case 'listxattr':
      case 'llistxattr':
        return names(this.#xattr(call.size, (into, size) => c[call.op](cString(call.path), into, size)));
      case 'flistxattr':
        return names(this.#xattr(call.size, (into, size) => c.flistxattr(fds.real(call.fd), into, size)));
      case 'removexattr':
      case 'lremovexattr':
        return this.#result(c[call.op](cString(call.path), cString(call.name)));
      case 'fremovexattr':
        return this.#result(c.fremovexattr(fds.real(call.fd), cString(call.name)));

      case 'flock': {
        const waits = (call.operation & (LOCK_NB | LOCK_UN)) === 0;
        const result = this.#result(c.flock(fds.real(call.fd), call.operation | (waits ? LOCK_NB : 0)));
        return result === EAGAIN && waits ? wouldBlock : result;
      }
      case 'setlk': {
        const lock = lockRequest(call.type, call.whence, call.start, call.size);
        const result = this.#result(c.fcntl(fds.real(call.fd), F_SETLK, lock));
        return call.wait && (result === EAGAIN || result === EACCES) ? wouldBlock : result;
      }
      case 'getlk': {
        const lock = lockRequest(call.type, call.whence, call.start, call.size);
        const result = this.#result(c.fcntl(fds.real(call.fd), F_GETLK, lock));
        return result < 0 ? result : readLock(lock);
      }

      case 'mmap':
        return this.mappings.mmap(fds.real(call.fd), call);
      case 'munmap':
        return this.mappings.munmap(call.map);
      case 'msync':
        return this.mappings.msync(call);
      case 'load':
        return this.mappings.load(call);
      case 'store':
        return this.mappings.store(call);
      case 'posix_fadvise':
        return 0 - c.posix_fadvise(fds.real(call.fd), int64(call.offset), int64(call.size), call.advice);
      case 'name_to_handle_at':
        return this.handles.make(at(call.dirfd), call);
      case 'open_by_handle_at': {
        const real = this.handles.open(call);
        return real < 0 ? real : fds.install(real, call.into);
      }

      case 'chdir':
        return this.#result(c.chdir(cString(call.path)));
      case 'fchdir':
        return this.#result(c.fchdir(fds.real(call.fd)));
      case 'umask':
        return c.umask(call.mask);
      case 'fork':
      case 'exit':
      case 'kill':
      case 'drop_caches':
        throw new Error(`${call.op}: expected a call that one process can make alone`);
      default:
        return call satisfies never;
    }
  }

  #result(result: number | bigint): number {
    return result < 0 ? -this.#c.errno() : Number(result);
  }

  #open(dirfd: number, path: string, flags: number, mode: number, into: number | undefined): number {
    // A FIFO or device must not make the process wait; regular files and directories do not know O_NONBLOCK.
    const real = this.#result(this.#c.openat(dirfd, cString(path), flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode));
    return real < 0 ? real : this.descriptors.install(real, into);
  }

  #dup(fd: number, into: number | undefined): number {
    const real = this.#result(this.#c.dup(this.descriptors.real(fd)));
    return real < 0 ? real : this.descriptors.install(real, into);
  }

  #bytes(size: number, fill: (into: Buffer, size: number) => number): Uint8Array | number {
    const length = Math.max(0, Math.min(size, READ_LIMIT));
    const buffer = Buffer.from(new ArrayBuffer(Math.max(length, 1)));
    const count = this.#result(fill(buffer, length));
    return count < 0 ? count : new Uint8Array(buffer.buffer, 0, count);
  }

  #xattr(size: number, fill: (into: Buffer | null, size: number) => number): Uint8Array | number {
    return size === 0 ? this.#result(fill(null, 0)) : this.#bytes(size, fill);
  }

  #statx(dirfd: number, path: string, flags: number, mask: number): SysResult {
    const buffer = Buffer.alloc(STATX_SIZE);
    const result = this.#result(this.#c.statx(dirfd, cString(path), flags, mask, buffer));
    return result < 0 ? result : readStatx(buffer);
  }

  #statfs(fill: (into: Buffer) => number): SysResult {
    const buffer = Buffer.alloc(STATFS_SIZE);
    const result = this.#result(fill(buffer));
    return result < 0 ? result : readStatfs(buffer);
  }

  /** sync(2) would flush every disk of the host. */
  #syncRoot(): number {
    const root = this.#c.openat(AT_FDCWD, cString('/'), O_CLOEXEC, 0);
    if (root < 0) return 0;
    this.#c.syncfs(root);
    this.#c.close(root);
    return 0;
  }
}

const offsetPointer = (offset: number | undefined): Buffer | null => {
  if (offset === undefined) return null;
  const pointer = Buffer.alloc(8);
  pointer.writeBigInt64LE(int64(offset));
  return pointer;
};

/** Device 0/0 (what overlayfs uses as whiteout), and majors that no driver ever gets (60-63, admin-guide/devices.txt). */
function harmless(mode: number, rdev: number): boolean {
  const type = mode & S_IFMT;
  if (type !== S_IFCHR && type !== S_IFBLK) return true;
  const major = (rdev >>> 8) & 0xfff;
  return rdev === 0 || (major >= 60 && major <= 63);
}

function names(list: Uint8Array | number): readonly string[] | number {
  if (typeof list === 'number') return list;
  return list.length === 0 ? [] : nameFromBytes(list.subarray(0, -1)).split('\0');
}
