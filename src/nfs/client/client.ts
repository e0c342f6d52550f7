import type { Environment } from '../../env/index.ts';
import {
  type Answer,
  type AttributeChanges,
  type Attributes,
  type Context,
  type Created,
  type DirentPlusSink,
  type DirentSink,
  type Entry,
  errno,
  type FileSystem,
  type FileSystemStatistics,
  type Handle,
  NAME_MAX,
  type NodeId,
  nameLength,
  O_EXCL,
  type Opened,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFMT,
  S_IFREG,
  S_IFSOCK,
  type U64,
  type WriteOptions,
} from '../../vfs/index.ts';
import type { CreateHow, MknodData, SetAttributes } from '../protocol/index.ts';
import { settable } from './attributes.ts';
import { type Caller, credentialOf, ownCaller } from './caller.ts';
import { Core } from './core.ts';
import { Files } from './files.ts';
import { interruptible } from './interruptible.ts';
import { Listing } from './listing.ts';
import { Names } from './names.ts';
import type { Node } from './node.ts';
import type { NfsClientOptions } from './options.ts';
import { SillyNames } from './silly-names.ts';
import { freeSpace } from './statistics.ts';

const AUTH_SYS = 1;

/**
 * An NFSv3 client as a filesystem: what Linux' client does between a system call and the wire, below the kernel's own caches.
 * It mounts the export with its first request, and again until that succeeds.
 */
export class NfsClient implements FileSystem {
  readonly name = 'nfs';
  readonly mode = 'async';
  readonly wishes = { autoInvalData: true, parallelDirops: true };

  readonly #core: Core;
  readonly #silly: SillyNames;
  readonly #names: Names;
  readonly #files: Files;
  readonly #listings = new Map<Handle, Listing>();
  #nextListing: Handle = 1;
  #mounting: Promise<void> | undefined;

  constructor(environment: Environment, options: NfsClientOptions) {
    this.#core = new Core(environment, options);
    this.#silly = new SillyNames(this.#core);
    this.#names = new Names(this.#core, this.#silly);
    this.#files = new Files(this.#core, this.#silly);
  }

  /** Nodes that are kept: what Linux has in nfs_inode_cache. */
  get nodeCount(): number {
    return this.#core.nodes.size;
  }

