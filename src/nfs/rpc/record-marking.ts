/** The bit of a fragment header that says: the record ends here (RFC 5531, 11). The other 31 bits are the length. */
export const LAST_FRAGMENT = 0x80000000;

/** Longest record that is taken by default: 1 MiB of data and the rest of the message, bytes. */
export const RECORD_MOST = (1 << 20) + (1 << 14);

const nothing = new Uint8Array(0);

/** A copy of a record as one last fragment, its mark in front. */
export function markRecord(record: Uint8Array): Uint8Array {
  const marked = new Uint8Array(4 + record.length);
  new DataView(marked.buffer).setUint32(0, LAST_FRAGMENT + record.length);
  marked.set(record, 4);
  return marked;
}

/** A stream that no record can be taken from any more: its connection is to be closed. */
export class RecordError extends Error {}

/**
 * Cuts a stream into records. One that came in one piece is given as a view of it. What is held of an unfinished one is what
 * arrived, never what a header only announces.
 */
export class RecordReader {
  readonly #most: number;
  readonly #take: (record: Uint8Array) => void;
  #header = 0;
  #headerBytes = 0;
  /** Bytes of the fragment that are still to come. */
  #left = 0;
  #last = false;
  /** The record so far. */
  #held = nothing;
  #length = 0;

  constructor(take: (record: Uint8Array) => void, most = RECORD_MOST) {
    this.#take = take;
    this.#most = most;
  }

  /** Takes the next piece of the stream; throws `RecordError` where a record is longer than allowed. */
  push(data: Uint8Array): void {
    let at = 0;
    while (at < data.length) {
      if (this.#headerBytes < 4) {
        this.#header = this.#header * 256 + data[at++];
        this.#headerBytes++;
        if (this.#headerBytes < 4) continue;
        this.#beginFragment();
      }
      const end = Math.min(data.length, at + this.#left);
      this.#left -= end - at;
      const ended = this.#left === 0;
      if (ended && this.#last && this.#length === 0) this.#give(data.subarray(at, end));
      else {
        if (end > at) this.#hold(data.subarray(at, end));
        if (ended && this.#last) this.#give(this.#held.subarray(0, this.#length));
        else if (ended) this.#endFragment();
      }
      at = end;
    }
  }

  #beginFragment(): void {
    this.#last = this.#header >= LAST_FRAGMENT;
    this.#left = this.#header % LAST_FRAGMENT;
    if (this.#length + this.#left > this.#most)
      throw new RecordError(
        `record: expected at most ${this.#most} bytes, given a fragment of ${this.#left} behind ${this.#length}`,
      );
  }

  #endFragment(): void {
    this.#header = 0;
    this.#headerBytes = 0;
  }

  #hold(data: Uint8Array): void {
    const length = this.#length + data.length;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.min(this.#most, Math.max(2 * length, 4096)));
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(data, this.#length);
    this.#length = length;
  }

  #give(record: Uint8Array): void {
    this.#endFragment();
    this.#held = nothing;
    this.#length = 0;
    this.#take(record);
  }
}
