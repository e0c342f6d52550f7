import type { SyscallName } from '../vfs/index.ts';

/** Is told where a run is before each thing that may not come back; whoever reads along sees where it stopped. */
export interface Watch {
  /** A program is about to run, on a filesystem that is made for it. */
  program(): void;
  /**
   * A call is about to be made: of this step of the program, or, where that lies behind the last one, of the look at the tree
   * at its end; after so many calls that were judged.
   */
  call(step: number, op: SyscallName, judged: number): void;
  /** Everything is about to be given back. */
  end(judged: number): void;
}
