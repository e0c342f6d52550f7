import { hashText } from './hash.ts';

/** One departure from first-in-first-out: where the event `at` was next, `run` ran before it. */
export interface Deviation {
  readonly at: string;
  readonly run: string;
}

export interface ChoiceOptions {
  /** An integer; it decides every draw. Default 0. */
  readonly seed?: number;
  /** 'fifo' (the default): events run in the order in which they became ready; 'random': in an order drawn from the seed. */
  readonly order?: 'fifo' | 'random';
  /** Departures from first-in-first-out, as a run recorded them; one whose events do not meet is without effect. */
  readonly deviations?: readonly Deviation[];
}

/** An event that can happen now; its label is the same in every run in which the event happens. */
export interface Labelled {
  readonly label: string;
}

/**
 * Decides which of several events happens. A draw is a function of the seed and the event's label alone, so that taking an
 * operation out of a program leaves the other draws as they were.
 */
export class Choices {
  readonly seed: number;
  readonly #random: boolean;
  /** By the event that would be next: those that run before it, in this order. */
  readonly #wanted = new Map<string, string[]>();
  /** What departed from first-in-first-out so far. */
  readonly deviations: Deviation[] = [];

  constructor(options: ChoiceOptions = {}) {
    this.seed = options.seed ?? 0;
    this.#random = options.order === 'random';
    for (const { at, run } of options.deviations ?? []) {
      const earlier = this.#wanted.get(at);
      if (earlier === undefined) this.#wanted.set(at, [run]);
      else earlier.push(run);
    }
  }

  /** Whether anything but first-in-first-out can come out. */
  get armed(): boolean {
    return this.#random || this.#wanted.size > 0;
  }

  /** A number from 0 to 2^32 - 1 that belongs to the label. */
  draw(label: string): number {
    return hashText(this.seed, label);
  }

  /** The index of the event to run; `events` are in the order in which they became ready. */
  pick(events: readonly Labelled[]): number {
    const at = events[0].label;
    let index = 0;
    const wanted = this.#wanted.get(at);
    if (wanted !== undefined) {
      for (const [i, run] of wanted.entries()) {
        index = Math.max(
          0,
          events.findIndex((event) => event.label === run),
        );
        if (index === 0) continue;
        wanted.splice(i, 1);
        break;
      }
    } else if (this.#random) {
      let least = Number.POSITIVE_INFINITY;
      for (let i = 0; i < events.length; i++) {
        const drawn = this.draw(events[i].label);
        if (drawn < least) {
          least = drawn;
          index = i;
        }
      }
    }
    if (index > 0) this.deviations.push({ at, run: events[index].label });
    return index;
  }
}
