import {
  type AttributeChanges,
  type Attributes,
  isDirectory,
  isRegular,
  isSymlink,
  type NodeId,
  S_IFMT,
  type Timespec,
} from '../../vfs/index.ts';
import { BaseInode } from '../base-inode.ts';
import type { ExtendedAttributes } from '../ram/xattr.ts';
import { BLOCK_SIZE } from './block-disk.ts';
import type { MapRoot } from './block-map.ts';
import { Directory } from './directory.ts';
import { FileData } from './file-data.ts';
import type { InodeRecord } from './inode-record.ts';
import type { InodeTable } from './inode-table.ts';

/** An inode in memory. What changes its fields tells the table so (`InodeTable.changed`). */
export class Inode extends BaseInode implements InodeRecord {
  readonly node: NodeId;
  readonly generation: number;
  mode: number;
  uid: number;
  gid: number;
  nlink: number;
  readonly rdev: number;
  /** Of a regular file or a symbolic link: bytes. Of a directory: those of its blocks. */
  size: number;
  blocks: number;
  parent: NodeId;
  nextOrphan: NodeId;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  readonly btime: Timespec;
  xattrBlock: number;
  xattrSize: number;
  readonly map: MapRoot;

  readonly data: FileData | undefined;
  readonly directory: Directory | undefined;
  /** Undefined until they are asked for. */
  xattrs: ExtendedAttributes | undefined = undefined;

  constructor(table: InodeTable, node: NodeId, record: InodeRecord) {
    super();
    this.node = node;
    this.generation = record.generation;
    this.mode = record.mode;
    this.uid = record.uid;
    this.gid = record.gid;
    this.nlink = record.nlink;
    this.rdev = record.rdev;
    this.size = record.size;
    this.blocks = record.blocks;
    this.parent = record.parent;
    this.nextOrphan = record.nextOrphan;
    this.atime = record.atime;
    this.mtime = record.mtime;
    this.ctime = record.ctime;
    this.btime = record.btime;
    this.xattrBlock = record.xattrBlock;
    this.xattrSize = record.xattrSize;
    this.map = record.map;
    this.data = isRegular(this.mode) ? new FileData(table, this) : undefined;
    this.directory = isDirectory(this.mode) ? new Directory(table, this) : undefined;
  }

  get isSymlink(): boolean {
    return isSymlink(this.mode);
  }

  /** Nobody but the disk knows of it. */
  get isIdle(): boolean {
    return this.lookups === 0 && this.opens === 0;
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
      blocks: this.blocks * (BLOCK_SIZE / 512),
      blksize: BLOCK_SIZE,
      atime: this.atime,
      mtime: this.mtime,
      ctime: this.ctime,
    };
  }

  /** All of setattr(2) but the size. */
  set({ mode, uid, gid, size, atime, mtime, ctime, killPrivileges }: AttributeChanges, now: Timespec): void {
    // With handleKillprivV2 a SETATTR of nothing (with write-back, of the ctime, which goes along always) is all that tells
    // of a chown(-1, -1), or of a user's fallocate.
    const empty = [mode, uid, gid, size, atime, mtime].every((change) => change === undefined);
    if (empty || killPrivileges) this.dropPrivileges();
    if (mode !== undefined) this.mode = (this.mode & S_IFMT) | (mode & 0o7777);
    this.uid = uid ?? this.uid;
    this.gid = gid ?? this.gid;
    if (atime !== undefined) this.atime = atime === 'now' ? now : atime;
    if (mtime !== undefined) this.mtime = mtime === 'now' ? now : mtime;
    this.ctime = ctime ?? now;
  }
}