  /** Mounts the export. @throws Errno that says why not */
  mount(): Promise<void> {
    this.#mounting ??= this.#mount().catch((error) => {
      this.#mounting = undefined;
      throw error;
    });
    return this.#mounting;
  }

  /** Takes back what the client has on the server for itself, and ends. */
  async unmount(): Promise<void> {
    const root = this.#core.nodes.find(1);
    if (root !== undefined) await this.#silly.cleanUp(root);
    await this.#core.calls.mount('UMNT', { path: this.#core.options.path }, ownCaller);
    this.destroy();
  }

  destroy(): void {
    this.#core.calls.close();
  }

  async #mount(): Promise<void> {
    const root = this.#core.nodes.addRoot(await this.#exportedHandle());
    await this.#core.attributes(root, ownCaller);
    const limits = await this.#core.calls.nfs('FSINFO', { object: root.handle }, ownCaller);
    if (limits.status === 'OK') this.#core.limitTransfers(limits);
    await this.#silly.prepare(root);
  }

  async #exportedHandle(): Promise<Uint8Array> {
    const { calls, options, environment } = this.#core;
    const { host, path } = options;
    const mounted = await calls.mount('MNT', { path }, ownCaller);
    if (mounted.status !== 'OK') {
      environment.warn(`nfs: ${host}:${path} cannot be mounted: the server says ${mounted.status}`);
      throw mounted.status === 'NOENT' ? errno.ENOENT : errno.EACCES;
    }
    const { flavors, handle } = mounted;
    if (flavors.length === 0 || flavors.includes(AUTH_SYS)) return handle;
    environment.warn(
      `nfs: ${host}:${path} cannot be mounted: the server wants another flavor than AUTH_SYS: ${flavors}`,
    );
    throw errno.EACCES;
  }

  /** Who asks, once the export is mounted. */
  async #caller(context: Context): Promise<Caller> {
    const caller = { credential: credentialOf(context), signal: context.signal };
    await interruptible(this.mount(), caller.signal);
    return caller;
  }

  // Names

  async lookup(parent: NodeId, name: string, context: Context): Promise<Entry> {
    const caller = await this.#caller(context);
    if (nameLength(name) > NAME_MAX) throw errno.ENAMETOOLONG;
    return await this.#entry(() => this.#names.find(this.#core.node(parent), name, caller), caller);
  }

  forget(id: NodeId, lookups: number): void {
    const node = this.#core.nodes.find(id);
    if (node === undefined) return;
    node.lookups = Math.max(id === 1 ? 1 : 0, node.lookups - lookups);
    this.#core.nodes.dropIfUnused(node);
  }

  async mkdir(parent: NodeId, name: string, mode: number, context: Context): Promise<Entry> {
    const caller = await this.#caller(context);
    return await this.#make(parent, name, caller, (directory, where) =>
      this.#names.make(directory, 'MKDIR', { where, attributes: attributesToMake(mode) }, name, caller),
    );
  }

  async symlink(parent: NodeId, name: string, target: string, context: Context): Promise<Entry> {
    const caller = await this.#caller(context);
    return await this.#make(parent, name, caller, (directory, where) =>
      this.#names.make(directory, 'SYMLINK', { where, attributes: attributesToMake(0o777), target }, name, caller),
    );
  }

  async mknod(parent: NodeId, name: string, mode: number, rdev: number, context: Context): Promise<Entry> {
    const caller = await this.#caller(context);
    return await this.#make(parent, name, caller, async (directory, where) => {
      if ((mode & S_IFMT || S_IFREG) === S_IFREG) {
        const how = { mode: 'GUARDED', attributes: attributesToMake(mode) } as const;
        return await this.#names.make(directory, 'CREATE', { where, how }, name, caller);
      }
      return await this.#names.make(directory, 'MKNOD', { where, what: special(mode, rdev) }, name, caller);
    });
  }

  async link(node: NodeId, newParent: NodeId, newName: string, context: Context): Promise<Entry> {
    const caller = await this.#caller(context);
    return await this.#names.link(this.#core.node(node), this.#core.node(newParent), newName, caller);
  }

  async unlink(parent: NodeId, name: string, context: Context): Promise<void> {
    const caller = await this.#caller(context);
    await this.#names.unlink(this.#core.node(parent), name, caller);
  }

  async rmdir(parent: NodeId, name: string, context: Context): Promise<void> {
    const caller = await this.#caller(context);
    await this.#names.rmdir(this.#core.node(parent), name, caller);
  }

  async rename(
    parent: NodeId,
    name: string,
    newParent: NodeId,
    newName: string,
    flags: number,
    context: Context,
  ): Promise<void> {
    const caller = await this.#caller(context);
    if (flags !== 0) throw errno.EINVAL;
    await this.#names.rename(this.#core.node(parent), name, this.#core.node(newParent), newName, caller);
  }

  async #make(
    parent: NodeId,
    name: string,
    caller: Caller,
    make: (directory: Node, where: { readonly dir: Uint8Array; readonly name: string }) => Promise<Node>,
  ): Promise<Entry> {
    const directory = this.#core.node(parent);
    return await this.#entry(() => make(directory, { dir: directory.handle, name }), caller);
  }

  /** What was found or made, as an entry. */
  async #entry(find: () => Promise<Node>, caller: Caller): Promise<Entry> {
    const node = await find();
    try {
      return await this.#core.entry(node, caller);
    } finally {
      this.#core.nodes.unuse(node);
    }
  }

  // Attributes

  async getattr(id: NodeId, _fh: Handle | undefined, context: Context): Promise<Attributes> {
    const caller = await this.#caller(context);
    const node = this.#core.node(id);
    await this.#core.writes.flush(node, caller.signal);
    return await this.#core.attributes(node, caller);
  }

  async setattr(id: NodeId, changes: AttributeChanges, fh: Handle | undefined, context: Context): Promise<Attributes> {
    const caller = await this.#caller(context);
    const node = this.#core.node(id);
    await this.#core.writes.flush(node, caller.signal);
    const credential =
      changes.size === undefined ? caller.credential : (this.#files.get(fh)?.credential ?? caller.credential);
    return await this.#core.change(node, settable(changes), { ...caller, credential });
  }

  async access(id: NodeId, mask: number, context: Context): Promise<void> {
    const caller = await this.#caller(context);
    if (!(await this.#files.allows(this.#core.node(id), mask, caller, false))) throw errno.EACCES;
  }

  async readlink(id: NodeId, context: Context): Promise<string> {
    const caller = await this.#caller(context);
    const node = this.#core.node(id);
    const { target } = await this.#core.call(
      node,
      'READLINK',
      { symlink: node.handle },
      caller,
      ({ attributes }, sent) => this.#core.cache.acceptIfThere(node, attributes, sent),
    );
    return target;
  }

  async statfs(id: NodeId, context: Context): Promise<FileSystemStatistics> {
    const caller = await this.#caller(context);
    return await freeSpace(this.#core, this.#core.node(id), caller);
  }

  // Files

  async open(id: NodeId, flags: number, context: Context): Promise<Opened> {
    const caller = await this.#caller(context);
    return await this.#files.open(this.#core.node(id), flags, caller);
  }

  async create(parent: NodeId, name: string, mode: number, flags: number, context: Context): Promise<Created> {
    const caller = await this.#caller(context);
    const directory = this.#core.node(parent);
    const node = await this.#createFile(directory, name, mode, (flags & O_EXCL) !== 0, caller);
    node.descriptors++;
    try {
      const entry = await this.#core.entry(node, caller);
      return { entry, opened: this.#files.opened(node, flags, caller.credential) };
    } catch (error) {
      node.descriptors--;
      this.#core.nodes.unuse(node);
      throw error;
    }
  }

  async read(_id: NodeId, fh: Handle, into: Uint8Array, offset: number, context: Context): Promise<number> {
    const { signal } = await this.#caller(context);
    return await this.#files.read(this.#file(fh), into, offset, signal);
  }

  async write(
    _id: NodeId,
    fh: Handle,
    data: Uint8Array,
    offset: number,
    context: Context,
    { flags }: WriteOptions,
  ): Promise<number> {
    const { signal } = await this.#caller(context);
    const { node, credential } = this.#file(fh);
    await this.#core.writes.write(node, credential, data, offset, flags, signal);
    return data.length;
  }

  /** close(2): what was written is on the server, for others to see. */
  async flush(id: NodeId, _fh: Handle, _lockOwner: U64, context: Context): Promise<void> {
    const { signal } = await this.#caller(context);
    await this.#core.writes.commit(this.#core.node(id), signal);
  }

  async fsync(id: NodeId, _fh: Handle, _dataOnly: boolean, context: Context): Promise<void> {
    const { signal } = await this.#caller(context);
    await this.#core.writes.commit(this.#core.node(id), signal);
  }

  async release(_id: NodeId, fh: Handle, _flags: number, context: Context): Promise<void> {
    const { signal } = await this.#caller(context);
    await this.#files.release(fh, signal);
  }

  // Directories

  async opendir(id: NodeId, _flags: number, context: Context): Promise<Opened> {
    await this.#caller(context);
    const node = this.#core.node(id);
    const fh = this.#nextListing++;
    node.uses++;
    this.#listings.set(fh, new Listing(this.#core, this.#names, node));
    return { fh };
  }

  async readdir(_id: NodeId, fh: Handle, offset: U64, sink: DirentSink, context: Context): Promise<void> {
    const caller = await this.#caller(context);
    await this.#listing(fh).list(offset, sink, caller);
  }

  async readdirplus(_id: NodeId, fh: Handle, offset: U64, sink: DirentPlusSink, context: Context): Promise<void> {
    const caller = await this.#caller(context);
    await this.#listing(fh).listPlus(offset, sink, caller);
  }

  releasedir(_id: NodeId, fh: Handle): Answer<void> {
    const listing = this.#listings.get(fh);
    this.#listings.delete(fh);
    if (listing !== undefined) this.#core.nodes.unuse(listing.node);
  }

  /** Changes of names are on the server's disk when they are answered. */
  fsyncdir(): Answer<void> {}

  #file(fh: Handle) {
    const file = this.#files.get(fh);
    if (file === undefined) throw errno.EBADF;
    return file;
  }

  #listing(fh: Handle): Listing {
    const listing = this.#listings.get(fh);
    if (listing === undefined) throw errno.EBADF;
    return listing;
  }

  /** nfs3_proc_create: an exclusive one carries a verifier in place of attributes, which follow. */
  async #createFile(directory: Node, name: string, mode: number, exclusive: boolean, caller: Caller): Promise<Node> {
    const where = { dir: directory.handle, name };
    const attributes = attributesToMake(mode);
    const make = (how: CreateHow): Promise<Node> => this.#names.make(directory, 'CREATE', { where, how }, name, caller);
    if (!exclusive) return await make({ mode: 'UNCHECKED', attributes });
    const { random } = this.#core.environment;
    const verifier = (random.uint32() & 0x1fffff) * 2 ** 32 + random.uint32();
    let node: Node;
    try {
      node = await make({ mode: 'EXCLUSIVE', verifier });
    } catch (error) {
      if (error !== errno.EOPNOTSUPP) throw error;
      return await make({ mode: 'GUARDED', attributes });
    }
    try {
      await this.#core.change(node, { ...attributes, atime: 'now', mtime: 'now' }, caller);
    } catch (error) {
      this.#core.nodes.unuse(node);
      throw error;
    }
    return node;
  }
}

const attributesToMake = (mode: number): SetAttributes => ({ mode: mode & 0o7777, atime: undefined, mtime: undefined });

/** new_decode_dev (include/linux/kdev_t.h). */
const major = (rdev: number): number => (rdev & 0xfff00) >>> 8;
const minor = (rdev: number): number => (rdev & 0xff) | ((rdev >>> 12) & 0xfff00);

function special(mode: number, rdev: number): MknodData {
  const attributes = attributesToMake(mode);
  const device = { major: major(rdev), minor: minor(rdev) };
  switch (mode & S_IFMT) {
    case S_IFCHR:
      return { type: 'CHR', attributes, device };
    case S_IFBLK:
      return { type: 'BLK', attributes, device };
    case S_IFSOCK:
      return { type: 'SOCK', attributes };
    case S_IFIFO:
      return { type: 'FIFO', attributes };
    default:
      throw errno.EINVAL;
  }
}
