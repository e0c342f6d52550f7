import type { FileSystemModule } from '../../fuse/device/index.ts';
import type { FaultMessage, FaultState } from '../faults/state.ts';

/** What the process of a libfuse mount is to do; plain data. */
export interface HostTask {
  readonly source: FileSystemModule;
  readonly directory: string;
  /** The options for libfuse, as `-o` takes them. */
  readonly options: string;
  /** Bytes of the largest WRITE. */
  readonly maxWrite: number | undefined;
  readonly faults?: FaultState;
}

/** What it is told later: the faults are to be others. */
export interface HostOrder {
  readonly faults: FaultState;
}

/** What it says. */
export type HostMessage =
  | { readonly kind: 'mounted'; readonly name: string }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'report'; readonly message: string; readonly stack?: string }
  | { readonly kind: 'faults'; readonly message: FaultMessage };
