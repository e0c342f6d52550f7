import { BLOCK_SIZE } from './block-disk.ts';
import { BlockMap, blockOf, isWritten, UNWRITTEN } from './block-map.ts';
import type { Inode } from './inode.ts';
import type { InodeTable } from './inode-table.ts';

/** Blocks of data that one step of a longer change may take: what a transaction has room for is asked for step by step. */
const STEP = 64;
/** Map blocks that a step may change: two at each level, and those by which the map grows. */
const MAP_BLOCKS = 12;

/**
 * The bytes of a regular file. They are written to their blocks at once and do not go through the log. A block that is freed
 * or becomes unwritten in the running transaction still has its bytes in the state before it: so new bytes go to new blocks,
 * or wait for the commit. What the last block holds behind the end of the file is anything; whole blocks there are unwritten.
 */
export class FileData {
  readonly #table: InodeTable;
  readonly #inode: Inode;
  readonly #map: BlockMap;
  /** The transaction that took bytes out of blocks which are still here. */
  #cutIn = 0;

  constructor(table: InodeTable, inode: Inode) {
    this.#table = table;
    this.#inode = inode;
    this.#map = new BlockMap(table.transactions, table.allocator, inode.map);
  }

  get size(): number {
    return this.#inode.size;
  }

  /** Fills `into` from `offset` on, up to the end of the file; answers the number of bytes. */
  read(into: Uint8Array, offset: number): number {
    const length = Math.min(into.length, this.size - offset);
    for (let done = 0; done < length; ) {
      const { index, from, count } = part(offset + done, length - done);
      const pointer = this.#map.get(index);
      const target = into.subarray(done, done + count);
      if (!isWritten(pointer)) target.fill(0);
      else if (count === BLOCK_SIZE) this.#table.transactions.readData(pointer, target);
      else target.set(this.#table.transactions.readData(pointer).subarray(from, from + count));
      done += count;
    }
    return Math.max(0, length);
  }

  /** Writes what there is space for; answers the number of bytes. */
  write(data: Uint8Array, offset: number): number {
    let done = 0;
    for (let step = 0; done < data.length; step += 1) {
      if (step % STEP === 0) this.#beginStep();
      if (step === 0) this.#zeroTail(offset);
      const { index, from, count } = part(offset + done, data.length - done);
      try {
        if (!this.#writeBlock(index, from, data.subarray(done, done + count))) break;
      } catch (error) {
        // What is done is done; whoever goes on writing hears of it.
        if (done === 0) throw error;
        break;
      }
      done += count;
      this.#grow(offset + done);
      this.#table.changed(this.#inode);
    }
    return done;
  }

  /** Copies what there is space for; answers the number of bytes. Holes become zeros. */
  copyFrom(source: FileData, offsetIn: number, offsetOut: number, length: number): number {
    const buffer = new Uint8Array(Math.min(length, STEP * BLOCK_SIZE));
    let done = 0;
    while (done < length) {
      const room = buffer.subarray(0, Math.min(buffer.length, length - done));
      const count = this.write(room.subarray(0, source.read(room, offsetIn + done)), offsetOut + done);
      done += count;
      if (count < room.length) break;
    }
    return done;
  }

  /** Cuts or grows the file; growing makes a hole, cutting also gives back what was preallocated behind the end. */
  truncate(size: number): void {
    this.#table.transactions.begin(this.#table.freeingCost);
    if (size > this.size) this.#zeroTail(size);
    else {
      this.#inode.blocks -= this.#map.clear(Math.ceil(size / BLOCK_SIZE), Number.POSITIVE_INFINITY);
      if (size < this.size) this.#cut();
    }
    this.#inode.size = size;
    this.#table.changed(this.#inode);
  }

  /** Makes a hole: the bytes from `start` to before `end` read as zeros. */
  punch(start: number, end: number): void {
    this.#beginStep(this.#table.freeingCost);
    this.#zeroEnds(start, end);
    const first = Math.ceil(start / BLOCK_SIZE);
    const behind = Math.floor(end / BLOCK_SIZE);
    if (first < behind) this.#inode.blocks -= this.#map.clear(first, behind);
    this.#table.changed(this.#inode);
  }

  /** Makes zeros of a range whose space is there, and keeps it. */
  zero(start: number, end: number): void {
    this.#beginStep();
    this.#zeroEnds(start, end);
    const behind = Math.floor(end / BLOCK_SIZE);
    for (let index = Math.ceil(start / BLOCK_SIZE); ; index += 1) {
      index = this.#map.next(index, isWritten);
      if (index >= behind) break;
      this.#beginStep();
      this.#map.set(index, this.#map.get(index) + UNWRITTEN);
      this.#cut();
    }
    this.#table.changed(this.#inode);
  }

  /** Takes the space of every block in the range; false, and nothing taken, where there is not enough. */
  preallocate(start: number, end: number): boolean {
    const { allocator } = this.#table;
    const first = Math.floor(start / BLOCK_SIZE);
    const behind = Math.ceil(end / BLOCK_SIZE);
    if (!allocator.ensure(Math.min(behind - first, allocator.total + 1) - this.#count(first, behind))) return false;
    const taken: number[] = [];
    for (let index = first; index < behind; index += 1) {
      if ((index - first) % STEP === 0) this.#beginStep();
      if (this.#map.get(index) !== 0) continue;
      if (!allocator.ensure(1 + this.#map.cost(index))) {
        for (const back of taken) this.#inode.blocks -= this.#map.clear(back, back + 1);
        return false;
      }
      this.#map.set(index, allocator.allocate() + UNWRITTEN);
      this.#inode.blocks += 1;
      this.#table.changed(this.#inode);
      taken.push(index);
    }
    return true;
  }

  /** Grows the file to what was preallocated, if it is not as large. */
  growTo(size: number): void {
    if (size <= this.size) return;
    this.#beginStep();
    this.#zeroTail(size);
    this.#grow(size);
    this.#table.changed(this.#inode);
  }

  /** The first position of data from `offset` on, undefined where only holes follow (SEEK_DATA). */
  seekData(offset: number): number | undefined {
    const index = Math.floor(offset / BLOCK_SIZE);
    const next = this.#map.next(index, isWritten);
    if (next === index) return offset;
    return next * BLOCK_SIZE < this.size ? next * BLOCK_SIZE : undefined;
  }

  /** The first position of a hole from `offset` on; the end of the file is one (SEEK_HOLE). */
  seekHole(offset: number): number {
    let index = Math.floor(offset / BLOCK_SIZE);
    if (!isWritten(this.#map.get(index))) return offset;
    while (isWritten(this.#map.get(index))) index += 1;
    return Math.min(index * BLOCK_SIZE, this.size);
  }

  #beginStep(cost = this.#table.allocator.bitmapBlocks): void {
    this.#table.transactions.begin(cost + MAP_BLOCKS);
  }

  /** False where there is no space. */
  #writeBlock(index: number, from: number, data: Uint8Array): boolean {
    const { transactions, allocator } = this.#table;
    const pointer = this.#map.get(index);
    if (isWritten(pointer)) {
      this.#settleCut();
      transactions.writeData(
        pointer,
        data.length === BLOCK_SIZE ? data : merged(transactions.readData(pointer), from, data),
      );
      return true;
    }
    const content = data.length === BLOCK_SIZE ? data : merged(new Uint8Array(BLOCK_SIZE), from, data);
    if (pointer !== 0) {
      this.#settleCut();
      transactions.writeData(blockOf(pointer), content);
      this.#map.set(index, blockOf(pointer));
      return true;
    }
    if (!allocator.ensure(1 + this.#map.cost(index))) return false;
    const block = allocator.pick();
    transactions.writeData(block, content);
    allocator.take(block);
    this.#map.set(index, block);
    this.#inode.blocks += 1;
    return true;
  }

  #grow(size: number): void {
    if (size > this.size) this.#inode.size = size;
  }

  #cut(): void {
    this.#cutIn = this.#table.transactions.running;
  }

  /** Before bytes are written to a block that is in the file already. */
  #settleCut(): void {
    const { transactions } = this.#table;
    if (this.#cutIn === transactions.running && transactions.hasChanges) transactions.commit();
  }

  /** What lies behind the end of the file must be zeros before the file grows over it. */
  #zeroTail(size: number): void {
    const end = Math.ceil(this.size / BLOCK_SIZE) * BLOCK_SIZE;
    if (size > this.size) this.#zeroPart(this.size, Math.min(size, end));
  }

  /** The parts of blocks at both ends of a range. */
  #zeroEnds(start: number, end: number): void {
    const first = Math.ceil(start / BLOCK_SIZE) * BLOCK_SIZE;
    const behind = Math.floor(end / BLOCK_SIZE) * BLOCK_SIZE;
    if (first > behind) this.#zeroPart(start, end);
    else {
      this.#zeroPart(start, first);
      this.#zeroPart(behind, end);
    }
  }

  /** A range within one block. */
  #zeroPart(start: number, end: number): void {
    if (start >= end) return;
    const { index, from, count } = part(start, end - start);
    if (isWritten(this.#map.get(index))) this.#writeBlock(index, from, new Uint8Array(count));
  }

  #count(first: number, behind: number): number {
    let count = 0;
    for (let index = first; ; index += 1) {
      index = this.#map.next(index, () => true);
      if (index >= behind) return count;
      count += 1;
    }
  }
}

/** What of a range is in its first block: the block's index, where in it, how many bytes. */
function part(
  offset: number,
  length: number,
): { readonly index: number; readonly from: number; readonly count: number } {
  const index = Math.floor(offset / BLOCK_SIZE);
  const from = offset - index * BLOCK_SIZE;
  return { index, from, count: Math.min(BLOCK_SIZE - from, length) };
}

function merged(content: Uint8Array, from: number, data: Uint8Array): Uint8Array {
  content.set(data, from);
  return content;
}
