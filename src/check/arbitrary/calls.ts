// One table of every call that is generated: longer than other files, because the table is.
import {
  AT_EMPTY_PATH,
  type Call,
  type Data,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDWR,
  RENAME_EXCHANGE,
  RENAME_NOREPLACE,
  RENAME_WHITEOUT,
  S_IFBLK,
  S_IFCHR,
  S_IFDIR,
  S_IFIFO,
  S_IFREG,
  S_IFSOCK,
  XATTR_CREATE,
  XATTR_REPLACE,
} from '../../vfs/index.ts';
import type { Capability } from '../profile.ts';
import type { Making } from './making.ts';
import * as memory from './memory.ts';
import { linkTargets, xattrNames, xattrSizes } from './names.ts';
import * as numbers from './numbers.ts';

export type Maker = (m: Making) => Call;

function openDirectory(m: Making): Call {
  if (!m.has('directory-descriptors')) return openFile(m);
  const flags = m.draw.of(numbers.directoryFlags);
  return m.at({ op: 'open', path: m.someDirectory(), flags, mode: 0, into: m.into('directory') });
}

function openFile(m: Making): Call {
  const { draw } = m;
  // Where nothing is yet, most often something is made.
  let flags = m.files.length === 0 && draw.chance(80) ? O_RDWR | O_CREAT : draw.of(numbers.openFlags);
  if (draw.chance(4)) for (let i = draw.below(4); i >= 0; i--) flags ^= draw.of(numbers.openBits);
  if (!m.has('write')) flags = 0;
  if (draw.chance(1)) flags |= O_DIRECTORY;
  const creates = (flags & O_CREAT) !== 0;
  const target = creates && ((flags & O_EXCL) !== 0 || draw.chance(50)) ? m.fresh() : m.someFile();
  if (creates) m.remember(m.files, target);
  const mode = creates ? m.fileMode() : 0;
  const call = { op: 'open', path: target, flags, mode } as const;
  return m.at(draw.chance(3) ? call : { ...call, into: m.into('file') });
}

function openSpecially(m: Making): Call {
  const { draw } = m;
  if (m.has('directory-descriptors') && draw.chance(50))
    return m.at({ op: 'open', path: m.some(), flags: draw.of(numbers.pathFlags), mode: 0, into: m.into('path') });
  if (!m.has('tmpfile')) return openFile(m);
  const mode = draw.of(numbers.modes) & 0o7777;
  return m.at({
    op: 'open',
    path: m.someDirectory(),
    flags: draw.of(numbers.tmpfileFlags),
    mode,
    into: m.into('file'),
  });
}

function mkdir(m: Making): Call {
  const target = m.fresh();
  m.remember(m.directories, target);
  return m.at({ op: 'mkdir', path: target, mode: m.draw.of(numbers.directoryModes) });
}

function remove(m: Making, op: 'rmdir' | 'unlink', path: string): Call {
  m.forget(path);
  return m.at({ op, path });
}

function rename(m: Making): Call {
  const { draw } = m;
  const from = draw.chance(25) ? m.someDirectory() : m.some();
  const isDirectory = m.directories.includes(from);
  // What a directory takes along to another parent: its entry for it, a link of it, the right to write to it.
  const moves = isDirectory && draw.chance(40);
  const to = moves
    ? m.freshInside()
    : draw.chance(45)
      ? m.fresh()
      : isDirectory && draw.chance(60)
        ? m.someDirectory()
        : m.some();
  const list = isDirectory ? m.directories : m.files;
  m.forget(from);
  m.remember(list, to);
  const flags =
    m.has('rename-flags') && draw.chance(20)
      ? draw.of([RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_EXCHANGE, RENAME_EXCHANGE | RENAME_NOREPLACE, 64])
      : 0;
  return m.at({ op: 'rename', path: from, newPath: to, flags: flags & ~RENAME_WHITEOUT });
}

function link(m: Making): Call {
  const { draw } = m;
  const to = draw.chance(85) ? m.fresh() : m.some();
  m.remember(m.files, to);
  // An open file, which may have no name yet or no longer.
  if (draw.chance(m.has('tmpfile') ? 12 : 2) && m.hasFd('file'))
    return { op: 'link', path: '', dirfd: m.fd('file'), newPath: to, flags: AT_EMPTY_PATH };
  const flags = draw.of(numbers.linkFlags);
  return m.at({ op: 'link', path: m.someFile(), newPath: to, flags: m.has('symlinks') ? flags : 0 });
}

