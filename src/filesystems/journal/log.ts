import { crc32 } from 'node:zlib';
import { BLOCK_SIZE, type BlockDisk, viewOf } from './block-disk.ts';
import type { Layout } from './layout.ts';

/** A transaction as the log keeps it. */
export interface LoggedTransaction {
  readonly sequence: number;
  /** What each block holds from now on, by its number. */
  readonly blocks: ReadonlyMap<number, Uint8Array>;
  /** Blocks that were freed: no copy of this transaction or an earlier one may be written back over them. */
  readonly revoked: readonly number[];
}

const MAGIC = 0x4a4e4c45;
const kinds = { header: 1, descriptor: 2, commit: 3 } as const;
type Kind = keyof typeof kinds;

const DESCRIPTOR_HEAD = 24;
/** Offsets in a log header. */
const TAIL_AT = 12;
const CHECKSUM_AT = 24;
const COMMIT_CHECKSUM_AT = 12;

const descriptorBlocks = (numbers: number): number => Math.ceil((DESCRIPTOR_HEAD + 4 * numbers) / BLOCK_SIZE);

/** Blocks of the log that a transaction takes. */
export const loggedLength = (blocks: number, revoked: number): number =>
  descriptorBlocks(blocks + revoked) + blocks + 1;

/**
 * The write-ahead log: a ring of blocks. Its header, one sector, says where the oldest transaction that still counts begins
 * and its sequence number. A transaction is a descriptor (the numbers of its blocks, and of those that it revokes), the
 * blocks, and a commit block with the checksum of all of that; it counts when its commit block is there and right.
 */
export class Log {
  readonly #disk: BlockDisk;
  readonly #layout: Layout;
  /** Place of the oldest transaction that counts, and of the next one. */
  #tail = 0;
  #head = 0;
  #used = 0;
  #sequence = 1;

  constructor(disk: BlockDisk, layout: Layout) {
    this.#disk = disk;
    this.#layout = layout;
  }

  /** Sequence number of the next transaction. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Blocks that transactions may still take before a checkpoint. */
  get free(): number {
    return this.#layout.log.length - this.#used;
  }

  /** An empty log for a new filesystem. */
  format(): void {
    this.#writeHeader();
  }

  /**
   * Writes a transaction and makes it count. The first barrier is for the data that it points at as much as for its own
   * blocks: nothing of either may be missing where the commit block is found. After the second it is safe.
   */
  append(blocks: ReadonlyMap<number, Uint8Array>, revoked: readonly number[]): void {
    const length = loggedLength(blocks.size, revoked.length);
    if (length > this.free)
      throw new Error(`journal: a transaction of ${length} blocks in a log with ${this.free} free ones`);
    const descriptor = this.#descriptor([...blocks.keys()], revoked);
    let checksum = crc32(descriptor);
    let at = this.#head;
    const put = (block: Uint8Array): void => {
      this.#disk.write(this.#place(at), block);
      at += 1;
    };
    for (let i = 0; i < descriptor.length; i += BLOCK_SIZE) put(descriptor.subarray(i, i + BLOCK_SIZE));
    for (const content of blocks.values()) {
      checksum = crc32(content, checksum);
      put(content);
    }
    this.#disk.flush();
    put(this.#commitBlock(checksum));
    this.#disk.flush();
    this.#head = at % this.#layout.log.length;
    this.#used += length;
    this.#sequence += 1;
  }

  /**
   * Everything in the log is at its place on the disk, and safe there: the log is empty. That is safe before the next
   * transaction takes the place of an old one: a log with half of the old ones would put back old states.
   */
  clear(): void {
    this.#tail = this.#head;
    this.#used = 0;
    this.#writeHeader();
    this.#disk.flush();
  }

  /** The transactions that count, oldest first, as a crash or an orderly end left them; the next one goes behind them. */
  open(): readonly LoggedTransaction[] {
    this.#readHeader();
    const found: LoggedTransaction[] = [];
    for (;;) {
      const read = this.#readTransaction();
      if (read === undefined) return found;
      found.push(read.transaction);
      this.#head = (this.#head + read.length) % this.#layout.log.length;
      this.#used += read.length;
      this.#sequence += 1;
    }
  }

  #place(position: number): number {
    return this.#layout.log.start + (position % this.#layout.log.length);
  }

