import type { Negotiated } from '../../vfs/index.ts';
import type { CachePolicy } from '../session/index.ts';
import type { DeviceStatistics } from './connection.ts';
import type { TapModule } from './tap.ts';

/** What a server is told about the mount; plain data. */
export type ServeOptions = CachePolicy & {
  readonly maxWrite: number;
  /** Who listens to the messages; nobody if left out. */
  readonly tap?: TapModule;
};

/** Takes what the user of a mount should know: errors of the filesystem's code with their stack, and its warnings. */
export type Report = (message: string, error?: Error) => void;

/** Serves one filesystem on one open descriptor of /dev/fuse, which is mounted between `open` and `serve`. */
export interface DeviceServer {
  /** The filesystem's name. */
  readonly name: string;
  readonly fd: number;
  /** Whether the thread that made this server also answers its requests: then it must not use the mount synchronously. */
  readonly sharesThread: boolean;
  /** Begins to serve; resolves when the kernel's INIT was answered. */
  serve(): Promise<Negotiated>;
  /** When the connection has ended and the descriptor is closed; with the error if it was not the kernel that ended it. */
  readonly ended: Promise<Error | undefined>;
  statistics(): DeviceStatistics;
  /** Whether its thread waits for the next request: nothing but the connection's end or a request brings it back. */
  isWaiting(): boolean;
  /** Closes a descriptor that was never served, or stops code that does not come back once the connection is gone. */
  stop(): Promise<void>;
}
