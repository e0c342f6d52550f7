const levels = ['open', 'no more programs', 'no more shrinking', 'aborted'] as const;

/** How far a campaign is told to go. */
export type Level = (typeof levels)[number];

/** How far a campaign may still go, in memory that all its threads share. It is only ever narrowed. */
export class Limit {
  readonly memory: SharedArrayBuffer;
  readonly #cell: Int32Array;

  constructor(memory = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.memory = memory;
    this.#cell = new Int32Array(memory);
  }

  /** Called by the thread that supervises the others. */
  narrow(level: Level): void {
    Atomics.store(this.#cell, 0, Math.max(this.#level, levels.indexOf(level)));
  }

  get allowsPrograms(): boolean {
    return this.#level === 0;
  }

  get allowsShrinking(): boolean {
    return this.#level < 2;
  }

  get isAborted(): boolean {
    return this.#level === 3;
  }

  get #level(): number {
    return Atomics.load(this.#cell, 0);
  }
}
