import type { BitFlipFault, RangeFault, ZeroSectorFault } from '../plan/faults.ts';
import type { Strike } from './engine.ts';

export type DataFault = BitFlipFault | RangeFault | ZeroSectorFault;
type Drawn = Pick<Strike, 'integer'>;

/**
 * Spoils data that lies at `offset` of a file, in place. Gives what was done, or undefined where there was nothing to spoil.
 */
export function spoil(fault: DataFault, data: Uint8Array, offset: number, drawn: Drawn): string | undefined {
  switch (fault.kind) {
    case 'bit-flip':
      return flipBits(data, offset, fault.bits ?? 1, drawn);
    case 'range':
      return overwrite(fault, data, drawn);
    case 'zero-sector':
      return zeroSector(data, offset, fault.size ?? 512, drawn);
  }
}

function flipBits(data: Uint8Array, offset: number, count: number, drawn: Drawn): string | undefined {
  if (data.length === 0) return undefined;
  const flipped = new Set<number>();
  for (let i = 0; flipped.size < Math.min(count, data.length * 8); i++)
    flipped.add(drawn.integer(`bit ${i}`, data.length * 8));
  for (const bit of flipped) data[bit >> 3] ^= 1 << (bit & 7);
  return [...flipped].map((bit) => `bit ${bit & 7} of byte ${offset + (bit >> 3)}`).join(', ');
}

function overwrite({ offset: at, length, fill }: RangeFault, data: Uint8Array, drawn: Drawn): string | undefined {
  if (at >= data.length) return undefined;
  const end = Math.min(data.length, at + length);
  for (let i = at; i < end; i++) data[i] = fill ?? drawn.integer(`byte ${i}`, 256);
  return `bytes ${at} to ${end - 1} of the data`;
}

/** Sectors are the file's: the data may begin and end in the middle of one. */
function zeroSector(data: Uint8Array, offset: number, size: number, drawn: Drawn): string | undefined {
  if (data.length === 0) return undefined;
  const first = Math.floor(offset / size);
  const last = Math.floor((offset + data.length - 1) / size);
  const sector = first + drawn.integer('sector', last - first + 1);
  data.fill(0, Math.max(0, sector * size - offset), Math.max(0, (sector + 1) * size - offset));
  return `sector ${sector} of ${size} bytes`;
}

/** Where a write of `length` bytes at `offset` tears: how many bytes of it arrive. Undefined where it lies within one sector. */
export function tearAt(offset: number, length: number, size: number, drawn: Drawn): number | undefined {
  const first = Math.floor(offset / size) + 1;
  const last = Math.ceil((offset + length) / size) - 1;
  if (last < first) return undefined;
  return (first + drawn.integer('tear', last - first + 1)) * size - offset;
}

/** How many of `length` bytes are left of a transfer that is shortened; undefined where none can go. */
export function shortened(length: number, bytes: number | undefined, drawn: Drawn): number | undefined {
  const left = bytes ?? drawn.integer('length', length);
  return left < length ? left : undefined;
}
