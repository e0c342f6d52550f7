import { direntType, errno, type NodeId, nameToBytes } from '../../vfs/index.ts';
import { BLOCK_SIZE } from './block-disk.ts';
import { BlockMap } from './block-map.ts';
import {
  type DirectoryRecord,
  decodeDirectoryBlock,
  emptyRecord,
  encodeEntry,
  encodeRecord,
  entryLength,
  spaceOf,
} from './directory-block.ts';
import type { Inode } from './inode.ts';
import type { InodeTable } from './inode-table.ts';

interface Block {
  readonly number: number;
  readonly index: number;
  readonly records: DirectoryRecord[];
  /** The largest space of a record, or more. */
  space: number;
}

interface Place {
  readonly block: Block;
  readonly record: DirectoryRecord;
}

/** An entry as a listing gives it. `offset` is the position behind it. */
export interface Listed {
  readonly name: string;
  readonly node: NodeId;
  readonly type: number;
  readonly offset: number;
}

const DOT_OFFSET = 1;
export const DOTDOT_OFFSET = 2;

/**
 * The entries of a directory: in memory by name, once they were asked for, and in blocks of metadata. An entry's readdir
 * position follows from where it is on the disk, where it stays: it outlives a restart, and whoever lists the directory while
 * it changes misses and repeats none of the entries that stay. `.` and `..` are not on the disk.
 */
export class Directory {
  readonly #table: InodeTable;
  readonly #self: Inode;
  readonly #map: BlockMap;
  #loaded: { readonly blocks: Block[]; readonly names: Map<string, Place> } | undefined;

  constructor(table: InodeTable, self: Inode) {
    this.#table = table;
    this.#self = self;
    this.#map = new BlockMap(table.transactions, table.allocator, self.map);
  }

  get isEmpty(): boolean {
    return this.#load().names.size === 0;
  }

  get parent(): Inode | undefined {
    return this.#table.get(this.#self.parent);
  }

  moveTo(parent: Inode): void {
    this.#self.parent = parent.node;
  }

  get(name: string): Inode | undefined {
    const place = this.#load().names.get(name);
    if (place === undefined) return undefined;
    const inode = this.#table.get(place.record.node);
    if (inode === undefined) throw errno.EUCLEAN;
    return inode;
  }

  /** How many blocks it may take to add an entry of a name. */
  cost(name: string): number {
    if (this.#blockWith(entryLength(nameToBytes(name).length)) !== undefined) return 0;
    return 1 + this.#map.cost(this.#load().blocks.length);
  }

  /** Adds an entry whose blocks are ensured. */
  add(name: string, inode: Inode): void {
    const { names } = this.#load();
    const bytes = nameToBytes(name);
    const needed = entryLength(bytes.length);
    const block = this.#blockWith(needed) ?? this.#newBlock();
    const content = this.#table.transactions.change(block.number);
    const i = block.records.findIndex((record) => spaceOf(record) >= needed);
    const old = block.records[i];
    let record = old;
    if (old.node !== 0) {
      const kept = entryLength(old.nameBytes);
      record = emptyRecord(old.at + kept, old.length - kept);
      old.length = kept;
      block.records.splice(i + 1, 0, record);
      encodeRecord(old, content);
    }
    Object.assign(record, { node: inode.node, type: direntType(inode.mode), nameBytes: bytes.length, name });
    encodeEntry(record, bytes, content);
    names.set(name, { block, record });
  }

  /** Lets an existing name stand for another inode; its readdir position stays. */
  replace(name: string, inode: Inode): void {
    const { block, record } = this.#placeOf(name);
    record.node = inode.node;
    record.type = direntType(inode.mode);
    encodeRecord(record, this.#table.transactions.change(block.number));
  }

  /** The space of an entry goes to the record before it in its block. */
  remove(name: string): void {
    const { block, record } = this.#placeOf(name);
    const content = this.#table.transactions.change(block.number);
    const i = block.records.indexOf(record);
    if (i > 0) {
      const before = block.records[i - 1];
      before.length += record.length;
      block.records.splice(i, 1);
      encodeRecord(before, content);
      block.space = Math.max(block.space, spaceOf(before));
    } else {
      Object.assign(record, emptyRecord(record.at, record.length));
      encodeRecord(record, content);
      block.space = Math.max(block.space, record.length);
    }
    this.#load().names.delete(name);
  }

  /** The entries behind a readdir position, in order. */
  *listing(offset: number): Generator<Listed> {
    const self = this.#self;
    const type = direntType(self.mode);
    if (offset < DOT_OFFSET) yield { name: '.', node: self.node, type, offset: DOT_OFFSET };
    if (offset < DOTDOT_OFFSET) yield { name: '..', node: self.parent, type, offset: DOTDOT_OFFSET };
    const { blocks } = this.#load();
    for (let i = Math.max(0, Math.floor((offset - DOTDOT_OFFSET - 1) / BLOCK_SIZE)); i < blocks.length; i++)
      for (const { at, node, name, type } of blocks[i].records) {
        const next = i * BLOCK_SIZE + at + DOTDOT_OFFSET + 1;
        if (node !== 0 && next > offset) yield { name, node, type, offset: next };
      }
  }

  /** Frees the blocks. */
  release(): void {
    for (const { number } of this.#load().blocks) this.#table.transactions.revoke(number);
    this.#map.clear(0, Number.POSITIVE_INFINITY);
    this.#loaded = undefined;
  }

  #placeOf(name: string): Place {
    const place = this.#load().names.get(name);
    if (place === undefined) throw new Error(`directory: no entry '${name}'`);
    return place;
  }

  #blockWith(needed: number): Block | undefined {
    for (const block of this.#load().blocks) {
      if (block.space < needed) continue;
      block.space = Math.max(...block.records.map(spaceOf));
      if (block.space >= needed) return block;
    }
    return undefined;
  }

  #newBlock(): Block {
    const { blocks } = this.#load();
    const number = this.#table.allocator.allocate();
    const block = { number, index: blocks.length, records: [emptyRecord(0, BLOCK_SIZE)], space: BLOCK_SIZE };
    this.#table.transactions.create(number);
    this.#map.set(block.index, number);
    blocks.push(block);
    this.#self.size += BLOCK_SIZE;
    this.#self.blocks += 1;
    return block;
  }

  #load(): { readonly blocks: Block[]; readonly names: Map<string, Place> } {
    if (this.#loaded !== undefined) return this.#loaded;
    const blocks: Block[] = [];
    const names = new Map<string, Place>();
    for (let index = 0; index < this.#self.size / BLOCK_SIZE; index++) {
      const number = this.#map.get(index);
      const records = number === 0 ? undefined : decodeDirectoryBlock(this.#table.transactions.read(number));
      if (records === undefined) throw errno.EUCLEAN;
      const block = { number, index, records, space: BLOCK_SIZE };
      for (const record of records) if (record.node !== 0) names.set(record.name, { block, record });
      blocks.push(block);
    }
    this.#loaded = { blocks, names };
    return this.#loaded;
  }
}
