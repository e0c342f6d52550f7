import {
  type Attributes,
  type Entry,
  type Errno,
  errno,
  isDirectory,
  type NodeId,
  nameToBytes,
  S_IFMT,
} from '../../vfs/index.ts';
import type { Backing, BackingPath, BackingStats } from './backing.ts';
import { type LoopbackNode, NodeTree, type OpenFile } from './node-tree.ts';
import { attributesOf } from './stat.ts';

const loneSurrogate = /\p{Surrogate}/u;

/** The nodes together with the backing that they stand for: paths, and what is there now. */
export class BackedTree {
  readonly backing: Backing;
  readonly nodes: NodeTree;

  constructor(backing: Backing) {
    this.backing = backing;
    const root = backing.root === '' ? '/' : backing.root;
    const stats = this.#lstat(root);
    if (stats === undefined || !isDirectory(Number(stats.mode)))
      throw new TypeError(`loopback: option root: expected a directory, but there is none at ${root}`);
    this.nodes = new NodeTree(this.#key(stats), attributesOf(stats));
  }

  get(node: NodeId): LoopbackNode | undefined {
    return this.nodes.get(node);
  }

  /** A path or a link's content as the backing takes it. */
  hostText(text: string): BackingPath {
    return this.backing.byteNames && loneSurrogate.test(text) ? Buffer.from(nameToBytes(text)) : text;
  }

  /** Undefined for what is unlinked. */
  path(node: LoopbackNode): BackingPath | undefined {
    const path = this.nodes.path(node);
    return path === undefined ? undefined : this.hostText(this.backing.root + path || '/');
  }

  /** The path of a name in a directory; undefined where the directory is removed. */
  pathIn(directory: LoopbackNode, name: string): BackingPath | undefined {
    const path = this.nodes.path(directory);
    return path === undefined ? undefined : this.hostText(`${this.backing.root}${path}/${name}`);
  }

  exists(path: BackingPath): boolean {
    return this.#lstat(path) !== undefined;
  }

  /** What a name stands for now, unreferenced; undefined where nothing is there. */
  find(directory: LoopbackNode, name: string): LoopbackNode | undefined {
    const path = this.pathIn(directory, name);
    const stats = path === undefined ? undefined : this.#lstat(path);
    if (stats === undefined) {
      this.nodes.detach(directory, name);
      return undefined;
    }
    const node = this.#identify(directory, name, stats);
    node.attributes = attributesOf(stats);
    return node;
  }

  /** The same with a reference, as an entry for the kernel. */
  refer(directory: LoopbackNode, name: string): Entry | undefined {
    const node = this.find(directory, name);
    if (node === undefined) return undefined;
    node.lookups += 1;
    return { node: node.id, generation: 0, attributes: node.attributes };
  }

  /** An unlinked file is asked by one of its descriptors; without one, what was last seen of it must do. */
  attributes(node: LoopbackNode, file: OpenFile | undefined): Attributes | Errno {
    const path = file === undefined ? this.path(node) : undefined;
    const open = file ?? node.open[0];
    if (path !== undefined) {
      const stats = this.#lstat(path);
      if (stats === undefined || !this.#same(node, stats)) return errno.ESTALE;
      node.attributes = attributesOf(stats);
    } else if (open !== undefined) this.#fstat(open);
    else return { ...node.attributes, nlink: 0 };
    return node.attributes;
  }

  /** Before a descriptor is closed: of an unlinked file nobody may see more. */
  see(file: OpenFile): void {
    if (file.node.open.length === 1 && this.nodes.path(file.node) === undefined) this.#fstat(file);
  }

  #fstat({ node, fd }: OpenFile): void {
    node.attributes = attributesOf(this.backing.fs.fstatSync(fd, { bigint: true }));
  }

  /** The node of a name: the known one if it is still that file, another name's if they are links to one file, or a new one. */
  #identify(directory: LoopbackNode, name: string, stats: BackingStats): LoopbackNode {
    const known = directory.children.get(name);
    if (known !== undefined && this.#same(known, stats)) return known;
    const key = this.#key(stats);
    const node = (key === undefined ? undefined : this.nodes.byKey(key)) ?? this.nodes.make(key, attributesOf(stats));
    this.nodes.attach(directory, name, node);
    return node;
  }

  #same(node: LoopbackNode, stats: BackingStats): boolean {
    if (node.key !== undefined) return node.key === this.#key(stats);
    return (node.attributes.mode & S_IFMT) === (Number(stats.mode) & S_IFMT);
  }

  #key(stats: BackingStats): string | undefined {
    return this.backing.inodesIdentify ? `${stats.dev}:${stats.ino}:${stats.birthtimeNs}` : undefined;
  }

  #lstat(path: BackingPath): BackingStats | undefined {
    return this.backing.fs.lstatSync(path, { bigint: true, throwIfNoEntry: false });
  }
}
