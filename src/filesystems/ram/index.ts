import type { FileSystemFactory } from '../../env/index.ts';
import { ramOptions } from './options.ts';
import { RamFileSystem } from './ram.ts';

/** Makes an empty filesystem in memory. Options: `RamOptions`. */
export const ram: FileSystemFactory = (environment, options) =>
  new RamFileSystem(environment.clock, ramOptions(options));

export type { RamOptions } from './options.ts';
export { RamFileSystem } from './ram.ts';
