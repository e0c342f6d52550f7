import {
  FUSE_INT_REQ_BIT,
  IN_HEADER_SIZE,
  type Message,
  OUT_HEADER_SIZE,
  opcodeNames,
  opcodeRow,
} from '../../fuse/index.ts';
import { MAX_FIXED_WORDS, newSlots, PIECE, PIECES_FROM, recordFlag, SLOTS } from './record.ts';
import { writeVarint, zigzag } from './varint.ts';

/** Pieces that are remembered, twice what the arena holds; a power of two. */
const REMEMBERED = 1 << 15;
/** Words of a piece that are hashed at its start and at its end; some between are, too. */
const HASHED = 5;

/** Requests that are remembered for their replies, by the low bits of their unique. */
const UNDER_WAY = 4096;

/** Words of header and structure of each opcode's requests and successful replies. */
const requestWords = new Uint8Array(SLOTS).fill(IN_HEADER_SIZE / 4);
const replyWords = new Uint8Array(SLOTS).fill(OUT_HEADER_SIZE / 4);
for (const name of opcodeNames) {
  const { code, request, reply } = opcodeRow(name);
  if (code >= SLOTS) continue;
  requestWords[code] += (request.body?.size ?? 0) / 4;
  replyWords[code] += (reply.body?.size ?? 0) / 4;
}

/** Where the records go: memory that is written round and round in segments, so that old records stay until then. */
export interface Arena {
  /** The whole memory. */
  readonly bytes: Uint8Array;
  /** The number of the segment that is being written, from 0 on and never reused. */
  readonly segment: number;
  /** Segments that the memory has. */
  readonly segments: number;
  /** Bytes of each. */
  readonly segmentSize: number;
}

/** Writes messages and faults as records. */
export class Encoder {
  readonly #arena: Arena;
  readonly #bytes: Buffer;
  readonly #slots = newSlots();
  /** The last request's slot and unique, on which replies lean. */
  #slot = 0;
  #unique = 0;
  readonly #underWay = new Uint8Array(UNDER_WAY);
  #time = 0;
  #thread = 0;
  /** Bytes of all records so far: references count back in these. */
  #position = 0;
  /** Four words a piece, so that it lies in one cache line: hash, place in the arena, segment (0: none, else from 1 on), length. */
  readonly #pieces = new Int32Array(4 * REMEMBERED);
  /** Where in the stream each segment of the arena starts. */
  readonly #segmentPositions: Float64Array;
  #segment = -1;

  constructor(arena: Arena) {
    this.#arena = arena;
    const { buffer, byteOffset, length } = arena.bytes;
    this.#bytes = Buffer.from(buffer, byteOffset, length);
    this.#segmentPositions = new Float64Array(arena.segments);
  }

