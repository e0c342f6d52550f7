import type { Environment } from '../../env/index.ts';
import { Allocator } from './allocator.ts';
import { BLOCK_SIZE, BlockDisk } from './block-disk.ts';
import { decodeSuperblock, encodeSuperblock, type Layout, newLayout, SUPERBLOCK } from './layout.ts';
import { Log, replayed } from './log.ts';
import type { JournalOptions } from './options.ts';
import { Transactions } from './transactions.ts';

/** A filesystem's disk, brought to a state in which it can be used. */
export interface Volume {
  readonly layout: Layout;
  readonly transactions: Transactions;
  readonly allocator: Allocator;
  /** It was just formatted, and has no root directory. */
  readonly isNew: boolean;
}

/**
 * Opens the disk: formats it if it is all zeros at its start, and otherwise puts what the log holds to its places. A power cut
 * in between changes nothing: the superblock is written last, and the log is emptied last.
 *
 * @throws Error where the disk holds something else, or is too small
 */
export function openVolume(environment: Environment, options: JournalOptions): Volume {
  const disk = new BlockDisk(environment.disk(options.disk, options.size));
  const existing = decodeSuperblock(disk);
  const layout = existing ?? newLayout(disk, { ...options, id: environment.random.uint32() });
  const log = new Log(disk, layout);
  if (existing === undefined) format(disk, layout, log);
  else recover(disk, log);
  const transactions = new Transactions(disk, log, layout, environment.clock, options.commit * 1e9);
  return { layout, transactions, allocator: new Allocator(transactions, layout), isNew: !hasRoot(disk, layout) };
}

function recover(disk: BlockDisk, log: Log): void {
  for (const [block, content] of replayed(log.open())) disk.write(block, content);
  disk.flush();
  log.clear();
}

/** Everything but the root directory, which the first transaction makes. */
function format(disk: BlockDisk, layout: Layout, log: Log): void {
  const { blockBitmap, inodeBitmap, state, data } = layout;
  const taken = (start: number, count: number): Uint8Array => {
    const bytes = new Uint8Array(BLOCK_SIZE);
    for (let i = 0; i < Math.min(count - start, 8 * BLOCK_SIZE); i++) bytes[i >>> 3] |= 1 << (i & 7);
    return bytes;
  };
  for (let i = 0; i < blockBitmap.length; i++) disk.write(blockBitmap.start + i, taken(i * 8 * BLOCK_SIZE, data));
  for (let i = 0; i < inodeBitmap.length; i++) disk.write(inodeBitmap.start + i, taken(i * 8 * BLOCK_SIZE, 1));
  disk.write(state, new Uint8Array(BLOCK_SIZE));
  log.format();
  disk.flush();
  disk.writeSector(SUPERBLOCK, encodeSuperblock(layout));
  disk.flush();
}

/** Inode 1 is taken. */
function hasRoot(disk: BlockDisk, layout: Layout): boolean {
  return (disk.read(layout.inodeBitmap.start)[0] & 2) !== 0;
}
