import { fuse_write_in, IN_HEADER_SIZE, type Request, readU64, writeU64 } from '../../fuse/protocol/index.ts';
import { type DataFault, shortened, spoil, tearAt } from '../match/corrupt.ts';
import type { Strike } from '../match/engine.ts';
import type { MisdirectFault, ShortFault, TornFault } from '../plan/faults.ts';
import type { Packet } from './packet.ts';

/** Where struct fuse_read_in and fuse_write_in have offset and size, in words. */
const OFFSET = IN_HEADER_SIZE / 4 + 2;
const SIZE = IN_HEADER_SIZE / 4 + 4;
const WRITE_DATA = IN_HEADER_SIZE + fuse_write_in.size;

/** Spoils the data that a request carries; gives what was done, or undefined where it carries none. */
export function spoilRequest(fault: DataFault, packet: Packet, request: Request, strike: Strike): string | undefined {
  if (!('data' in request) || request.data.length === 0) return undefined;
  const offset = request.op === 'WRITE' ? Number(request.body.offset) : 0;
  // Those of a WRITE may have been cut.
  const start = request.op === 'WRITE' ? WRITE_DATA : packet.length - request.data.length;
  return spoil(fault, packet.keep().message.bytes.subarray(start, packet.length), offset, strike);
}

/** Cuts a WRITE where it tears. */
export function tear({ size = 512 }: TornFault, packet: Packet, request: Request, strike: Strike): string | undefined {
  if (request.op !== 'WRITE') return undefined;
  const whole = packet.message.words[SIZE];
  const left = tearAt(Number(request.body.offset), whole, size, strike);
  if (left === undefined) return undefined;
  cut(packet, whole, left);
  return `${left} of ${whole} bytes arrive`;
}

/** Shortens a READ or WRITE. */
export function shorten({ bytes }: ShortFault, packet: Packet, request: Request, strike: Strike): string | undefined {
  if (request.op !== 'READ' && request.op !== 'WRITE') return undefined;
  const size = packet.message.words[SIZE];
  const left = shortened(size, bytes, strike);
  if (left === undefined) return undefined;
  if (request.op === 'WRITE') cut(packet, size, left);
  else packet.keep().message.words[SIZE] = left;
  return `${left} of ${size} bytes`;
}

function cut(packet: Packet, size: number, left: number): void {
  packet.resize(packet.length - size + left);
  packet.message.words[SIZE] = left;
}

/** Moves a READ or WRITE to another place. */
export function misdirect({ by = 4096 }: MisdirectFault, packet: Packet, request: Request): string | undefined {
  if (request.op !== 'READ' && request.op !== 'WRITE') return undefined;
  const offset = Number(readU64(packet.message.words, OFFSET));
  const moved = offset + by;
  if (by === 0 || moved < 0 || !Number.isSafeInteger(moved)) return undefined;
  writeU64(packet.keep().message.words, OFFSET, moved);
  return `to offset ${moved} instead of ${offset}`;
}

/** Makes a request name another node. */
export function rename(packet: Packet, node: number): void {
  writeU64(packet.keep().message.words, 4, node);
}
