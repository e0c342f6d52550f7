import { ROOT_NODE } from '../../vfs/index.ts';

interface Name {
  readonly parent: number;
  readonly name: string;
}

interface Node {
  lookups: number;
  /** The names that led to it, the first known first. Hard links have several; those that nobody asked about are not here. */
  names: Name[];
  /** The last name that it had, for a file that is open and has none any more. */
  last: string | undefined;
}

/**
 * Names that are followed upwards for the paths of one node: no directory lies deeper, and a loop, which a filesystem that lies
 * can make, ends here. Where names were lost on the way a node may seem to have many, and each of those above it too.
 */
const MOST_NAMES = 1000;

/**
 * The paths of nodes, as far as messages told them. The link and the filesystem know nodes only; names are learnt from
 * LOOKUP, CREATE, RENAME and the like, and forgotten with FORGET.
 */
export class NodePaths {
  readonly #nodes = new Map<number, Node>();
  readonly #byName = new Map<string, number>();

  /** A name led to a node, which gives the kernel a reference. */
  entered(parent: number, name: string, id: number): void {
    const before = this.child(parent, name);
    if (before !== undefined && before !== id) this.removed(parent, name);
    let node = this.#nodes.get(id);
    if (node === undefined) {
      node = { lookups: 0, names: [], last: undefined };
      this.#nodes.set(id, node);
    }
    node.lookups += 1;
    if (before === id) return;
    node.names.push({ parent, name });
    this.#byName.set(key(parent, name), id);
  }

  /** A name is gone. */
  removed(parent: number, name: string): void {
    const id = this.child(parent, name);
    const node = id === undefined ? undefined : this.#nodes.get(id);
    if (id === undefined || node === undefined) return;
    if (node.names.length === 1) node.last = this.of(id)[0];
    node.names = node.names.filter((other) => other.parent !== parent || other.name !== name);
    this.#byName.delete(key(parent, name));
  }

  renamed(parent: number, name: string, newParent: number, newName: string, exchange = false): void {
    const source = this.child(parent, name);
    const target = this.child(newParent, newName);
    if (source === target && source !== undefined) return;
    this.removed(parent, name);
    this.removed(newParent, newName);
    this.#name(source, newParent, newName);
    if (exchange) this.#name(target, parent, name);
  }

  forgotten(id: number, lookups: number): void {
    const node = this.#nodes.get(id);
    if (node === undefined) return;
    node.lookups -= lookups;
    if (node.lookups > 0) return;
    for (const { parent, name } of node.names) this.#byName.delete(key(parent, name));
    this.#nodes.delete(id);
  }

  /** The node that a name led to. */
  child(parent: number, name: string): number | undefined {
    return this.#byName.get(key(parent, name));
  }

  /** Every known path of a node; of one without a name, the last that it had. */
  of(node: number): readonly string[] {
    const paths = this.#named(node, { left: MOST_NAMES });
    if (paths.length > 0) return paths;
    const last = this.#nodes.get(node)?.last;
    return last === undefined ? [] : [last];
  }

  /** The paths of a name in a directory. */
  ofName(parent: number, name: string): readonly string[] {
    return this.of(parent).map((path) => join(path, name));
  }

  /** Every node that is known, in the order of their numbers. */
  get nodes(): readonly number[] {
    return [...this.#nodes.keys()].sort((a, b) => a - b);
  }

  /** How many references the kernel has to each node. */
  get references(): readonly (readonly [node: number, lookups: number])[] {
    return [...this.#nodes].map(([id, { lookups }]) => [id, lookups]);
  }

  #name(id: number | undefined, parent: number, name: string): void {
    const node = id === undefined ? undefined : this.#nodes.get(id);
    if (id === undefined || node === undefined) return;
    node.names.push({ parent, name });
    this.#byName.set(key(parent, name), id);
  }

  #named(node: number, names: { left: number }): string[] {
    if (node === ROOT_NODE) return ['/'];
    const paths: string[] = [];
    for (const { parent, name } of this.#nodes.get(node)?.names ?? []) {
      if (names.left-- <= 0) break;
      for (const path of this.#named(parent, names)) paths.push(join(path, name));
    }
    return paths;
  }
}

const key = (parent: number, name: string): string => `${parent}/${name}`;
const join = (path: string, name: string): string => (path === '/' ? `/${name}` : `${path}/${name}`);
