import type { Clock } from '../../env/index.ts';
import {
  type Answer,
  type AttributeChanges,
  type Attributes,
  type Context,
  type Created,
  type DirentPlusSink,
  type DirentSink,
  direntType,
  type Entry,
  Errno,
  errno,
  errnoFrom,
  type FileSystem,
  type FileSystemStatistics,
  type Handle,
  NAME_MAX,
  type Negotiated,
  type NodeId,
  nameFromBytes,
  nameLength,
  O_ACCMODE,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  type Opened,
  S_IFMT,
  S_IFREG,
  type U64,
  type WriteOptions,
} from '../../vfs/index.ts';
import { HandleTable } from '../handle-table.ts';
import { BackedTree } from './backed-tree.ts';
import type { Backing, BackingFs, BackingPath } from './backing.ts';
import { chmod, chown, dropPrivileges, type Reach, truncate, utimes } from './change-attributes.ts';
import { giveToCaller } from './give-to-caller.ts';
import type { LoopbackNode, OpenFile } from './node-tree.ts';
import { createFlags, openFlags } from './open-flags.ts';
import { statisticsOf } from './stat.ts';

interface Listing {
  readonly directory: LoopbackNode;
  /** Keeps the inode number of the directory from being used again, where that identifies it. */
  readonly file: OpenFile | undefined;
  /** Taken when the listing starts; the offset behind a name is its position here, counted from 1. */
  names: readonly string[];
}

/** The fourth access mode allows neither reading nor writing (open(2)). */
const isWritable = (flags: number): boolean => (flags & O_ACCMODE) === O_WRONLY || (flags & O_ACCMODE) === O_RDWR;

const nameOf = (name: string | Uint8Array): string => (typeof name === 'string' ? name : nameFromBytes(name));

/**
 * A tree of a `node:fs`-shaped object, passed through: its errors, times and mistakes too. Nodes are known by path and
 * follow renames, links and removals that come through here; an unlinked file is reached by its open descriptors.
 */
export class LoopbackFileSystem implements FileSystem {
  readonly name = 'loopback';
  readonly mode = 'sync';
  readonly wishes = { autoInvalData: true };

  readonly #clock: Clock;
  readonly #fs: BackingFs;
  readonly #tree: BackedTree;
  readonly #files = new HandleTable<OpenFile>();
  readonly #listings = new HandleTable<Listing>();
  /** With write-back the kernel reads, through whatever file is open, the rest of pages that are partly written. */
  #writeOnlyIsRead = false;

  constructor(clock: Clock, backing: Backing) {
    this.#clock = clock;
    this.#fs = backing.fs;
    this.#tree = new BackedTree(backing);
  }

  init({ writebackCache }: Negotiated): void {
    this.#writeOnlyIsRead = writebackCache;
  }

