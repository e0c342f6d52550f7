import type { Kernel } from '../vfs/index.ts';
import type { LoggedMessage } from './message-log.ts';

/** One of the two kernels with a filesystem mounted, whatever that filesystem is: its requests are recorded. */
export interface Side {
  readonly name: 'real' | 'simulated';
  readonly kernel: Kernel;
  /** A daemon that is not ours: much of its answers comes from what it keeps its files in (see `foreignTolerances`). */
  readonly foreign: boolean;
  /**
   * The messages that came since it was last called, when there is nothing more to come; forgets may come later, but not
   * where a script has `ended`.
   */
  taken(ended: boolean): Promise<readonly LoggedMessage[]>;
  /** Lets time pass. */
  wait(seconds: number): Promise<void>;
  close(): Promise<void>;
}
