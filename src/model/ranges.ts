type Range = readonly [start: number, end: number];

/** Ranges of bytes, sorted, without overlap. */
export class Ranges {
  #ranges: Range[] = [];

  add(start: number, end: number): void {
    if (start >= end) return;
    let low = start;
    let high = end;
    const others = this.#ranges.filter(([from, to]) => {
      if (to < low || from > high) return true;
      low = Math.min(low, from);
      high = Math.max(high, to);
      return false;
    });
    const joined: Range = [low, high];
    this.#ranges = [...others, joined].sort(([a], [b]) => a - b);
  }

  remove(start: number, end: number): void {
    if (this.#ranges.length === 0) return;
    const left: Range[] = [];
    for (const [from, to] of this.#ranges) {
      if (from < start) left.push([from, Math.min(to, start)]);
      if (to > end) left.push([Math.max(from, end), to]);
    }
    this.#ranges = left;
  }

  /** Where the range that holds a byte ends, undefined where none does. */
  endAround(at: number): number | undefined {
    return this.#ranges.find(([from, to]) => from <= at && at < to)?.[1];
  }

  /** The parts that lie in [start, end). */
  *within(start: number, end: number): Generator<Range> {
    for (const [from, to] of this.#ranges) {
      const [low, high] = [Math.max(from, start), Math.min(to, end)];
      if (low < high) yield [low, high];
    }
  }

  addAll(others: Ranges, start: number, end: number, shift = 0): void {
    for (const [from, to] of others.within(start, end)) this.add(from + shift, to + shift);
  }
}
