import type { Disk } from '../../env/index.ts';
import { direntType, isDirectory, isRegular, isSymlink, nameLength, ROOT_NODE } from '../../vfs/index.ts';
import { blocksOfBlob } from './blob.ts';
import { BLOCK_SIZE, BlockDisk, viewOf } from './block-disk.ts';
import { blockOf, isWritten, walkMap } from './block-map.ts';
import { type DirectoryRecord, decodeDirectoryBlock } from './directory-block.ts';
import { decodeInode, type InodeRecord } from './inode-record.ts';
import { GENERATION_AT } from './inode-table.ts';
import { decodeSuperblock, INODE_SIZE, INODES_PER_BLOCK, type Layout } from './layout.ts';
import { Log, replayed } from './log.ts';
import { ORPHANS_AT } from './orphans.ts';
import { xattrNames } from './xattrs.ts';

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/**
 * Looks for what must not be on a disk of the journal filesystem, after a crash too, and changes nothing: what the log holds
 * counts as if it were at its place. Every block is owned once and the bitmap says so, link counts are right, entries point at
 * inodes that there are, inodes without a name are on the orphan list. Answers the problems; none where the disk is new.
 */
export function checkJournal(disk: Disk): readonly string[] {
  const blocks = new BlockDisk(disk);
  try {
    const layout = decodeSuperblock(blocks);
    if (layout === undefined) return [];
    const contents = replayed(new Log(blocks, layout).open());
    const read = (block: number): Uint8Array => {
      const content = contents.get(block) ?? blocks.read(block);
      contents.set(block, content);
      return content;
    };
    return new Checker(layout, read).problems();
  } catch (error) {
    return [messageOf(error)];
  }
}

class Checker {
  readonly #layout: Layout;
  readonly #read: (block: number) => Uint8Array;
  readonly #problems: string[] = [];
  readonly #inodes = new Map<number, InodeRecord>();
  readonly #owners = new Map<number, string>();
  /** The names of each inode, as `directory/name`. */
  readonly #names = new Map<number, string[]>();
  /** The directory that has the name of a directory. */
  readonly #above = new Map<number, number>();
  readonly #subdirectories = new Map<number, number>();

  constructor(layout: Layout, read: (block: number) => Uint8Array) {
    this.#layout = layout;
    this.#read = read;
  }

