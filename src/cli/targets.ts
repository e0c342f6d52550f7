import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hostKernel } from '../check/host-kernel/index.ts';
import { fsTarget, memfsTarget, reusingTarget, simulatedTarget, type Target } from '../check/index.ts';
import { type FileSystemFactory, nodeEnvironment } from '../env/index.ts';
import { filesystems } from '../filesystems/index.ts';
import { didYouMean, type FileSystem } from '../vfs/index.ts';
import { UsageError } from './usage.ts';

/** A target of the command line, and how to give back what it took. */
export interface OpenTarget {
  readonly target: Target;
  /** Nobody has said what it does not promise: find out by trying. */
  readonly probe: boolean;
  close(): void | Promise<void>;
}

const named: Readonly<Record<string, () => Target>> = {
  ram: () => simulatedTarget('ram', filesystems.ram.factory),
  memfs: memfsTarget,
  'loopback:memfs': () =>
    simulatedTarget('loopback:memfs', filesystems.loopback.factory, {
      without: filesystems.loopback.without,
      options: { backing: 'memfs' },
    }),
  hello: () => simulatedTarget('hello', filesystems.hello.factory, { without: filesystems.hello.without }),
};

export const targetNames = [...Object.keys(named), 'dir:PATH', './module.js'];

/**
 * The target that a word of the command line means.
 *
 * @throws UsageError with the nearest name, or with what the module or directory should be
 */
export async function openTarget(word: string): Promise<OpenTarget> {
  if (Object.hasOwn(named, word)) return { target: named[word](), probe: false, close: () => {} };
  if (word.startsWith('dir:')) return directoryTarget(word.slice('dir:'.length));
  if (/^[./]/.test(word) || /\.[cm]?js$/.test(word)) return moduleTarget(word);
  throw new UsageError(
    `estale: unknown target "${word}"${didYouMean(word, Object.keys(named))}; there are: ${targetNames.join(', ')}`,
  );
}

/** Programs run in a fresh directory below the one that is given, so that nothing in it is touched. */
function directoryTarget(path: string): OpenTarget {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory())
    throw new UsageError(
      `estale: target dir:${path}: expected an existing directory, ${stat ? 'it is a file' : 'nothing is there'}`,
    );
  const scratch = mkdtempSync(join(resolve(path), '.estale-check-'));
  const remove = () => rmSync(scratch, { recursive: true, force: true });
  try {
    const target = reusingTarget(hostKernel({ directory: scratch }), { name: `dir:${path}` });
    return {
      target,
      probe: true,
      close: async () => {
        await target.close();
        remove();
      },
    };
  } catch (error) {
    remove();
    throw error;
  }
}

const expected =
  'expected its default export to be a filesystem factory (environment, options) => FileSystem, ' +
  'or a function that gives a fresh node:fs-shaped object (one with openSync, readSync, ...)';

async function moduleTarget(path: string): Promise<OpenTarget> {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`estale: target ${path}: no such file`);
  const module: Record<string, unknown> = await import(pathToFileURL(file).href);
  const make = module.default;
  const without = Array.isArray(module.without) ? module.without.map(String) : [];
  const opened = (target: Target): OpenTarget => ({ target, probe: module.without === undefined, close: () => {} });
  if (typeof make !== 'function') {
    const hint = isNodeFs(make)
      ? 'it is one object, which keeps its files: wrap it, `export default () => createFs()`'
      : `it is ${typeof make}`;
    throw new UsageError(`estale: target ${path}: ${expected}; ${hint}`);
  }
  const made: unknown = (make as FileSystemFactory)(nodeEnvironment(), {});
  if (isFileSystem(made)) {
    made.destroy?.();
    return opened(simulatedTarget(path, make as FileSystemFactory, { without }));
  }
  if (isNodeFs(made)) return opened(fsTarget(path, make as () => unknown, without));
  throw new UsageError(`estale: target ${path}: ${expected}; it gave ${made === null ? 'null' : typeof made}`);
}

const hasMethod = (value: unknown, name: string): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as Record<string, unknown>)[name] === 'function';

const isFileSystem = (value: unknown): value is FileSystem => hasMethod(value, 'lookup') && hasMethod(value, 'getattr');
const isNodeFs = (value: unknown): boolean => hasMethod(value, 'openSync');

/** Makes a directory for what a command saves. @throws UsageError where there is something else. */
export function outputDirectory(option: string, path: string): string {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw new UsageError(`--${option}: cannot make the directory ${path}: ${(error as Error).message}`);
  }
  return path;
}
