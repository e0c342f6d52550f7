/**
 * What is promised about a crash. 'posix': what fsync(2) of a file or directory says of it, and nothing else. 'ordered': besides,
 * metadata is there as it was at some moment, and data before the size that it made; as ext4 with data=ordered.
 */
export type CrashPromise = 'posix' | 'ordered';

export const crashPromises: readonly CrashPromise[] = ['posix', 'ordered'];

/**
 * Decides what is left open: gives a number from 0 to `options` - 1. The label says what is decided, and is the same in every
 * run in which that comes up. A random run draws by the label, an exhaustive one tries every number.
 */
export type Decide = (options: number, label: string) => number;
