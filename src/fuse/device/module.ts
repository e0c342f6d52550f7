import { type Environment, type FileSystemFactory, type FileSystemOptions, nodeEnvironment } from '../../env/index.ts';
import type { FileSystem } from '../../vfs/index.ts';
import { compiledModule } from './compiled.ts';

/** Where a filesystem's factory is, as plain data that travels into a worker. */
export interface FileSystemModule {
  /** URL of an ES module. */
  readonly module: string;
  /** The factory's name among the module's exports; default `default`. */
  readonly exportName?: string;
  readonly options?: FileSystemOptions;
}

/** Loads the module and makes the filesystem with the real surroundings, or what `around` makes of them. */
export async function makeFileSystem(
  source: FileSystemModule,
  warn: (line: string) => void,
  around: (environment: Environment) => Environment = (environment) => environment,
): Promise<FileSystem> {
  const name = source.exportName ?? 'default';
  const loaded: Record<string, unknown> = await import(compiledModule(source.module));
  const factory = loaded[name];
  if (!isFactory(factory)) {
    const exports = Object.keys(loaded).join(', ') || 'nothing';
    throw new Error(
      `${source.module}: expected "${name}" to be a filesystem factory, given ${typeof factory}; it exports ${exports}`,
    );
  }
  return factory(around({ ...nodeEnvironment(), warn }), source.options ?? {});
}

function isFactory(value: unknown): value is FileSystemFactory {
  return typeof value === 'function';
}
