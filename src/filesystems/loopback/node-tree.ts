import { type Attributes, type NodeId, ROOT_NODE } from '../../vfs/index.ts';

/** One name of a node. */
interface Place {
  readonly parent: LoopbackNode;
  readonly name: string;
}

export interface OpenFile {
  readonly fd: number;
  readonly node: LoopbackNode;
  readonly writable: boolean;
}

/** A file of the backing that the kernel knows or has open. */
export interface LoopbackNode {
  readonly id: NodeId;
  /** What identifies the backing's file, where it has something that does. */
  readonly key: string | undefined;
  lookups: number;
  /** The names it is known by; none when it is unlinked. */
  readonly places: Place[];
  /** Known names in it, where it is a directory. */
  readonly children: Map<string, LoopbackNode>;
  readonly open: OpenFile[];
  /** As last seen. */
  attributes: Attributes;
}

/** The nodes by id, and the part of the backing's tree that they span. Ids are never used twice. */
export class NodeTree {
  readonly root: LoopbackNode;
  readonly #nodes = new Map<NodeId, LoopbackNode>();
  readonly #byKey = new Map<string, LoopbackNode>();
  #nextId: NodeId = ROOT_NODE;

  constructor(key: string | undefined, attributes: Attributes) {
    this.root = this.make(key, attributes);
    this.root.lookups = 1;
  }

  get(id: NodeId): LoopbackNode | undefined {
    return this.#nodes.get(id);
  }

  byKey(key: string): LoopbackNode | undefined {
    return this.#byKey.get(key);
  }

  make(key: string | undefined, attributes: Attributes): LoopbackNode {
    const node: LoopbackNode = {
      id: this.#nextId++,
      key,
      lookups: 0,
      places: [],
      children: new Map(),
      open: [],
      attributes,
    };
    this.#nodes.set(node.id, node);
    if (key !== undefined) this.#byKey.set(key, node);
    return node;
  }

  /** The path below the root, starting with a slash ('' for the root); undefined for what is unlinked. */
  path(node: LoopbackNode): string | undefined {
    let path = '';
    for (let at = node; at !== this.root; ) {
      const place: Place | undefined = at.places[0];
      if (place === undefined) return undefined;
      path = `/${place.name}${path}`;
      at = place.parent;
    }
    return path;
  }

  attach(parent: LoopbackNode, name: string, node: LoopbackNode): void {
    this.detach(parent, name);
    parent.children.set(name, node);
    node.places.push({ parent, name });
  }

  /** The name is gone: its node, if one was known, loses it. */
  detach(parent: LoopbackNode, name: string): LoopbackNode | undefined {
    const node = parent.children.get(name);
    if (node === undefined) return undefined;
    parent.children.delete(name);
    node.places.splice(
      node.places.findIndex((place) => place.parent === parent && place.name === name),
      1,
    );
    this.dropIfUnused(node);
    return node;
  }

  /** Forgets a node that nobody refers to, and then its parents, if only it kept them. */
  dropIfUnused(node: LoopbackNode): void {
    if (node === this.root || node.lookups > 0 || node.open.length > 0 || node.children.size > 0) return;
    if (!this.#nodes.delete(node.id)) return;
    if (node.key !== undefined && this.#byKey.get(node.key) === node) this.#byKey.delete(node.key);
    for (const { parent, name } of node.places) {
      parent.children.delete(name);
      this.dropIfUnused(parent);
    }
  }
}
