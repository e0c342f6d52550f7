import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, type Timespec, type U64 } from '../vfs/index.ts';
import { Content } from './content.ts';
import type { ByteRangeLock } from './locks.ts';
import type { OpenFile } from './process.ts';
import { Stamp } from './stamp.ts';

/** An inode of the model. What does not belong to its type stays undefined. */
export class Inode {
  mode: number;
  /** Bits of the mode that may also be set, until somebody looks. */
  openBits = 0;
  uid: number;
  gid: number;
  nlink = 1;
  rdev = 0;
  size = 0;
  /** Of a directory: what `..` means, kept after its removal as a dentry's d_parent is; the root is its own parent. */
  parent: Inode | undefined = undefined;
  /** Of a directory: its names but `.` and `..`. */
  entries: Map<string, Inode> | undefined = undefined;
  /** Of a symbolic link. */
  target = '';
  content: Content | undefined = undefined;
  xattrs: Map<string, Uint8Array> | undefined = undefined;
  /** The inode number that the kernel under test showed, once it did. */
  ino: U64 | undefined = undefined;
  /** Open files on it. */
  opens = 0;
  /** O_TMPFILE without O_EXCL: linkable though it has no name. */
  linkable = false;
  readonly atime = new Stamp();
  readonly mtime = new Stamp();
  readonly ctime = new Stamp();
  /** Of its making, which nothing changes; only statx tells it. */
  readonly btime = new Stamp();
  /** What was stored through shared mappings and may not be written back yet: until it is, its times may move. */
  stored: { readonly since: Timespec; start: number; end: number } | undefined = undefined;
  /** The call that changed it last (mode, owner, size, names). */
  cause = '';
  locks: ByteRangeLock[] | undefined = undefined;
  /** Open files that hold a flock(2) on it. */
  flocks: OpenFile[] | undefined = undefined;
  /** Open files that may be listing it. */
  streams: OpenFile[] | undefined = undefined;

  constructor(mode: number, uid: number, gid: number) {
    this.mode = mode;
    this.uid = uid;
    this.gid = gid;
    const type = mode & S_IFMT;
    if (type === S_IFDIR) {
      this.entries = new Map();
      this.nlink = 2;
    } else if (type === S_IFREG) this.content = new Content();
  }

  get isDirectory(): boolean {
    return this.entries !== undefined;
  }
  get isRegular(): boolean {
    return this.content !== undefined;
  }
  get isSymlink(): boolean {
    return (this.mode & S_IFMT) === S_IFLNK;
  }
  /** A removed directory (S_DEAD): it takes no more names. */
  get isDead(): boolean {
    return this.nlink === 0;
  }
}
