import {
  type CrashSubject,
  type CrashSubjectOptions,
  diskSubject,
  probe,
  type SimulatedFileSystem,
  simulatedFileSystems,
  usesDisks,
  volatileSubject,
} from '../check/index.ts';
import type { CrashPromise } from '../vfs/index.ts';
import { isModulePath, moduleTarget } from './module-target.ts';
import { openFileSystem } from './simulated-filesystems.ts';
import { UsageError } from './usage.ts';

const VOLATILE = 'volatile:';

const names: Readonly<Record<string, SimulatedFileSystem>> = simulatedFileSystems;

/**
 * What a word of the command line means where the power is to fail: `volatile:` and a filesystem that forgets, or one that keeps
 * everything on its disks.
 *
 * @throws UsageError where it is neither
 */
export async function openCrashSubject(
  word: string,
  promise: CrashPromise | undefined,
  excluded: readonly string[] = [],
): Promise<CrashSubject> {
  const isVolatile = word.startsWith(VOLATILE);
  const below = isVolatile ? word.slice(VOLATILE.length) : word;
  const opened = await openFileSystem(below);
  const { factory, options, model } = opened;
  const own = isVolatile ? undefined : opened.promise;
  const given: CrashSubjectOptions = {
    promise: promise ?? own,
    options,
    model,
    without: [...(await withoutOf(below)), ...excluded],
  };
  if (isVolatile) return volatileSubject(word, factory, given);
  if (usesDisks(factory, options)) return diskSubject(word, factory, given);
  throw new UsageError(
    `--crashes: ${word} takes no disk from its environment, so that a crash loses all of it; expected a filesystem on env.disk, or volatile:${word}`,
  );
}

async function withoutOf(name: string): Promise<readonly string[]> {
  if (!isModulePath(name)) return [...(names[name].without ?? [])];
  const opened = await moduleTarget(name);
  const missing = opened.probe ? await probe(opened.target) : [];
  return [...opened.target.without, ...missing.map(({ capability }) => capability)];
}
