/**
 * Memory between the thread that serves and the thread that writes the file. It has segments that are filled one after the
 * other, round and round: the serving thread fills one, the writing thread follows. Neither takes a lock.
 */

/** Bytes of a segment, which is larger than the largest record. */
export const SEGMENT = 2 << 20;
export const SEGMENTS = 32;
/** Bytes of the whole: how far back references reach, too. */
export const RING = SEGMENT * SEGMENTS;

/** Bytes that wake the writing thread before its time. */
const WAKE_FROM = 128 << 10;

/** Where in `control` what is kept. */
const slot = {
  /** The segment that is being filled, by its number from 0 on. */
  filling: 0,
  /** The segment that is being written to the file. */
  draining: 1,
  /** Counts up when there is something to do for the writing thread. */
  wake: 2,
  /** A `RingState`. */
  state: 3,
  /** Bytes of the header text; 0 where it is not there yet. */
  header: 4,
  /** From here on: bytes that each segment holds. */
  filled: 8,
} as const;

/**
 * `open`: records come. `ending`: no more come; what is there is to be written. `done`: it is, and the file is closed.
 * `failed`: the file cannot be written; nobody waits for the writing thread any more.
 */
const states = ['open', 'ending', 'done', 'failed'] as const;
export type RingState = (typeof states)[number];

const HEADER_SIZE = 4096;

/** The shared memory of a ring: plain data, which travels between threads. */
export interface RingMemory {
  readonly data: SharedArrayBuffer;
  readonly header: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
}

export function newRing(): RingMemory {
  return {
    data: new SharedArrayBuffer(RING),
    header: new SharedArrayBuffer(HEADER_SIZE),
    control: new SharedArrayBuffer(4 * (slot.filled + SEGMENTS)),
  };
}

export class Ring {
  readonly bytes: Uint8Array;
  readonly #control: Int32Array;
  readonly #header: Uint8Array;

  constructor(memory: RingMemory) {
    this.bytes = new Uint8Array(memory.data);
    this.#header = new Uint8Array(memory.header);
    this.#control = new Int32Array(memory.control);
  }

  get state(): RingState {
    return states[Atomics.load(this.#control, slot.state)];
  }

  /** Moves on, and wakes whoever waits for that. A ring that has failed or is done stays so. */
  become(state: RingState): void {
    const control = this.#control;
    const next = states.indexOf(state);
    for (let now = Atomics.load(control, slot.state); now < next; now = Atomics.load(control, slot.state))
      if (Atomics.compareExchange(control, slot.state, now, next) === now) break;
    Atomics.notify(control, slot.state);
    Atomics.notify(control, slot.draining);
    this.#wake();
  }

  /** Waits until the file is closed or has failed, `milliseconds` at most; blocks this thread. */
  waitForEnd(milliseconds: number): void {
    const ending = states.indexOf('ending');
    for (let state = Atomics.load(this.#control, slot.state); state <= ending; ) {
      if (Atomics.wait(this.#control, slot.state, state, milliseconds) === 'timed-out') return;
      state = Atomics.load(this.#control, slot.state);
    }
  }

  #wake(): void {
    Atomics.add(this.#control, slot.wake, 1);
    Atomics.notify(this.#control, slot.wake);
  }

  set header(text: string) {
    const bytes = Buffer.from(text);
    if (bytes.length > HEADER_SIZE)
      throw new RangeError(`trace header: expected at most ${HEADER_SIZE} bytes, given ${bytes.length}`);
    this.#header.set(bytes);
    Atomics.store(this.#control, slot.header, bytes.length);
  }

  get header(): string | undefined {
    const length = Atomics.load(this.#control, slot.header);
    return length === 0 ? undefined : Buffer.from(this.#header.slice(0, length)).toString();
  }

  // The serving thread's side.

  /** The segment that is being filled. */
  segment = 0;
  readonly segments = SEGMENTS;
  readonly segmentSize = SEGMENT;
  #filled = 0;
  #toldAt = 0;

  /**
   * Where `size` bytes can be written. Waits while the ring is full.
   *
   * @returns undefined where they cannot: the writing thread has failed, or did not move for `patience` milliseconds
   */
  reserve(size: number, patience: number): number | undefined {
    if (this.#filled + size > SEGMENT) {
      if (size > SEGMENT || !this.#nextSegment(patience)) return undefined;
    }
    return (this.segment % SEGMENTS) * SEGMENT + this.#filled;
  }

  /** What was reserved is written up to byte `end`. */
  commit(end: number): void {
    const index = this.segment % SEGMENTS;
    this.#filled = end - index * SEGMENT;
    Atomics.store(this.#control, slot.filled + index, this.#filled);
    if (this.#filled - this.#toldAt < WAKE_FROM) return;
    this.#toldAt = this.#filled;
    this.#wake();
  }

  #nextSegment(patience: number): boolean {
    const control = this.#control;
    const next = this.segment + 1;
    for (
      let at = Atomics.load(control, slot.draining);
      next - at >= SEGMENTS;
      at = Atomics.load(control, slot.draining)
    ) {
      this.#wake();
      if (this.state === 'failed') return false;
      if (Atomics.wait(control, slot.draining, at, patience) === 'timed-out') return false;
    }
    Atomics.store(control, slot.filled + (next % SEGMENTS), 0);
    Atomics.store(control, slot.filling, next);
    this.segment = next;
    this.#filled = 0;
    this.#toldAt = 0;
    this.#wake();
    return true;
  }

  // The writing thread's side.

  #draining = 0;
  #drained = 0;

  /** Records that were not taken yet, as far as they lie in one piece; `release` gives their memory back. */
  take(): Uint8Array | undefined {
    for (;;) {
      const filling = Atomics.load(this.#control, slot.filling);
      const index = this.#draining % SEGMENTS;
      const filled = Atomics.load(this.#control, slot.filled + index);
      if (filled > this.#drained) {
        const start = index * SEGMENT;
        const taken = this.bytes.subarray(start + this.#drained, start + filled);
        this.#drained = filled;
        return taken;
      }
      if (filling === this.#draining) return undefined;
      this.#draining += 1;
      this.#drained = 0;
      Atomics.store(this.#control, slot.draining, this.#draining);
      Atomics.notify(this.#control, slot.draining);
    }
  }

  /** Waits until there is something to do, `milliseconds` at most. */
  pause(milliseconds: number): void {
    const wake = Atomics.load(this.#control, slot.wake);
    if (wake === this.#seen) Atomics.wait(this.#control, slot.wake, wake, milliseconds);
    this.#seen = Atomics.load(this.#control, slot.wake);
  }
  #seen = 0;
}
