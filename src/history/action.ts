import type { Moment, Operation } from './history.ts';

/**
 * What an operation did, or saw, at one object at one instant between two moments: a whole call where that is atomic, else one
 * of its parts (an entry of a listing, a page of a read).
 */
export interface Action<State> {
  readonly operation: Operation;
  readonly from: Moment;
  readonly to: Moment;
  /** Whether it may change the object; what only looks never does. */
  readonly modifies: boolean;
  /** It may have had no effect: its call failed for an outer reason, or did not return. */
  readonly optional: boolean;
  /** Of a name: it was looked up by an open, which asks the server. */
  readonly opens: boolean;
  /** What of the object it is about: names, or the size and pages of a file; a client caches each by itself. */
  readonly parts: readonly string[];
  /** Of data: when the open of its descriptor was made, and when the close of it had returned. */
  readonly session?: { readonly opened: Moment; readonly closed: Moment };
  /** The state afterwards; undefined: in this state the call could not have given what it gave. */
  step(state: State): State | undefined;
}

/** Something that operations act on one at a time, with everything that they did to it. */
export interface ActedOn<State> {
  /** For people: `names /d /d/a`, `file 5.0`. */
  readonly name: string;
  readonly initial: State;
  /** The same text for the same state. */
  key(state: State): string;
  readonly actions: readonly Action<State>[];
}

/** Runs `body` on an object whatever its states are. */
export type AnyActedOn = { readonly use: <Result>(body: <State>(object: ActedOn<State>) => Result) => Result };

export const anyActedOn = <State>(object: ActedOn<State>): AnyActedOn => ({ use: (body) => body(object) });
