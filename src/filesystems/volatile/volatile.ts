import {
  type Attributes,
  type Context,
  type Created,
  type Decide,
  type DirentPlusSink,
  type Entry,
  Errno,
  errno,
  FALLOC_FL_PUNCH_HOLE,
  FALLOC_FL_ZERO_RANGE,
  type FileSystem,
  type Handle,
  isRegular,
  type Negotiated,
  type NodeId,
  type Notifier,
  O_TRUNC,
  type Opened,
  RENAME_EXCHANGE,
  RENAME_WHITEOUT,
  ROOT_NODE,
} from '../../vfs/index.ts';
import type { Edit } from './change.ts';
import { adopt, clear, populate } from './contents.ts';
import type { VolatileMedium } from './medium.ts';
import { cutAt, PAGE, type StoredInode } from './stored-inode.ts';

/** Methods that pass through here. */
type Method = Exclude<keyof FileSystem, 'name' | 'mode' | 'wishes' | 'init' | 'destroy'>;
type Given<M extends Method> = Parameters<NonNullable<FileSystem[M]>>;
type Answered<M extends Method> = Exclude<Awaited<ReturnType<NonNullable<FileSystem[M]>>>, Errno>;

/** Which arguments of a method are nodes, and which are handles. */
const places: { readonly [M in Method]: { readonly nodes: readonly number[]; readonly handles: readonly number[] } } = {
  lookup: { nodes: [0], handles: [] },
  forget: { nodes: [0], handles: [] },
  getattr: { nodes: [0], handles: [1] },
  setattr: { nodes: [0], handles: [2] },
  statx: { nodes: [0], handles: [1] },
  access: { nodes: [0], handles: [] },
  readlink: { nodes: [0], handles: [] },
  mknod: { nodes: [0], handles: [] },
  mkdir: { nodes: [0], handles: [] },
  symlink: { nodes: [0], handles: [] },
  link: { nodes: [0, 1], handles: [] },
  unlink: { nodes: [0], handles: [] },
  rmdir: { nodes: [0], handles: [] },
  rename: { nodes: [0, 2], handles: [] },
  open: { nodes: [0], handles: [] },
  create: { nodes: [0], handles: [] },
  tmpfile: { nodes: [0], handles: [] },
  read: { nodes: [0], handles: [1] },
  write: { nodes: [0], handles: [1] },
  flush: { nodes: [0], handles: [1] },
  release: { nodes: [0], handles: [1] },
  fsync: { nodes: [0], handles: [1] },
  fallocate: { nodes: [0], handles: [1] },
  lseek: { nodes: [0], handles: [1] },
  copyFileRange: { nodes: [0, 3], handles: [1, 4] },
  ioctl: { nodes: [0], handles: [1] },
  poll: { nodes: [0], handles: [1] },
  opendir: { nodes: [0], handles: [] },
  readdir: { nodes: [0], handles: [1] },
  readdirplus: { nodes: [0], handles: [1] },
  releasedir: { nodes: [0], handles: [1] },
  fsyncdir: { nodes: [0], handles: [1] },
  statfs: { nodes: [0], handles: [] },
  syncfs: { nodes: [0], handles: [] },
  setxattr: { nodes: [0], handles: [] },
  getxattr: { nodes: [0], handles: [] },
  listxattr: { nodes: [0], handles: [] },
  removexattr: { nodes: [0], handles: [] },
  getlk: { nodes: [0], handles: [1] },
  setlk: { nodes: [0], handles: [1] },
  flock: { nodes: [0], handles: [1] },
};

/** Methods that change what is stored, or make it safe: at each of them the power may go. */
const changing = new Set<Method>([
  'setattr',
  'mknod',
  'mkdir',
  'symlink',
  'link',
  'unlink',
  'rmdir',
  'rename',
  'create',
  'tmpfile',
  'write',
  'fsync',
  'fallocate',
  'copyFileRange',
  'fsyncdir',
  'syncfs',
  'setxattr',
  'removexattr',
]);

/** What takes back, which nobody hears the answer of. */
const takingBack = new Set<Method>(['forget', 'release', 'releasedir']);

/** FUSE 7.44 has FUSE_NOTIFY_INC_EPOCH; without it the kernel hears of stale nodes when it uses them. */
const INC_EPOCH_MINOR = 44;

/** Nodes and handles of the filesystem below lie under this; each crash in place adds it once more to those that are given out. */
const SPAN = 2 ** 40;

/**
 * Any filesystem, over which the power can fail. What is seen is the filesystem below; what of it is safe is kept apart. After a
 * crash there is a new one below, with what is left: what was a node or handle before is ESTALE, but for the root.
 */
