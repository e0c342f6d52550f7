import { type Answer, Errno, errno, errnoFrom, isPromise } from '../../vfs/index.ts';

/**
 * What the server does for a call: it yields where a filesystem answers with a promise, and nowhere else. On a filesystem that
 * answers at once a call is therefore one step, with nothing in between.
 */
export type Step<T> = Generator<PromiseLike<unknown>, T, unknown>;

/** A step that has nothing to wait for. */
// biome-ignore lint/correctness/useYield: that is what it is for
export function* done<T>(value: T): Step<T> {
  return value;
}

/** The answer of a filesystem's method; an errno is thrown, and so is what it throws. */
export function* ask<T>(answer: Answer<T>): Step<T> {
  const given = isPromise(answer) ? ((yield answer) as T | Errno) : answer;
  if (given instanceof Errno) throw given;
  return given;
}

/** An answer that is there already, for where calls are many: undefined where `ask` must wait for it. */
export function answerNow<T extends object>(answer: Answer<T>): T | undefined {
  if (isPromise(answer)) return undefined;
  if (answer instanceof Errno) throw answer;
  return answer;
}

/** What `ask` gives, of a method that may be missing, which is ENOSYS. */
export function* askIfThere<T>(answer: Answer<T> | undefined, there: boolean): Step<T> {
  if (!there) throw errno.ENOSYS;
  return yield* ask(answer as Answer<T>);
}

/** The errno of what was thrown; anything else is a bug and goes on. */
export function errnoThrown(error: unknown): Errno {
  const known = errnoFrom(error);
  if (known === undefined) throw error;
  return known;
}

/** Runs a step to its end: at once where it never waits. `goesOn` hears of each time that it goes on after waiting. */
export function run<T>(step: Step<T>, goesOn: () => void): T | Promise<T> {
  const next = step.next();
  return next.done === true ? next.value : finish(step, next.value, goesOn);
}

async function finish<T>(step: Step<T>, first: PromiseLike<unknown>, goesOn: () => void): Promise<T> {
  let waited = first;
  for (;;) {
    let next: IteratorResult<PromiseLike<unknown>, T>;
    try {
      const value = await waited;
      goesOn();
      next = step.next(value);
    } catch (error) {
      // Where the promise was rejected the step hears of it; where the step itself threw, it is over and this throws again.
      goesOn();
      next = step.throw(error);
    }
    if (next.done === true) return next.value;
    waited = next.value;
  }
}
