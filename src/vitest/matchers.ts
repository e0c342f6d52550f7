import { expect, TestRunner } from 'vitest';
import { type LeaksNothingOptions, leaksNothing } from './leaks-nothing.ts';
import { type LinearizableOptions, linearizable } from './linearizable.ts';
import { type Place, type RefinesPosixOptions, refinesPosix } from './refines-posix.ts';
import { replayedFile, variables } from './settings.ts';
import { type SurvivesCrashesOptions, survivesCrashes } from './survives-crashes.ts';
import type { Verdict } from './verdict.ts';

/** What `expect` can say about filesystems; all are to be awaited. */
export interface FilesystemMatchers {
  /**
   * Every result of generated programs of system calls is one that POSIX allows. Takes a filesystem factory, which runs in
   * the simulated kernel, or a target (`fsTarget`, ...). Saved counterexamples run first.
   *
   * @example await expect(myFactory).toRefinePosix({ without: ['links', 'xattrs'] });
   */
  toRefinePosix(options?: RefinesPosixOptions): Promise<void>;
  /**
   * Of the kernel of a `simulatedTest`: no process holds a handle or a reference. Of a factory: after generated programs every
   * reference and handle comes back, and what is removed is not used any more. Saved counterexamples run first.
   *
   * @example await expect(kernel).toLeakNothing();
   */
  toLeakNothing(options?: LeaksNothingOptions): Promise<void>;
  /**
   * After a power failure at any write of its disk, what fsync promised is there, and nothing that was never made. Takes a
   * filesystem factory. Saved crashes run first.
   *
   * @example await expect(myFactory).toSurviveCrashes({ promise: 'ordered' });
   */
  toSurviveCrashes(options?: SurvivesCrashesOptions): Promise<void>;
  /**
   * Calls of several processes that overlap, on one kernel or several, give what they could have given one after the other; or,
   * with `level`, what a weaker level allows. Takes a filesystem factory.
   *
   * @example await expect(myFactory).toBeLinearizable({ without: ['xattrs'], processes: 6 });
   */
  toBeLinearizable(options?: LinearizableOptions): Promise<void>;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: an interface is merged with its very own parameters
  interface Matchers<T = any> extends FilesystemMatchers {}
}

interface State {
  readonly isNot: boolean;
  readonly testPath?: string;
}

const placeOf = ({ isNot, testPath }: State): Place => ({
  isNot,
  testFile: testPath ?? '',
  signal: TestRunner.getCurrentTest()?.context.signal,
});

/** A verdict as vitest wants it. That another counterexample is meant skips the test, so that it does not seem to pass. */
function resultOf(verdict: Verdict | undefined): { pass: boolean; message: () => string } {
  if (verdict !== undefined) return { pass: verdict.pass, message: () => verdict.message };
  const note = `${variables.replay} is of another check: ${replayedFile()}`;
  const test = TestRunner.getCurrentTest();
  if (test !== undefined) test.context.skip(note);
  throw new Error(`${note}; name the test that it belongs to with -t`);
}

expect.extend({
  async toRefinePosix(given: unknown, options: RefinesPosixOptions = {}) {
    return resultOf(await refinesPosix(given, options, placeOf(this)));
  },
  async toLeakNothing(given: unknown, options: LeaksNothingOptions = {}) {
    return resultOf(await leaksNothing(given, options, placeOf(this)));
  },
  async toSurviveCrashes(given: unknown, options: SurvivesCrashesOptions = {}) {
    return resultOf(await survivesCrashes(given, options, placeOf(this)));
  },
  async toBeLinearizable(given: unknown, options: LinearizableOptions = {}) {
    return resultOf(await linearizable(given, options, placeOf(this)));
  },
});
