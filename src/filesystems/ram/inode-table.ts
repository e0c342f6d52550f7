import type { NodeId } from '../../vfs/index.ts';
import { Inode, type InodeStart } from './inode.ts';
import type { PagePool } from './page-pool.ts';

/** Every inode by its node id. Ids of freed inodes come back with the next generation, unless that is switched off. */
export class InodeTable {
  readonly #pool: PagePool;
  readonly limit: number;
  readonly #reuse: boolean;
  readonly #slots: (Inode | undefined)[] = [undefined];
  /** Freed ids and the generation of their next inode. */
  readonly #freed: { readonly node: NodeId; readonly generation: number }[] = [];
  #count = 0;

  constructor(pool: PagePool, limit: number, reuse: boolean) {
    this.#pool = pool;
    this.limit = limit;
    this.#reuse = reuse;
  }

  get free(): number {
    return this.limit - this.#count;
  }

  get(node: NodeId): Inode | undefined {
    return this.#slots[node];
  }

  has(inode: Inode): boolean {
    return this.#slots[inode.node] === inode;
  }

  *all(): Generator<Inode> {
    for (const inode of this.#slots) if (inode !== undefined) yield inode;
  }

  /** Undefined where the filesystem has no inode left. */
  make(start: InodeStart): Inode | undefined {
    if (this.#count >= this.limit) return undefined;
    const freed = this.#freed.pop();
    const inode = new Inode(freed?.node ?? this.#slots.length, freed?.generation ?? 0, start, this.#pool);
    this.#slots[inode.node] = inode;
    this.#count += 1;
    return inode;
  }

  /** Frees an inode that has no name, no reference and no handle; leaves any other alone. */
  freeIfUnused(inode: Inode): void {
    if (inode.nlink > 0 || inode.lookups > 0 || inode.opens > 0 || !this.has(inode)) return;
    inode.data?.truncate(0);
    this.#slots[inode.node] = undefined;
    this.#count -= 1;
    if (this.#reuse) this.#freed.push({ node: inode.node, generation: inode.generation + 1 });
  }
}
