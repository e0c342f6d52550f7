import type { Clock } from '../../env/index.ts';
import { errno } from '../../vfs/index.ts';
import { BLOCK_SIZE, type BlockDisk, MAP_FAN_OUT } from './block-disk.ts';
import type { Layout } from './layout.ts';
import { type Log, loggedLength } from './log.ts';

/** Who has something to say when the running transaction ends. */
export interface Participant {
  /** The last moment to change blocks of the transaction. */
  prepare?(): void;
  /** The transaction is safe. */
  committed(): void;
}

/** More clean blocks than this are not kept behind a checkpoint. */
const KEPT_BLOCKS = 8192;

/**
 * The blocks of metadata, cached, and the running transaction: what was changed since the last commit. A changed block goes
 * to the log first, with all the others of its transaction, and to its own place at a checkpoint, when the log is full.
 */
export class Transactions {
  readonly #disk: BlockDisk;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #commitAfter: number;
  /** Blocks of the log that are kept free for the running transaction. */
  readonly #room: number;
  /** Blocks that it may have before another change begins. */
  readonly #most: number;
  readonly #participants: Participant[] = [];
  readonly #cache = new Map<number, Uint8Array>();
  readonly #changed = new Set<number>();
  readonly #revoked = new Set<number>();
  /** In the log, but not at their places. */
  readonly #logged = new Set<number>();
  #since = 0;
  #touched = 0;
  #dataWritten = false;
  #failed = false;

  /** `commitAfter`: nanoseconds. */
  constructor(disk: BlockDisk, log: Log, layout: Layout, clock: Clock, commitAfter: number) {
    this.#disk = disk;
    this.#log = log;
    this.#clock = clock;
    this.#commitAfter = commitAfter;
    this.#room = Math.floor(layout.log.length / 2);
    // A change that frees a file revokes its map, which is not counted when it begins.
    this.#most = this.#room - loggedLength(0, layout.blocks / MAP_FAN_OUT);
  }

  join(participant: Participant): void {
    this.#participants.push(participant);
  }

  /** Number of the running transaction. */
  get running(): number {
    return this.#log.sequence;
  }

  /** A commit failed: what is on the disk is the state before it, and stays so. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Whether a change was begun that no commit has ended. */
  get hasChanges(): boolean {
    return this.#changed.size > 0 || this.#revoked.size > 0;
  }

  /** Rises with every block that is changed. */
  get touched(): number {
    return this.#touched;
  }

  /**
   * To be called before a change that touches up to `blocks` blocks, while nothing is half done: it may end the running
   * transaction, so that a change is in one transaction, with all that belongs to it.
   *
   * @throws Errno EROFS after a failure
   */
  begin(blocks: number): void {
    if (this.#failed) throw errno.EROFS;
    if (!this.hasChanges) {
      this.#since = this.#clock.monotonic();
      return;
    }
    const full = loggedLength(this.#changed.size + blocks, this.#revoked.size) > this.#most;
    if (full || this.#clock.monotonic() - this.#since > this.#commitAfter) this.commit();
  }

  /** The content of a block, to be read only. */
  read(block: number): Uint8Array {
    let content = this.#cache.get(block);
    if (content === undefined) {
      content = this.#disk.read(block);
      this.#cache.set(block, content);
    }
    return content;
  }

  /** The content of a block, to be changed in the running transaction. */
  change(block: number): Uint8Array {
    const content = this.read(block);
    this.#touched += 1;
    this.#changed.add(block);
    return content;
  }

  /** A block that was just allocated: all zeros. */
  create(block: number): Uint8Array {
    const content = new Uint8Array(BLOCK_SIZE);
    this.#cache.set(block, content);
    this.#touched += 1;
    this.#changed.add(block);
    return content;
  }

  /** A block of metadata is freed. Its copies in the log must not come back over what takes its place. */
  revoke(block: number): void {
    this.#touched += 1;
    this.#cache.delete(block);
    this.#changed.delete(block);
    this.#revoked.add(block);
  }

  /** Blocks that are not metadata do not go through the log, but are safe before a transaction that points at them is. */
  writeData(block: number, content: Uint8Array): void {
    this.#dataWritten = true;
    this.#disk.write(block, content);
  }

  readData(block: number, into?: Uint8Array): Uint8Array {
    return this.#disk.read(block, into);
  }

  /**
   * Ends the running transaction: everything done so far, and all data written, is safe when this returns.
   *
   * @throws what the disk throws, and EIO after an earlier failure: then nothing can be changed any more
   */
  commit(): void {
    if (this.#failed) throw errno.EIO;
    try {
      this.#commit();
    } catch (error) {
      this.#failed = true;
      throw error;
    }
  }

  #commit(): void {
    if (!this.hasChanges) {
      if (this.#dataWritten) this.#disk.flush();
      this.#dataWritten = false;
      return;
    }
    const touched = this.#touched;
    for (const participant of this.#participants) participant.prepare?.();
    this.#touched = touched;
    const blocks = new Map<number, Uint8Array>();
    for (const block of this.#changed) blocks.set(block, this.read(block));
    this.#log.append(blocks, [...this.#revoked]);
    this.#dataWritten = false;
    for (const block of this.#revoked) this.#logged.delete(block);
    for (const block of this.#changed) this.#logged.add(block);
    this.#changed.clear();
    this.#revoked.clear();
    for (const participant of this.#participants) participant.committed();
    if (this.#log.free < this.#room) this.#checkpoint();
  }

  /** Commits, and brings everything to its place, so that the log is empty. */
  settle(): void {
    this.commit();
    if (this.#logged.size > 0) this.#checkpoint();
  }

  /** Nobody can change anything any more. */
  fail(): void {
    this.#failed = true;
  }

  /** Only while no transaction runs: what is cached is what was committed. */
  #checkpoint(): void {
    for (const block of this.#logged) this.#disk.write(block, this.read(block));
    this.#disk.flush();
    this.#log.clear();
    this.#logged.clear();
    if (this.#cache.size > KEPT_BLOCKS) this.#cache.clear();
  }
}
