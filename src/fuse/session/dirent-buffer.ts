import {
  type DirentPlusSink,
  type DirentSink,
  type Entry,
  nameLength,
  type PackedDirents,
  type U64,
} from '../../vfs/index.ts';
import type { Message } from '../message.ts';
import { direntSize, fuse_entry_out, isU64, OUT_HEADER_SIZE, writeDirent, writeEntryOut } from '../protocol/index.ts';
import { BadAnswer, bad, checkEntry } from './bad-answer.ts';
import type { Core } from './core.ts';

/** The longest name that the kernel takes in a directory (FUSE_NAME_MAX, fs/fuse/fuse_i.h, before it became PATH_MAX - 1). */
const FUSE_NAME_MAX = 1024;

const unusable = /[/\0]/;

/** The results of a READDIR or READDIRPLUS, filled by the filesystem up to the size that the kernel asked for. */
export class DirentBuffer {
  readonly sink: DirentSink = {
    add: (name, ino, type, offset) => this.#add(name, ino, type, offset),
    addPacked: (packed, offset) => this.#addPacked(packed, offset),
  };
  readonly plusSink: DirentPlusSink = { add: (name, entry, offset) => this.#addPlus(name, entry, offset) };
  readonly #core: Core;
  #message: Message | undefined;
  #end = OUT_HEADER_SIZE;
  #limit = OUT_HEADER_SIZE;
  #full = false;
  /** Nodes whose entries are in the buffer: the kernel gets a reference to each with the reply. */
  readonly nodes: number[] = [];

  constructor(core: Core) {
    this.#core = core;
  }

  begin(message: Message, size: number): void {
    this.#message = message;
    this.#end = OUT_HEADER_SIZE;
    this.#limit = OUT_HEADER_SIZE + size;
    this.#full = false;
    if (this.nodes.length > 0) this.nodes.length = 0;
  }

  /** Bytes of the reply; what the filesystem adds later has no effect. */
  finish(): number {
    this.#message = undefined;
    return this.#end;
  }

  /** The listing failed; gives the nodes whose entries were in the buffer, none where no listing had begun. */
  abandon(): readonly number[] {
    if (this.#message === undefined) return [];
    this.#message = undefined;
    return this.nodes;
  }

  /** Whether `size` more bytes fit. Once an entry did not fit nothing more is taken: entries must not be skipped. */
  #room(size: number): Message | undefined {
    if (this.#message === undefined)
      throw new BadAnswer('readdir: expected entries before the answer, given one after it');
    if (this.#full || this.#end + size > this.#limit) {
      this.#full = true;
      return undefined;
    }
    return this.#message;
  }

  #add(name: string, ino: U64, type: number, offset: U64): boolean {
    const message = this.#room(direntSize(checkedLength(name, offset)));
    if (message === undefined) return false;
    if (!isU64(ino)) bad(`ino of ${JSON.stringify(name)}`, 'a number up to 2^53 - 1 or a bigint above', ino);
    this.#end = writeDirent(message, this.#end, name, ino, type, offset);
    return true;
  }

  #addPlus(name: string, entry: Entry, offset: U64): boolean {
    const message = this.#room(fuse_entry_out.size + direntSize(checkedLength(name, offset)));
    if (message === undefined) return false;
    checkEntry(entry);
    const { node, attributes, entryTimeout, attributeTimeout } = entry;
    const core = this.#core;
    writeEntryOut(
      message,
      this.#end,
      node,
      entry.generation,
      attributes,
      entryTimeout ?? core.entryTimeout,
      attributeTimeout ?? core.attributeTimeout,
    );
    const direntAt = this.#end + fuse_entry_out.size;
    this.#end = writeDirent(message, direntAt, name, attributes.ino, attributes.mode >> 12, offset);
    // The kernel takes no reference for these two (fuse_direntplus_link, fs/fuse/readdir.c).
    if (name !== '.' && name !== '..') this.nodes.push(node);
    return true;
  }

  #addPacked(packed: PackedDirents, offset: U64): void {
    const { offsets, ends, count } = packed;
    const first = upperBound(offsets, count, Number(offset));
    const start = first === 0 ? 0 : ends[first - 1];
    const message = this.#room(0);
    if (message === undefined) return;
    const behind = upperBound(ends, count, start + this.#limit - this.#end);
    if (behind < count) this.#full = true;
    if (behind <= first) return;
    message.bytes.set(packed.bytes.subarray(start, ends[behind - 1]), this.#end);
    this.#end += ends[behind - 1] - start;
  }
}

/** How many of the first `count` rising numbers are at most `limit`. */
function upperBound(numbers: Float64Array | Uint32Array, count: number, limit: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (numbers[middle] <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function checkedLength(name: string, offset: U64): number {
  if (typeof name !== 'string') bad('name of a directory entry', 'a string', name);
  const length = nameLength(name);
  if (length === 0 || length > FUSE_NAME_MAX || unusable.test(name))
    bad('name of a directory entry', `1 to ${FUSE_NAME_MAX} bytes without / and NUL`, JSON.stringify(name));
  if (!isU64(offset) || offset === 0) bad(`offset of ${JSON.stringify(name)}`, 'a 64-bit integer other than 0', offset);
  return length;
}
