import {
  type Call,
  type Data,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
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
import type { Capability, Without } from '../profile.ts';
import type { Program, ProgramProcess, ProgramStep } from '../program.ts';
import { type Draw, weighted } from './draw.ts';
import { drawName, linkTargets, xattrNames, xattrSizes } from './names.ts';
import * as numbers from './numbers.ts';

/** What is generated. */
export interface GeneratorOptions {
  readonly without?: Without;
  /** Calls of a program, at most (at least one). */
  readonly maxCalls?: number;
  /** Paths that are there from the start. */
  readonly paths?: readonly string[];
}

/** Paths that are remembered as likely to exist. */
const REMEMBERED = 10;
/** Descriptors are drawn from few numbers, so that programs meet their own. */
const FIRST_FD = 3;
const FDS = 5;
const UIDS: readonly number[] = [0, 1000, 1001];

type Kind = 'none' | 'file' | 'directory';

/**
 * One program in the making. It knows loosely what may exist by now, never by executing: it remembers paths and
 * descriptors that calls were drawn to make, whether or not they will.
 */
class Making {
  readonly draw: Draw;
  readonly without: Without;
  readonly processes: readonly ProgramProcess[];
  /** Pids: those of the start and the children. */
  readonly pids: number[];
  readonly directories: string[] = [];
  readonly files: string[] = [];
  /** What each of the small descriptor numbers was last opened for; processes are not told apart. */
  readonly descriptors: Kind[] = new Array<Kind>(FDS).fill('none');
  pid = 1;
  forked = 0;

  constructor(draw: Draw, without: Without, paths: readonly string[]) {
    this.draw = draw;
    this.without = without;
    this.processes = drawProcesses(draw, without);
    this.pids = this.processes.map(({ pid }) => pid);
    this.files.push(...paths.slice(0, REMEMBERED));
  }

  has(capability: Capability): boolean {
    return !this.without.has(capability);
  }

  /** A path of the directory that a new name goes to, with its slash. */
  #directory(): string {
    const { draw, directories } = this;
    if (directories.length > 0 && draw.chance(45)) return `${draw.of(directories)}/`;
    return draw.chance(97) ? '/' : `/${drawName(draw)}/`;
  }

  #spoil(path: string): string {
    const { draw } = this;
    const dice = draw.below(100);
    if (dice >= 12) return path;
    if (dice < 3) return `${path}/`;
    if (dice < 5) return `${path}/.`;
    if (dice < 7) return `${path}/..`;
    if (dice < 8) return `/.${path}`;
    if (dice < 9) return `${path}//`;
    if (dice < 10) return path.replace('/', '//');
    if (dice < 11) return `${path}/${drawName(draw)}`;
    return draw.chance(30) ? '' : draw.chance(50) ? '/' : `${path}/../${drawName(draw)}`;
  }

  #relative(path: string): string {
    if (!this.has('working-directory') || !this.draw.chance(15) || path.charCodeAt(0) !== 47) return path;
    return path.slice(1);
  }

  /** A path where nothing may be yet. */
  fresh(): string {
    return this.#relative(this.#spoil(this.#directory() + drawName(this.draw)));
  }

  /** A path that probably exists. */
  some(): string {
    const { draw, files, directories } = this;
    const dice = draw.below(100);
    if (dice < 50 && files.length > 0) return this.#relative(this.#spoil(draw.of(files)));
    if (dice < 80 && directories.length > 0) return this.#relative(this.#spoil(draw.of(directories)));
    return dice < 83 ? '/' : this.fresh();
  }

  someDirectory(): string {
    const { draw, directories } = this;
    if (directories.length > 0 && draw.chance(70)) return this.#relative(this.#spoil(draw.of(directories)));
    return draw.chance(40) ? '/' : this.some();
  }

  remember(list: string[], path: string): void {
    if (path === '' || path.length > 600 || path.endsWith('.') || list.includes(path)) return;
    const plain = path.charCodeAt(0) === 47 ? path : `/${path}`;
    const clean = plain.endsWith('/') ? plain.slice(0, -1) : plain;
    if (clean === '') return;
    if (list.length >= REMEMBERED) list[this.draw.below(REMEMBERED)] = clean;
    else list.push(clean);
  }

  into(kind: Kind): number {
    const at = this.draw.below(FDS);
    this.descriptors[at] = kind;
    return FIRST_FD + at;
  }

  /** A descriptor, most often one that was opened for this. */
  fd(kind: Kind): number {
    const { draw, descriptors } = this;
    const start = draw.below(FDS);
    if (draw.chance(94))
      for (let i = 0; i < FDS; i++) if (descriptors[(start + i) % FDS] === kind) return FIRST_FD + ((start + i) % FDS);
    return draw.chance(90) ? FIRST_FD + start : draw.chance(80) ? 20 : -1;
  }

  anyFd(): number {
    return this.fd(this.draw.chance(70) ? 'file' : 'directory');
  }

  hasFd(kind: Kind): boolean {
    return this.descriptors.includes(kind);
  }

  /** Now and then the path is relative to a descriptor. */
  at(call: Extract<Call, { readonly dirfd?: number }>): Call {
    if (!this.has('directory-descriptors') || !this.draw.chance(6)) return call;
    const path = this.draw.chance(70) && call.path.charCodeAt(0) === 47 ? call.path.slice(1) : call.path;
    return { ...call, path, dirfd: this.fd('directory') };
  }

  data(): Data {
    return { seed: this.draw.below(1000), length: numbers.drawCount(this.draw) };
  }

  uid(): number {
    return this.draw.chance(10) ? -1 : this.draw.of(UIDS);
  }
}

