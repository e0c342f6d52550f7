import type { FileSystem } from '../vfs/index.ts';
import type { Environment } from './environment.ts';

/** Options of a filesystem: plain data, so that they travel into a worker. */
export type FileSystemOptions = Readonly<Record<string, unknown>>;

/** Makes a filesystem from its surroundings: the same factory runs in the simulator, in a worker on a mount, and in a test. */
export type FileSystemFactory = (environment: Environment, options: FileSystemOptions) => FileSystem;
