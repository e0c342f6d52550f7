/** Takes what is wrong with a filesystem: a line, and the error where there was one. */
export type ProblemReport = (problem: string, error?: unknown) => void;

/** Passes on each distinct problem once, whatever numbers it names: thousands of programs meet the same one. */
export function oncePerProblem(report: ProblemReport): ProblemReport {
  const told = new Set<string>();
  return (problem, error) => {
    const key = `${problem}\n${error instanceof Error ? error.message : ''}`.replace(/\d+/g, '#');
    if (told.has(key)) return;
    told.add(key);
    report(problem, error);
  };
}

/** To standard error, with the stack. */
export function reportOnStandardError(problem: string, error?: unknown): void {
  console.error(error instanceof Error ? `${problem}\n${error.stack}` : problem);
}
