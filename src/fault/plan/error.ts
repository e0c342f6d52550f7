/** One thing that is wrong with a plan: where in it, and what. */
export interface PlanProblem {
  /** As one would write it: `rules[2].when.operation`. */
  readonly place: string;
  /** Line and column of the text, where there is one; from 1. */
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

/** A plan that cannot be meant; the message has a line for each problem. */
export class FaultPlanError extends Error {
  readonly problems: readonly PlanProblem[];

  /** `source`: the file, or what else the plan is. */
  constructor(source: string, problems: readonly PlanProblem[]) {
    super(problems.map((problem) => oneLine(source, problem)).join('\n'));
    this.name = 'FaultPlanError';
    this.problems = problems;
  }
}

function oneLine(source: string, { place, line, column, message }: PlanProblem): string {
  const at = line === undefined ? source : `${source}:${line}:${column}`;
  return place === '' ? `${at}: ${message}` : `${at}: ${place}: ${message}`;
}