export class VolatileFileSystem {
  readonly name: string;
  readonly mode = 'sync';
  readonly wishes: FileSystem['wishes'];
  readonly #make: () => FileSystem;
  #below: FileSystem;
  #medium: VolatileMedium;
  /** What a number has more than below. */
  #base = 0;
  readonly #inodes = new Map<NodeId, StoredInode>();
  #started: { readonly negotiated: Negotiated; readonly notifier: Notifier } | undefined;

  /** `make` makes the filesystem below; it is filled with what the medium stores, or where that is new, the medium with it. */
  constructor(make: () => FileSystem, medium: VolatileMedium, isNew: boolean) {
    const below = make();
    if (below.mode !== 'sync')
      throw new TypeError(`volatile: expected a filesystem whose mode is 'sync', ${below.name} is '${below.mode}'`);
    this.#make = make;
    this.#below = below;
    this.#medium = medium;
    this.name = `volatile:${below.name}`;
    this.wishes = below.wishes;
    if (isNew) adopt(below, medium);
    else this.#refill();
    this.#inodes.set(ROOT_NODE, this.#medium.root);
    for (const method of Object.keys(places) as Method[])
      if (below[method] !== undefined || method === 'fsync' || method === 'fsyncdir' || method === 'forget')
        Object.defineProperty(this, method, { value: (...given: unknown[]) => this.#call(method, given) });
  }

  init(negotiated: Negotiated, notifier: Notifier): void {
    this.#started = { negotiated, notifier };
    this.#below.init?.(negotiated, notifier);
  }

  destroy(): void {
    this.#below.destroy?.();
  }

  /** The power fails and is there again at once: of what is not safe stays what `decide` decides. */
  crash(decide: Decide): void {
    this.#medium = this.#medium.survivors(decide);
    this.#base += SPAN;
    this.#below.destroy?.();
    this.#below = this.#make();
    if (this.#started !== undefined) this.#below.init?.(this.#started.negotiated, this.#started.notifier);
    this.#refill();
    this.#inodes.clear();
    this.#inodes.set(ROOT_NODE, this.#medium.root);
    if ((this.#started?.negotiated.minor ?? 0) >= INC_EPOCH_MINOR) this.#started?.notifier.incrementEpoch();
  }

  #refill(): void {
    clear(this.#below);
    populate(this.#below, this.#medium.root);
  }

  #call(method: Method, given: unknown[]): unknown {
    if (this.#medium.isDark) return takingBack.has(method) ? undefined : errno.EIO;
    for (const at of places[method].nodes) {
      if (given[at] === ROOT_NODE) continue;
      given[at] = (given[at] as NodeId) - this.#base;
      if (!this.#inodes.has(given[at] as NodeId)) return takingBack.has(method) ? undefined : errno.ESTALE;
    }
    for (const at of places[method].handles) {
      if (given[at] === undefined) continue;
      given[at] = (given[at] as Handle) - this.#base;
      if (!isBelow(given[at] as number)) return takingBack.has(method) ? undefined : errno.ESTALE;
    }
    if (isChanging(method, given) && !this.#medium.pass()) return errno.EIO;
    if (method === 'readdirplus') given[3] = this.#learning(given as Given<'readdirplus'>);
    const ask = this.#below[method] as ((...given: unknown[]) => unknown) | undefined;
    const answer = ask?.apply(this.#below, given);
    if (answer instanceof Errno) return answer;
    const keep = this.#keep[method] as ((given: unknown[], answer: unknown) => void) | undefined;
    keep?.(given, answer);
    return this.#base === 0 ? answer : this.#outward(answer);
  }

  /** An answer with the numbers that are given out. */
  #outward(answer: unknown): unknown {
    if (typeof answer !== 'object' || answer === null) return answer;
    const entryOf = (entry: Entry): Entry => ({ ...entry, node: this.#outNode(entry.node) });
    const openedOf = (opened: Opened): Opened => ({ ...opened, fh: opened.fh + this.#base });
    if ('entry' in answer) {
      const { entry, opened } = answer as Created;
      return { entry: entryOf(entry), opened: openedOf(opened) };
    }
    if ('node' in answer) return entryOf(answer as Entry);
    return 'fh' in answer ? openedOf(answer as Opened) : answer;
  }

  #outNode(node: NodeId): NodeId {
    return node === ROOT_NODE ? ROOT_NODE : node + this.#base;
  }

  #learning([parent, , , sink]: Given<'readdirplus'>): DirentPlusSink {
    return {
      add: (name, entry, offset) => {
        const taken = sink.add(name, { ...entry, node: this.#outNode(entry.node) }, offset);
        if (taken && name !== '.' && name !== '..') this.#referred(parent, name, entry.node);
        return taken;
      },
    };
  }

  // Which inode a node is

  #of(node: NodeId): StoredInode {
    const inode = this.#inodes.get(node);
    if (inode === undefined) throw new Error(`volatile: node ${node} of ${this.#below.name} was never looked up`);
    return inode;
  }

  /** Whether a node that the kernel has forgotten can come back by a file handle: LOOKUP of `.` in it. */
  #answersHandles(node: NodeId): boolean {
    if (!this.wishes?.exportSupport) return false;
    const now = this.#below.getattr(node, undefined, nobody) as Answered<'getattr'> | Errno;
    return !(now instanceof Errno) && now.nlink > 0;
  }

  /** The kernel got a reference to what a name means. */
  #referred(parent: NodeId, name: string, node: NodeId): void {
    if (name === '.' || name === '..') {
      this.#of(node).lookups += 1;
      return;
    }
    const inode = this.#of(parent).live.entries.get(name);
    if (inode === undefined) throw new Error(`volatile: "${name}" came into ${this.#below.name} by itself`);
    inode.lookups += 1;
    this.#inodes.set(node, inode);
  }

  #made({ node, attributes }: Entry, target?: string): StoredInode {
    const inode = this.#medium.make({ ...attributes, target });
    inode.lookups = 1;
    this.#inodes.set(node, inode);
    return inode;
  }

  #named(parent: NodeId, name: string, entry: Entry, target?: string): void {
    const inode = this.#of(parent);
    this.#medium.record('metadata', [{ kind: 'entry', inode, name, to: this.#made(entry, target) }]);
  }

  // What calls have changed

  readonly #keep: { readonly [M in Method]?: (given: Given<M>, answer: Answered<M>) => void } = {
    lookup: ([parent, name], { node }) => this.#referred(parent, name, node),
    forget: ([node, lookups]) => {
      const inode = this.#inodes.get(node);
      if (inode === undefined || node === ROOT_NODE) return;
      inode.lookups -= lookups;
      if (inode.lookups <= 0 && !this.#answersHandles(node)) this.#inodes.delete(node);
    },
    mknod: ([parent, name], entry) => this.#named(parent, name, entry),
    mkdir: ([parent, name], entry) => this.#named(parent, name, entry),
    symlink: ([parent, name, target], entry) => this.#named(parent, name, entry, target),
    create: ([parent, name, , flags], { entry }) => {
      if (!this.#of(parent).live.entries.has(name)) return this.#named(parent, name, entry);
      this.#referred(parent, name, entry.node);
      if (flags & O_TRUNC) this.#changed('metadata', entry.node, []);
    },
    tmpfile: (_, { entry }) => void this.#made(entry),
    open: ([node, flags]) => {
      if (flags & O_TRUNC) this.#changed('metadata', node, []);
    },
    link: ([node, parent, name]) => {
      const to = this.#of(node);
      to.lookups += 1;
      this.#medium.record('metadata', [{ kind: 'entry', inode: this.#of(parent), name, to }]);
    },
    unlink: ([parent, name]) => this.#removed(parent, name),
    rmdir: ([parent, name]) => this.#removed(parent, name),
    rename: ([parent, name, newParent, newName, flags]) => this.#renamed(parent, name, newParent, newName, flags),
    setattr: ([node, , fh]) => this.#changed('metadata', node, [], fh),
    write: ([node, fh, data, offset], count) =>
      this.#changed('data', node, this.#written(node, offset, data.subarray(0, count)), fh),
    fallocate: ([node, fh, mode, offset, length]) => {
      const zeroes = mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE);
      this.#changed('data', node, zeroes ? this.#zeroed(node, offset, offset + length) : [], fh);
    },
    copyFileRange: ([from, , offset, node, fh, at], count) => {
      const source = this.#of(from).live.pages;
      const data = new Uint8Array(count);
      for (let index = Math.floor(offset / PAGE); index * PAGE < offset + count; index++)
        copyPage(source.get(index), index * PAGE - offset, data);
      this.#changed('data', node, this.#written(node, at, data), fh);
    },
    setxattr: ([node, name, value]) => this.#xattr(node, name, value.slice()),
    removexattr: ([node, name]) => this.#xattr(node, name, undefined),
    fsync: ([node, , dataOnly]) => this.#medium.sync(this.#of(node), dataOnly),
    fsyncdir: ([node, , dataOnly]) => this.#medium.sync(this.#of(node), dataOnly && !this.#of(node).isDirectory),
    syncfs: () => this.#medium.syncAll(),
  };

  #removed(parent: NodeId, name: string): void {
    this.#medium.record('metadata', [{ kind: 'entry', inode: this.#of(parent), name, to: undefined }]);
  }

  #renamed(parent: NodeId, name: string, newParent: NodeId, newName: string, flags: number): void {
    const from = this.#of(parent);
    const to = this.#of(newParent);
    const moved = from.live.entries.get(name);
    const replaced = to.live.entries.get(newName);
    if (moved === replaced) return;
    const left = (flags & RENAME_EXCHANGE) !== 0 ? replaced : undefined;
    const deed = moved?.isDirectory || left?.isDirectory ? 'move' : 'metadata';
    this.#medium.record(deed, [
      { kind: 'entry', inode: to, name: newName, to: moved },
      { kind: 'entry', inode: from, name, to: left },
    ]);
    if ((flags & RENAME_WHITEOUT) === 0) return;
    const whiteout = this.#below.lookup(parent, name, nobody) as Entry;
    this.#named(parent, name, whiteout);
    this.#below.forget?.(whiteout.node, 1);
  }

  #xattr(node: NodeId, name: string, value: Uint8Array | undefined): void {
    this.#medium.record('metadata', [{ kind: 'xattr', inode: this.#of(node), name, value }]);
  }

  /** The pages with data in them, as edits; their time comes with what the filesystem below says. */
  #written(node: NodeId, offset: number, data: Uint8Array): PageEdit[] {
    const { pages } = this.#of(node).live;
    const edits: PageEdit[] = [];
    for (let index = Math.floor(offset / PAGE); index * PAGE < offset + data.length; index++) {
      const bytes = pages.get(index)?.slice() ?? new Uint8Array(PAGE);
      const start = Math.max(0, offset - index * PAGE);
      const from = Math.max(0, index * PAGE - offset);
      bytes.set(data.subarray(from, from + PAGE - start), start);
      edits.push({ index, bytes });
    }
    return edits;
  }

  #zeroed(node: NodeId, start: number, end: number): PageEdit[] {
    const edits: PageEdit[] = [];
    for (const [index, page] of this.#of(node).live.pages) {
      const at = index * PAGE;
      if (at >= end || at + PAGE <= start) continue;
      const bytes = page.slice();
      bytes.fill(0, Math.max(0, start - at), Math.min(PAGE, end - at));
      edits.push({ index, bytes });
    }
    return edits;
  }

