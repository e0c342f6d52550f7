import type { Kernel } from '../vfs/index.ts';
import type { LoggedMessage } from './message-log.ts';

/** One of the two kernels with a filesystem mounted, whatever that filesystem is: its requests are recorded. */
export interface Side {
  readonly name: 'real' | 'simulated';
  readonly kernel: Kernel;
  /**
   * The messages that came since it was last called, when there is nothing more to come; forgets may come later, but not
   * where a script has `ended`.
   */
  taken(ended: boolean): Promise<readonly LoggedMessage[]>;
  /** Lets time pass. */
  wait(seconds: number): Promise<void>;
  close(): Promise<void>;
}
