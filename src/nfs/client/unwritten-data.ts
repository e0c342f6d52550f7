import type { Errno, U64 } from '../../vfs/index.ts';
import type { Credential } from '../rpc/index.ts';

/** Data that is not known to be safe on the server. */
interface Extent {
  readonly offset: number;
  readonly data: Uint8Array;
  /** The verifier of the reply to its WRITE; undefined where it was not sent. */
  readonly verifier: U64 | undefined;
}

const PAGE = 4096;

const endOf = ({ offset, data }: Extent): number => offset + data.length;

/** A range that goes out in one WRITE. */
export interface Piece {
  readonly offset: number;
  readonly data: Uint8Array;
}

/** What was written to a file and is not safe: what was not sent yet, and what was sent and not committed. */
export class UnwrittenData {
  /** By offset; they do not overlap. */
  #extents: Extent[] = [];
  /** On whose behalf it goes out. */
  credential: Credential;
  /** What went wrong since somebody was told. */
  error: Errno | undefined;
  /** The last of those who work with it, one after the other. */
  queue: Promise<void> = Promise.resolve();
  cancelTimer: (() => void) | undefined;

  constructor(credential: Credential) {
    this.credential = credential;
  }

  /** Bytes that were not sent. */
  get unsent(): number {
    return this.#bytes((verifier) => verifier === undefined);
  }

  /** Bytes that were sent and not committed. */
  get uncommitted(): number {
    return this.#bytes((verifier) => verifier !== undefined);
  }

  /** Whether a page of this range has data that was not sent and that the range would leave a gap to. */
  leavesGap(offset: number, length: number): boolean {
    const end = offset + length;
    const first = offset - (offset % PAGE);
    const last = Math.ceil(end / PAGE) * PAGE;
    return this.#extents.some((extent) => {
      if (extent.verifier !== undefined || endOf(extent) <= first || extent.offset >= last) return false;
      return endOf(extent) < offset || extent.offset > end;
    });
  }

  /** Takes data, in place of what was there. */
  add(offset: number, data: Uint8Array, verifier?: U64): void {
    this.#cut(offset, offset + data.length);
    this.#insert({ offset, data, verifier });
  }

  /** The next range to send, at most `most` bytes; undefined where all was sent. */
  next(most: number): Piece | undefined {
    const first = this.#extents.findIndex(({ verifier }) => verifier === undefined);
    if (first < 0) return undefined;
    const { offset } = this.#extents[first];
    const parts: Uint8Array[] = [];
    let length = 0;
    for (const extent of this.#extents.slice(first)) {
      if (extent.verifier !== undefined || extent.offset !== offset + length || length >= most) break;
      const part = extent.data.subarray(0, most - length);
      parts.push(part);
      length += part.length;
    }
    if (parts.length === 1) return { offset, data: parts[0] };
    const data = new Uint8Array(length);
    let at = 0;
    for (const part of parts) {
      data.set(part, at);
      at += part.length;
    }
    return { offset, data };
  }

  /** A range is safe, or given up. */
  drop(offset: number, length: number): void {
    this.#cut(offset, offset + length);
  }

  /** COMMIT answered with this verifier: what was sent under another is to be sent again; whether there is any. */
  committed(verifier: U64): boolean {
    const lost = this.#extents.filter((extent) => extent.verifier !== undefined && extent.verifier !== verifier);
    this.dropSent();
    for (const { offset, data } of lost) this.#insert({ offset, data, verifier: undefined });
    return lost.length > 0;
  }

  dropSent(): void {
    this.#extents = this.#extents.filter(({ verifier }) => verifier === undefined);
  }

  clear(): void {
    this.#extents = [];
  }

  #bytes(counts: (verifier: U64 | undefined) => boolean): number {
    return this.#extents.reduce((sum, { verifier, data }) => sum + (counts(verifier) ? data.length : 0), 0);
  }

  #insert(extent: Extent): void {
    const behind = this.#extents.findIndex(({ offset }) => offset > extent.offset);
    this.#extents.splice(behind < 0 ? this.#extents.length : behind, 0, extent);
  }

  #cut(start: number, end: number): void {
    this.#extents = this.#extents.flatMap((extent) => {
      const { offset, data, verifier } = extent;
      if (endOf(extent) <= start || offset >= end) return [extent];
      const pieces: Extent[] = [];
      if (offset < start) pieces.push({ offset, data: data.subarray(0, start - offset), verifier });
      if (endOf(extent) > end) pieces.push({ offset: end, data: data.subarray(end - offset), verifier });
      return pieces;
    });
  }
}
