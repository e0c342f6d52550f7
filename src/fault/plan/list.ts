import type { OneOrMore } from './condition.ts';

/** The values of what may be one, several or none. */
export function listOf<T extends string | number>(value: OneOrMore<T> | undefined): readonly T[] {
  if (value === undefined) return [];
  return typeof value === 'object' ? value : [value];
}
