import type { TestContext } from 'vitest';
import type { ProblemReport } from '../check/reporter.ts';

/** Something wrong with a filesystem that no caller sees: what it threw, or answered wrongly. */
export interface Problem {
  readonly problem: string;
  readonly error?: unknown;
}

/** Keeps what is reported in `problems`. */
export const keeping =
  (problems: Problem[]): ProblemReport =>
  (problem, error) =>
    void problems.push(error === undefined ? { problem } : { problem, error });

/** For people: the problem, with the stack of the error behind it. */
export const showProblem = ({ problem, error }: Problem): string =>
  error instanceof Error ? `${problem}\n${error.stack ?? error.message}` : problem;

/**
 * Fails a test for what its filesystem did wrong; the stack is that of the first error which the filesystem threw, so that
 * the runner shows the line.
 *
 * @throws Error unless there are none
 */
function failFor(problems: readonly Problem[]): void {
  if (problems.length === 0) return;
  const [first, ...others] = problems;
  const rest = others.length === 0 ? '' : `\n\nand then:\n${others.map(showProblem).join('\n')}`;
  const thrown = problems.find(({ error }) => error instanceof Error)?.error as Error | undefined;
  const because = first.error instanceof Error ? `: ${first.error.name}: ${first.error.message}` : '';
  const failure = new Error(`${first.problem}${because}${rest}`, { cause: thrown });
  const frames = thrown?.stack?.split('\n').filter((line) => /^\s+at /.test(line));
  if (frames !== undefined) failure.stack = [`${failure.name}: ${failure.message}`, ...frames].join('\n');
  throw failure;
}

/** For `test.extend`: a list for problems; what is in it when everything else of the test is over fails the test. */
export async function problemsFixture(
  { onTestFinished }: Pick<TestContext, 'onTestFinished'>,
  use: (problems: Problem[]) => Promise<void>,
): Promise<void> {
  const problems: Problem[] = [];
  onTestFinished(() => failFor(problems));
  await use(problems);
}
