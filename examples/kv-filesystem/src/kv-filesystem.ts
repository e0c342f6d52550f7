import {
  type AttributeChanges,
  type Attributes,
  type Clock,
  type Context,
  type Created,
  type DirentSink,
  type Entry,
  type Errno,
  errno,
  type FileSystem,
  type FileSystemFactory,
  isDirectory,
  type Negotiated,
  type NodeId,
  nameLength,
  type Opened,
  S_IFDIR,
  S_IFMT,
  S_IFREG,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
  type Timespec,
  type U64,
  type WriteOptions,
} from 'estale';
import { ClearedValue, Value } from './value.ts';

/** Bytes of the largest value. */
export const LARGEST = 2 ** 20;
const LONGEST_KEY = 255;

interface Inode {
  readonly node: NodeId;
  readonly value: Value;
  mode: number;
  uid: number;
  gid: number;
  atime: Timespec;
  mtime: Timespec;
  ctime: Timespec;
  named: boolean;
  /** References of the kernel, and open handles: as long as there are any the value stays, named or not. */
  lookups: number;
  opens: number;
}

/** A key in the one directory; its place in listings stays the same as long as it is there. */
interface Key {
  inode: Inode;
  readonly offset: number;
}

/** A key-value store as a filesystem: a flat directory in which each key is a file with its value. */
export class KvFileSystem implements FileSystem {
  readonly name = 'kv';
  readonly mode = 'sync';
  readonly #clock: Clock;
  readonly #newValue: () => Value;
  readonly #inodes = new Map<NodeId, Inode>();
  readonly #keys = new Map<string, Key>();
  readonly #root: Inode;
  #lastNode = 0;
  #lastOffset = 2;
  /** With write-back the kernel tells the times of what it writes out of its cache. */
  #kernelKeepsTimes = false;

  constructor(clock: Clock, newValue: () => Value) {
    this.#clock = clock;
    this.#newValue = newValue;
    this.#root = this.#make(S_IFDIR | 0o755, 0, 0);
  }

  /** Values that are kept. */
  get size(): number {
    return this.#inodes.size;
  }

  init({ writebackCache }: Negotiated): void {
    this.#kernelKeepsTimes = writebackCache;
  }

  lookup(_parent: NodeId, name: string): Entry | Errno {
    if (nameLength(name) > LONGEST_KEY) return errno.ENAMETOOLONG;
    const key = this.#keys.get(name);
    return key === undefined ? errno.ENOENT : this.#entry(key.inode);
  }

  forget(node: NodeId, lookups: number): void {
    const inode = this.#inode(node);
    inode.lookups -= lookups;
    this.#freeIfUnused(inode);
  }

  getattr(node: NodeId): Attributes {
    return this.#attributes(this.#inode(node));
  }

  setattr(node: NodeId, { mode, uid, gid, size, atime, mtime, ctime }: AttributeChanges): Attributes | Errno {
    const inode = this.#inode(node);
    const now = this.#clock.now();
    if (size !== undefined) {
      if (size > LARGEST) return errno.EFBIG;
      inode.value.resize(size);
      inode.mtime = now;
    }
    if (mode !== undefined) inode.mode = (inode.mode & S_IFMT) | (mode & 0o7777);
    if (uid !== undefined) inode.uid = uid;
    if (gid !== undefined) inode.gid = gid;
    if (atime !== undefined) inode.atime = atime === 'now' ? now : atime;
    if (mtime !== undefined) inode.mtime = mtime === 'now' ? now : mtime;
    inode.ctime = ctime ?? now;
    return this.#attributes(inode);
  }