  /** Keeps pages, and what else of an inode is otherwise by now: size, mode, owner, times that were set. */
  #changed(deed: 'metadata' | 'data', node: NodeId, pages: readonly PageEdit[], fh?: Handle): void {
    const inode = this.#of(node);
    const { live } = inode;
    const now = this.#below.getattr(node, fh, nobody) as Attributes;
    const { mtime } = now;
    const edits: Edit[] = pages.map(({ index, bytes }) => ({ kind: 'page', inode, index, bytes, mtime }));
    if (isRegular(now.mode) && now.size < live.size)
      for (const [index, page] of live.pages) {
        const left = now.size - index * PAGE;
        if (left < PAGE)
          edits.push({ kind: 'page', inode, index, bytes: left > 0 ? cutAt(page, left) : undefined, mtime });
      }
    if (isRegular(now.mode) && now.size !== live.size) edits.push({ kind: 'size', inode, size: now.size, mtime });
    const { mode, uid, gid, atime } = now;
    const isOther = mode !== live.mode || uid !== live.uid || gid !== live.gid;
    if (isOther || (edits.length === 0 && (!sameTime(atime, live.atime) || !sameTime(mtime, live.mtime))))
      edits.push({ kind: 'attributes', inode, mode, uid, gid, atime, mtime });
    this.#medium.record(deed, edits);
  }
}

interface PageEdit {
  readonly index: number;
  readonly bytes: Uint8Array;
}

const isChanging = (method: Method, given: readonly unknown[]): boolean =>
  changing.has(method) || (method === 'open' && ((given[1] as number) & O_TRUNC) !== 0);

const isBelow = (number: number): boolean => number >= 0 && number < SPAN;

const sameTime = (a: Attributes['mtime'], b: Attributes['mtime']): boolean => a.sec === b.sec && a.nsec === b.nsec;

function copyPage(page: Uint8Array | undefined, at: number, data: Uint8Array): void {
  if (page === undefined) return;
  const from = Math.max(0, -at);
  const length = Math.min(PAGE - from, data.length - Math.max(0, at));
  if (length > 0) data.set(page.subarray(from, from + length), Math.max(0, at));
}

const { signal } = new AbortController();
const nobody: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal };
