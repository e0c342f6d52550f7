import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, resolve } from 'node:path';
import { hostKernel } from '../check/host-kernel/index.ts';
import {
  type BuiltInTarget,
  builtInSource,
  builtInTargets,
  reusingTarget,
  type Target,
  type TargetSource,
} from '../check/index.ts';
import type { ModelOptions } from '../model/index.ts';
import { didYouMean } from '../vfs/index.ts';
import { isModulePath, moduleTarget } from './module-target.ts';
import { isNfsUrl, nfsTarget } from './nfs.ts';
import { duration, UsageError } from './usage.ts';

/** A target of the command line, and how to give back what it took. */
export interface OpenTarget {
  readonly target: Target;
  /** Nobody has said what it does not promise: find out by trying. */
  readonly probe: boolean;
  /** Where its runs repeat by themselves: how other threads make it, and how many of them check it unless it is said. */
  readonly threads?: { readonly source: TargetSource; readonly jobs: number };
  close(): void | Promise<void>;
}

const isBuiltIn = (word: string): word is BuiltInTarget => Object.hasOwn(builtInTargets, word);

export const targetNames = [...Object.keys(builtInTargets), 'dir:PATH', 'nfs://HOST/EXPORT?port=P', './module.js'];

/**
 * The target that a word of the command line means; `erase`: what is in an export of a server may go.
 *
 * @throws UsageError with the nearest name, or with what the module or directory should be
 */
export async function openTarget(word: string, erase = false): Promise<OpenTarget> {
  if (isBuiltIn(word)) {
    const threads = { source: builtInSource(word), jobs: availableParallelism() };
    return { target: builtInTargets[word](), probe: false, threads, close: () => {} };
  }
  if (isNfsUrl(word)) return await nfsTarget(word, erase);
  if (word.startsWith('dir:')) return directoryTarget(word.slice('dir:'.length));
  if (isModulePath(word)) return moduleTarget(word);
  throw new UsageError(`unknown target "${word}"${hint(word)}; there are: ${targetNames.join(', ')}`);
}

/** The milliseconds of --patience. @throws UsageError where the target's calls cannot be ended */
export function patienceFor(
  target: Target,
  threads: OpenTarget['threads'],
  text: string | undefined,
): number | undefined {
  if (text === undefined) return undefined;
  if (threads === undefined) throw refusedInThreads('--patience', target);
  return duration('patience', text);
}

export const refusedInThreads = (option: string, { name }: Target): UsageError =>
  new UsageError(
    `${option}: expected a target that another thread can make (${Object.keys(builtInTargets).join(', ')}, ./module.js), given ${name}`,
  );

function hint(word: string): string {
  const longer = Object.keys(builtInTargets).find((name) => name.startsWith(`${word}:`));
  return longer === undefined ? didYouMean(word, Object.keys(builtInTargets)) : ` (did you mean "${longer}"?)`;
}

const PROTECTED_HARDLINKS = '/proc/sys/fs/protected_hardlinks';

/** What the host's kernel and the directory's filesystem may do otherwise than the model's defaults. */
function hostModel(directory: string): ModelOptions {
  return {
    protectedHardlinks: existsSync(PROTECTED_HARDLINKS) && readFileSync(PROTECTED_HARDLINKS, 'utf8').trim() === '1',
    directoryNlink: statSync(directory).nlink === 1 ? 'one' : 'linux',
  };
}

function scratchDirectory(path: string): string {
  try {
    return mkdtempSync(join(resolve(path), '.estale-check-'));
  } catch (error) {
    throw new UsageError(
      `target dir:${path}: expected a directory in which a directory can be made, but ${(error as Error).message}`,
    );
  }
}

/** Programs run in a fresh directory below the one that is given, so that nothing in it is touched. */
function directoryTarget(path: string): OpenTarget {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new UsageError(
      `target dir:${path}: expected an existing directory, ${stat ? 'it is a file' : 'nothing is there'}`,
    );
  const scratch = scratchDirectory(path);
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  process.once('exit', remove);
  const kernel = hostKernel({ directory: scratch });
  const target = reusingTarget(kernel, {
    name: `dir:${path}`,
    without: kernel.without,
    model: hostModel(scratch),
  });
  return { target, probe: true, close: () => target.close() };
}