function drawProcesses(draw: Draw, without: Without): readonly ProgramProcess[] {
  const umask = (): number => (without.has('umask') ? 0 : draw.chance(80) ? 0o022 : draw.of(numbers.umasks));
  const root: ProgramProcess = { pid: 1, uid: 0, gid: 0, groups: [], umask: umask() };
  if (without.has('processes')) return [root];
  if (without.has('permissions') || without.has('ownership'))
    return draw.chance(85) ? [root] : [root, { ...root, pid: 2 }];
  const alice: ProgramProcess = { pid: 2, uid: 1000, gid: 1000, groups: draw.chance(50) ? [2000] : [], umask: umask() };
  const bob: ProgramProcess = {
    pid: 3,
    uid: 1001,
    gid: 1001,
    groups: draw.chance(50) ? [1000, 2000] : [],
    umask: umask(),
  };
  const dice = draw.below(100);
  if (dice < 50) return [root];
  if (dice < 60) return [root, { ...root, pid: 2 }];
  return dice < 85 ? [root, alice] : [root, alice, bob];
}

type Maker = (m: Making) => Call;

const path = (m: Making): string => m.some();

function open(m: Making): Call {
  const { draw } = m;
  const dice = draw.below(100);
  if (m.has('directory-descriptors') && dice < 18)
    return m.at({
      op: 'open',
      path: m.someDirectory(),
      flags: draw.of(numbers.directoryFlags),
      mode: 0,
      into: m.into('directory'),
    });
  if (m.has('directory-descriptors') && dice < 20)
    return m.at({ op: 'open', path: m.some(), flags: draw.of(numbers.pathFlags), mode: 0, into: m.into('directory') });
  if (m.has('tmpfile') && dice < 22)
    return m.at({
      op: 'open',
      path: m.someDirectory(),
      flags: draw.of(numbers.tmpfileFlags),
      mode: draw.of(numbers.modes) & 0o7777,
      into: m.into('file'),
    });
  let flags = draw.of(numbers.openFlags);
  if (draw.chance(4)) for (let i = draw.below(4); i >= 0; i--) flags ^= draw.of(numbers.openBits);
  if (!m.has('write')) flags = 0;
  if (draw.chance(1)) flags |= O_DIRECTORY;
  const creates = (flags & O_CREAT) !== 0;
  const target = creates && ((flags & O_EXCL) !== 0 || draw.chance(50)) ? m.fresh() : m.some();
  if (creates) m.remember(m.files, target);
  const mode = creates ? draw.of(numbers.modes) & 0o7777 : 0;
  const call = { op: 'open', path: target, flags, mode } as const;
  return m.at(draw.chance(3) ? call : { ...call, into: m.into('file') });
}

function mkdir(m: Making): Call {
  const target = m.fresh();
  m.remember(m.directories, target);
  return m.at({ op: 'mkdir', path: target, mode: m.draw.of(numbers.directoryModes) });
}

function rename(m: Making): Call {
  const { draw } = m;
  const from = m.some();
  const to = draw.chance(50) ? m.fresh() : m.some();
  m.remember(m.directories.includes(from) ? m.directories : m.files, to);
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
  const flags = draw.of(numbers.linkFlags);
  return m.at({ op: 'link', path: m.some(), newPath: to, flags: m.has('symlinks') ? flags : 0 });
}

