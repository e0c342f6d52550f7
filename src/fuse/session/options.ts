import type { Message, Receive } from '../message.ts';

/** How a session reaches the kernel, and what it tells it by default. */
export interface SessionOptions {
  /**
   * Takes replies and notifications. A returned positive errno number says that the kernel did not take the message (ENOENT:
   * nobody waits for it any more).
   */
  readonly send: Receive | ((message: Message, length: number) => number);
  /** Takes what is wrong with the filesystem or the other side: one line, and the error where there was one. */
  readonly report: (problem: string, error?: unknown) => void;
  /** Seconds for which the kernel may keep a name that was found, where the entry does not say; 0 (the default): not at all. */
  readonly entryTimeout?: number;
  /** The same for attributes. */
  readonly attributeTimeout?: number;
  /** Seconds for which the kernel may keep that a name does not exist. */
  readonly negativeTimeout?: number;
  /** Every open file bypasses the kernel's page cache (FOPEN_DIRECT_IO), whatever the filesystem answers to open. */
  readonly directIo?: boolean;
  /** Bytes of the largest WRITE, 4096 to 1048576 (the default). */
  readonly maxWrite?: number;
  /** Bytes that the kernel may read ahead at most; what the kernel offers unless given. */
  readonly maxReadahead?: number;
  /** Requests that the kernel may have under way in the background (read-ahead, write-back, asynchronous direct I/O). */
  readonly maxBackground?: number;
}
