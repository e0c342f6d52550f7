import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Capability, fsTarget, simulatedTarget, type Target } from '../check/index.ts';
import type { ProblemReport } from '../check/reporter.ts';
import { type FileSystemFactory, nodeEnvironment } from '../env/index.ts';
import type { FileSystem } from '../vfs/index.ts';
import { capabilityNamed } from './capability.ts';
import { tellProblem } from './progress.ts';
import type { OpenTarget } from './targets.ts';
import { UsageError } from './usage.ts';

const expected =
  'expected its default export to be a filesystem factory (environment, options) => FileSystem, ' +
  'or a function that gives a fresh node:fs-shaped object (one with openSync, readSync, ...)';

/** Whether a word of the command line means a module. */
export const isModulePath = (word: string): boolean => /^[./]/.test(word) || /\.[cm]?js$/.test(word);

async function loadModule(path: string): Promise<Record<string, unknown>> {
  const file = resolve(path);
  if (!existsSync(file)) throw new UsageError(`target ${path}: no such file`);
  return attempt(`target ${path}`, (): Promise<Record<string, unknown>> => import(pathToFileURL(file).href));
}

/** The filesystem factory that a module exports. @throws UsageError where it is none */
export async function loadFileSystem(path: string): Promise<FileSystemFactory> {
  const { default: make } = await loadModule(path);
  if (typeof make !== 'function')
    throw new UsageError(`${path}: expected its default export to be a filesystem factory, it is a ${typeof make}`);
  const [made] = await makeOnce(path, make as FileSystemFactory);
  if (!isFileSystem(made))
    throw new UsageError(`${path}: expected its default export to give a filesystem, it gave a ${typeof made}`);
  made.destroy?.();
  return make as FileSystemFactory;
}

/** What the factory gives in real surroundings: to see what it is, be it a promise. */
async function makeOnce(path: string, make: FileSystemFactory): Promise<[unknown]> {
  return attempt(`target ${path}: its default export`, (): [unknown] => [make(nodeEnvironment(), {})]);
}

/** A module of the user's as a target, on this thread. */
export const targetOfModule = async (path: string, report: ProblemReport): Promise<Target> =>
  (await moduleTarget(path, report)).target;

/** A module of the user's as a target. @throws UsageError that says what it should export, or with what it threw */
export async function moduleTarget(path: string, report: ProblemReport = tellProblem): Promise<OpenTarget> {
  const module = await loadModule(path);
  const make = module.default;
  const without = withoutOf(path, module.without);
  // It may hold things of the host, a file or a directory, that another thread must not touch unless that is asked for.
  const threads = { source: { module: import.meta.url, make: targetOfModule.name, given: path }, jobs: 1 };
  const opened = (target: Target): OpenTarget => ({
    target,
    probe: module.without === undefined,
    threads,
    close: () => {},
  });
  if (typeof make !== 'function') {
    const given = isNodeFs(make)
      ? 'it is one object, which keeps its files: wrap it, `export default () => createFs()`'
      : make === undefined
        ? `it has none; it exports ${Object.keys(module).join(', ') || 'nothing'}`
        : `it is ${isFileSystem(make) ? 'a filesystem: wrap it, `export default (environment, options) => ...`' : `a ${typeof make}`}`;
    throw new UsageError(`target ${path}: ${expected}; ${given}`);
  }
  const [made] = await makeOnce(path, make as FileSystemFactory);
  if (isFileSystem(made)) {
    made.destroy?.();
    return opened(simulatedTarget(path, make as FileSystemFactory, { without, simulation: { report } }));
  }
  if (isNodeFs(made)) return opened(fsTarget(path, make as () => unknown, without));
  throw new UsageError(
    `target ${path}: ${expected}; it gave ${made === null || made === undefined ? made : `a ${made instanceof Promise ? 'promise' : typeof made}`}`,
  );
}

/** Runs code of the module; what it throws is the user's to mend. */
async function attempt<T>(what: string, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw new UsageError(`${what} threw:\n${error instanceof Error ? error.stack : String(error)}`);
  }
}

function withoutOf(path: string, names: unknown): readonly Capability[] {
  if (names === undefined) return [];
  if (!Array.isArray(names))
    throw new UsageError(`target ${path}: expected "without" to be a list of capabilities, it is a ${typeof names}`);
  return names.map((name) => capabilityNamed(`target ${path}: without`, String(name)));
}

const hasMethod = (value: unknown, name: string): boolean =>
  ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
  typeof (value as Record<string, unknown>)[name] === 'function';

const isFileSystem = (value: unknown): value is FileSystem => hasMethod(value, 'lookup') && hasMethod(value, 'getattr');
const isNodeFs = (value: unknown): boolean => hasMethod(value, 'openSync');
