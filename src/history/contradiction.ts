import type { ActedOn, Action } from './action.ts';
import type { Operation } from './history.ts';
import { type Order, orderOf } from './order.ts';
import { explain } from './search.ts';
import { withoutNeedlessNow } from './without-needless.ts';

/** Configurations for each attempt with fewer operations. */
const CONFIGURATIONS = 20_000;

/** Nothing but that nobody sees what is not yet done: where even this fails, what was seen was never there. */
const weakest = orderOf({ kind: 'eventual' });

/**
 * The smallest part of a contradiction that is one by itself, as far as taking operations out of it one after the other goes:
 * no sequence explains it, whether the modifications that are not in it took place or not (where that would take too long to
 * find out: without them). What was seen in it was there at some time, if that was so at first: who wrote it is in it too.
 */
export function contradictionOf<State>(object: ActedOn<State>, order: Order): readonly Operation[] {
  const part = (chosen: ReadonlySet<Operation>, others: 'possible' | 'none'): ActedOn<State> => ({
    ...object,
    actions: object.actions.flatMap((action) => {
      if (chosen.has(action.operation)) return [action];
      return others === 'possible' && action.modifies ? [possibly(action)] : [];
    }),
  });
  const wasThere = explain(object, weakest, CONFIGURATIONS) === 'explained';
  const contradictory = (operations: readonly Operation[]): boolean => {
    const chosen = new Set(operations);
    const alone = part(chosen, 'none');
    if (explain(alone, order, CONFIGURATIONS) !== 'contradictory') return false;
    if (wasThere && explain(alone, weakest, CONFIGURATIONS) !== 'explained') return false;
    return explain(part(chosen, 'possible'), order, CONFIGURATIONS) !== 'explained';
  };
  const all = [...new Set(object.actions.map(({ operation }) => operation))];
  return withoutNeedlessNow(firstContradictory(all, contradictory), contradictory);
}

/** The action as one that may have had no effect. */
const possibly = <State>(action: Action<State>): Action<State> => ({ ...action, optional: true });

/** The shortest beginning, by the order of returns, that is contradictory. */
function firstContradictory(
  operations: readonly Operation[],
  contradictory: (operations: readonly Operation[]) => boolean,
): readonly Operation[] {
  const end = ({ returned }: Operation): number => returned?.event ?? Number.POSITIVE_INFINITY;
  const ended = [...operations].sort((a, b) => end(a) - end(b));
  let [none, enough] = [0, ended.length];
  while (enough - none > 1) {
    const middle = (none + enough) >>> 1;
    if (contradictory(ended.slice(0, middle))) enough = middle;
    else none = middle;
  }
  return ended.slice(0, enough).sort((a, b) => a.invoked.event - b.invoked.event);
}
