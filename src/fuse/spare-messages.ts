import { Message } from './message.ts';

const LARGEST_BITS = 18;
const MOST_OF_A_SIZE = 8;

/**
 * Messages that nobody uses any more, for the next that are needed. Checks make a kernel and a session for each program, and to
 * zero and collect their buffers takes a tenth of the time.
 */
export class SpareMessages {
  readonly #head: number;
  readonly #kept: readonly Message[][] = Array.from({ length: LARGEST_BITS + 1 }, () => []);

  /** `head`: see `Message`. */
  constructor(head: number) {
    this.#head = head;
  }

  /** A message of at least `size` bytes, whose bytes are whatever they were. */
  take(size: number): Message {
    const bits = Math.ceil(Math.log2(size));
    return this.#kept[bits]?.pop() ?? new Message(2 ** bits, this.#head);
  }

  giveBack(message: Message): void {
    const kept = this.#kept[Math.log2(message.bytes.length)];
    if (kept !== undefined && kept.length < MOST_OF_A_SIZE) kept.push(message);
  }
}
