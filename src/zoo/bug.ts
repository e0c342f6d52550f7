import type { BuiltInTarget } from '../check/index.ts';
import type { Patch } from './patch.ts';

/** What carries the bug: a filesystem, the session that serves it, or the simulated kernel, which decides what the VFS does. */
export type Host = 'ram' | 'loopback' | 'journal' | 'Session' | 'SimKernel';

/** What it takes to see a bug: calls one after the other, calls side by side, faults, or a crash. */
export type Need = 'calls' | 'concurrency' | 'faults' | 'crash';

/**
 * A seeded bug: a small change of one source file, as one would make it by mistake. `before` is there exactly once, and what
 * stands in its place is `after`; blanks do not count, so that the same text is found in the compiled program.
 */
export interface Bug extends Patch {
  readonly name: string;
  readonly host: Host;
  /** What is checked. */
  readonly target: BuiltInTarget;
  /** What goes wrong, for somebody who uses the filesystem. */
  readonly summary: string;
  /** Where such a bug was: a commit, a report, a rule of the kernel that is easily missed. */
  readonly source?: string;
  readonly needs: Need;
  /** A second place, where what the first one lets pass would be refused too. */
  readonly also?: Patch;
  /** The signatures by which it is known; what else a check finds does not count. */
  readonly shows: RegExp;
  /** Why its shortest programs have more than six calls, where they do. */
  readonly longer?: string;
}

/** Calls of a shrunk program, at most. */
export const MOST_CALLS = 6;
/** The same where a bug says why it takes more. */
export const MOST_CALLS_LONGER = 11;
