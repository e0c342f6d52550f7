import type { Call, Credentials, SyscallName, SysResult } from '../vfs/index.ts';
import * as attributes from './attributes.ts';
import * as descriptors from './descriptors.ts';
import * as directory from './directory.ts';
import * as files from './files.ts';
import * as handles from './handles.ts';
import type { Inode } from './inode.ts';
import * as locks from './locks.ts';
import type { Mapping } from './mapping.ts';
import * as mappings from './mappings.ts';
import * as namespace from './namespace.ts';
import * as opening from './open.ts';
import type { OpenFile } from './process.ts';
import * as processes from './processes.ts';
import { type CallClock, E, type ModelOptions, State } from './state.ts';
import { adoptTree, type TreeNode } from './tree.ts';
import type { Verdict } from './verdict.ts';
import * as xattrs from './xattrs.ts';

type Rule<Name extends SyscallName> = (s: State, call: Extract<Call, { op: Name }>) => Verdict;

const rules: { readonly [Name in SyscallName]: Rule<Name> } = {
  open: opening.open,
  creat: opening.creat,
  close: descriptors.close,
  dup: descriptors.dup,
  dup2: descriptors.dup2,
  read: files.read,
  pread: files.pread,
  readv: files.readv,
  write: files.write,
  pwrite: files.pwrite,
  writev: files.writev,
  lseek: files.lseek,
  truncate: files.truncate,
  ftruncate: files.ftruncate,
  fallocate: files.fallocate,
  copy_file_range: files.copyFileRange,
  fsync: files.fsync,
  fdatasync: files.fsync,
  sync: files.sync,
  syncfs: files.syncfs,
  stat: attributes.stat,
  lstat: attributes.lstat,
  fstat: attributes.fstat,
  statx: attributes.statx,
  access: attributes.access,
  chmod: attributes.chmod,
  fchmod: attributes.fchmod,
  chown: attributes.chown,
  lchown: attributes.lchown,
  fchown: attributes.fchown,
  utimensat: attributes.utimensat,
  futimens: attributes.futimens,
  statfs: attributes.statfs,
  fstatfs: attributes.fstatfs,
  mkdir: namespace.mkdir,
  rmdir: namespace.rmdir,
  unlink: namespace.unlink,
  rename: namespace.rename,
  link: namespace.link,
  symlink: namespace.symlink,
  readlink: namespace.readlink,
  mknod: namespace.mknod,
  getdents: directory.getdents,
  setxattr: xattrs.setxattr,
  lsetxattr: xattrs.setxattr,
  fsetxattr: xattrs.fsetxattr,
  getxattr: xattrs.getxattr,
  lgetxattr: xattrs.getxattr,
  fgetxattr: xattrs.fgetxattr,
  listxattr: xattrs.listxattr,
  llistxattr: xattrs.listxattr,
  flistxattr: xattrs.flistxattr,
  removexattr: xattrs.removexattr,
  lremovexattr: xattrs.removexattr,
  fremovexattr: xattrs.fremovexattr,
  flock: locks.flock,
  setlk: locks.setlk,
  getlk: locks.getlk,
  mmap: mappings.mmap,
  munmap: mappings.munmap,
  msync: mappings.msync,
  load: mappings.load,
  store: mappings.store,
  posix_fadvise: files.fadvise,
  drop_caches: processes.dropCaches,
  name_to_handle_at: handles.nameToHandle,
  open_by_handle_at: handles.openByHandle,
  chdir: processes.chdir,
  fchdir: processes.fchdir,
  umask: processes.umask,
  fork: processes.fork,
  exit: processes.exit,
  kill: processes.kill,
};

/**
 * The POSIX model: what Linux allows as the result of a system call, given the calls before it. It judges results after
 * the fact, and where several outcomes are allowed its state follows the one that happened. After a divergence the state
 * is not to be trusted any more.
 */
export class Model {
  readonly #state: State;

  constructor(options: ModelOptions = {}) {
    this.#state = new State(options);
  }

  /** Starts from a filesystem that is not empty, or whose root is not root's with mode 0755. */
  adopt(tree: TreeNode): void {
    adoptTree(this.#state, tree);
  }

  spawn(pid: number, { uid, gid, groups }: Credentials, umask = 0o022): void {
    this.#state.spawn(pid, uid, gid, groups, umask);
  }

  /** Whether a process runs by now. A program may name children that were never made, or ended. */
  runs(pid: number): boolean {
    return this.#state.processes.get(pid)?.alive ?? false;
  }

  /** Whether a process was ever made with this pid. */
  knows(pid: number): boolean {
    return this.#state.processes.has(pid);
  }

  /** Judges the result of one call; undefined: it is allowed. */
  step(pid: number, call: Call, result: SysResult, clock: CallClock): Verdict {
    const s = this.#state;
    s.result = result;
    s.failed = typeof result === 'number' && result < 0;
    const process = s.processes.get(pid);
    if (process === undefined || !process.alive) return s.fails(E.ESRCH);
    s.process = process;
    s.op = call.op;
    s.before = clock.before;
    s.began ??= clock.before;
    s.after = clock.after;
    s.slack = clock.slack;
    return (rules[call.op] as (s: State, call: Call) => Verdict)(s, call);
  }

  /** Every descriptor of every process that runs. */
  *descriptors(): Generator<{ pid: number; fd: number; inode: Inode; readable: boolean; listing: boolean }> {
    for (const { pid, alive, files } of this.#state.processes.values()) {
      if (!alive) continue;
      for (const [fd, file] of files.entries())
        if (file !== undefined) {
          const listing = !file.inode.isDead && file.stream !== undefined && file.stream.listed.size > 0;
          yield { pid, fd, inode: file.inode, readable: file.readable, listing };
        }
    }
  }

  /** Whether a process is in, or has opened, a directory that is removed. */
  get holdsRemoved(): boolean {
    const removed = (inode: Inode | undefined): boolean => inode?.isDirectory === true && inode.isDead;
    return [...this.#state.processes.values()].some(
      ({ alive, cwd, files }) => alive && (removed(cwd) || files.some((file) => removed(file?.inode))),
    );
  }

  /** The inode of a descriptor; undefined where the process has none. */
  inodeOf(pid: number, fd: number): Inode | undefined {
    return this.#state.processes.get(pid)?.files[fd]?.inode;
  }

  /** The open file of a descriptor; undefined where the process has none. */
  fileOf(pid: number, fd: number): OpenFile | undefined {
    return this.#state.processes.get(pid)?.files[fd];
  }

  /** A mapping by the program's number for it. */
  mappingOf(pid: number, map: number): Mapping | undefined {
    return this.#state.processes.get(pid)?.mappings.get(map);
  }

  /** Whether a process maps anything: what is stored there gets to the filesystem when somebody looks, or later. */
  get mapsMemory(): boolean {
    return [...this.#state.processes.values()].some(({ mappings }) => mappings.size > 0);
  }

  /** Every mapping of every process that runs, with its length in bytes. */
  *mappings(): Generator<{ pid: number; map: number; length: number }> {
    for (const { pid, mappings } of this.#state.processes.values())
      for (const [map, { length }] of mappings) yield { pid, map, length };
  }

  /** The inode at the root, for those who walk the final tree. */
  get root() {
    return this.#state.root;
  }
}
