import { O_ACCMODE, O_PATH, O_RDONLY, O_RDWR, O_WRONLY } from '../vfs/index.ts';
import type { DirectoryStream } from './directory.ts';
import type { Inode } from './inode.ts';
import type { Mapping } from './mapping.ts';

/** An open file description: what dup and fork share. */
export class OpenFile {
  readonly inode: Inode;
  readonly flags: number;
  offset = 0;
  /** Descriptors and mappings that refer to it. */
  references = 0;
  stream: DirectoryStream | undefined = undefined;
  /** The flock(2) it holds. */
  flock: 'read' | 'write' | undefined = undefined;

  constructor(inode: Inode, flags: number) {
    this.inode = inode;
    this.flags = flags;
  }

  get isPath(): boolean {
    return (this.flags & O_PATH) !== 0;
  }
  /** FMODE_READ. */
  get readable(): boolean {
    const mode = this.flags & O_ACCMODE;
    return !this.isPath && (mode === O_RDONLY || mode === O_RDWR);
  }
  /** FMODE_WRITE. */
  get writable(): boolean {
    const mode = this.flags & O_ACCMODE;
    return !this.isPath && (mode === O_WRONLY || mode === O_RDWR);
  }
}

/** A process of the model. */
export class Process {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  umask: number;
  cwd: Inode;
  alive = true;
  /** By descriptor. */
  readonly files: (OpenFile | undefined)[] = [];
  /** By the program's number. */
  readonly mappings = new Map<number, Mapping>();
  /** What its file handles mean. */
  readonly handles = new Map<number, Inode>();

  constructor(pid: number, uid: number, gid: number, groups: readonly number[], umask: number, cwd: Inode) {
    this.pid = pid;
    this.uid = uid;
    this.gid = gid;
    this.groups = groups;
    this.umask = umask;
    this.cwd = cwd;
  }

  inGroup(gid: number): boolean {
    return this.gid === gid || this.groups.includes(gid);
  }
}

/** Descriptors a process may have (RLIMIT_NOFILE, its usual soft limit). */
export const OPEN_MAX = 1024;
