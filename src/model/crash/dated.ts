/** A value, and the call that made it: 0 is the start, 1 the first call. */
export interface Dated<T> {
  readonly at: number;
  readonly value: T;
}

/** The values of one thing (a name, a size, a block), in their order. */
export type Values<T> = readonly Dated<T>[];

/** The value that was in force after a call; undefined before the first. */
export function valueAt<T>(values: Values<T>, at: number): Dated<T> | undefined {
  let found: Dated<T> | undefined;
  for (const value of values) if (value.at <= at) found = value;
  return found;
}

/**
 * What may be there when `safe` was the last call after which the value was made safe, and `until` is the last one whose
 * effect there may be: the safe value, and each that was made since.
 */
export function allowed<T>(values: Values<T>, safe: number, until: number): Values<T> {
  let first = 0;
  for (let i = 0; i < values.length && values[i].at <= safe; i++) first = i;
  return values.slice(first).filter(({ at }) => at <= until);
}
