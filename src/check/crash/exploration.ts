import { hashText } from '../../sim/index.ts';
import type { Decide } from '../../vfs/index.ts';

/** Goes through all decisions depth first, by running again: each run takes the same ones up to the last that has another option. */
export class Exploration {
  readonly #taken: { choice: number; readonly options: number }[] = [];
  #at = 0;
  #begun = false;

  /** Prepares the next run; false: there is none. */
  next(): boolean {
    this.#at = 0;
    if (!this.#begun) {
      this.#begun = true;
      return true;
    }
    for (let last = this.#taken.pop(); last !== undefined; last = this.#taken.pop()) {
      if (last.choice + 1 === last.options) continue;
      this.#taken.push({ choice: last.choice + 1, options: last.options });
      return true;
    }
    return false;
  }

  readonly decide: Decide = (options) => {
    if (this.#at === this.#taken.length) this.#taken.push({ choice: 0, options });
    const { choice } = this.#taken[this.#at];
    this.#at += 1;
    return choice;
  };
}

const shares: readonly number[] = [0.02, 0.2, 0.5, 0.8, 0.98];

/** Draws decisions by their labels; how much is kept is drawn first, so that much and little come up. */
export function drawnDecisions(seed: number): Decide {
  const share = shares[hashText(seed, 'share') % shares.length];
  const seen = new Map<string, number>();
  return (options, label) => {
    const times = seen.get(label) ?? 0;
    seen.set(label, times + 1);
    const drawn = hashText(seed, `${label} ${times}`) / 2 ** 32;
    if (options === 2) return drawn < share ? 1 : 0;
    return Math.floor(drawn * options);
  };
}

/** Decides as it was decided before, and beyond that loses everything. */
export function givenDecisions(decisions: readonly number[]): Decide {
  let at = 0;
  return (options) => Math.min(decisions[at++] ?? 0, options - 1);
}

/** Decisions about a second power failure, while the filesystem comes up: whether, and before which of its writes. */
export const secondFailure = {
  whether: 'a second power failure',
  when: 'writes before the second power failure',
} as const;

/** Everything is there, and the power does not fail again. */
export const everything: Decide = (options, label) => (label === secondFailure.whether ? 0 : options - 1);

/** What was decided, and about what. */
export interface Decided {
  readonly label: string;
  readonly choice: number;
}

/** The same decisions, noted down. */
export function noting(decide: Decide, decided: Decided[]): Decide {
  return (options, label) => {
    const choice = decide(options, label);
    decided.push({ label, choice });
    return choice;
  };
}
