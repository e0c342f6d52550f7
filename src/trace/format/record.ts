/**
 * A record is one message: flags, the time since the record before, and the message as what it differs in from the last one
 * like it; or a fault that was injected, as JSON. docs/traces.md describes it byte by byte; `Encoder` and `Decoder` are the two directions.
 */

/** Bits of a record's first byte. */
export const recordFlag = {
  /** The message comes from the daemon. */
  FROM_DAEMON: 1,
  /** The slot is that of the last request; else it follows. */
  SAME_SLOT: 2,
  /** Length and fixed words are those of the last message of the slot; else they follow. */
  SAME_SHAPE: 4,
  /** The kernel did not take the message: the errno number follows. */
  REFUSED: 8,
  /** Another thread of the daemon than at the record before: its number follows. */
  OTHER_THREAD: 16,
  /** No message but a fault: its length and its JSON follow, and of the other flags only `OTHER_THREAD` counts. */
  FAULT: 32,
} as const;

export const KNOWN_FLAGS = 63;

/** Slots of each direction: one an opcode; what has a larger opcode shares the last. */
export const SLOTS = 64;

/** 32-bit words at the start of a message that are written as differences. */
export const MAX_FIXED_WORDS = 64;

/** What follows the fixed words is written as it is where it is shorter than this, else in pieces of `PIECE`. */
export const PIECES_FROM = 64;

/** Bytes of a piece of data, the last one of a message being shorter: what has been there before is a reference. */
export const PIECE = 4096;

/** Bytes of the longest message. The kernel's are at most 1 MiB and a header; others may allow more. */
export const MAX_MESSAGE = 1 << 24;

/** What a slot remembers of its last message. */
export class Slot {
  length = 0;
  fixed = 0;
  readonly words = new Int32Array(MAX_FIXED_WORDS);
}

export function newSlots(): readonly Slot[] {
  return Array.from({ length: 2 * SLOTS }, () => new Slot());
}

/** Bytes of the largest record of a message of `length` bytes. */
export function recordBound(length: number): number {
  return 128 + 6 * MAX_FIXED_WORDS + length + 8 * Math.ceil(length / PIECE);
}
