import {
  direntSize,
  fuse_attr,
  fuse_attr_out,
  fuse_create_out,
  fuse_dirent,
  fuse_entry_out,
  fuse_open_out,
  fuse_statx,
  fuse_statx_out,
  type Message,
  OUT_HEADER_SIZE,
  opcode,
  type RequestHead,
  readS64,
  readU64,
} from '../../fuse/index.ts';
import { readName, type Timespec, type U64 } from '../../vfs/index.ts';
import type { Ids } from './ids.ts';
import type { Stamps } from './stamps.ts';

/** Where the attributes are in a struct fuse_entry_out. */
const ATTR = fuse_entry_out.offsets.attr;

/** Something in a reply that is not what it should be, as texts. */
export interface FieldDifference {
  readonly field: string;
  readonly expected: string;
  readonly given: string;
}

/** Two messages, the recording's and a copy of the replay's. */
export interface Sides {
  readonly recorded: Message;
  readonly replayed: Message;
}

/**
 * Makes a successful reply of the replay comparable: where an id or a stamp of it stands for the recording's, the recording's
 * is put in its place; where it does not, that is a difference.
 */
export class Aligner {
  readonly #ids: Ids;
  readonly #stamps: Stamps;
  readonly #ignore: ReadonlySet<string>;
  #differences: FieldDifference[] = [];

  /** `ignore`: times, by the protocol's names, that may be any. */
  constructor(ids: Ids, stamps: Stamps, ignore: ReadonlySet<string>) {
    this.#ids = ids;
    this.#stamps = stamps;
    this.#ignore = ignore;
  }

  /** `delivered`: the kernel took the recording's reply, and has what it gives. */
  reply({ code, nodeid }: RequestHead, sides: Sides, delivered: boolean): readonly FieldDifference[] {
    this.#differences = [];
    switch (code) {
      case opcode.LOOKUP:
      case opcode.MKNOD:
      case opcode.MKDIR:
      case opcode.SYMLINK:
      case opcode.LINK:
        this.#entry(sides, OUT_HEADER_SIZE, OUT_HEADER_SIZE, delivered);
        break;
      case opcode.CREATE:
      case opcode.TMPFILE: {
        const node = this.#entry(sides, OUT_HEADER_SIZE, OUT_HEADER_SIZE, delivered);
        this.#handle(sides, OUT_HEADER_SIZE + fuse_create_out.offsets.open, node);
        break;
      }
      case opcode.OPEN:
      case opcode.OPENDIR:
        this.#handle(sides, OUT_HEADER_SIZE, nodeid);
        break;
      case opcode.GETATTR:
      case opcode.SETATTR: {
        const at = OUT_HEADER_SIZE + fuse_attr_out.offsets.attr;
        this.#attributes(sides, at, at, nodeid);
        break;
      }
      case opcode.STATX:
        this.#statx(sides, OUT_HEADER_SIZE + fuse_statx_out.offsets.stat, nodeid);
        break;
    }
    return this.#differences;
  }

