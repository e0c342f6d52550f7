import {
  type Context,
  type Entry,
  errno,
  type FileSystem,
  type NodeId,
  ROOT_NODE,
  type U64,
} from '../../../vfs/index.ts';
import { ask, errnoThrown, type Step } from '../step.ts';

/** Nodes of a filesystem with export support that are kept at most: the others are found again by their number. */
const KEPT = 65536;

interface Known {
  readonly generation: U64;
  /** Where it was seen last. */
  parent: NodeId;
  name: string;
  /** Its handle, made once, and for which export. */
  handle?: Uint8Array;
  exported?: number;
}

/**
 * The nodes of a filesystem that the server holds, one reference to each, as Linux' inode cache holds inodes for nfsd. One
 * that loses its last name is let go, whoever still has a handle.
 */
export class NodeCache {
  readonly #filesystem: FileSystem;
  readonly #known = new Map<NodeId, Known>();
  #closed = false;

  constructor(filesystem: FileSystem) {
    this.#filesystem = filesystem;
  }

  /** Whether nodes can be found by their number, after a restart too. */
  get exportable(): boolean {
    return this.#filesystem.wishes?.exportSupport === true;
  }

  /** References that the server holds. */
  get size(): number {
    return this.#known.size;
  }

  /** Takes the reference of an entry that was found or made. */
  remember(entry: Entry, parent: NodeId, name: string): void {
    const { node, generation } = entry;
    if (this.#closed) {
      this.#filesystem.forget?.(node, 1);
      return;
    }
    const known = this.#known.get(node);
    if (known !== undefined || node === ROOT_NODE) this.#filesystem.forget?.(node, 1);
    if (known !== undefined && known.generation === generation) {
      known.parent = parent;
      known.name = name;
    } else if (node !== ROOT_NODE) this.#known.set(node, { generation, parent, name });
    if (this.exportable && this.#known.size > KEPT) this.#evict();
  }

  /** Whether a handle means a node that is held; undefined where it is not held yet. */
  knows(node: NodeId, generation: U64 | undefined): boolean | undefined {
    if (node === ROOT_NODE) return true;
    const known = this.#known.get(node);
    return known === undefined ? undefined : generation === undefined || known.generation === generation;
  }

  /** Whether a handle still means this node, which is held from now on. */
  *holds(node: NodeId, generation: U64 | undefined, context: Context): Step<boolean> {
    const known = this.knows(node, generation);
    if (known !== undefined) return known;
    if (!this.exportable) return false;
    let entry: Entry;
    try {
      entry = yield* ask(this.#filesystem.lookup(node, '.', context));
    } catch (error) {
      const { code } = errnoThrown(error);
      if (code === 'EIO' || code === 'ENOMEM') throw error;
      return false;
    }
    if (entry.node === node && (generation === undefined || entry.generation === generation)) {
      this.remember(entry, 0, '');
      return true;
    }
    this.#filesystem.forget?.(entry.node, 1);
    return false;
  }

  generation(node: NodeId): U64 {
    return this.#known.get(node)?.generation ?? 0;
  }

  /** The handle that was kept for a node as one export gives it. */
  handle(node: NodeId, exported: number): Uint8Array | undefined {
    const known = this.#known.get(node);
    return known?.exported === exported ? known.handle : undefined;
  }

  keepHandle(node: NodeId, exported: number, handle: Uint8Array): void {
    const known = this.#known.get(node);
    if (known === undefined) return;
    known.handle = handle;
    known.exported = exported;
  }

  /** The directory above a directory; the root is above itself. */
  *parent(node: NodeId, context: Context): Step<NodeId> {
    if (node === ROOT_NODE) return ROOT_NODE;
    const parent = this.#known.get(node)?.parent ?? 0;
    if (parent !== 0) return parent;
    if (!this.exportable) throw errno.ESTALE;
    const entry = yield* ask(this.#filesystem.lookup(node, '..', context));
    const known = this.#known.get(entry.node);
    this.remember(entry, known?.parent ?? 0, known?.name ?? '');
    return entry.node;
  }

  /** Names from the root to a node, as far as they were seen. */
  path(node: NodeId): readonly string[] {
    const names: string[] = [];
    for (let at = node; at !== ROOT_NODE; ) {
      const known = this.#known.get(at);
      if (known === undefined || known.parent === 0) throw errno.ESTALE;
      names.unshift(known.name);
      at = known.parent;
    }
    return names;
  }

  /** A node has another name. */
  moved(node: NodeId, parent: NodeId, name: string): void {
    const known = this.#known.get(node);
    if (known === undefined) return;
    known.parent = parent;
    known.name = name;
  }

  /** Lets a node go. */
  drop(node: NodeId): void {
    if (this.#known.delete(node)) this.#filesystem.forget?.(node, 1);
  }

  /** Gives all references back, and those of calls that are still under way as they come. */
  close(): void {
    this.#closed = true;
    for (const node of [...this.#known.keys()]) this.drop(node);
  }

  #evict(): void {
    for (const node of this.#known.keys()) {
      this.drop(node);
      return;
    }
  }
}
