import { fuse_attr, fuse_entry_out, OUT_HEADER_SIZE, readU64, writeU64 } from '../../fuse/protocol/index.ts';
import type { U64 } from '../../vfs/index.ts';
import { type DataFault, shortened, spoil } from '../match/corrupt.ts';
import type { Strike } from '../match/engine.ts';
import type { Lie, LieFault, ShortFault, WrongLengthFault } from '../plan/faults.ts';
import type { FuseOperation } from '../plan/operations.ts';
import type { Packet } from './packet.ts';

const ENTRIES: ReadonlySet<string> = new Set(['LOOKUP', 'MKNOD', 'MKDIR', 'SYMLINK', 'LINK', 'CREATE', 'TMPFILE']);
const GENERATION = (OUT_HEADER_SIZE + 8) / 4;
/** struct fuse_attr in fuse_attr_out. */
const ATTR_IN_ATTR_OUT = 16;

/** Whether a reply gives the kernel an entry. */
export const givesEntry = (operation: string): boolean => ENTRIES.has(operation);

/** Where the attributes stand in a reply, in bytes; undefined where there are none. */
export function attributesAt(operation: string): number | undefined {
  if (givesEntry(operation)) return OUT_HEADER_SIZE + fuse_entry_out.offsets.attr;
  return operation === 'GETATTR' || operation === 'SETATTR' ? OUT_HEADER_SIZE + ATTR_IN_ATTR_OUT : undefined;
}

export function spoilReply(fault: DataFault, packet: Packet, offset: number, strike: Strike): string | undefined {
  if (packet.length === OUT_HEADER_SIZE) return undefined;
  packet.keep();
  return spoil(fault, packet.message.bytes.subarray(OUT_HEADER_SIZE, packet.length), offset, strike);
}

export function shortenReply({ bytes }: ShortFault, packet: Packet, strike: Strike): string | undefined {
  const size = packet.length - OUT_HEADER_SIZE;
  const left = shortened(size, bytes, strike);
  if (left === undefined) return undefined;
  packet.resize(OUT_HEADER_SIZE + left);
  return `${left} of ${size} bytes`;
}

/** `most`: bytes of results that the kernel would take, where it takes fewer too. */
export function lengthen({ by = 8 }: WrongLengthFault, packet: Packet, most: number | undefined): string | undefined {
  const size = packet.length - OUT_HEADER_SIZE;
  const wrong = Math.max(0, by > 0 && most !== undefined ? most + by : size + by);
  if (wrong === size) return undefined;
  packet.resize(OUT_HEADER_SIZE + wrong);
  return `${wrong} bytes of results instead of ${size}`;
}

/** Puts other data in the place of what was read. */
export function replaceData(packet: Packet, data: Uint8Array): void {
  packet.resize(OUT_HEADER_SIZE + data.length);
  packet.message.bytes.set(data, OUT_HEADER_SIZE);
}

/** Raises the generation of the entry by `by`. */
export function raiseGeneration(packet: Packet, by: number): string {
  const { words } = packet.keep().message;
  const generation = BigInt(readU64(words, GENERATION)) + BigInt(by);
  writeU64(words, GENERATION, BigInt.asUintN(64, generation));
  return `generation ${generation}`;
}

const lied = (lie: Lie, truth: U64): U64 =>
  typeof lie === 'number' ? lie : BigInt.asUintN(64, BigInt(truth) + BigInt(lie.add));

/** What there is to lie about; whether it has 64 bits in struct fuse_attr. */
const fields = {
  size: true,
  mode: false,
  nlink: false,
  uid: false,
  gid: false,
  blocks: true,
  mtime: true,
  ino: true,
} as const satisfies Readonly<Record<Exclude<keyof LieFault, 'kind'>, boolean>>;

const liable = Object.keys(fields) as (keyof typeof fields)[];

/** Writes lies into the attributes of a reply. */
export function lie(fault: LieFault, packet: Packet, operation: FuseOperation): string | undefined {
  const at = attributesAt(operation);
  if (at === undefined) return undefined;
  const { words } = packet.keep().message;
  const told: string[] = [];
  for (const key of liable) {
    const given = fault[key];
    if (given === undefined) continue;
    const wide = fields[key];
    const i = (at + fuse_attr.offsets[key]) / 4;
    const truth = wide ? readU64(words, i) : words[i];
    const value = lied(given, truth);
    if (wide) writeU64(words, i, value);
    else words[i] = Number(BigInt.asUintN(32, BigInt(value)));
    told.push(`${key} ${value} instead of ${truth}`);
  }
  return told.join(', ');
}
