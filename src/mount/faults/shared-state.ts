import type { FaultState } from './state.ts';

/** Bytes of the largest state, as JSON. */
const MOST = 1 << 20;
const HEAD = 8;
const VERSION = 0;
const LENGTH = 1;

/**
 * A state in shared memory, for a thread that never yields: one writes, another looks before each request. The version is odd
 * while the state is being written, so that nobody takes half of one.
 */
export class SharedState {
  readonly memory: SharedArrayBuffer;
  readonly #head: Int32Array;
  readonly #bytes: Uint8Array;
  #seen = 0;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(HEAD + MOST)) {
    this.memory = memory;
    this.#head = new Int32Array(memory, 0, HEAD / 4);
    this.#bytes = new Uint8Array(memory, HEAD);
  }

  /** @throws RangeError where the plan is too large */
  write(state: FaultState): void {
    const text = new TextEncoder().encode(JSON.stringify(state));
    if (text.length > MOST)
      throw new RangeError(`fault plan: expected at most ${MOST} bytes as JSON, given ${text.length}`);
    Atomics.add(this.#head, VERSION, 1);
    this.#bytes.set(text);
    Atomics.store(this.#head, LENGTH, text.length);
    Atomics.add(this.#head, VERSION, 1);
  }

  /** The state, if it was written since the last look. */
  changed(): FaultState | undefined {
    if (Atomics.load(this.#head, VERSION) === this.#seen) return undefined;
    for (;;) {
      const version = Atomics.load(this.#head, VERSION);
      // A copy: a decoder does not read shared memory.
      const text = this.#bytes.slice(0, Atomics.load(this.#head, LENGTH));
      if (version % 2 === 1 || version !== Atomics.load(this.#head, VERSION)) continue;
      this.#seen = version;
      return JSON.parse(new TextDecoder().decode(new Uint8Array(text))) as FaultState;
    }
  }
}
