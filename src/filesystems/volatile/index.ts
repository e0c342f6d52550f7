import type { Environment, FileSystemFactory, FileSystemOptions } from '../../env/index.ts';
import { type CrashPromise, crashPromises, didYouMean, type FileSystem } from '../../vfs/index.ts';
import { ram } from '../ram/index.ts';
import { VolatileMedium } from './medium.ts';
import { VolatileFileSystem } from './volatile.ts';

export { VolatileMedium } from './medium.ts';
export { VolatileFileSystem } from './volatile.ts';

/** Filesystems that can be named by the option `over`. */
const below: Readonly<Record<string, FileSystemFactory>> = { ram };

/**
 * A factory of filesystems of another's making whose unsynced data a crash may lose. Options: `promise` ('posix' or
 * 'ordered', default 'posix'); the others are for the filesystem below.
 *
 * @example simulate(volatileOver(ram), { filesystem: { promise: 'ordered' } })
 */
export function volatileOver(factory: FileSystemFactory): FileSystemFactory {
  return (environment, { promise, ...options }) =>
    overMedium(factory, environment, options, new VolatileMedium(promiseOption(promise)), true);
}

/** A filesystem over a medium that is new, or that a crash has left behind. */
export function overMedium(
  factory: FileSystemFactory,
  environment: Environment,
  options: FileSystemOptions,
  medium: VolatileMedium,
  isNew: boolean,
): FileSystem {
  return new VolatileFileSystem(() => factory(environment, options), medium, isNew) as unknown as FileSystem;
}

/** `volatileOver` the filesystem that the option `over` names. */
export const volatile: FileSystemFactory = (environment, { over = 'ram', ...options }) => {
  if (typeof over !== 'string' || !Object.hasOwn(below, over)) {
    const names = Object.keys(below);
    const hint = typeof over === 'string' ? didYouMean(over, names) : '';
    throw new TypeError(`volatile: expected over to be ${names.join(' or ')}, given ${String(over)}${hint}`);
  }
  return volatileOver(below[over])(environment, options);
};

function promiseOption(given: unknown): CrashPromise {
  const found = crashPromises.find((name) => name === (given ?? 'posix'));
  if (found === undefined)
    throw new TypeError(`volatile: expected promise to be ${crashPromises.join(' or ')}, given ${String(given)}`);
  return found;
}
