import { allowed, type Dated, type Values, valueAt } from './dated.ts';
import { BLOCK, type InodeHistory, type Size } from './inode-history.ts';

const zeros: Dated<Uint8Array> = { at: 0, value: new Uint8Array(BLOCK) };

/** Whether a size is one of these, or lies between two that a write led from and to. */
export function sizeIsAmong(size: number, sizes: Values<Size>): boolean {
  return sizes.some(({ value }, i) => {
    if (value.size === size) return true;
    const from = i === 0 ? undefined : sizes[i - 1].value.size;
    return from !== undefined && from < size && size < value.size && size % value.step === 0;
  });
}

/** Calls that made a file smaller, and are not there if the file has this size: what they cut off is there too. */
export function undoneCuts(size: number, sizes: Values<Size>): ReadonlySet<number> {
  let reached = 0;
  for (const [i, { at }] of sizes.entries())
    if (sizeIsAmong(size, sizes.slice(Math.max(0, i - 1), i + 1))) reached = at;
  return new Set(
    sizes.flatMap(({ at, value }, i) => (i > 0 && at > reached && value.size < sizes[i - 1].value.size ? at : [])),
  );
}

/** A place in a file that holds what it may not hold. */
export interface WrongByte {
  readonly offset: number;
  readonly found: number;
  /** What may be in the block. */
  readonly candidates: Values<Uint8Array>;
}

/** What the blocks of a file may hold. */
export interface BlockRule {
  readonly safe: number;
  readonly until: number;
  /** Calls that cut something off, which is there. */
  readonly undone?: ReadonlySet<number>;
  /** A page that was written to after a cut may be there as it was then, whatever the size. */
  readonly pages?: boolean;
  /** The oldest value that a block may have; 0 where that is not said. */
  readonly oldest?: (block: number, values: Values<Uint8Array>) => number;
}

/** The first byte that no value of its block explains. */
export function wrongByte(inode: InodeHistory, content: Uint8Array, rule: BlockRule): WrongByte | undefined {
  for (let offset = 0; offset < content.length; offset += BLOCK) {
    const found = content.subarray(offset, offset + BLOCK);
    const values = inode.blocks.get(offset / BLOCK) ?? [zeros];
    const oldest = rule.oldest?.(offset / BLOCK, values) ?? 0;
    const candidates = allowed(values, Math.max(rule.safe, oldest), rule.until).filter(
      ({ at }) => !rule.undone?.has(at) || (rule.pages === true && isWrittenAfter(inode, offset / BLOCK, at, rule)),
    );
    if (candidates.some(({ value }) => Buffer.compare(found, value.subarray(0, found.length)) === 0)) continue;
    if (isPartOfWrite(inode, found, candidates)) continue;
    const at = Math.max(0, ...candidates.map(({ value }) => differsAt(found, value)));
    return { offset: offset + at, found: found[at], candidates };
  }
  return undefined;
}

/** Blocks that are written out together, because they are in one page. */
const TOGETHER = 4096 / BLOCK;

/** Whether the page of a block was written to after a cut. */
function isWrittenAfter(inode: InodeHistory, block: number, cut: number, { until, undone }: BlockRule): boolean {
  const first = block - (block % TOGETHER);
  for (let other = first; other < first + TOGETHER; other++)
    if (inode.blocks.get(other)?.some(({ at }) => at > cut && at <= until && !undone?.has(at))) return true;
  return false;
}

const differsAt = (found: Uint8Array, value: Uint8Array): number => found.findIndex((byte, i) => byte !== value[i]);

/** A long write may be cut into requests anywhere: the block is new up to somewhere, and old from there on. */
function isPartOfWrite(inode: InodeHistory, found: Uint8Array, candidates: Values<Uint8Array>): boolean {
  return candidates.some(({ at, value }, i) => {
    if (i === 0 || !inode.sizes.some((size) => size.at === at && size.value.step === 1)) return false;
    const cut = differsAt(found, value);
    const { value: old } = candidates[i - 1];
    return cut >= 0 && found.subarray(cut).every((byte, j) => byte === old[cut + j]);
  });
}

/**
 * With data before the size that it made, when metadata up to a call is there: the bytes by which a file grew are those that made
 * it grow, and what was cut off is gone.
 */
export function dataBeforeSize(inode: InodeHistory, upTo: number): BlockRule['oldest'] {
  return (block, values) => {
    let oldest = 0;
    for (const { at } of values) {
      if (at > upTo) break;
      const size = inode.sizes.find((change) => change.at === at);
      if (size === undefined) continue;
      const before = valueAt(inode.sizes, at - 1)?.value.size ?? 0;
      const isCut = size.value.size < before;
      if (isCut || (block + 1) * BLOCK > before) oldest = at;
    }
    return oldest;
  };
}
