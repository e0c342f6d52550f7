import { afterAll, expect, type RunnerTestCase, TestRunner } from 'vitest';
import { replayedFile } from './settings.ts';

/** A mark of one test file. */
interface Mark {
  readonly place: Error;
  readonly tests: Set<RunnerTestCase>;
  seen: number;
  reached: boolean;
}

/** By test file: a worker may run one file after the other in the same modules. */
const files = new Map<string, Map<string, Mark>>();

const currentFile = (): string => expect.getState().testPath ?? '';

/**
 * Marks a condition that must hold at least once in all the runs that come here, so that a test which never meets what it was
 * written for does not pass. A mark that was seen but never held fails its test file, once all tests of the file have ended,
 * with the place. Marks are counted by name within the file, over retries, repeats and all tests; a mark that no test came
 * to (`.only`, `-t`) says nothing, nor does one of a test that fails anyway. Gives the condition back.
 *
 * @example sometimes('a full disk was met', error === 'ENOSPC');
 */
export function sometimes(name: string, condition: boolean): boolean {
  const path = currentFile();
  let marks = files.get(path);
  if (marks === undefined) marks = follow(path);
  let mark = marks.get(name);
  if (mark === undefined) {
    const place = new Error();
    Error.captureStackTrace(place, sometimes);
    mark = { place, tests: new Set(), seen: 0, reached: false };
    marks.set(name, mark);
  }
  mark.seen += 1;
  mark.reached ||= condition;
  if (!mark.reached) {
    const test = TestRunner.getCurrentTest();
    if (test !== undefined) mark.tests.add(test);
  }
  return condition;
}

/** Begins with a file whose marks nobody judges yet: the hook of the import was of another file (`isolate: false`). */
function follow(path: string): Map<string, Mark> {
  const test = TestRunner.getCurrentTest();
  if (test === undefined)
    throw new Error(
      'sometimes: expected to be called from a test of a file that imports it, given a call from elsewhere',
    );
  const marks = new Map<string, Mark>();
  files.set(path, marks);
  TestRunner.getSuiteHooks(test.file).afterAll.push(() => judge(path));
  return marks;
}

function judge(path: string): void {
  const marks = files.get(path);
  files.delete(path);
  // One saved program reaches what it reaches.
  if (marks === undefined || replayedFile() !== undefined) return;
  const missed = [...marks].filter(([, { reached, tests }]) => !reached && ![...tests].some(failed));
  if (missed.length === 0) return;
  const [[, { place }]] = missed;
  const lines = missed.map(
    ([name, { seen }]) => `"${name}" was never true (seen ${seen} ${seen === 1 ? 'time' : 'times'})`,
  );
  place.message = `sometimes: ${lines.join('; ')}`;
  place.stack = `Error: ${place.message}\n${(place.stack ?? '').split('\n').slice(1).join('\n')}`;
  throw place;
}

const failed = (test: RunnerTestCase): boolean => test.result?.state === 'fail';

// While the file that imports this is collected; the hook belongs to the file.
const importing = currentFile();
files.set(importing, new Map());
afterAll(() => judge(importing));
