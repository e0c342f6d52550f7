import type { Capability } from '../profile.ts';
import type { NodeFs } from './node-fs.ts';

/** What no `node:fs`-shaped object can be asked for, because the interface has no words for it. */
export const neverOnNodeFs: readonly Capability[] = [
  'special',
  'tmpfile',
  'rename-flags',
  'xattrs',
  'locks',
  'flock',
  'fallocate',
  'punch-hole',
  'seek-hole',
  'copy-range',
  'permissions',
  'directory-descriptors',
  'working-directory',
  'statfs',
  'mmap',
  'mmap-shared',
  'fadvise',
  'drop-caches',
  'handles',
];

const methods: readonly (readonly [Capability, readonly (keyof NodeFs)[]])[] = [
  ['links', ['linkSync']],
  ['symlinks', ['symlinkSync', 'readlinkSync']],
  ['ownership', ['chownSync', 'lchownSync', 'fchownSync']],
  ['modes', ['chmodSync', 'fchmodSync']],
  ['times', ['utimesSync', 'lutimesSync', 'futimesSync']],
];

/** The capabilities that an object does not have, by its methods. */
export function missingCapabilities(fs: NodeFs): ReadonlySet<Capability> {
  const missing = new Set(neverOnNodeFs);
  for (const [capability, names] of methods)
    if (names.some((name) => typeof fs[name] !== 'function')) missing.add(capability);
  return missing;
}