  problems(): readonly string[] {
    const inTable = this.#layout.inodeBitmap;
    for (let node = 1; node < this.#layout.inodes; node++) if (this.#isTaken(inTable.start, node)) this.#load(node);
    // Formatted, and the power went before the first transaction.
    if (this.#inodes.size === 0) return this.#problems;
    for (const [node, inode] of this.#inodes) this.#contents(node, inode);
    for (const [node, inode] of this.#inodes) this.#links(node, inode);
    this.#orphans();
    this.#bitmap();
    return this.#problems;
  }

  #say(problem: string): void {
    this.#problems.push(problem);
  }

  #isTaken(bitmap: number, number: number): boolean {
    const bytes = this.#read(bitmap + Math.floor(number / (8 * BLOCK_SIZE)));
    return (bytes[(number % (8 * BLOCK_SIZE)) >>> 3] & (1 << (number & 7))) !== 0;
  }

  #state(at: number): number {
    return viewOf(this.#read(this.#layout.state)).getUint32(at, true);
  }

  #load(node: number): void {
    const block = this.#read(this.#layout.inodeTable.start + Math.floor(node / INODES_PER_BLOCK));
    const at = (node % INODES_PER_BLOCK) * INODE_SIZE;
    const inode = decodeInode(block.subarray(at, at + INODE_SIZE));
    if (inode === undefined) {
      this.#say(`inode ${node}: wrong checksum`);
      return;
    }
    if (inode.generation >= this.#state(GENERATION_AT))
      this.#say(`inode ${node}: generation ${inode.generation}, and the next is ${this.#state(GENERATION_AT)}`);
    this.#inodes.set(node, inode);
  }

  #own(block: number, owner: string): void {
    const other = this.#owners.get(block);
    if (block < this.#layout.data || block >= this.#layout.blocks)
      this.#say(`${owner}: block ${block} is not one for data`);
    else if (other !== undefined) this.#say(`block ${block}: of ${other} and of ${owner}`);
    else this.#owners.set(block, owner);
  }

  #ownBlob(root: number, size: number, owner: string): void {
    for (const block of blocksOfBlob(this.#read, root, size)) this.#own(block, owner);
  }

  #contents(node: number, inode: InodeRecord): void {
    const owner = `inode ${node}`;
    if (inode.xattrSize > 0) {
      this.#ownBlob(inode.xattrBlock, inode.xattrSize, owner);
      if (xattrNames(this.#read, inode) === undefined) this.#say(`${owner}: damaged extended attributes`);
    }
    if (isSymlink(inode.mode)) {
      if (inode.size > 0) this.#ownBlob(inode.map.pointers[0], inode.size, owner);
      return;
    }
    const pointers = this.#pointers(inode, owner);
    if (pointers.size !== inode.blocks) this.#say(`${owner}: ${inode.blocks} blocks, found ${pointers.size}`);
    if (isRegular(inode.mode)) {
      for (const [index, pointer] of pointers)
        if (isWritten(pointer) && index * BLOCK_SIZE >= inode.size)
          this.#say(`${owner}: written block ${index} behind the end, ${inode.size}`);
    } else if (isDirectory(inode.mode)) this.#entries(node, inode, pointers);
    else if (pointers.size > 0) this.#say(`${owner}: blocks of a special file`);
  }

  #pointers(inode: InodeRecord, owner: string): ReadonlyMap<number, number> {
    const pointers = new Map<number, number>();
    walkMap(inode.map, this.#read, (pointer, index) => {
      this.#own(blockOf(pointer), owner);
      if (index !== undefined) pointers.set(index, pointer);
    });
    return pointers;
  }

  #entries(node: number, inode: InodeRecord, pointers: ReadonlyMap<number, number>): void {
    if (inode.size !== pointers.size * BLOCK_SIZE)
      this.#say(`inode ${node}: directory of ${inode.size} bytes in ${pointers.size} blocks`);
    const names = new Set<string>();
    for (const [index, pointer] of pointers) {
      const records = isWritten(pointer) ? decodeDirectoryBlock(this.#read(pointer)) : undefined;
      if (records === undefined) this.#say(`inode ${node}: damaged block ${index} of a directory`);
      for (const record of records ?? []) if (record.node !== 0) this.#entry(node, record, names);
    }
  }

  #entry(directory: number, { node, name, type }: DirectoryRecord, names: Set<string>): void {
    const where = `${directory}/${name}`;
    if (names.has(name)) this.#say(`${where}: twice`);
    if (nameLength(name) === 0) this.#say(`${where}: no name`);
    names.add(name);
    const inode = this.#inodes.get(node);
    if (inode === undefined) {
      this.#say(`${where}: inode ${node}, which is free`);
      return;
    }
    if (direntType(inode.mode) !== type) this.#say(`${where}: type ${type} of an inode of ${direntType(inode.mode)}`);
    this.#names.set(node, [...(this.#names.get(node) ?? []), where]);
    if (!isDirectory(inode.mode)) return;
    if (inode.parent !== directory) this.#say(`${where}: a directory whose '..' is inode ${inode.parent}`);
    this.#above.set(node, directory);
    this.#subdirectories.set(directory, 1 + (this.#subdirectories.get(directory) ?? 0));
  }

  #links(node: number, inode: InodeRecord): void {
    const names = this.#names.get(node) ?? [];
    if (!isDirectory(inode.mode)) {
      if (inode.nlink !== names.length)
        this.#say(`inode ${node}: nlink ${inode.nlink}, names: ${names.join(' ') || 'none'}`);
      return;
    }
    const named = node === ROOT_NODE ? 1 : names.length;
    if (named > 1) this.#say(`inode ${node}: a directory with several names: ${names.join(' ')}`);
    const expected = named === 0 ? 0 : 2 + (this.#subdirectories.get(node) ?? 0);
    if (inode.nlink !== expected) this.#say(`inode ${node}: nlink ${inode.nlink}, expected ${expected}`);
    if (named > 0 && !this.#isBelowRoot(node)) this.#say(`inode ${node}: a directory that is not below the root`);
  }

  #isBelowRoot(node: number): boolean {
    let at: number | undefined = node;
    for (let steps = 0; at !== undefined && at !== ROOT_NODE && steps <= this.#inodes.size; steps += 1)
      at = this.#above.get(at);
    return at === ROOT_NODE;
  }

  #orphans(): void {
    const listed = new Set<number>();
    for (let node = this.#state(ORPHANS_AT); node !== 0; ) {
      const inode = this.#inodes.get(node);
      if (inode === undefined || listed.has(node)) {
        this.#say(`orphan list: inode ${node}, which is ${inode === undefined ? 'free' : 'on it already'}`);
        return;
      }
      if (inode.nlink > 0) this.#say(`orphan list: inode ${node}, which has ${inode.nlink} links`);
      listed.add(node);
      node = inode.nextOrphan;
    }
    for (const [node, { nlink }] of this.#inodes)
      if (nlink === 0 && !listed.has(node)) this.#say(`inode ${node}: no name, and not on the orphan list`);
  }

  #bitmap(): void {
    const { data, blocks, blockBitmap } = this.#layout;
    for (let block = 0; block < blocks; block++) {
      const taken = this.#isTaken(blockBitmap.start, block);
      const owned = block < data || this.#owners.has(block);
      if (taken && !owned) this.#say(`block ${block}: taken, and of nothing`);
      if (!taken && owned) this.#say(`block ${block}: free, and of ${this.#owners.get(block) ?? 'the filesystem'}`);
    }
  }
}
