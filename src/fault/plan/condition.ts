import type { OperationName } from './operations.ts';

/** One of the values, or any of a list of them. */
export type OneOrMore<T> = T | readonly T[];

/** A range of bytes, `to` not included; left out, from the start or to the end. */
export interface OffsetRange {
  readonly from?: number;
  readonly to?: number;
  /** 'page': the event must begin and end on pages of 4096 bytes; 'unaligned': it must not. */
  readonly aligned?: 'page' | 'unaligned';
}

/** A window of time, milliseconds since the faults were armed (virtual in a simulation); `to` not included. */
export interface TimeWindow {
  readonly from?: number;
  readonly to?: number;
}

/**
 * When a rule strikes: everything that is given must hold. `nth`, `every` and `probability` come last and count only events
 * for which the rest of their condition holds.
 */
export interface Condition {
  readonly operation?: OneOrMore<OperationName>;
  /** Globs of paths from the mount point on: `*` and `?` within a component, `**` across, `{a,b}`, `[a-z]`. */
  readonly path?: OneOrMore<string>;
  readonly node?: OneOrMore<number>;
  readonly pid?: OneOrMore<number>;
  readonly uid?: OneOrMore<number>;
  /** Bytes of the file that the event must touch. */
  readonly offset?: OffsetRange;
  /** Name of the disk. */
  readonly disk?: OneOrMore<string>;
  /** Name and port of the other host. */
  readonly host?: OneOrMore<string>;
  readonly port?: OneOrMore<number>;
  /** Of a remote procedure call. */
  readonly xid?: OneOrMore<number>;
  readonly time?: TimeWindow;
  /** Only once this other rule has struck. */
  readonly after?: string;
  /** Only while this switch is on. */
  readonly switch?: string;
  readonly all?: readonly Condition[];
  readonly any?: readonly Condition[];
  readonly not?: Condition;
  /** Only the nth, counted from 1. */
  readonly nth?: OneOrMore<number>;
  /** Every nth: the nth, the 2nth, and so on. */
  readonly every?: number;
  /** From 0 to 1: a function of the seed, the rule and what the event is, not of what was drawn before. */
  readonly probability?: number;
}