  create(_parent: NodeId, name: string, mode: number, _flags: number, { uid, gid }: Context): Created | Errno {
    if (nameLength(name) > LONGEST_KEY) return errno.ENAMETOOLONG;
    if (this.#keys.has(name)) return errno.EEXIST;
    const group = this.#root.mode & S_ISGID ? this.#root.gid : gid;
    const inode = this.#make(S_IFREG | (mode & 0o7777), uid, group);
    this.#put(name, inode);
    this.#changed(this.#root);
    return { entry: this.#entry(inode), opened: this.open(inode.node) };
  }

  unlink(_parent: NodeId, name: string): Errno | undefined {
    const key = this.#keys.get(name);
    if (key === undefined) return errno.ENOENT;
    this.#keys.delete(name);
    this.#changed(this.#root);
    this.#unname(key.inode);
    return undefined;
  }

  rename(_parent: NodeId, name: string, _newParent: NodeId, newName: string, flags: number): Errno | undefined {
    if (flags !== 0) return errno.EINVAL;
    if (nameLength(newName) > LONGEST_KEY) return errno.ENAMETOOLONG;
    const key = this.#keys.get(name);
    if (key === undefined) return errno.ENOENT;
    if (name === newName) return undefined;
    const replaced = this.#keys.get(newName)?.inode;
    this.#keys.delete(name);
    this.#put(newName, key.inode);
    key.inode.ctime = this.#clock.now();
    this.#changed(this.#root);
    if (replaced !== undefined) this.#unname(replaced);
    return undefined;
  }

  open(node: NodeId): Opened {
    this.#inode(node).opens += 1;
    return { fh: node };
  }

  read(node: NodeId, _fh: number, into: Uint8Array, offset: number): number {
    return this.#inode(node).value.read(into, offset);
  }

  write(
    node: NodeId,
    _fh: number,
    data: Uint8Array,
    offset: number,
    _context: Context,
    { fromCache, killPrivileges }: WriteOptions,
  ): number | Errno {
    if (offset + data.length > LARGEST) return errno.EFBIG;
    const inode = this.#inode(node);
    inode.value.write(data, offset);
    if (killPrivileges) inode.mode &= inode.mode & S_IXGRP ? ~(S_ISUID | S_ISGID) : ~S_ISUID;
    if (!(fromCache && this.#kernelKeepsTimes)) this.#changed(inode);
    return data.length;
  }

  release(node: NodeId): void {
    const inode = this.#inode(node);
    inode.opens -= 1;
    this.#freeIfUnused(inode);
  }

  opendir(node: NodeId): Opened {
    return this.open(node);
  }

  releasedir(node: NodeId): void {
    this.release(node);
  }

  readdir(_node: NodeId, _fh: number, offset: U64, sink: DirentSink): void {
    const { node } = this.#root;
    if (offset === 0 && !sink.add('.', node, S_IFDIR >> 12, 1)) return;
    if (offset <= 1 && !sink.add('..', node, S_IFDIR >> 12, 2)) return;
    for (const [name, key] of this.#keys)
      if (key.offset > offset && !sink.add(name, key.inode.node, S_IFREG >> 12, key.offset)) return;
  }

  /** A name that is there already keeps its place in listings. */
  #put(name: string, inode: Inode): void {
    const key = this.#keys.get(name);
    if (key !== undefined) key.inode = inode;
    else {
      this.#lastOffset += 1;
      this.#keys.set(name, { inode, offset: this.#lastOffset });
    }
  }

  #make(mode: number, uid: number, gid: number): Inode {
    this.#lastNode += 1;
    const now = this.#clock.now();
    const times = { atime: now, mtime: now, ctime: now };
    const inode = {
      node: this.#lastNode,
      value: this.#newValue(),
      mode,
      uid,
      gid,
      ...times,
      named: true,
      lookups: 0,
      opens: 0,
    };
    this.#inodes.set(inode.node, inode);
    return inode;
  }

  #inode(node: NodeId): Inode {
    const inode = this.#inodes.get(node);
    if (inode === undefined) throw errno.ESTALE;
    return inode;
  }

  #unname(inode: Inode): void {
    inode.named = false;
    inode.ctime = this.#clock.now();
    this.#freeIfUnused(inode);
  }

  #freeIfUnused(inode: Inode): void {
    if (!inode.named && inode.lookups === 0 && inode.opens === 0) this.#inodes.delete(inode.node);
  }

  #changed(inode: Inode): void {
    inode.mtime = this.#clock.now();
    inode.ctime = inode.mtime;
  }

  #entry(inode: Inode): Entry {
    inode.lookups += 1;
    return { node: inode.node, generation: 0, attributes: this.#attributes(inode) };
  }

  #attributes({ node, mode, uid, gid, value, atime, mtime, ctime, named }: Inode): Attributes {
    const nlink = isDirectory(mode) ? 2 : Number(named);
    const blocks = Math.ceil(value.length / 512);
    return {
      ino: node,
      mode,
      nlink,
      uid,
      gid,
      rdev: 0,
      size: value.length,
      blocks,
      blksize: 4096,
      atime,
      mtime,
      ctime,
    };
  }
}

/** What the filesystem does not promise. */
export const without = [
  'directories',
  'links',
  'symlinks',
  'special',
  'tmpfile',
  'rename-flags',
  'xattrs',
  'fallocate',
  'punch-hole',
  'seek-hole',
  'copy-range',
  'statfs',
  'handles',
] as const;

/** The filesystem as it should be. */
export const kv: FileSystemFactory = ({ clock }) => new KvFileSystem(clock, () => new ClearedValue());

/** The filesystem as it was first written, with a bug that is easily overlooked. */
export const firstDraft: FileSystemFactory = ({ clock }) => new KvFileSystem(clock, () => new Value());

export default kv;