  destroy(): void {
    for (const { fd } of this.#files.values()) this.#fs.closeSync(fd);
    for (const { file } of this.#listings.values()) if (file !== undefined) this.#fs.closeSync(file.fd);
    this.#files.clear();
    this.#listings.clear();
  }

  // Names

  lookup(parent: NodeId, name: string): Answer<Entry> {
    const directory = this.#tree.get(parent);
    if (directory === undefined) return errno.ESTALE;
    if (nameLength(name) > NAME_MAX) return errno.ENAMETOOLONG;
    return this.#tree.refer(directory, name) ?? errno.ENOENT;
  }

  forget(node: NodeId, lookups: number): void {
    const known = this.#tree.get(node);
    if (known === undefined) return;
    known.lookups = Math.max(0, known.lookups - lookups);
    this.#tree.nodes.dropIfUnused(known);
  }

  mkdir(parent: NodeId, name: string, mode: number, context: Context): Answer<Entry> {
    return this.#make(parent, name, mode, context, (path) => this.#fs.mkdirSync(path, mode & 0o7777));
  }

  symlink(parent: NodeId, name: string, target: string, context: Context): Answer<Entry> {
    if (this.#fs.symlinkSync === undefined) return errno.ENOSYS;
    return this.#make(parent, name, undefined, context, (path) =>
      this.#fs.symlinkSync?.(this.#tree.hostText(target), path),
    );
  }

  /** `node:fs` makes regular files only. */
  mknod(parent: NodeId, name: string, mode: number, _rdev: number, context: Context): Answer<Entry> {
    if ((mode & S_IFMT || S_IFREG) !== S_IFREG) return errno.EPERM;
    return this.#make(parent, name, mode, context, (path) =>
      this.#fs.closeSync(this.#fs.openSync(path, createFlags(this.#fs, O_RDWR), mode & 0o7777)),
    );
  }

  link(node: NodeId, newParent: NodeId, newName: string): Answer<Entry> {
    if (this.#fs.linkSync === undefined) return errno.ENOSYS;
    const known = this.#tree.get(node);
    const directory = this.#tree.get(newParent);
    if (known === undefined || directory === undefined) return errno.ESTALE;
    const path = this.#tree.path(known);
    const newPath = this.#tree.pathIn(directory, newName);
    if (path === undefined || newPath === undefined) return errno.ENOENT;
    this.#fs.linkSync(path, newPath);
    this.#tree.nodes.attach(directory, newName, known);
    return this.#tree.refer(directory, newName) ?? errno.ENOENT;
  }

  unlink(parent: NodeId, name: string): Answer<void> {
    return this.#remove(parent, name, (path) => this.#fs.unlinkSync(path));
  }

  rmdir(parent: NodeId, name: string): Answer<void> {
    return this.#remove(parent, name, (path) => this.#fs.rmdirSync(path));
  }

  rename(parent: NodeId, name: string, newParent: NodeId, newName: string, flags: number): Answer<void> {
    if (flags !== 0) return errno.EINVAL;
    const from = this.#tree.get(parent);
    const to = this.#tree.get(newParent);
    if (from === undefined || to === undefined) return errno.ESTALE;
    const path = this.#tree.pathIn(from, name);
    const newPath = this.#tree.pathIn(to, newName);
    if (path === undefined || newPath === undefined) return errno.ENOENT;
    this.#fs.renameSync(path, newPath);
    const moved = from.children.get(name);
    // A rename of one hard link over another does nothing: both names stay (rename(2)).
    if (moved !== undefined && moved.attributes.nlink > 1 && this.#tree.exists(path)) return undefined;
    if (moved === undefined) this.#tree.nodes.detach(to, newName);
    else if (from !== to || name !== newName) {
      this.#tree.nodes.attach(to, newName, moved);
      this.#tree.nodes.detach(from, name);
    }
    return undefined;
  }

  readlink(node: NodeId): Answer<string> {
    if (this.#fs.readlinkSync === undefined) return errno.ENOSYS;
    const known = this.#tree.get(node);
    const path = known && this.#tree.path(known);
    return path === undefined ? errno.ESTALE : nameOf(this.#fs.readlinkSync(path, { encoding: 'buffer' }));
  }

  // Attributes

  getattr(node: NodeId, fh: Handle | undefined): Answer<Attributes> {
    const known = this.#tree.get(node);
    if (known === undefined) return errno.ESTALE;
    return this.#tree.attributes(known, this.#fileOf(known, fh));
  }

  setattr(node: NodeId, changes: AttributeChanges, fh: Handle | undefined): Answer<Attributes> {
    const known = this.#tree.get(node);
    if (known === undefined) return errno.ESTALE;
    const file = this.#fileOf(known, fh);
    const error = this.#change(known, changes, file);
    return error ?? this.#tree.attributes(known, file);
  }

  statfs(): Answer<FileSystemStatistics> {
    const path = this.#tree.path(this.#tree.nodes.root);
    if (this.#fs.statfsSync === undefined || path === undefined) return errno.ENOSYS;
    return statisticsOf(this.#fs.statfsSync(path));
  }

  // Files

  create(parent: NodeId, name: string, mode: number, flags: number, context: Context): Answer<Created> {
    const directory = this.#tree.get(parent);
    if (directory === undefined) return errno.ESTALE;
    const path = this.#tree.pathIn(directory, name);
    if (path === undefined) return errno.ENOENT;
    const { fd, made } = this.#openNew(path, mode, this.#readable(flags));
    try {
      if (made) this.#own(directory, name, mode, context);
      const entry = this.#tree.refer(directory, name);
      if (entry === undefined) throw errno.ENOENT;
      return { entry, opened: this.#opened(entry.node, fd, flags) };
    } catch (error) {
      this.#fs.closeSync(fd);
      throw error;
    }
  }

  open(node: NodeId, flags: number): Answer<Opened> {
    const known = this.#tree.get(node);
    const path = known && this.#tree.path(known);
    if (path === undefined) return errno.ESTALE;
    return this.#opened(node, this.#fs.openSync(path, openFlags(this.#fs, this.#readable(flags))), flags);
  }

  read(_node: NodeId, fh: Handle, into: Uint8Array, offset: number): Answer<number> {
    const file = this.#files.get(fh);
    if (file === undefined) return errno.EBADF;
    let done = 0;
    while (done < into.length) {
      const count = this.#fs.readSync(file.fd, into, done, into.length - done, offset + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  write(
    _node: NodeId,
    fh: Handle,
    data: Uint8Array,
    offset: number,
    _context: Context,
    options: WriteOptions,
  ): Answer<number> {
    const file = this.#files.get(fh);
    if (file === undefined) return errno.EBADF;
    const written = this.#fs.writeSync(file.fd, data, 0, data.length, offset);
    // This process may keep the bits that its caller may not: nobody else takes them away after a direct write.
    if (written > 0 && options.killPrivileges) dropPrivileges(this.#fs, this.#reach(file.node, file));
    return written;
  }

  fsync(_node: NodeId, fh: Handle, dataOnly: boolean): Answer<void> {
    const file = this.#files.get(fh);
    if (file === undefined) return errno.EBADF;
    return this.#sync(file.fd, dataOnly);
  }

  release(_node: NodeId, fh: Handle): Answer<void> {
    const file = this.#files.close(fh);
    if (file === undefined) return errno.EBADF;
    this.#close(file);
    return undefined;
  }

  // Directories

  opendir(node: NodeId): Answer<Opened> {
    const directory = this.#tree.get(node);
    const path = directory && this.#tree.path(directory);
    if (directory === undefined || path === undefined) return errno.ESTALE;
    let file: OpenFile | undefined;
    if (this.#tree.backing.inodesIdentify) {
      file = { fd: this.#fs.openSync(path, openFlags(this.#fs, O_RDONLY)), node: directory, writable: false };
      directory.open.push(file);
    }
    return { fh: this.#listings.open({ directory, file, names: [] }) };
  }

  readdir(_node: NodeId, fh: Handle, offset: U64, sink: DirentSink): Answer<void> {
    return this.#list(fh, Number(offset), (name, { attributes }, next) =>
      sink.add(name, attributes.ino, direntType(attributes.mode), next),
    );
  }

  readdirplus(_node: NodeId, fh: Handle, offset: U64, sink: DirentPlusSink): Answer<void> {
    return this.#list(fh, Number(offset), (name, node, next) => {
      const { id, attributes } = node;
      if (!sink.add(name, { node: id, generation: 0, attributes }, next)) return false;
      if (name !== '.' && name !== '..') node.lookups += 1;
      return true;
    });
  }

  fsyncdir(node: NodeId, fh: Handle, dataOnly: boolean): Answer<void> {
    const listing = this.#listings.get(fh);
    if (listing === undefined) return errno.EBADF;
    if (listing.file !== undefined) return this.#sync(listing.file.fd, dataOnly);
    const directory = this.#tree.get(node);
    const path = directory && this.#tree.path(directory);
    // It was removed: there is nothing to be kept.
    if (path === undefined) return undefined;
    const fd = this.#fs.openSync(path, openFlags(this.#fs, O_RDONLY));
    try {
      return this.#sync(fd, dataOnly);
    } finally {
      this.#fs.closeSync(fd);
    }
  }

  releasedir(_node: NodeId, fh: Handle): Answer<void> {
    const listing = this.#listings.close(fh);
    if (listing === undefined) return errno.EBADF;
    if (listing.file !== undefined) this.#close(listing.file);
    return undefined;
  }

  // What the operations share

  #make(
    parent: NodeId,
    name: string,
    mode: number | undefined,
    context: Context,
    make: (path: BackingPath) => void,
  ): Entry | Errno {
    const directory = this.#tree.get(parent);
    if (directory === undefined) return errno.ESTALE;
    const path = this.#tree.pathIn(directory, name);
    if (path === undefined) return errno.ENOENT;
    make(path);
    this.#own(directory, name, mode, context);
    return this.#tree.refer(directory, name) ?? errno.ENOENT;
  }

  #openNew(path: BackingPath, mode: number, flags: number): { readonly fd: number; readonly made: boolean } {
    try {
      return { fd: this.#fs.openSync(path, createFlags(this.#fs, flags), mode & 0o7777), made: true };
    } catch (error) {
      if (errnoFrom(error) !== errno.EEXIST || flags & O_EXCL) throw error;
      return { fd: this.#fs.openSync(path, openFlags(this.#fs, flags)), made: false };
    }
  }

  #readable(flags: number): number {
    return this.#writeOnlyIsRead && (flags & O_ACCMODE) === O_WRONLY ? (flags & ~O_ACCMODE) | O_RDWR : flags;
  }

  #own(directory: LoopbackNode, name: string, mode: number | undefined, context: Context): void {
    const node = this.#tree.find(directory, name);
    if (node !== undefined) giveToCaller(this.#fs, this.#reach(node, undefined), directory.attributes, mode, context);
  }

  #remove(parent: NodeId, name: string, remove: (path: BackingPath) => void): Errno | undefined {
    const directory = this.#tree.get(parent);
    if (directory === undefined) return errno.ESTALE;
    const path = this.#tree.pathIn(directory, name);
    if (path === undefined) return errno.ENOENT;
    remove(path);
    this.#tree.nodes.detach(directory, name);
    return undefined;
  }

  /** The open file of a handle; an open directory's handle is none. */
  #fileOf(node: LoopbackNode, fh: Handle | undefined): OpenFile | undefined {
    const file = fh === undefined ? undefined : this.#files.get(fh);
    return file?.node === node ? file : undefined;
  }

  #reach(node: LoopbackNode, file: OpenFile | undefined): Reach {
    const path = this.#tree.path(node);
    const unlinked = path === undefined ? node.open.find(({ writable }) => writable) : undefined;
    return {
      path,
      fd: (file ?? node.open[0])?.fd,
      writableFd: (file?.writable ? file : unlinked)?.fd,
      attributes: node.attributes,
    };
  }

  #change(node: LoopbackNode, changes: AttributeChanges, file: OpenFile | undefined): Errno | undefined {
    const { mode, uid, gid, size, atime, mtime } = changes;
    const current = this.#tree.attributes(node, file);
    if (current instanceof Errno) return current;
    const reach = this.#reach(node, file);
    if (reach.path === undefined && reach.fd === undefined) return errno.ESTALE;
    return (
      (size === undefined ? undefined : truncate(this.#fs, reach, size)) ??
      (uid === undefined && gid === undefined ? undefined : chown(this.#fs, reach, changes)) ??
      (mode === undefined ? undefined : chmod(this.#fs, reach, mode)) ??
      (atime === undefined && mtime === undefined
        ? undefined
        : utimes(this.#fs, reach, changes, () => this.#clock.now()))
    );
  }

  #opened(id: NodeId, fd: number, flags: number): Opened {
    const node = this.#tree.get(id);
    if (node === undefined) throw new Error(`loopback: expected node ${id} to be known while it is opened`);
    const file: OpenFile = { fd, node, writable: isWritable(flags) };
    node.open.push(file);
    return { fh: this.#files.open(file) };
  }

  #close(file: OpenFile): void {
    this.#tree.see(file);
    file.node.open.splice(file.node.open.indexOf(file), 1);
    this.#tree.nodes.dropIfUnused(file.node);
    this.#fs.closeSync(file.fd);
  }

  #sync(fd: number, dataOnly: boolean): Errno | undefined {
    const sync = dataOnly ? this.#fs.fdatasyncSync : this.#fs.fsyncSync;
    if (sync === undefined) return errno.ENOSYS;
    sync.call(this.#fs, fd);
    return undefined;
  }

  /** Hands the entries behind `offset` to `add` until it is full; what was removed since the listing started is left out. */
  #list(
    fh: Handle,
    offset: number,
    add: (name: string, node: LoopbackNode, next: number) => boolean,
  ): Errno | undefined {
    const listing = this.#listings.get(fh);
    if (listing === undefined) return errno.EBADF;
    const { directory } = listing;
    if (offset === 0) {
      const path = this.#tree.path(directory);
      if (path === undefined) return errno.ENOENT;
      const names = this.#tree.backing.byteNames
        ? this.#fs.readdirSync(path, { encoding: 'buffer' })
        : this.#fs.readdirSync(path);
      listing.names = ['.', '..', ...names.map(nameOf)];
    }
    for (let i = offset; i < listing.names.length; i++) {
      const name = listing.names[i];
      const node = this.#listed(directory, name);
      if (node === undefined) continue;
      const taken = add(name, node, i + 1);
      this.#tree.nodes.dropIfUnused(node);
      if (!taken) break;
    }
    return undefined;
  }

  #listed(directory: LoopbackNode, name: string): LoopbackNode | undefined {
    if (name === '.') return directory;
    if (name === '..') return directory.places[0]?.parent ?? directory;
    return this.#tree.find(directory, name);
  }
}