  #differs(field: string, expected: string | undefined, given: unknown): boolean {
    if (expected !== undefined) this.#differences.push({ field, expected, given: String(given) });
    return expected !== undefined;
  }

  /** Puts the recording's bytes in the place of the replay's. */
  #take({ recorded, replayed }: Sides, at: number, replayedAt: number, bytes: number): void {
    replayed.bytes.set(recorded.bytes.subarray(at, at + bytes), replayedAt);
  }

  /** A struct fuse_entry_out; gives the recording's node. */
  #entry(sides: Sides, at: number, replayedAt: number, delivered: boolean): U64 {
    const { recorded, replayed } = sides;
    const node = readU64(recorded.words, at >>> 2);
    const given = readU64(replayed.words, replayedAt >>> 2);
    // A name that is missing has no node.
    if (node === 0 || given === 0) return node;
    const generation = readU64(recorded.words, (at >>> 2) + 2);
    const givenGeneration = readU64(replayed.words, (replayedAt >>> 2) + 2);
    // Without a reference it may be any node: it is not kept.
    const expected = delivered ? this.#ids.nodes.meet(node, generation, given, givenGeneration) : undefined;
    if (!this.#differs('nodeid', expected, given))
      this.#take(sides, at, replayedAt, fuse_entry_out.offsets.entry_valid);
    if (delivered) this.#ids.nodes.refer(node);
    const { attr } = fuse_entry_out.offsets;
    this.#attributes(sides, at + attr, replayedAt + attr, node);
    return node;
  }

  #handle(sides: Sides, at: number, node: U64): void {
    const { fh } = fuse_open_out.offsets;
    const recorded = readU64(sides.recorded.words, (at + fh) >>> 2);
    this.#ids.handles.set(node, recorded, readU64(sides.replayed.words, (at + fh) >>> 2));
    this.#take(sides, at + fh, at + fh, 8);
  }

  /** A struct fuse_attr of the recording's `node`. */
  #attributes(sides: Sides, at: number, replayedAt: number, node: U64): void {
    const { offsets } = fuse_attr;
    this.#inode(sides, at + offsets.ino, replayedAt + offsets.ino, node);
    for (const name of ['atime', 'mtime', 'ctime'])
      this.#time(name, sides, [at, replayedAt], offsets[name], offsets[`${name}nsec`]);
  }

  #statx(sides: Sides, at: number, node: U64): void {
    const { offsets } = fuse_statx;
    this.#inode(sides, at + offsets.ino, at + offsets.ino, node);
    for (const name of ['atime', 'btime', 'ctime', 'mtime'])
      this.#time(name, sides, [at, at], offsets[name], offsets[name] + 8);
  }

  #inode(sides: Sides, at: number, replayedAt: number, node: U64 | undefined): void {
    const ino = readU64(sides.recorded.words, at >>> 2);
    const given = readU64(sides.replayed.words, replayedAt >>> 2);
    if (!this.#differs('ino', this.#ids.inodes.meet(ino, given, node), given)) this.#take(sides, at, replayedAt, 8);
  }

  #time(field: string, sides: Sides, [at, replayedAt]: readonly [number, number], sec: number, nsec: number): void {
    const recorded = timeAt(sides.recorded, at + sec, at + nsec);
    const given = timeAt(sides.replayed, replayedAt + sec, replayedAt + nsec);
    const expected = this.#ignore.has(field) ? undefined : this.#stamps.meet(recorded, given);
    if (this.#differs(field, expected, `${given.sec}.${String(given.nsec).padStart(9, '0')}`)) return;
    this.#take(sides, at + sec, replayedAt + sec, 8);
    this.#take(sides, at + nsec, replayedAt + nsec, 4);
  }

  /**
   * The listings of READDIR or READDIRPLUS, entry by entry: `ordered` says that the order counts too.
   */
  listing(
    { code, nodeid }: RequestHead,
    sides: Sides,
    ends: readonly [recorded: number, replayed: number],
    delivered: boolean,
    ordered: boolean,
  ): readonly FieldDifference[] {
    this.#differences = [];
    const plus = code === opcode.READDIRPLUS;
    const recorded = direntsOf(sides.recorded, ends[0], plus);
    const replayed = direntsOf(sides.replayed, ends[1], plus);
    const last = [recorded.at(-1), replayed.at(-1)];
    if (!ordered) for (const list of [recorded, replayed]) list.sort((a, b) => (a.name < b.name ? -1 : 1));
    const names = (list: readonly Dirent[]): string => list.map(({ name }) => JSON.stringify(name)).join(' ');
    if (names(recorded) !== names(replayed)) {
      this.#differs('entries', names(recorded) || 'none', names(replayed) || 'none');
      return this.#differences;
    }
    for (const [i, entry] of recorded.entries()) this.#dirent(sides, nodeid, entry, replayed[i], plus, delivered);
    // The kernel goes on behind the last one.
    if (last[0] !== undefined && last[1] !== undefined) this.#ids.positions.set(nodeid, last[0].off, last[1].off);
    return this.#differences;
  }

  #dirent(sides: Sides, directory: U64, recorded: Dirent, replayed: Dirent, plus: boolean, delivered: boolean): void {
    const { name } = recorded;
    const referred = delivered && name !== '.' && name !== '..';
    const node = plus ? this.#entry(sides, recorded.at, replayed.at, referred) : undefined;
    const shift = plus ? fuse_entry_out.size : 0;
    // Attributes without a node are none (fuse_direntplus_link, fs/fuse/readdir.c): libfuse leaves an inode number in them.
    if (node === 0) this.#take(sides, recorded.at + ATTR, replayed.at + ATTR, fuse_attr.size);
    this.#inode(sides, recorded.at + shift, replayed.at + shift, node === 0 ? undefined : node);
    this.#ids.positions.set(directory, recorded.off, replayed.off);
    this.#take(sides, recorded.at + shift + 8, replayed.at + shift + 8, 8);
    const bytes = direntSize(recorded.namelen) + shift;
    const a = sides.recorded.bytes.subarray(recorded.at, recorded.at + bytes);
    const b = sides.replayed.bytes.subarray(replayed.at, replayed.at + bytes);
    if (Buffer.compare(a, b) === 0) return;
    const what = (side: Message, { at, type }: Dirent): string =>
      `type ${type}${plus ? ` ${JSON.stringify(fuse_entry_out.read(side, at), texts)}` : ''}`;
    const expected = what(sides.recorded, recorded);
    this.#differs(`entry ${JSON.stringify(name)}`, expected, what(sides.replayed, replayed));
  }
}

const texts = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? String(value) : value);

function timeAt({ words }: Message, sec: number, nsec: number): Timespec {
  return { sec: Number(readS64(words, sec >>> 2)), nsec: words[nsec >>> 2] };
}

interface Dirent {
  /** Where the entry starts. */
  readonly at: number;
  readonly name: string;
  readonly namelen: number;
  readonly off: U64;
  readonly type: number;
}

/** The entries of a listing that was found well-formed. */
function direntsOf(message: Message, end: number, plus: boolean): Dirent[] {
  const entries: Dirent[] = [];
  const shift = plus ? fuse_entry_out.size : 0;
  for (let at = OUT_HEADER_SIZE; at < end; ) {
    const { namelen, off, type } = fuse_dirent.read(message, at + shift);
    const nameAt = at + shift + fuse_dirent.size;
    entries.push({ at, name: readName(message.bytes, nameAt, nameAt + namelen), namelen, off, type });
    at += shift + direntSize(namelen);
  }
  return entries;
}
