import type { FileSystemFactory } from '../env/index.ts';
import { hello } from './hello/index.ts';
import { journal } from './journal/index.ts';
import { loopback, loopbackWithout } from './loopback/index.ts';
import { ram } from './ram/index.ts';
import { volatile } from './volatile/index.ts';

export * from './handle-table.ts';
export * from './hello/index.ts';
export * from './journal/index.ts';
export * from './loopback/index.ts';
export * from './pack-dirents.ts';
export * from './ram/index.ts';
export * from './volatile/index.ts';

/** A filesystem that comes with the project. */
export interface BuiltInFileSystem {
  readonly name: string;
  readonly summary: string;
  readonly factory: FileSystemFactory;
  /** Where a worker finds the factory: URL of a module, and the name among its exports. */
  readonly module: string;
  readonly exportName: string;
  /** The option that the text behind a colon sets, as in `loopback:DIR`. */
  readonly argument?: { readonly option: string; readonly kind: 'directory' | 'file' | 'text' };
  /** What it does not promise: capability names of the checks. */
  readonly without: readonly string[];
}

const here = import.meta.url;

/** The filesystems that come with the project, by name. */
export const filesystems: Readonly<Record<'ram' | 'loopback' | 'journal' | 'hello' | 'volatile', BuiltInFileSystem>> = {
  ram: {
    name: 'ram',
    summary: 'a complete POSIX filesystem in memory',
    factory: ram,
    module: here,
    exportName: 'ram',
    without: [],
  },
  loopback: {
    name: 'loopback',
    summary: 'a directory of the host, or any node:fs-shaped object, passed through',
    factory: loopback,
    module: here,
    exportName: 'loopback',
    argument: { option: 'root', kind: 'directory' },
    without: loopbackWithout,
  },
  journal: {
    name: 'journal',
    summary: 'a small journalled filesystem on a disk: a file of the host, or one of the simulator',
    factory: journal,
    module: here,
    exportName: 'journal',
    argument: { option: 'disk', kind: 'file' },
    without: [],
  },
  hello: {
    name: 'hello',
    summary: 'a greeting whose name changes every second, and files that calculate: cat 5+34',
    factory: hello,
    module: here,
    exportName: 'hello',
    without: ['write', 'handles', 'xattrs'],
  },
  volatile: {
    name: 'volatile',
    summary: 'another filesystem, of which a crash loses what was not synced',
    factory: volatile,
    module: here,
    exportName: 'volatile',
    argument: { option: 'over', kind: 'text' },
    without: [],
  },
};
