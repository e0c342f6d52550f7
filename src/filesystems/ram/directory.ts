import { direntType, type PackedDirents } from '../../vfs/index.ts';
import { type PackableDirent, packDirents } from '../pack-dirents.ts';
import type { Inode } from './inode.ts';

/** One name in a directory. `offset` is its readdir position; a removed entry has no inode any more. */
export interface DirectoryEntry {
  readonly name: string;
  readonly offset: number;
  inode: Inode | undefined;
}

type LiveEntry = DirectoryEntry & { readonly inode: Inode };

const isLive = (entry: DirectoryEntry): entry is LiveEntry => entry.inode !== undefined;

const DOT_OFFSET = 1;
export const DOTDOT_OFFSET = 2;

/**
 * The entries of a directory, by name and in readdir order. Offsets only rise and are never given twice, so that whoever
 * lists the directory while it changes misses and repeats none of the entries that stay.
 */
export class Directory {
  parent: Inode;
  /**
   * Removed names stay, without an inode, until they are the majority: V8 keeps a deleted key of a Map in its chain until
   * the next rehash, so that a name made and removed again and again would be looked for in a long chain.
   */
  #byName = new Map<string, DirectoryEntry>();
  /** Rising by offset; removed entries stay until they are the majority. */
  #ordered: DirectoryEntry[] = [];
  #removed = 0;
  #count = 0;
  #nextOffset = DOTDOT_OFFSET + 1;
  #packed: PackedDirents | undefined;
  /** No change since the last part of a listing was asked for. */
  #quiet = false;

  constructor(parent: Inode) {
    this.parent = parent;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get(name: string): Inode | undefined {
    return this.#byName.get(name)?.inode;
  }

  add(name: string, inode: Inode): void {
    const entry: DirectoryEntry = { name, offset: this.#nextOffset++, inode };
    this.#byName.set(name, entry);
    this.#ordered.push(entry);
    this.#count += 1;
    this.#changed();
  }

  /** Lets an existing name stand for another inode; its readdir position stays. */
  replace(name: string, inode: Inode): void {
    const entry = this.#byName.get(name);
    if (entry?.inode === undefined) throw new Error(`directory: no entry '${name}' to replace`);
    entry.inode = inode;
    this.#changed();
  }

  remove(name: string): void {
    const entry = this.#byName.get(name);
    if (entry?.inode === undefined) return;
    entry.inode = undefined;
    this.#count -= 1;
    this.#changed();
    if (this.#ordered[this.#ordered.length - 1] === entry) this.#ordered.pop();
    else this.#removed += 1;
    this.#sweep();
  }

  #sweep(): void {
    const many = Math.max(32, this.#count);
    if (this.#removed > many) {
      this.#ordered = this.#ordered.filter(isLive);
      this.#removed = 0;
    }
    if (this.#byName.size - this.#count > many) {
      this.#byName = new Map();
      for (const entry of this.#ordered) if (isLive(entry)) this.#byName.set(entry.name, entry);
    }
  }

  #changed(): void {
    this.#packed = undefined;
    this.#quiet = false;
  }

  moveTo(parent: Inode): void {
    this.parent = parent;
    this.#changed();
  }

  /** The entries behind a readdir position, in order. */
  *listing(self: Inode, offset: number): Generator<LiveEntry> {
    if (offset < DOT_OFFSET) yield { name: '.', inode: self, offset: DOT_OFFSET };
    if (offset < DOTDOT_OFFSET) yield { name: '..', inode: this.parent, offset: DOTDOT_OFFSET };
    let low = 0;
    for (let high = this.#ordered.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#ordered[middle].offset <= offset) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < this.#ordered.length; i++) {
      const entry = this.#ordered[i];
      if (isLive(entry)) yield entry;
    }
  }

  /**
   * The whole directory packed, encoded anew after a change. Undefined where that is not worth it: in the middle of a
   * listing that changes go along with, since a change after each reply would make the listing quadratic.
   */
  packed(self: Inode, offset: number): PackedDirents | undefined {
    const worthIt = offset === 0 || this.#quiet;
    this.#quiet = true;
    if (this.#packed === undefined && worthIt) {
      const entries: PackableDirent[] = [];
      for (const { name, inode, offset } of this.listing(self, 0))
        entries.push({ name, ino: inode.node, type: direntType(inode.mode), offset });
      this.#packed = packDirents(entries);
    }
    return this.#packed;
  }
}
