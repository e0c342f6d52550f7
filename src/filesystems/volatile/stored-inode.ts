import { S_IFDIR, S_IFMT, type Timespec } from '../../vfs/index.ts';

/** Bytes that a crash keeps or loses together. */
export const PAGE = 4096;

/** What of an inode can change. Pages and values are never written into: a change puts others in their place. */
export interface Content {
  mode: number;
  uid: number;
  gid: number;
  size: number;
  atime: Timespec;
  mtime: Timespec;
  /** Of a regular file, by number; what is missing is a hole. */
  readonly pages: Map<number, Uint8Array>;
  readonly xattrs: Map<string, Uint8Array>;
  /** Of a directory. */
  readonly entries: Map<string, StoredInode>;
}

export interface Making {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly rdev: number;
  readonly atime: Timespec;
  readonly mtime: Timespec;
  readonly target?: string;
}

/** An inode as it is seen, and as it is stored for good. Its making is one thing: who finds its name finds all of `Making`. */
export class StoredInode {
  readonly id: number;
  readonly rdev: number;
  /** Of a symbolic link. */
  readonly target: string | undefined;
  readonly live: Content;
  readonly durable: Content;
  /** References that the kernel holds. */
  lookups = 0;

  constructor(id: number, making: Making) {
    this.id = id;
    this.rdev = making.rdev;
    this.target = making.target;
    this.live = empty(making);
    this.durable = empty(making);
  }

  get isDirectory(): boolean {
    return (this.live.mode & S_IFMT) === S_IFDIR;
  }
}

function empty({ mode, uid, gid, atime, mtime }: Making): Content {
  return { mode, uid, gid, atime, mtime, size: 0, pages: new Map(), xattrs: new Map(), entries: new Map() };
}

export function copyOf(content: Content): Content {
  const { pages, xattrs, entries } = content;
  return { ...content, pages: new Map(pages), xattrs: new Map(xattrs), entries: new Map(entries) };
}

/** A page with zeros from `end` on. */
export function cutAt(page: Uint8Array, end: number): Uint8Array {
  if (end >= page.length) return page;
  const cut = page.slice();
  cut.fill(0, end);
  return cut;
}