  #newBlock(kind: Kind, blocks = 1): { readonly bytes: Uint8Array; readonly view: DataView } {
    const bytes = new Uint8Array(blocks * BLOCK_SIZE);
    const view = viewOf(bytes);
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, kinds[kind], true);
    view.setUint32(8, this.#sequence, true);
    return { bytes, view };
  }

  #isBlock(view: DataView, kind: Kind): boolean {
    return (
      view.getUint32(0, true) === MAGIC &&
      view.getUint32(4, true) === kinds[kind] &&
      view.getUint32(8, true) === this.#sequence
    );
  }

  #descriptor(blocks: readonly number[], revoked: readonly number[]): Uint8Array {
    const { bytes, view } = this.#newBlock('descriptor', descriptorBlocks(blocks.length + revoked.length));
    view.setUint32(12, this.#layout.id, true);
    view.setUint32(16, blocks.length, true);
    view.setUint32(20, revoked.length, true);
    let at = DESCRIPTOR_HEAD;
    for (const numbers of [blocks, revoked])
      for (const number of numbers) {
        view.setUint32(at, number, true);
        at += 4;
      }
    return bytes;
  }

  #commitBlock(checksum: number): Uint8Array {
    const { bytes, view } = this.#newBlock('commit');
    view.setUint32(COMMIT_CHECKSUM_AT, checksum, true);
    return bytes;
  }

  #writeHeader(): void {
    const { bytes, view } = this.#newBlock('header');
    view.setUint32(TAIL_AT, this.#tail, true);
    view.setUint32(CHECKSUM_AT, crc32(bytes.subarray(0, CHECKSUM_AT)), true);
    this.#disk.writeSector(this.#layout.log.header, bytes);
  }

  #readHeader(): void {
    const bytes = this.#disk.read(this.#layout.log.header);
    const view = viewOf(bytes);
    const tail = view.getUint32(TAIL_AT, true);
    const right = view.getUint32(CHECKSUM_AT, true) === crc32(bytes.subarray(0, CHECKSUM_AT));
    if (!right || view.getUint32(0, true) !== MAGIC || tail >= this.#layout.log.length)
      throw new Error(`journal: the header of the log, block ${this.#layout.log.header}, is damaged`);
    this.#sequence = view.getUint32(8, true);
    this.#tail = tail;
    this.#head = tail;
    this.#used = 0;
  }

  /** The transaction at the head; undefined where the log ends: nothing there, or not all of it. */
  #readTransaction(): { readonly transaction: LoggedTransaction; readonly length: number } | undefined {
    const first = this.#disk.read(this.#place(this.#head));
    const head = viewOf(first);
    if (!this.#isBlock(head, 'descriptor') || head.getUint32(12, true) !== this.#layout.id) return undefined;
    const count = head.getUint32(16, true);
    const revokes = head.getUint32(20, true);
    const length = loggedLength(count, revokes);
    if (length > this.free) return undefined;
    const at = (i: number): Uint8Array => this.#disk.read(this.#place(this.#head + i));
    const commit = viewOf(at(length - 1));
    if (!this.#isBlock(commit, 'commit')) return undefined;
    const described = descriptorBlocks(count + revokes);
    const descriptor = new Uint8Array(described * BLOCK_SIZE);
    for (let i = 0; i < described; i++) descriptor.set(at(i), i * BLOCK_SIZE);
    const numbers = new Uint32Array(descriptor.buffer, DESCRIPTOR_HEAD, count + revokes);
    const blocks = new Map<number, Uint8Array>();
    let checksum = crc32(descriptor);
    for (let i = 0; i < count; i++) {
      const content = at(described + i);
      checksum = crc32(content, checksum);
      blocks.set(numbers[i], content);
    }
    if (commit.getUint32(COMMIT_CHECKSUM_AT, true) !== checksum) return undefined;
    return { transaction: { sequence: this.#sequence, blocks, revoked: [...numbers.subarray(count)] }, length };
  }
}

/** What the blocks hold after the transactions, but for those that were freed since: something else may be there now. */
export function replayed(transactions: readonly LoggedTransaction[]): Map<number, Uint8Array> {
  const revokedBy = new Map<number, number>();
  for (const { sequence, revoked } of transactions) for (const block of revoked) revokedBy.set(block, sequence);
  const contents = new Map<number, Uint8Array>();
  for (const { sequence, blocks } of transactions)
    for (const [block, content] of blocks) if (sequence > (revokedBy.get(block) ?? 0)) contents.set(block, content);
  return contents;
}
