/** The random generator of one run: a pseudo-random function of the campaign's seed and the run's number (sfc32). */
class SmallFastCounter {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  constructor(a: number, b: number, c: number, counter: number) {
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }

  clone(): SmallFastCounter {
    return new SmallFastCounter(this.#a, this.#b, this.#c, this.#counter);
  }

  /** A uniformly distributed integer, -2^31 to 2^31 - 1. */
  next(): number {
    const result = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + result) | 0;
    return result;
  }

  jump(): void {
    for (let i = 0; i < 42; i++) this.next();
  }

  getState(): readonly number[] {
    return [this.#a, this.#b, this.#c, this.#counter];
  }
}

/** A generator for fast-check's `Random`. */
export function seededRandom(seed: number, run: number): SmallFastCounter {
  const random = new SmallFastCounter(seed | 0, run | 0, 0x9e3779b9 | 0, 1);
  for (let i = 0; i < 12; i++) random.next();
  return random;
}
