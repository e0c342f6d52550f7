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

/**
 * Goes on when the reply to a request is there, after `send` has said that it is not. The function and what it is given are
 * apart, because a closure would cost those calls that go on at once.
 */
export function* onReply<Given extends readonly unknown[], T>(
  goOn: (...given: Given) => Soon<T>,
  ...given: Given
): Operation<T> {
  yield;
  const soon = goOn(...given);
  return isOperation(soon) ? yield* soon : soon;
}

/** Goes on with the result of an operation, which is the last that the function is given. */
export function* afterwards<Given extends readonly unknown[], A, B>(
  operation: Operation<A>,
  goOn: (...given: [...Given, A]) => Soon<B>,
  ...given: Given
): Operation<B> {
  const soon = goOn(...given, yield* operation);
  return isOperation(soon) ? yield* soon : soon;
}

/** Goes on when an operation without a result has ended. */
export function* afterWait<Given extends readonly unknown[], T>(
  wait: Operation<unknown>,
  goOn: (...given: Given) => Soon<T>,
  ...given: Given
): Operation<T> {
  yield* wait;
  const soon = goOn(...given);
  return isOperation(soon) ? yield* soon : soon;
}

/** What an operation that only waits comes to. */
export const result = <T>(known: T): T => known;
