/**
 * Kernel code that may have to wait: it yields where a task in Linux sleeps, and is resumed when what it waits for has
 * happened. Errors are negative errno numbers, as in Linux.
 */
export type Operation<T> = Generator<undefined, T, undefined>;

/**
 * A result that is there already, or the operation that waits for it. Most requests are answered within `send`, and making a
 * generator takes longer than what it would do: what runs often is a plain function that gives this.
 */
export type Soon<T> = T | Operation<T>;

/** No result is a generator. */
export function isOperation<T>(soon: Soon<T>): soon is Operation<T> {
  return typeof soon === 'object' && soon !== null && 'next' in soon;
}

/** The result, from within an operation. */
export function* settled<T>(soon: Soon<T>): Operation<T> {
  return isOperation(soon) ? yield* soon : soon;
}

/** What a function that goes on is given, besides what was waited for. */
type Given = readonly [a?: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown, g?: unknown];
type GoOn = (...given: readonly unknown[]) => unknown;

// The three below take a function and its arguments apart: a closure would cost those calls too that go on at once. That they
// take a number of arguments, and not a list, is for speed.

/** Goes on when the reply to a request is there, after `send` has said that it is not. */
export function onReply<Rest extends Given, T>(goOn: (...given: Rest) => Soon<T>, ...given: Rest): Operation<T>;
export function* onReply(
  goOn: GoOn,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
  e?: unknown,
  f?: unknown,
  g?: unknown,
): Operation<unknown> {
  yield;
  const soon = goOn(a, b, c, d, e, f, g);
  return isOperation(soon) ? yield* soon : soon;
}

/** Goes on with the result of an operation: the first thing that the function is given. */
export function afterwards<A, Rest extends Given, T>(
  operation: Operation<A>,
  goOn: (result: A, ...given: Rest) => Soon<T>,
  ...given: Rest
): Operation<T>;
export function* afterwards(
  operation: Operation<unknown>,
  goOn: GoOn,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
  e?: unknown,
  f?: unknown,
  g?: unknown,
): Operation<unknown> {
  const soon = goOn(yield* operation, a, b, c, d, e, f, g);
  return isOperation(soon) ? yield* soon : soon;
}

/** Goes on when an operation has ended whose result is of no interest. */
export function afterWait<Rest extends Given, T>(
  wait: Operation<unknown>,
  goOn: (...given: Rest) => Soon<T>,
  ...given: Rest
): Operation<T>;
export function* afterWait(
  wait: Operation<unknown>,
  goOn: GoOn,
  a?: unknown,
  b?: unknown,
  c?: unknown,
  d?: unknown,
  e?: unknown,
  f?: unknown,
  g?: unknown,
): Operation<unknown> {
  yield* wait;
  const soon = goOn(a, b, c, d, e, f, g);
  return isOperation(soon) ? yield* soon : soon;
}

/** What an operation that only waits comes to. */
export const result = <T>(known: T): T => known;
