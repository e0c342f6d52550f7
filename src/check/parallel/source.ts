import { type BuiltInTarget, builtInTargets } from '../built-in-targets.ts';
import type { ProblemReport } from '../reporter.ts';
import type { Target } from '../target.ts';

/** A target as other threads can make it: a function of a module, and what it is called with. Plain data. */
export interface TargetSource {
  /** URL of the module; one of this package is named by its source file. */
  readonly module: string;
  /** The name of a function that it exports, a `MakeTarget`. */
  readonly make: string;
  readonly given?: unknown;
}

/** `report` takes what is wrong with the filesystem's code. */
export type MakeTarget = (given: never, report: ProblemReport) => Target | Promise<Target>;

/** The source of a target that needs nothing of the host. */
export const builtInSource = (name: BuiltInTarget): TargetSource => ({
  module: import.meta.url,
  make: builtInTarget.name,
  given: name,
});

export function builtInTarget(name: BuiltInTarget): Target {
  return builtInTargets[name]();
}
