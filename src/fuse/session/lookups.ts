import type { NodeId } from '../../vfs/index.ts';

const DENSE = 1 << 16;

/**
 * How many references the kernel holds to each node (nlookup): one for each entry that it was given, less what it forgot.
 * The root has none of its own: the mount holds it.
 */
export class Lookups {
  // Most filesystems count their nodes up from 1, and this is asked at every request: small ids live in an array.
  #dense = new Float64Array(64);
  readonly #sparse = new Map<NodeId, number>();
  #size = 0;

  /** Nodes that the kernel holds. */
  get size(): number {
    return this.#size;
  }

  /** References to a node, 0 where there are none. */
  count(node: NodeId): number {
    return node < DENSE ? (this.#dense[node] ?? 0) : (this.#sparse.get(node) ?? 0);
  }

  add(node: NodeId): void {
    const count = this.count(node);
    if (count === 0) this.#size++;
    this.#set(node, count + 1);
  }

  /** Takes references back, at most what there is; returns how many. */
  remove(node: NodeId, lookups: number): number {
    const count = this.count(node);
    const taken = Math.min(count, lookups);
    if (taken === 0) return 0;
    if (taken === count) this.#size--;
    this.#set(node, count - taken);
    return taken;
  }

  *[Symbol.iterator](): Generator<readonly [node: NodeId, lookups: number]> {
    for (let node = 0; node < this.#dense.length; node++) if (this.#dense[node] > 0) yield [node, this.#dense[node]];
    yield* this.#sparse;
  }

  #set(node: NodeId, count: number): void {
    if (node < DENSE) {
      if (node >= this.#dense.length) {
        const larger = new Float64Array(Math.min(DENSE, 2 ** Math.ceil(Math.log2(node + 1))));
        larger.set(this.#dense);
        this.#dense = larger;
      }
      this.#dense[node] = count;
    } else if (count === 0) this.#sparse.delete(node);
    else this.#sparse.set(node, count);
  }
}
