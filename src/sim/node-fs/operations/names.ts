import type { Mode, PathLike } from 'node:fs';
import { errnoNumbers as E, isDirectory } from '../../../vfs/index.ts';
import { codedError } from '../argument-error.ts';
import { attempt, type FsOperation, system } from '../operation.ts';
import { encoded, parentOf, shown, toName } from '../path.ts';
import { SystemError } from '../system-error.ts';
import { type OptionsArgument, toBoolean, toMode, toOptions } from '../validate.ts';

interface MkdirOptions {
  readonly recursive?: boolean;
  readonly mode?: Mode | null;
}

interface EncodingOptions {
  readonly encoding?: string | null;
}

export function* mkdir(path: PathLike, given?: Mode | MkdirOptions | null): FsOperation<string | undefined> {
  const options = typeof given === 'object' && given !== null ? given : { mode: given };
  const name = toName(path);
  if (options.recursive !== undefined) toBoolean(options.recursive, 'options.recursive');
  const mode = toMode(options.mode, 'mode', 0o777);
  if (options.recursive) return yield* mkdirs(name, mode);
  yield* system({ op: 'mkdir', path: name, mode }, 'mkdir', name);
  return undefined;
}

/** MKDirpSync (src/node_file.cc). Gives the first directory that was made. */
function* mkdirs(whole: string, mode: number): FsOperation<string | undefined> {
  const rest = [whole];
  let first: string | undefined;
  const fail = (errno: number): never => {
    throw new SystemError(errno, 'mkdir', whole);
  };
  for (let path = rest.pop(); path !== undefined; path = rest.pop()) {
    const error = -(yield* attempt({ op: 'mkdir', path, mode }));
    if (error === 0) first ??= path;
    else if (error === E.EACCES || error === E.ENOSPC || error === E.ENOTDIR || error === E.EPERM) fail(error);
    else if (error === E.ENOENT) {
      const parent = parentOf(path);
      if (parent === path || parent === '') fail(E.ENOENT);
      rest.push(path, parent);
    } else {
      const stat = yield* attempt({ op: 'stat', path });
      if (typeof stat === 'number') fail(-stat);
      else if (!isDirectory(stat.mode)) fail(error === E.EEXIST && rest.length > 0 ? E.ENOTDIR : E.EEXIST);
    }
  }
  return first === undefined ? undefined : shown(first);
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const TRIES = 100;

/** mkdtemp(3), which takes its letters from `draw`. */
export const makingTemporary = (draw: () => number) =>
  function* mkdtemp(prefix: PathLike, given?: OptionsArgument<EncodingOptions>): FsOperation<string | Buffer> {
    const { encoding } = toOptions<EncodingOptions>(given, {});
    const name = toName(prefix, 'prefix');
    for (let i = 0; ; i++) {
      const path = `${name}${Array.from({ length: 6 }, () => LETTERS[draw() % LETTERS.length]).join('')}`;
      const error = -(yield* attempt({ op: 'mkdir', path, mode: 0o700 }));
      if (error === 0) return encoded(path, encoding);
      if (error !== E.EEXIST || i === TRIES) throw new SystemError(error, 'mkdtemp', `${name}XXXXXX`);
    }
  };

export function* unlink(path: PathLike): FsOperation<undefined> {
  const name = toName(path);
  yield* system({ op: 'unlink', path: name }, 'unlink', name);
  return undefined;
}

export function* rename(oldPath: PathLike, newPath: PathLike): FsOperation<undefined> {
  const path = toName(oldPath, 'oldPath');
  const to = toName(newPath, 'newPath');
  yield* system({ op: 'rename', path, newPath: to, flags: 0 }, 'rename', path, to);
  return undefined;
}

export function* link(existingPath: PathLike, newPath: PathLike): FsOperation<undefined> {
  const path = toName(existingPath, 'existingPath');
  const to = toName(newPath, 'newPath');
  yield* system({ op: 'link', path, newPath: to, flags: 0 }, 'link', path, to);
  return undefined;
}

const linkTypes: readonly unknown[] = ['dir', 'file', 'junction', undefined, null];

export function* symlink(target: PathLike, path: PathLike, type?: string | null): FsOperation<undefined> {
  if (!linkTypes.includes(type))
    throw codedError(
      'ERR_FS_INVALID_SYMLINK_TYPE',
      `Symlink type must be one of "dir", "file", or "junction". Received "${type}"`,
    );
  const text = toName(target, 'target');
  const name = toName(path);
  yield* system({ op: 'symlink', target: text, path: name }, 'symlink', text, name);
  return undefined;
}

export function* readlinkOf(name: string): FsOperation<string> {
  return yield* system({ op: 'readlink', path: name }, 'readlink', name);
}

export function* readlink(path: PathLike, given?: OptionsArgument<EncodingOptions>): FsOperation<string | Buffer> {
  const { encoding } = toOptions<EncodingOptions>(given, {});
  return encoded(yield* readlinkOf(toName(path, 'oldPath')), encoding);
}