function symlink(m: Making): Call {
  const { draw } = m;
  const existing = draw.chance(65);
  const target = existing ? m.some() || 'a' : draw.chance(3) ? '' : draw.of(linkTargets);
  const place = draw.chance(90) ? m.fresh() : m.some();
  m.remember(m.directories.includes(target) || (!existing && draw.chance(50)) ? m.directories : m.files, place);
  return m.at({ op: 'symlink', target, path: place });
}

function mknod(m: Making): Call {
  const { draw } = m;
  const type = draw.of([S_IFIFO, S_IFIFO, S_IFREG, S_IFSOCK, S_IFCHR, S_IFBLK, 0, S_IFDIR]);
  const place = m.fresh();
  m.remember(m.files, place);
  return m.at({ op: 'mknod', path: place, mode: type | (draw.of(numbers.modes) & 0o7777), rdev: 0 });
}

function times(m: Making): Call {
  const { draw } = m;
  const [atime, mtime] = [numbers.drawTime(draw), numbers.drawTime(draw)];
  if (draw.chance(35)) return { op: 'futimens', fd: m.anyFd(), atime, mtime };
  return m.at({ op: 'utimensat', path: m.some(), atime, mtime, flags: m.draw.chance(25) ? 0x100 : 0 });
}

function chown(m: Making): Call {
  const { draw } = m;
  const [uid, gid] = [m.uid(), m.gid()];
  const dice = draw.below(3);
  if (dice === 0) return { op: 'fchown', fd: m.anyFd(), uid, gid };
  return m.at({ op: dice === 1 ? 'chown' : 'lchown', path: m.some(), uid, gid });
}

function chmod(m: Making): Call {
  const { draw } = m;
  const modes = draw.chance(m.isShared ? 25 : 12)
    ? numbers.privilegedModes
    : draw.chance(60)
      ? numbers.directoryModes
      : numbers.modes;
  const mode = draw.of(modes) & 0o7777;
  if (draw.chance(30)) return { op: 'fchmod', fd: m.anyFd(), mode };
  return m.at({ op: 'chmod', path: m.some(), mode });
}

function setxattr(m: Making): Call {
  const { draw } = m;
  const name = draw.of(xattrNames);
  const value: Data = { seed: draw.below(100), length: draw.chance(1) ? 65537 : draw.of([0, 1, 3, 16, 100, 255, 256]) };
  const flags = draw.chance(60) ? 0 : draw.of([XATTR_CREATE, XATTR_REPLACE, XATTR_CREATE | XATTR_REPLACE, 4]);
  const dice = draw.below(10);
  if (dice < 3) return { op: 'fsetxattr', fd: m.anyFd(), name, value, flags };
  return { op: dice < 8 ? 'setxattr' : 'lsetxattr', path: m.some(), name, value, flags };
}

function otherXattr(m: Making): Call {
  const { draw } = m;
  const name = draw.of(xattrNames);
  const size = draw.of(xattrSizes);
  const how = draw.below(3);
  switch (draw.below(3)) {
    case 0:
      return how === 0
        ? { op: 'fgetxattr', fd: m.anyFd(), name, size }
        : { op: how === 1 ? 'getxattr' : 'lgetxattr', path: m.some(), name, size };
    case 1:
      return how === 0
        ? { op: 'flistxattr', fd: m.anyFd(), size }
        : { op: how === 1 ? 'listxattr' : 'llistxattr', path: m.some(), size };
    default:
      return how === 0
        ? { op: 'fremovexattr', fd: m.anyFd(), name }
        : { op: how === 1 ? 'removexattr' : 'lremovexattr', path: m.some(), name };
  }
}

function byteRangeLock(m: Making): Call {
  const { draw } = m;
  const whence = draw.of(numbers.whences);
  const start = draw.chance(90) ? draw.below(12) : m.offset();
  const size = draw.chance(80) ? draw.below(6) : draw.chance(80) ? 0 - draw.below(4) : m.offset();
  const common = { fd: m.fd('file'), type: draw.of(numbers.lockTypes), whence, start, size };
  return draw.chance(35) ? { op: 'getlk', ...common } : { op: 'setlk', ...common, wait: false };
}

function seek(m: Making): Call {
  const { draw } = m;
  if (m.has('directory-descriptors') && draw.chance(15) && m.hasFd('directory'))
    return { op: 'lseek', fd: m.fd('directory'), offset: 0, whence: 0 };
  const holes = m.has('seek-hole') && draw.chance(30);
  const whence = holes ? draw.of(numbers.holeWhences) : draw.chance(2) ? 7 : draw.of(numbers.whences);
  const offset = m.offset();
  return { op: 'lseek', fd: m.fd('file'), offset: draw.chance(15) ? 0 - offset : offset, whence };
}