function symlink(m: Making): Call {
  const { draw } = m;
  const target = draw.chance(60) ? m.some() || 'a' : draw.chance(3) ? '' : draw.of(linkTargets);
  const place = draw.chance(90) ? m.fresh() : m.some();
  m.remember(draw.chance(50) ? m.files : m.directories, place);
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
  const [uid, gid] = [m.uid(), m.uid()];
  const dice = draw.below(3);
  if (dice === 0) return { op: 'fchown', fd: m.anyFd(), uid, gid };
  return m.at({ op: dice === 1 ? 'chown' : 'lchown', path: m.some(), uid, gid });
}

function chmod(m: Making): Call {
  const { draw } = m;
  const mode = draw.of(draw.chance(60) ? numbers.directoryModes : numbers.modes) & 0o7777;
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
  const start = draw.chance(90) ? draw.below(12) : numbers.drawOffset(draw);
  const size = draw.chance(80) ? draw.below(6) : draw.chance(80) ? -draw.below(4) : numbers.drawOffset(draw);
  const common = { fd: m.fd('file'), type: draw.of(numbers.lockTypes), whence, start, size };
  return draw.chance(35) ? { op: 'getlk', ...common } : { op: 'setlk', ...common, wait: false };
}

function seek(m: Making): Call {
  const { draw } = m;
  if (m.has('directory-descriptors') && draw.chance(15) && m.hasFd('directory'))
    return { op: 'lseek', fd: m.fd('directory'), offset: 0, whence: 0 };
  const holes = m.has('seek-hole') && draw.chance(30);
  const whence = holes ? draw.of(numbers.holeWhences) : draw.chance(2) ? 7 : draw.of(numbers.whences);
  const offset = numbers.drawOffset(draw);
  return { op: 'lseek', fd: m.fd('file'), offset: draw.chance(15) ? -offset : offset, whence };
}

function fallocate(m: Making): Call {
  const { draw } = m;
  const punch = m.has('punch-hole') && (!m.has('fallocate') || draw.chance(60));
  const mode = draw.of(punch ? numbers.punchModes : numbers.fallocModes);
  return { op: 'fallocate', fd: m.fd('file'), mode, offset: numbers.drawCount(draw), size: numbers.drawCount(draw) };
}

function copyRange(m: Making): Call {
  const { draw } = m;
  const call = { op: 'copy_file_range', fd: m.fd('file'), fdOut: m.fd('file'), size: numbers.drawCount(draw) } as const;
  const offset = draw.chance(50) ? { offset: numbers.drawOffset(draw) } : {};
  return { ...call, ...offset, ...(draw.chance(50) ? { offsetOut: numbers.drawOffset(draw) } : {}) };
}

function fork(m: Making): Call {
  if (m.forked >= 3) return { op: 'getdents', fd: m.fd('directory'), size: 32768 };
  m.forked++;
  const child = 10 + m.forked;
  m.pids.push(child);
  return { op: 'fork', child };
}

const sometimesSmall = (m: Making): number =>
  m.draw.chance(80) ? 32768 : m.draw.of([24, 32, 48, 64, 280, 1024, 1, 0]);

interface Row {
  readonly weight: number;
  readonly needs: readonly Capability[];
  readonly make: Maker;
}

const row = (weight: number, make: Maker, ...needs: readonly Capability[]): Row => ({ weight, needs, make });

const statx: Maker = (m) => {
  const flags = m.draw.of(numbers.statFlags);
  if (flags === 0x1000 && m.has('directory-descriptors'))
    return { op: 'statx', path: '', flags, mask: 0x7ff, dirfd: m.anyFd() };
  return m.at({ op: 'statx', path: m.some(), flags: flags & 0x100, mask: 0x7ff });
};

