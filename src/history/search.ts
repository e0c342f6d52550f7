import type { ActedOn, Action } from './action.ts';
import type { Order } from './order.ts';

/** 'undecided': more states would have to be looked at than were allowed. */
export type Answer = 'explained' | 'contradictory' | 'undecided';

/** Configurations that are looked at before an object is given up. */
const CONFIGURATIONS = 2_000_000;

const NOT_POSSIBLE = -1;

/**
 * Looks for a sequence of an object's actions that keeps the order and in which each is possible where it stands: the search
 * of Wing and Gong (1993) with the memory of Lowe (2017) of what was tried. What only looks and is possible is taken at once,
 * because taking it leaves everything else as possible as before: only modifications are tried one way and the other.
 */
export function explain<State>(object: ActedOn<State>, order: Order, configurations = CONFIGURATIONS): Answer {
  return new Search(object, order, configurations).run();
}

class Search<State> {
  readonly #object: ActedOn<State>;
  readonly #actions: readonly Action<State>[];
  /** By action: those that must come later. */
  readonly #later: readonly (readonly number[])[];
  /** By action: how many that must come earlier are not placed. */
  readonly #waiting: Int32Array;
  readonly #placed: Uint32Array;
  /** Actions that must be placed and are not. */
  #left: number;
  readonly #states: State[] = [];
  readonly #stateNumbers = new Map<string, number>();
  /** By action: what it makes of a state. */
  readonly #steps: readonly Map<number, number>[];
  readonly #tried = new Set<string>();
  readonly #limit: number;

  constructor(object: ActedOn<State>, order: Order, limit: number) {
    const actions = [...object.actions].sort((a, b) => a.to.event - b.to.event || a.from.event - b.from.event);
    this.#object = object;
    this.#actions = actions;
    this.#waiting = new Int32Array(actions.length);
    this.#later = actions.map((a) => {
      const later: number[] = [];
      for (const [i, b] of actions.entries()) if (a !== b && order(a, b)) later.push(i);
      return later;
    });
    for (const later of this.#later) for (const i of later) this.#waiting[i] += 1;
    this.#placed = new Uint32Array((actions.length + 31) >>> 5);
    this.#left = actions.reduce((sum, { optional }) => sum + (optional ? 0 : 1), 0);
    this.#steps = actions.map(() => new Map());
    this.#limit = limit;
  }

  run(): Answer {
    const found = this.#visit(this.#number(this.#object.initial), 0);
    if (found) return 'explained';
    return this.#tried.size > this.#limit ? 'undecided' : 'contradictory';
  }

  /** Whether everything that is not placed can follow in a state; `from`: everything before it is placed. */
  #visit(state: number, from: number): boolean {
    const looked = this.#look(state, from);
    if (this.#left === 0) return true;
    const { length } = this.#actions;
    let first = from;
    while (first < length && this.#isPlaced(first)) first += 1;
    if (this.#isNew(state, first)) {
      for (let i = first; i < length; i++) {
        if (!this.#actions[i].modifies || this.#waiting[i] > 0 || this.#isPlaced(i)) continue;
        const next = this.#step(i, state);
        if (next !== NOT_POSSIBLE && this.#tryWith(i, next, first)) return true;
        if (this.#actions[i].optional && this.#later[i].length > 0 && this.#tryWith(i, state, first)) return true;
      }
    }
    for (const i of looked) this.#take(i);
    return false;
  }

  #tryWith(i: number, state: number, first: number): boolean {
    this.#place(i);
    if (this.#visit(state, first)) return true;
    this.#take(i);
    return false;
  }

  /** Places what only looks and sees what it saw; gives what it placed. */
  #look(state: number, from: number): readonly number[] {
    const looked: number[] = [];
    for (let again = true; again; ) {
      again = false;
      for (let i = from; i < this.#actions.length; i++) {
        if (this.#actions[i].modifies || this.#waiting[i] > 0 || this.#isPlaced(i)) continue;
        if (this.#step(i, state) === NOT_POSSIBLE) continue;
        this.#place(i);
        looked.push(i);
        again = true;
      }
    }
    return looked;
  }

  /** Whether this state was not met before with the same actions placed, and may be looked at. */
  #isNew(state: number, first: number): boolean {
    if (this.#tried.size > this.#limit) return false;
    let words = '';
    for (let i = first >>> 5; i < this.#placed.length; i++) words += `${this.#placed[i].toString(36)},`;
    const key = `${state}:${words}`;
    if (this.#tried.has(key)) return false;
    this.#tried.add(key);
    return true;
  }

  #isPlaced(i: number): boolean {
    return (this.#placed[i >>> 5] & (1 << (i & 31))) !== 0;
  }

  #place(i: number): void {
    this.#placed[i >>> 5] |= 1 << (i & 31);
    for (const later of this.#later[i]) this.#waiting[later] -= 1;
    if (!this.#actions[i].optional) this.#left -= 1;
  }

  #take(i: number): void {
    this.#placed[i >>> 5] &= ~(1 << (i & 31));
    for (const later of this.#later[i]) this.#waiting[later] += 1;
    if (!this.#actions[i].optional) this.#left += 1;
  }

  #step(i: number, state: number): number {
    const known = this.#steps[i].get(state);
    if (known !== undefined) return known;
    const after = this.#actions[i].step(this.#states[state]);
    const number = after === undefined ? NOT_POSSIBLE : this.#number(after);
    this.#steps[i].set(state, number);
    return number;
  }

  #number(state: State): number {
    const key = this.#object.key(state);
    let number = this.#stateNumbers.get(key);
    if (number === undefined) {
      number = this.#states.length;
      this.#stateNumbers.set(key, number);
      this.#states.push(state);
    }
    return number;
  }
}
