import type { NodeId } from '../../vfs/index.ts';
import { viewOf } from './block-disk.ts';
import type { Inode } from './inode.ts';
import type { InodeTable } from './inode-table.ts';
import type { Transactions } from './transactions.ts';

/** Where the state block keeps the first inode of the list. */
export const ORPHANS_AT = 0;

/**
 * The inodes that have no name but are in use: a list through the inodes themselves, as in ext4, whose head is in the state
 * block. Who is before whom is known in memory only.
 */
export class Orphans {
  readonly #table: InodeTable;
  readonly #transactions: Transactions;
  readonly #state: number;
  readonly #before = new Map<NodeId, Inode | undefined>();

  constructor(table: InodeTable, transactions: Transactions, state: number) {
    this.#table = table;
    this.#transactions = transactions;
    this.#state = state;
  }

  /** The list as the disk has it. */
  load(): readonly Inode[] {
    const found: Inode[] = [];
    for (let at = this.#head; at !== 0; ) {
      const inode = this.#table.get(at);
      if (inode === undefined || this.#before.has(at))
        throw new Error(`journal: the orphan list is damaged at inode ${at}`);
      this.#before.set(at, found.at(-1));
      found.push(inode);
      at = inode.nextOrphan;
    }
    return found;
  }

  add(inode: Inode): void {
    const next = this.#head;
    inode.nextOrphan = next;
    this.#before.set(inode.node, undefined);
    if (next !== 0) this.#before.set(next, inode);
    this.#setHead(inode.node);
  }

  remove(inode: Inode): void {
    const { node, nextOrphan } = inode;
    if (!this.#before.has(node)) return;
    const before = this.#before.get(node);
    if (before === undefined) this.#setHead(nextOrphan);
    else {
      before.nextOrphan = nextOrphan;
      this.#table.changed(before);
    }
    this.#before.delete(node);
    if (nextOrphan !== 0) this.#before.set(nextOrphan, before);
    inode.nextOrphan = 0;
  }

  get #head(): NodeId {
    return viewOf(this.#transactions.read(this.#state)).getUint32(ORPHANS_AT, true);
  }

  #setHead(node: NodeId): void {
    viewOf(this.#transactions.change(this.#state)).setUint32(ORPHANS_AT, node, true);
  }
}