/** How often each kind of call is drawn, what it needs, and how. */
const rows: readonly Row[] = [
  row(140, open),
  row(
    15,
    (m) => {
      const target = m.fresh();
      m.remember(m.files, target);
      return { op: 'creat', path: target, mode: m.draw.of(numbers.modes) & 0o7777, into: m.into('file') };
    },
    'write',
  ),
  row(30, (m) => ({ op: 'close', fd: m.anyFd() })),
  row(6, (m) => ({ op: 'dup', fd: m.anyFd(), into: m.into('file') })),
  row(5, (m) => ({ op: 'dup2', fd: m.anyFd(), newFd: m.into('file') })),
  row(35, (m) => ({ op: 'read', fd: m.fd('file'), size: numbers.drawCount(m.draw) })),
  row(35, (m) => ({
    op: 'pread',
    fd: m.fd('file'),
    size: numbers.drawCount(m.draw),
    offset: numbers.drawOffset(m.draw),
  })),
  row(8, (m) => ({
    op: 'readv',
    fd: m.fd('file'),
    sizes: Array.from({ length: m.draw.below(4) }, () => numbers.drawCount(m.draw)),
  })),
  row(60, (m) => ({ op: 'write', fd: m.fd('file'), data: m.data() }), 'write'),
  row(50, (m) => ({ op: 'pwrite', fd: m.fd('file'), data: m.data(), offset: numbers.drawOffset(m.draw) }), 'write'),
  row(
    10,
    (m) => ({ op: 'writev', fd: m.fd('file'), datas: Array.from({ length: m.draw.below(4) }, () => m.data()) }),
    'write',
  ),
  row(25, seek),
  row(20, (m) => ({ op: 'truncate', path: m.some(), size: numbers.drawSize(m.draw) }), 'write'),
  row(20, (m) => ({ op: 'ftruncate', fd: m.fd('file'), size: numbers.drawSize(m.draw) }), 'write'),
  row(10, fallocate, 'write', 'fallocate'),
  row(12, copyRange, 'write', 'copy-range'),
  row(5, (m) => ({ op: m.draw.chance(50) ? 'fsync' : 'fdatasync', fd: m.anyFd() })),
  row(1, () => ({ op: 'sync' })),
  row(1, (m) => ({ op: 'syncfs', fd: m.anyFd() })),
  row(45, (m) => m.at({ op: 'stat', path: m.some() })),
  row(35, (m) => m.at({ op: 'lstat', path: m.some() })),
  row(25, (m) => ({ op: 'fstat', fd: m.anyFd() })),
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
  row(3, (m) => ({ op: 'statfs', path: path(m) }), 'statfs'),
  row(2, (m) => ({ op: 'fstatfs', fd: m.anyFd() }), 'statfs'),
  row(70, mkdir, 'write'),
  row(35, (m) => m.at({ op: 'rmdir', path: m.draw.chance(70) ? m.someDirectory() : m.some() }), 'write'),
  row(45, (m) => m.at({ op: 'unlink', path: m.some() }), 'write'),
  row(75, rename, 'write'),
  row(45, link, 'write', 'links'),
  row(45, symlink, 'write', 'symlinks'),
  row(15, (m) => m.at({ op: 'readlink', path: m.some() }), 'symlinks'),
  row(15, mknod, 'write', 'special'),
  row(35, (m) => ({ op: 'getdents', fd: m.fd('directory'), size: sometimesSmall(m) }), 'directory-descriptors'),
  row(18, setxattr, 'write', 'xattrs'),
  row(22, otherXattr, 'write', 'xattrs'),
  row(12, (m) => ({ op: 'flock', fd: m.anyFd(), operation: m.draw.of(numbers.flockOperations) }), 'flock'),
  row(22, byteRangeLock, 'locks'),
  row(15, (m) => ({ op: 'chdir', path: m.someDirectory() }), 'working-directory'),
  row(5, (m) => ({ op: 'fchdir', fd: m.fd('directory') }), 'working-directory', 'directory-descriptors'),
  row(6, (m) => ({ op: 'umask', mask: m.draw.of(numbers.umasks) }), 'umask'),
  row(6, fork, 'processes', 'directory-descriptors'),
  row(2, () => ({ op: 'exit', status: 0 }), 'processes'),
  row(
    2,
    (m) => ({ op: 'kill', pid: m.draw.chance(90) ? m.draw.of(m.pids) : 77, signal: m.draw.of([0, 0, 0, 15, 9, 65]) }),
    'processes',
  ),
];

const tables = new WeakMap<Without, readonly Maker[]>();

function tableFor(without: Without): readonly Maker[] {
  let table = tables.get(without);
  if (table === undefined) {
    table = weighted(
      rows.filter(({ needs }) => !needs.some((need) => without.has(need))).map(({ weight, make }) => [weight, make]),
    );
    tables.set(without, table);
  }
  return table;
}

const everything: Without = new Set();

/** Draws a program. */
export function generateProgram(draw: Draw, options: GeneratorOptions = {}): Program {
  const { without = everything, maxCalls = 40, paths = [] } = options;
  const m = new Making(draw, without, paths);
  const table = tableFor(without);
  const length = 1 + draw.below(maxCalls);
  const steps: ProgramStep[] = [];
  for (let i = 0; i < length; i++) {
    const pid =
      m.pids.length > 1 && draw.chance(40)
        ? draw.of(m.pids)
        : m.pids[m.pids.length > 1 && i > 6 ? (i >> 3) % m.pids.length : 0];
    steps.push({ pid, call: draw.of(table)(m) });
  }
  return { version: 1, processes: m.processes, steps };
}
