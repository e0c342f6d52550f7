import type { ActedOn } from '../../src/history/action.ts';
import type { History, Level } from '../../src/history/index.ts';
import { objectsOf } from '../../src/history/objects.ts';
import { orderOf } from '../../src/history/order.ts';

/** Whether some sequence of all actions keeps the order and is possible: every one is tried, nothing is remembered. */
function hasSequence<State>({ initial, actions }: ActedOn<State>, order: ReturnType<typeof orderOf>): boolean {
  const follows = (state: State, left: ActedOn<State>['actions']): boolean => {
    if (left.length === 0) return true;
    return left.some((action) => {
      if (left.some((other) => other !== action && order(other, action))) return false;
      const rest = left.filter((other) => other !== action);
      const after = action.step(state);
      return (after !== undefined && follows(after, rest)) || (action.optional && follows(state, rest));
    });
  };
  return follows(initial, actions);
}

/** The judge's answer, found without any of its shortcuts: for small histories. */
export function holdsByBruteForce(history: History, level: Level): boolean {
  const order = orderOf(level, history.quiet);
  return objectsOf(history, level.kind === 'linearizable').every(({ use }) =>
    use((object) => hasSequence(object, order)),
  );
}

/** How many actions the largest object of a history has. */
export const largestObject = (history: History): number =>
  Math.max(0, ...objectsOf(history, true).map(({ use }) => use(({ actions }) => actions.length)));
