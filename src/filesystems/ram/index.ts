import type { FileSystemFactory } from '../../env/index.ts';
import { LockingRamFileSystem } from './locking-ram.ts';
import { ramOptions } from './options.ts';
import { RamFileSystem } from './ram.ts';

/** Makes an empty filesystem in memory. Options: `RamOptions`. */
export const ram: FileSystemFactory = (environment, given) => {
  const options = ramOptions(given);
  const Made = options.locks ? LockingRamFileSystem : RamFileSystem;
  return new Made(environment.clock, options);
};

export type { RamOptions } from './options.ts';
export { RamFileSystem } from './ram.ts';
