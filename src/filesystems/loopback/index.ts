import type { FileSystemFactory } from '../../env/index.ts';
import { refuseUnknownOptions } from '../options.ts';
import { backingOf } from './backing.ts';
import { LoopbackFileSystem } from './loopback.ts';

/**
 * Makes a filesystem of a tree that a `node:fs`-shaped object keeps. Options: `backing`, 'node:fs' (the default) or 'memfs'
 * (a fresh one), or `fs`, any such object, with `likeNode` where inode numbers and names that are Buffers are as those of
 * `node:fs` on Linux; `root`, the absolute path of its directory there, '/' unless it is the host's.
 */
export const loopback: FileSystemFactory = (environment, options) => {
  refuseUnknownOptions('loopback', options, ['backing', 'fs', 'likeNode', 'root']);
  return new LoopbackFileSystem(environment.clock, backingOf(options));
};

/**
 * What it does not promise, as capability names of the checks: `node:fs` has no words for it, and it takes times as doubles
 * and cuts them to microseconds.
 */
export const loopbackWithout = [
  'special',
  'tmpfile',
  'rename-flags',
  'xattrs',
  'fallocate',
  'punch-hole',
  'seek-hole',
  'times',
  'handles',
] as const;

/** The same over memfs, which knows owners but no superuser: files of others are closed to everybody. */
export const loopbackMemfsWithout = [...loopbackWithout, 'ownership', 'permissions'] as const;

export type { Backing, BackingFs } from './backing.ts';
export { LoopbackFileSystem } from './loopback.ts';