function fallocate(m: Making): Call {
  const { draw } = m;
  const punch = m.has('punch-hole') && (!m.has('fallocate') || draw.chance(60));
  const mode = draw.of(punch ? numbers.punchModes : numbers.fallocModes);
  return { op: 'fallocate', fd: m.fd('file'), mode, offset: m.count(), size: m.count() };
}

function copyRange(m: Making): Call {
  const { draw } = m;
  const call = { op: 'copy_file_range', fd: m.fd('file'), fdOut: m.fd('file'), size: m.count() } as const;
  if (draw.chance(15)) {
    // Ranges of one file that touch: the edge of those that overlap, which is refused.
    const low = draw.of([0, 0, 10, 4096]);
    const [offset, offsetOut] = draw.chance(50) ? [low, low + call.size] : [low + call.size, low];
    return { ...call, fdOut: call.fd, offset, offsetOut };
  }
  const offset = draw.chance(50) ? { offset: m.offset() } : {};
  return { ...call, ...offset, ...(draw.chance(50) ? { offsetOut: m.offset() } : {}) };
}

function fork(m: Making): Call {
  if (m.forked >= 3) return { op: 'getdents', fd: m.fd('directory'), size: 32768 };
  m.forked++;
  const child = 10 + m.forked;
  m.forkTo(child);
  return { op: 'fork', child };
}

const sometimesSmall = (m: Making): number =>
  m.draw.chance(45) ? 32768 : m.draw.of([24, 48, 72, 72, 72, 96, 96, 120, 168, 280, 1024, 4096, 1, 0]);

interface Row {
  readonly weight: number;
  readonly needs: readonly Capability[];
  readonly make: Maker;
}

const row = (weight: number, make: Maker, ...needs: readonly Capability[]): Row => ({ weight, needs, make });

/** A call on a descriptor: without one, most often something is opened instead. */
const onFile = (weight: number, make: Maker, ...needs: readonly Capability[]): Row =>
  row(weight, (m) => (m.hasFd('file') || m.draw.chance(4) ? make(m) : openFile(m)), ...needs);
const onDirectory = (weight: number, make: Maker, ...needs: readonly Capability[]): Row =>
  row(weight, (m) => (m.hasFd('directory') || m.draw.chance(4) ? make(m) : openDirectory(m)), ...needs);
const onAny = (weight: number, make: Maker, ...needs: readonly Capability[]): Row =>
  row(weight, (m) => (m.hasFd('file') || m.hasFd('directory') || m.draw.chance(4) ? make(m) : openFile(m)), ...needs);
const mmap: Maker = (m) => (m.hasFd('file') || m.draw.chance(4) ? memory.mmap(m) : openFile(m));

/** A call on a mapping: without one, most often one is made. */
const onMapping = (weight: number, make: Maker): Row =>
  row(weight, (m) => (m.hasMapping() || m.draw.chance(4) ? make(m) : mmap(m)), 'mmap');

const statx: Maker = (m) => {
  const flags = m.draw.of(numbers.statFlags);
  const mask = m.draw.chance(50) ? 0x7ff : 0xfff;
  if (flags === 0x1000 && m.has('directory-descriptors'))
    return { op: 'statx', path: '', flags, mask, dirfd: m.anyFd() };
  return m.at({ op: 'statx', path: m.some(), flags: flags & 0x100, mask });
};