  /**
   * Writes a message at byte `at` of the arena and returns where its record ends; the caller has made room for
   * `recordBound(length)` bytes. `time` is nanoseconds since the start of the recording, `refused` the errno number with
   * which the kernel did not take a message of the daemon, or 0.
   */
  encode(
    at: number,
    fromKernel: boolean,
    message: Message,
    length: number,
    time: number,
    thread: number,
    refused: number,
  ): number {
    const { words } = message;
    const bytes = this.#bytes;
    if (this.#arena.segment !== this.#segment) this.#enterSegment(at);
    const code = fromKernel ? slotOf(words[1]) : this.#answered(words);
    const known = fromKernel ? requestWords[code] : words[1] === 0 ? replyWords[code] : OUT_HEADER_SIZE / 4;
    const fixed = Math.min(known, length >>> 2, MAX_FIXED_WORDS);
    const slot = this.#slots[fromKernel ? code : SLOTS + code];
    const sameSlot = code === this.#slot;
    const sameShape = slot.length === length && slot.fixed === fixed;
    const passed = Math.max(0, time - this.#time);
    let end = at;
    bytes[end++] =
      (fromKernel ? 0 : recordFlag.FROM_DAEMON) |
      (sameSlot ? recordFlag.SAME_SLOT : 0) |
      (sameShape ? recordFlag.SAME_SHAPE : 0) |
      (refused === 0 ? 0 : recordFlag.REFUSED) |
      (thread === this.#thread ? 0 : recordFlag.OTHER_THREAD);
    end = writeVarint(bytes, end, passed);
    if (!sameSlot) bytes[end++] = code;
    if (!sameShape) {
      end = writeVarint(bytes, end, length);
      bytes[end++] = fixed;
    }
    if (refused !== 0) end = writeVarint(bytes, end, refused);
    if (thread !== this.#thread) end = writeVarint(bytes, end, thread);
    this.#time += passed;
    this.#thread = thread;
    slot.length = length;
    slot.fixed = fixed;

    const base = slot.words;
    base[0] = length;
    base[2] = this.#unique;
    let bits = end;
    end += (fixed + 7) >>> 3;
    for (let i = 0; i < fixed; ) {
      let changed = 0;
      for (let bit = 1; bit < 256 && i < fixed; bit <<= 1, i++) {
        const difference = (words[i] - base[i]) | 0;
        if (difference === 0) continue;
        changed |= bit;
        base[i] = words[i];
        end = writeVarint(bytes, end, zigzag(difference));
      }
      bytes[bits++] = changed;
    }
    if (fromKernel) {
      this.#slot = code;
      this.#unique = words[2] | 0;
      if ((words[2] & FUSE_INT_REQ_BIT) === 0) this.#underWay[(words[2] >>> 1) % UNDER_WAY] = code;
    }
    end = this.#rest(at, end, message, 4 * fixed, length);
    this.#position += end - at;
    return end;
  }

  /** Writes a fault, likewise; `fault` is its JSON. */
  encodeFault(at: number, fault: Uint8Array, time: number, thread: number): number {
    const bytes = this.#bytes;
    if (this.#arena.segment !== this.#segment) this.#enterSegment(at);
    const passed = Math.max(0, time - this.#time);
    let end = at;
    bytes[end++] = recordFlag.FAULT | (thread === this.#thread ? 0 : recordFlag.OTHER_THREAD);
    end = writeVarint(bytes, end, passed);
    if (thread !== this.#thread) end = writeVarint(bytes, end, thread);
    end = writeVarint(bytes, end, fault.length);
    bytes.set(fault, end);
    end += fault.length;
    this.#time += passed;
    this.#thread = thread;
    this.#position += end - at;
    return end;
  }

  /** The first record of a segment starts at byte `at` of the arena. */
  #enterSegment(at: number): void {
    const { segment, segments, segmentSize } = this.#arena;
    const index = segment % segments;
    this.#segment = segment;
    this.#segmentPositions[index] = this.#position - (at - index * segmentSize);
  }

  /** The slot of the request that a reply belongs to, as far as is remembered; 0 for a notification. */
  #answered(words: Uint32Array): number {
    return words[2] === 0 ? 0 : this.#underWay[(words[2] >>> 1) % UNDER_WAY];
  }

  /** What follows the fixed words. */
  #rest(recordAt: number, end: number, message: Message, from: number, to: number): number {
    const bytes = this.#bytes;
    if (to - from < PIECES_FROM) return copyFew(message.bytes, from, to, bytes, end);
    for (let at = from; at < to; at += PIECE) end = this.#piece(recordAt, end, message, at, Math.min(to, at + PIECE));
    return end;
  }

  /** 0 and the bytes, or how far back from here they are. */
  #piece(recordAt: number, end: number, message: Message, from: number, to: number): number {
    const bytes = this.#bytes;
    const length = to - from;
    if (length < PIECES_FROM) {
      bytes[end++] = 0;
      return copyFew(message.bytes, from, to, bytes, end);
    }
    const sum = hash(message, from, to);
    const position = this.#position + end - recordAt;
    // Two places for each: pieces that are read in turns must not drive each other out.
    const first = place(sum, 0);
    const second = place(sum, 1);
    for (let entry = first; ; entry = second) {
      const at = this.#holds(entry, sum, length);
      // Native, without a view of either side.
      if (at >= 0 && bytes.compare(message.bytes, from, to, at, at + length) === 0)
        return writeVarint(bytes, end, position - this.#positionOf(at));
      if (entry === second) break;
    }
    bytes[end++] = 0;
    // `fill` with a view of the same length is memcpy; `set` copies shared memory byte by byte where it is not aligned.
    bytes.fill(message.bytes.subarray(from, to), end, end + length);
    const pieces = this.#pieces;
    const entry = pieces[first + 2] <= pieces[second + 2] ? first : second;
    pieces[entry] = sum;
    pieces[entry + 1] = end;
    pieces[entry + 2] = this.#arena.segment + 1;
    pieces[entry + 3] = length;
    return end + length;
  }

  /** Where the memory of a remembered piece is, -1 where it is another or was written again. */
  #holds(entry: number, sum: number, length: number): number {
    const pieces = this.#pieces;
    const { segment, segments } = this.#arena;
    const same = pieces[entry] === sum && pieces[entry + 3] === length;
    return same && pieces[entry + 2] > Math.max(0, segment + 1 - segments) ? pieces[entry + 1] : -1;
  }

  /** Where in the stream the byte `at` of the arena is. */
  #positionOf(at: number): number {
    const { segmentSize } = this.#arena;
    const index = Math.floor(at / segmentSize);
    return this.#segmentPositions[index] + at - index * segmentSize;
  }
}

const slotOf = (opcode: number): number => (opcode < SLOTS - 1 ? opcode : SLOTS - 1);

/** Copies bytes and returns where they end. */
function copyFew(source: Uint8Array, from: number, to: number, target: Uint8Array, at: number): number {
  for (let i = from; i < to; i++) target[at++] = source[i];
  return at;
}

/** The hash of a piece of at least `PIECES_FROM` bytes; `from` is a multiple of 4. */
function hash({ words }: Message, from: number, to: number): number {
  const first = from >>> 2;
  const last = to >>> 2;
  let sum = to - from;
  for (let i = first; i < first + HASHED; i++) sum = Math.imul(sum ^ words[i], 0x01000193);
  for (let i = last - HASHED; i < last; i++) sum = Math.imul(sum ^ words[i], 0x5bd1e995);
  const step = (last - first) >>> 2;
  for (let i = first + step; i < last; i += step) sum = Math.imul(sum ^ words[i], 0x01000193) + (sum >>> 15);
  return sum;
}

/** Where in the table a piece with this hash may be. */
const place = (sum: number, way: number): number => 4 * (((sum ^ (sum >>> 15)) & (REMEMBERED - 2)) + way);
