import type { ModelOptions } from '../model/index.ts';
import type { Kernel } from '../vfs/index.ts';
import type { Without } from './profile.ts';

/** How far a run can be repeated; see the three classes in the documentation. */
export type ConcurrencyClass = 'deterministic' | 'serialised' | 'recorded';

/** Something to check: it makes kernels on fresh, equal filesystems. */
export interface Target {
  readonly name: string;
  /** What it does not promise. */
  readonly without: Without;
  readonly concurrencyClass: ConcurrencyClass;
  /** What it may differ in without being wrong. */
  readonly model?: ModelOptions;
  /**
   * A kernel on a fresh filesystem. The last one was closed before. `trace` takes the decoded request stream, a line a
   * message, where the target has one.
   */
  start(trace?: (line: string) => void): Kernel | Promise<Kernel>;
}
