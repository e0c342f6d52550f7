import { contradictionOf } from './contradiction.ts';
import type { History, Operation } from './history.ts';
import type { Level } from './level.ts';
import { objectsOf } from './objects.ts';
import { orderOf } from './order.ts';
import { explain } from './search.ts';

/** Operations that no sequence explains under a level, few enough that it takes every one of them. */
export interface Contradiction {
  /** What they were done to: `names /a /b`, `file 5.0`. */
  readonly object: string;
  readonly operations: readonly Operation[];
}

export type Verdict =
  | { readonly kind: 'holds' }
  | { readonly kind: 'contradicted'; readonly contradiction: Contradiction }
  /** It would have taken too long to find out; for this object. */
  | { readonly kind: 'undecided'; readonly object: string };

/**
 * Whether a history keeps what a level promises. Every object is judged by itself.
 *
 * @throws Error where the history has calls that are not judged
 */
export function judge(history: History, level: Level): Verdict {
  let undecided: Verdict | undefined;
  const order = orderOf(level, history.quiet);
  for (const { use } of objectsOf(history, level.kind === 'linearizable')) {
    const verdict = use((object): Verdict => {
      const answer = explain(object, order);
      if (answer === 'explained') return { kind: 'holds' };
      if (answer === 'undecided') return { kind: 'undecided', object: object.name };
      const operations = contradictionOf(object, order);
      return { kind: 'contradicted', contradiction: { object: object.name, operations } };
    });
    if (verdict.kind === 'contradicted') return verdict;
    if (verdict.kind === 'undecided') undecided ??= verdict;
  }
  return undecided ?? { kind: 'holds' };
}

/** Whether a history keeps a level, without looking for the smallest contradiction. */
export function holds(history: History, level: Level): boolean {
  const order = orderOf(level, history.quiet);
  return objectsOf(history, level.kind === 'linearizable').every(({ use }) =>
    use((object) => explain(object, order) === 'explained'),
  );
}

/** The first of some levels, given from the strongest on, that a history keeps. */
export function strongestOf(history: History, levels: readonly Level[]): Level | undefined {
  return levels.find((level) => holds(history, level));
}
