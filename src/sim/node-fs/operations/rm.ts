import type { PathLike } from 'node:fs';
import { posix } from 'node:path';
import { errnoNumbers as E, isDirectory } from '../../../vfs/index.ts';
import { invalidType } from '../argument-error.ts';
import { FsError } from '../fs-error.ts';
import { attempt, type FsOperation, system } from '../operation.ts';
import { toName } from '../path.ts';
import { isSystemError } from '../system-error.ts';
import { toBoolean, toInteger } from '../validate.ts';
import { lstatOf } from './attributes.ts';
import { scandir } from './listing.ts';

interface RmOptions {
  readonly force?: boolean;
  readonly recursive?: boolean;
  readonly maxRetries?: number;
  readonly retryDelay?: number;
}

function toRmOptions(given: RmOptions | null | undefined): Required<RmOptions> {
  const options = { force: false, recursive: false, maxRetries: 0, retryDelay: 100, ...given };
  if (given !== undefined && (given === null || typeof given !== 'object'))
    throw invalidType('options', 'of type object', given);
  toBoolean(options.force, 'options.force');
  toBoolean(options.recursive, 'options.recursive');
  toInteger(options.retryDelay, 'options.retryDelay', 0, 2 ** 31 - 1);
  toInteger(options.maxRetries, 'options.maxRetries', 0, 2 ** 32 - 1);
  return options;
}

export function* rmdir(path: PathLike, given?: RmOptions): FsOperation<undefined> {
  const options = toRmOptions(given);
  const name = toName(path);
  if (options.recursive && isDirectory((yield* lstatOf(name)).mode)) return yield* removeTree(name, options);
  yield* system({ op: 'rmdir', path: name }, 'rmdir', name);
  return undefined;
}

export function* rm(path: PathLike, given?: RmOptions): FsOperation<undefined> {
  const options = toRmOptions(given);
  const name = toName(path);
  try {
    const { mode } = yield* lstatOf(name);
    if (isDirectory(mode) && !options.recursive)
      throw new FsError('ERR_FS_EISDIR', 'Path is a directory', directory(name));
  } catch (error) {
    if (options.force && isSystemError(error, E.ENOENT)) return undefined;
    throw error;
  }
  return yield* removeTree(name, options);
}

const directory = (path: string) => ({ code: 'EISDIR', message: 'is a directory', path, syscall: 'rm' }) as const;

/** Errors after which another try may succeed. It is made at once: there is nobody who would be done later. */
const passing: ReadonlySet<number> = new Set([E.EBUSY, E.EMFILE, E.ENFILE, E.ENOTEMPTY, E.EPERM]);

/** rimraf (lib/internal/fs/rimraf.js): what is gone already is no error. */
function* removeTree(path: string, { maxRetries }: Required<RmOptions>): FsOperation<undefined> {
  for (let tries = 0; ; tries++) {
    try {
      yield* removeOnce(path);
      return undefined;
    } catch (error) {
      if (!isSystemError(error, ...passing) || tries >= maxRetries) throw error;
    }
  }
}

function* removeOnce(path: string): FsOperation<void> {
  const unlinked = yield* attempt({ op: 'unlink', path });
  if (unlinked === 0 || unlinked === -E.ENOENT) return;
  if (unlinked !== -E.EISDIR && unlinked !== -E.EPERM) {
    yield* system({ op: 'unlink', path }, 'unlink', path);
    return;
  }
  const removed = yield* attempt({ op: 'rmdir', path });
  if (removed === 0 || removed === -E.ENOENT) return;
  if (removed === -E.ENOTEMPTY || removed === -E.EEXIST)
    for (const { name } of yield* scandir(path)) yield* removeOnce(posix.join(path, name));
  yield* system({ op: 'rmdir', path }, 'rmdir', path);
}
