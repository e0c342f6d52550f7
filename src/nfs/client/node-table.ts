import { errno, type NodeId, ROOT_NODE } from '../../vfs/index.ts';
import { type Dentry, Node } from './node.ts';

/** Names of a directory that are known not to be there, at most. */
const NEGATIVE_MOST = 1000;

const keyOf = (handle: Uint8Array): string => String.fromCharCode(...handle);

/** The nodes that the kernel or a descriptor holds, by id and by handle, and the names that lead to them. */
export class NodeTable {
  readonly #byId = new Map<NodeId, Node>();
  readonly #byKey = new Map<string, Node>();
  #next: NodeId = ROOT_NODE + 1;

  get size(): number {
    return this.#byId.size;
  }

  /** Adds the root, which stays. */
  addRoot(handle: Uint8Array): Node {
    const root = new Node(ROOT_NODE, handle.slice(), keyOf(handle));
    root.lookups = 1;
    this.#add(root);
    return root;
  }

  /** @throws ESTALE for one that is not there */
  get(id: NodeId): Node {
    const node = this.#byId.get(id);
    if (node === undefined) throw errno.ESTALE;
    return node;
  }

  find(id: NodeId): Node | undefined {
    return this.#byId.get(id);
  }

  /** The node of a handle, with one more use that `unuse` ends. */
  use(handle: Uint8Array): Node {
    const key = keyOf(handle);
    let node = this.#byKey.get(key);
    if (node === undefined) {
      // Handles come as views of messages.
      node = new Node(this.#next++, handle.slice(), key);
      this.#add(node);
    }
    node.uses++;
    return node;
  }

  unuse(node: Node): void {
    node.uses--;
    this.dropIfUnused(node);
  }

  dropIfUnused(node: Node): void {
    if (node.isUsed || this.#byId.get(node.id) !== node) return;
    this.#byId.delete(node.id);
    if (this.#byKey.get(node.key) === node) this.#byKey.delete(node.key);
    for (const dentry of [...node.dentries, ...node.children.values()]) this.dropDentry(dentry);
  }

  /** What was under a handle is gone: one like it would be something else. */
  bury(node: Node): void {
    if (this.#byKey.get(node.key) === node) this.#byKey.delete(node.key);
    for (const dentry of node.dentries) this.dropDentry(dentry);
  }

  /** Notes what a name leads to, unless something newer is known. */
  enter(dentry: Dentry): void {
    const { parent, name, node } = dentry;
    if (dentry.asked < parent.renamed) return;
    const known = parent.children.get(name);
    if (known !== undefined) {
      if (known.asked > dentry.asked) return;
      this.dropDentry(known);
    }
    parent.children.set(name, dentry);
    node?.dentries.add(dentry);
    if (node === undefined && parent.children.size > NEGATIVE_MOST) this.#dropNegatives(parent);
  }

  dropDentry(dentry: Dentry): void {
    const { parent, name, node } = dentry;
    if (parent.children.get(name) === dentry) parent.children.delete(name);
    node?.dentries.delete(dentry);
  }

  #dropNegatives(parent: Node): void {
    for (const dentry of parent.children.values()) if (dentry.node === undefined) this.dropDentry(dentry);
  }

  #add(node: Node): void {
    this.#byId.set(node.id, node);
    this.#byKey.set(node.key, node);
  }
}
