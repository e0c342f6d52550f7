import { errno, isSymlink, type NodeId } from '../../vfs/index.ts';
import type { Allocator } from './allocator.ts';
import { Bitmap } from './bitmap.ts';
import { blocksOfBlob } from './blob.ts';
import { viewOf } from './block-disk.ts';
import { BlockMap } from './block-map.ts';
import { Inode } from './inode.ts';
import { decodeInode, encodeInode, type InodeRecord } from './inode-record.ts';
import { INODE_SIZE, INODES_PER_BLOCK, type Layout } from './layout.ts';
import { Orphans } from './orphans.ts';
import type { Participant, Transactions } from './transactions.ts';
import type { Volume } from './volume.ts';

/** Where the state block keeps the generation of the next inode. */
export const GENERATION_AT = 4;

/** The inodes of a volume, by number. Those that the kernel knows or that were changed are kept in memory. */
export class InodeTable implements Participant {
  readonly transactions: Transactions;
  readonly allocator: Allocator;
  readonly #layout: Layout;
  readonly #bitmap: Bitmap;
  readonly #orphans: Orphans;
  readonly #cached = new Map<NodeId, Inode>();
  readonly #changed = new Set<Inode>();

  constructor({ transactions, allocator, layout }: Volume) {
    this.transactions = transactions;
    this.allocator = allocator;
    this.#layout = layout;
    this.#bitmap = new Bitmap(transactions, layout.inodeBitmap.start, layout.inodes);
    this.#orphans = new Orphans(this, transactions, layout.state);
    transactions.join(this);
  }

  /** Inodes that the filesystem can have. */
  get limit(): number {
    return this.#layout.inodes - 1;
  }

  get free(): number {
    return this.#bitmap.free;
  }

  /** What freeing an inode may change, in blocks: the bitmaps, two inodes, the head of the orphan list, parts of its map. */
  get freeingCost(): number {
    return this.allocator.bitmapBlocks + 12;
  }

  /** Undefined where there is no such inode. @throws Errno EUCLEAN where it is damaged */
  get(node: NodeId): Inode | undefined {
    const cached = this.#cached.get(node);
    if (cached !== undefined) return cached;
    if (!(node >= 1 && node < this.#layout.inodes) || !this.#bitmap.has(node)) return undefined;
    const record = decodeInode(this.#slot(this.transactions.read(this.#block(node)), node));
    if (record === undefined) throw errno.EUCLEAN;
    return this.#keep(new Inode(this, node, record));
  }

  *cached(): Generator<Inode> {
    yield* this.#cached.values();
  }

  /** An inode that `free` promised, without a name. */
  make(start: Omit<InodeRecord, 'generation'>): Inode {
    const node = this.#bitmap.find(1, () => true);
    if (node === undefined) throw new Error('journal: an inode was made where none is free');
    this.#bitmap.set(node);
    const inode = this.#keep(new Inode(this, node, { ...start, generation: this.#nextGeneration() }));
    this.changed(inode);
    return inode;
  }

  /** The inode goes to the disk with the running transaction. */
  changed(inode: Inode): void {
    this.transactions.change(this.#block(inode.node));
    this.#changed.add(inode);
    this.#keep(inode);
  }

  /** An inode without a name is remembered on the disk, so that a crash does not leave it behind. */
  orphan(inode: Inode): void {
    this.#orphans.add(inode);
    this.changed(inode);
  }

  /** It gets a name again. */
  adopt(inode: Inode): void {
    this.#orphans.remove(inode);
    this.changed(inode);
  }

  /** Frees an inode without a name that is not in use; leaves any other alone. A change of its own. */
  freeIfUnused(inode: Inode): void {
    if (!inode.isIdle) return;
    if (inode.nlink > 0) {
      this.#forgetClean(inode);
      return;
    }
    if (this.#cached.get(inode.node) !== inode) return;
    this.transactions.begin(this.freeingCost);
    this.#orphans.remove(inode);
    this.#releaseBlocks(inode);
    this.#bitmap.clear(inode.node);
    this.#changed.delete(inode);
    this.#cached.delete(inode.node);
  }

  /** What a crash left without a name goes. */
  reclaimOrphans(): number {
    const found = this.#orphans.load();
    for (const inode of found) this.freeIfUnused(inode);
    return found.length;
  }

  prepare(): void {
    for (const inode of this.#changed)
      encodeInode(inode, this.#slot(this.transactions.change(this.#block(inode.node)), inode.node));
  }

  committed(): void {
    const changed = [...this.#changed];
    this.#changed.clear();
    for (const inode of changed) this.#forgetClean(inode);
  }

  /** The data, entries and attributes of an inode. */
  #releaseBlocks(inode: Inode): void {
    const { allocator, transactions } = this;
    const release = (root: number, size: number): void => {
      if (root === 0) return;
      const blocks = blocksOfBlob((block) => transactions.readData(block), root, size);
      for (const block of blocks) allocator.release(block);
    };
    release(inode.xattrBlock, inode.xattrSize);
    if (isSymlink(inode.mode)) release(inode.map.pointers[0], inode.size);
    else if (inode.directory !== undefined) inode.directory.release();
    else new BlockMap(transactions, allocator, inode.map).clear(0, Number.POSITIVE_INFINITY);
  }

  #forgetClean(inode: Inode): void {
    if (inode.isIdle && inode.nlink > 0 && !this.#changed.has(inode)) this.#cached.delete(inode.node);
  }

  #keep(inode: Inode): Inode {
    this.#cached.set(inode.node, inode);
    return inode;
  }

  #nextGeneration(): number {
    const view = viewOf(this.transactions.change(this.#layout.state));
    const generation = view.getUint32(GENERATION_AT, true);
    view.setUint32(GENERATION_AT, generation + 1, true);
    return generation;
  }

  #block(node: NodeId): number {
    return this.#layout.inodeTable.start + Math.floor(node / INODES_PER_BLOCK);
  }

  #slot(block: Uint8Array, node: NodeId): Uint8Array {
    const at = (node % INODES_PER_BLOCK) * INODE_SIZE;
    return block.subarray(at, at + INODE_SIZE);
  }
}
