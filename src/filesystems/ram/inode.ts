import { type Attributes, isDirectory, isRegular, type NodeId, nameLength, type Timespec } from '../../vfs/index.ts';
import { BaseInode } from '../base-inode.ts';
import { Directory } from './directory.ts';
import { FileData } from './file-data.ts';
import { PAGE_SIZE, type PagePool } from './page-pool.ts';
import type { ExtendedAttributes } from './xattr.ts';

/** What a new inode starts with. `mode` carries the file type. */
export interface InodeStart {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly now: Timespec;
  /** The directory it is made in; a directory's `..`. */
  readonly parent: Inode | undefined;
  readonly rdev?: number;
  readonly target?: string;
}

/** A file of any type. It lives while it has a name, the kernel knows its node, or it is open. */
export class Inode extends BaseInode {
  readonly node: NodeId;
  readonly generation: number;
  mode: number;
  uid: number;
  gid: number;
  readonly rdev: number;
  nlink = 0;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  readonly btime: Timespec;

  readonly data: FileData | undefined;
  readonly directory: Directory | undefined;
  /** Of a symbolic link. */
  readonly target: string | undefined;
  xattrs: ExtendedAttributes | undefined = undefined;

  constructor(node: NodeId, generation: number, start: InodeStart, pool: PagePool) {
    super();
    this.node = node;
    this.generation = generation;
    this.mode = start.mode;
    this.uid = start.uid;
    this.gid = start.gid;
    this.rdev = start.rdev ?? 0;
    this.atime = start.now;
    this.mtime = start.now;
    this.ctime = start.now;
    this.btime = start.now;
    this.data = isRegular(start.mode) ? new FileData(pool) : undefined;
    this.directory = isDirectory(start.mode) ? new Directory(start.parent ?? this) : undefined;
    this.target = start.target;
  }

  get size(): number {
    if (this.data !== undefined) return this.data.size;
    if (this.target !== undefined) return nameLength(this.target);
    return this.directory === undefined ? 0 : PAGE_SIZE;
  }

  attributes(): Attributes {
    return {
      ino: this.node,
      mode: this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      rdev: this.rdev,
      size: this.size,
      blocks: this.data === undefined ? 0 : this.data.blocks,
      blksize: PAGE_SIZE,
      atime: this.atime,
      mtime: this.mtime,
      ctime: this.ctime,
    };
  }
}
