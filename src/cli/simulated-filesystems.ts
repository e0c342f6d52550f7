import { type SimulatedFileSystem, simulatedFileSystems } from '../check/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { isModulePath, loadFileSystem } from './module-target.ts';
import { UsageError } from './usage.ts';

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
