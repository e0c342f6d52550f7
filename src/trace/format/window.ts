import { Unreadable } from './varint.ts';

interface Part {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** The last bytes of the stream of records, to which references point. */
export class Window {
  readonly #size: number;
  readonly #parts: Part[] = [];
  /** Parts before it are gone. */
  #first = 0;
  #end = 0;

  /** `size`: how far back references reach, bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes the next chunk of records and returns where in the stream it starts. */
  add(bytes: Uint8Array): number {
    const start = this.#end;
    this.#parts.push({ start, bytes });
    this.#end += bytes.length;
    while (this.#first < this.#parts.length && this.#endOf(this.#parts[this.#first]) < this.#end - this.#size)
      this.#first += 1;
    if (this.#first > 1024) {
      this.#parts.splice(0, this.#first);
      this.#first = 0;
    }
    return start;
  }

  /** Bytes from `position` of the stream on; they lie within one chunk. @throws Unreadable where they are not there */
  read(position: number, length: number): Uint8Array {
    let low = this.#first;
    for (let high = this.#parts.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (this.#endOf(this.#parts[middle]) <= position) low = middle + 1;
      else high = middle;
    }
    const part = this.#parts[low];
    if (part === undefined || position < part.start || position + length > this.#endOf(part))
      throw new Unreadable('expected a reference to data of the trace, given one to none');
    return part.bytes.subarray(position - part.start, position - part.start + length);
  }

  #endOf({ start, bytes }: Part): number {
    return start + bytes.length;
  }
}
