import { IN_MEMORY_FILE_SIZE, type SimulatedTargetOptions } from '../check/index.ts';
import type { FileSystemFactory } from '../env/index.ts';
import { filesystems, loopbackMemfsWithout } from '../filesystems/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { isModulePath, loadFileSystem } from './module-target.ts';
import { UsageError } from './usage.ts';

export interface SimulatedFileSystem extends SimulatedTargetOptions {
  readonly factory: FileSystemFactory;
}

/** What can be served in the simulator, by its word on the command line. */
export const simulatedFileSystems = {
  ram: { factory: filesystems.ram.factory },
  'loopback:memfs': {
    factory: filesystems.loopback.factory,
    without: loopbackMemfsWithout,
    options: { backing: 'memfs' },
    fileSizeLimit: IN_MEMORY_FILE_SIZE,
  },
  hello: { factory: filesystems.hello.factory, without: filesystems.hello.without },
} satisfies Readonly<Record<string, SimulatedFileSystem>>;

/** @throws UsageError with the nearest name */
export async function openFileSystem(word: string): Promise<SimulatedFileSystem> {
  const all: Readonly<Record<string, SimulatedFileSystem>> = simulatedFileSystems;
  if (Object.hasOwn(all, word)) return all[word];
  if (isModulePath(word)) return { factory: await loadFileSystem(word) };
  const names = Object.keys(all);
  throw new UsageError(
    `unknown filesystem "${word}"${didYouMean(word, names)}; there are: ${[...names, './module.js'].join(', ')}`,
  );
}
