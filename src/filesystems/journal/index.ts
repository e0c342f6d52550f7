import type { FileSystemFactory } from '../../env/index.ts';
import { JournalFileSystem } from './journal.ts';
import { journalOptions } from './options.ts';
import { openVolume } from './volume.ts';

/**
 * Makes a journalled filesystem on the disk `options.disk` of its environment, which is formatted if it is new. After a crash
 * the same factory over the same disk makes the restarted filesystem. Options: `JournalOptions`.
 *
 * @throws Error where the disk holds something else, or is too small
 */
export const journal: FileSystemFactory = (environment, given) => {
  const options = journalOptions(given);
  const volume = openVolume(environment, options);
  return new JournalFileSystem(volume, environment.clock, options, environment.warn);
};

export { checkJournal } from './check.ts';
export { JournalFileSystem } from './journal.ts';
export type { JournalOptions } from './options.ts';
