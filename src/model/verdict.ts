import { errnoName } from '../vfs/index.ts';

/**
 * How a result differs from what is allowed. `aspect` says what differs: 'result' is the errno or success; else a part of
 * the value. `difference` says how, without values, for counting; `expected` and `actual` with them, for people.
 */
export interface Divergence {
  readonly aspect: string;
  readonly difference: string;
  readonly expected: string;
  readonly actual: string;
  /** The call that made the value what it should be. */
  readonly cause?: string;
}

/** undefined: the result is allowed. */
export type Verdict = Divergence | undefined;

/** A result in words: 'success', the errno's name, or the value's text. */
export function resultName(result: unknown): string {
  return typeof result === 'number' && result < 0 ? errnoName(-result) : 'success';
}

/** The verdict on an errno or success where something else was expected. */
export function wrongResult(expected: string, result: unknown): Divergence {
  const actual = resultName(result);
  return { aspect: 'result', difference: `expected ${expected}, got ${actual}`, expected, actual };
}

/** The verdict on a part of a value. */
export function wrongValue(aspect: string, how: string, expected: unknown, actual: unknown, cause = ''): Divergence {
  const verdict = {
    aspect,
    difference: `${aspect} ${how}`,
    expected: `${aspect} ${expected}${cause === '' ? '' : ` (${cause})`}`,
    actual: `${aspect} ${actual}`,
  };
  return cause === '' ? verdict : { ...verdict, cause };
}

/** The verdict on a byte of a file; without a cause nobody wrote it. */
export function wrongData(expected: number, actual: number, at: number, cause: string | undefined): Divergence {
  const how = cause === undefined ? 'in a hole wrong' : 'wrong';
  return wrongValue('data', how, `0x${expected.toString(16)} at ${at}`, `0x${actual.toString(16)}`, cause);
}