/** How often each kind of call is drawn, what it needs, and how. */
export const rows: readonly Row[] = [
  row(75, openFile),
  row(20, openDirectory, 'directory-descriptors'),
  row(6, openSpecially, 'write'),
  row(
    15,
    (m) => {
      const target = m.fresh();
      m.remember(m.files, target);
      return { op: 'creat', path: target, mode: m.fileMode(), into: m.into('file') };
    },
    'write',
  ),
  onAny(25, (m) => ({ op: 'close', fd: m.closed(m.anyFd()) })),
  onAny(6, (m) => ({ op: 'dup', fd: m.anyFd(), into: m.into('file') })),
  onAny(5, (m) => ({ op: 'dup2', fd: m.anyFd(), newFd: m.into('file') })),
  onFile(35, (m) => ({ op: 'read', fd: m.fd('file'), size: m.count() })),
  onFile(35, (m) => ({
    op: 'pread',
    fd: m.fd('file'),
    size: m.count(),
    offset: m.offset(),
  })),
  onFile(8, (m) => ({
    op: 'readv',
    fd: m.fd('file'),
    sizes: Array.from({ length: m.draw.below(4) }, () => m.count()),
  })),
  onFile(60, (m) => ({ op: 'write', fd: m.fd('file'), data: m.data() }), 'write'),
  onFile(50, (m) => ({ op: 'pwrite', fd: m.fd('file'), data: m.data(), offset: m.offset() }), 'write'),
  onFile(
    10,
    (m) => ({ op: 'writev', fd: m.fd('file'), datas: Array.from({ length: m.draw.below(4) }, () => m.data()) }),
    'write',
  ),
  onFile(25, seek),
  row(20, (m) => ({ op: 'truncate', path: m.someFile(), size: m.size() }), 'write'),
  onFile(20, (m) => ({ op: 'ftruncate', fd: m.fd('file'), size: m.size() }), 'write'),
  onFile(10, fallocate, 'write', 'fallocate'),
  onFile(12, copyRange, 'write', 'copy-range'),
  onAny(5, (m) => ({ op: m.draw.chance(50) ? 'fsync' : 'fdatasync', fd: m.anyFd() })),
  row(1, () => ({ op: 'sync' })),
  onAny(1, (m) => ({ op: 'syncfs', fd: m.anyFd() })),
  row(45, (m) => m.at({ op: 'stat', path: m.some() })),
  row(35, (m) => m.at({ op: 'lstat', path: m.some() })),
  onAny(25, (m) => ({ op: 'fstat', fd: m.anyFd() })),
  row(8, statx),
  row(15, (m) =>
    m.at({
      op: 'access',
      path: m.some(),
      mode: m.draw.of(numbers.accessModes),
      flags: m.has('permissions') ? m.draw.of(numbers.accessFlags) : 0,
    }),
  ),
  row(25, chmod, 'write', 'modes'),
  row(20, chown, 'write', 'ownership'),
  row(18, times, 'write', 'times'),
  row(3, (m) => ({ op: 'statfs', path: m.some() }), 'statfs'),
  onAny(2, (m) => ({ op: 'fstatfs', fd: m.anyFd() }), 'statfs'),
  row(70, mkdir, 'write', 'directories'),
  row(35, (m) => remove(m, 'rmdir', m.directories.length > 0 ? m.someDirectory() : m.some()), 'write', 'directories'),
  row(40, (m) => remove(m, 'unlink', m.someFile()), 'write'),
  row(75, rename, 'write', 'renames'),
  row(45, link, 'write', 'links'),
  row(45, symlink, 'write', 'symlinks'),
  row(15, (m) => m.at({ op: 'readlink', path: m.some() }), 'symlinks'),
  row(15, mknod, 'write', 'special'),
  onDirectory(35, (m) => ({ op: 'getdents', fd: m.fd('directory'), size: sometimesSmall(m) }), 'directory-descriptors'),
  row(18, setxattr, 'write', 'xattrs'),
  row(22, otherXattr, 'write', 'xattrs'),
  onAny(12, (m) => ({ op: 'flock', fd: m.anyFd(), operation: m.draw.of(numbers.flockOperations) }), 'flock'),
  onFile(34, byteRangeLock, 'locks'),
  row(15, mmap, 'mmap'),
  onMapping(5, (m) => ({ op: 'munmap', map: m.unmapped(m.mapping()) })),
  onMapping(5, memory.msync),
  onMapping(22, memory.load),
  onMapping(25, memory.store),
  onAny(
    4,
    (m) => ({
      op: 'posix_fadvise',
      fd: m.anyFd(),
      offset: m.offset(),
      size: m.draw.chance(3) ? -1 : m.count(),
      advice: m.draw.of(numbers.advices),
    }),
    'fadvise',
  ),
  row(1, (m) => ({ op: 'drop_caches', caches: m.draw.of([1, 2, 3, 3, 0]) }), 'drop-caches'),
  row(8, memory.nameToHandle, 'handles'),
  row(
    12,
    (m) => (m.hasHandle('file') || m.draw.chance(4) ? memory.openByHandle(m) : memory.nameToHandle(m)),
    'handles',
  ),
  row(15, (m) => ({ op: 'chdir', path: m.someDirectory() }), 'working-directory'),
  onDirectory(5, (m) => ({ op: 'fchdir', fd: m.fd('directory') }), 'working-directory', 'directory-descriptors'),
  row(6, (m) => ({ op: 'umask', mask: m.draw.of(numbers.umasks) }), 'umask'),
  row(6, fork, 'processes', 'directory-descriptors'),
  row(2, () => ({ op: 'exit', status: 0 }), 'processes'),
  row(
    2,
    (m) => ({ op: 'kill', pid: m.draw.chance(90) ? m.draw.of(m.pids) : 77, signal: m.draw.of([0, 0, 0, 15, 9, 65]) }),
    'processes',
  ),
];
