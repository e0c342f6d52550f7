import type { Action } from './action.ts';
import type { Level } from './level.ts';

/** Whether one action must have taken place before another. */
export type Order = (earlier: Action<unknown>, later: Action<unknown>) => boolean;

/** The responses of one come before the invocation of the other (Herlihy and Wing's order of operations). */
const inRealTime: Order = (a, b) => a.to.event < b.from.event;

const sameClient: Order = (a, b) => a.operation.client === b.operation.client;
const sameProcess: Order = (a, b) => a.operation.pid === b.operation.pid;

/** Whether both are about one name, one page or the size of a file. */
const sameThing: Order = (a, b) => a.parts.some((part) => b.parts.includes(part));

/** Written data may stay with its client until the file is closed, where its own processes see it already. */
function arrives(a: Action<unknown>, b: Action<unknown>): boolean {
  if (a.session === undefined || sameClient(a, b)) return true;
  return a.modifies && a.session.closed.event < b.from.event;
}

/** Whether what `b` looks at must show what `a` did or saw, `a` having returned before `b` was called. */
function shows(level: Level, quiet: number): Order {
  switch (level.kind) {
    case 'linearizable':
      return () => true;
    case 'close-to-open':
      return (a, b) => {
        if (sameClient(a, b)) return sameThing(a, b);
        if (!a.modifies) return false;
        if (a.session === undefined) return b.opens;
        return b.session !== undefined && a.session.closed.event < b.session.opened.event;
      };
    case 'attribute-cache':
      return (a, b) => (sameClient(a, b) && sameThing(a, b)) || a.to.time + level.seconds * 1e9 < b.from.time;
    case 'process-order':
      return (a, b) => sameProcess(a, b) && sameThing(a, b);
    case 'eventual':
      return (a, b) => a.modifies && b.from.event > quiet;
  }
}

/**
 * The order that a level asks for: actions on one object must be explained by a sequence that keeps it. What modifies takes
 * place at the server between its call and its return (data: or the close), what looks may lie behind.
 * `quiet`: the event at which everything had come to rest.
 */
export function orderOf(level: Level, quiet = Number.POSITIVE_INFINITY): Order {
  const mustShow = shows(level, quiet);
  const atOnce = level.kind === 'linearizable' || level.kind === 'attribute-cache';
  return (a, b) => {
    if (!inRealTime(a, b)) return false;
    if (!b.modifies) return mustShow(a, b);
    return atOnce || arrives(a, b);
  };
}
