import type { Wishes } from '../../vfs/index.ts';
import type { Message, Receive } from '../message.ts';

/** What the kernel may keep, and how large its requests are: as the one who mounts decides, whatever the filesystem wishes. */
export interface CachePolicy extends Wishes {
  /** Seconds for which the kernel may keep a name that was found, where the entry does not say; 0 (the default): not at all. */
  readonly entryTimeout?: number;
  /** The same for attributes. */
  readonly attributeTimeout?: number;
  /** Seconds for which the kernel may keep that a name does not exist. */
  readonly negativeTimeout?: number;
  /** Every open file bypasses the kernel's page cache (FOPEN_DIRECT_IO), whatever the filesystem answers to open. */
  readonly directIo?: boolean;
  /** Opening a file again keeps what is cached of it (FOPEN_KEEP_CACHE), whatever the filesystem answers to open. */
  readonly keepCache?: boolean;
  /** The kernel keeps directory listings (FOPEN_CACHE_DIR, with keepCache from one opendir to the next), whatever the filesystem answers. */
  readonly cacheDirectories?: boolean;
  /** Bytes of the largest WRITE, 4096 to 1048576 (the default). */
  readonly maxWrite?: number;
  /** Bytes that the kernel may read ahead at most; what the kernel offers unless given. */
  readonly maxReadahead?: number;
  /** Requests that the kernel may have under way in the background (read-ahead, write-back, asynchronous direct I/O). */
  readonly maxBackground?: number;
}

/** How a session reaches the kernel, and what it tells it by default. */
export interface SessionOptions extends CachePolicy {
  /**
   * Takes replies and notifications. A returned positive errno number says that the kernel did not take the message (ENOENT:
   * nobody waits for it any more).
   */
  readonly send: Receive | ((message: Message, length: number) => number);
  /** Takes what is wrong with the filesystem or the other side: one line, and the error where there was one. */
  readonly report: (problem: string, error?: unknown) => void;
}
