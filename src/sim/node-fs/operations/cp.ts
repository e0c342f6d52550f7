import type { PathLike } from 'node:fs';
import { posix } from 'node:path';
import { type ErrnoName, isDirectory, isSymlink, S_IFIFO, S_IFMT, S_IFSOCK, type Stat } from '../../../vfs/index.ts';
import { codedError, invalidType } from '../argument-error.ts';
import { FsError } from '../fs-error.ts';
import { attempt, type FsOperation, system, waitFor } from '../operation.ts';
import { toName } from '../path.ts';
import { toBoolean } from '../validate.ts';
import { lstatOf, statIfThere } from './attributes.ts';
import { copyFile } from './copy-file.ts';
import { scandir } from './listing.ts';
import { mkdir, readlinkOf } from './names.ts';

export interface CpOptions {
  readonly dereference?: boolean;
  readonly errorOnExist?: boolean;
  readonly filter?: (source: string, destination: string) => boolean | PromiseLike<boolean>;
  readonly force?: boolean;
  readonly mode?: number;
  readonly preserveTimestamps?: boolean;
  readonly recursive?: boolean;
  readonly verbatimSymlinks?: boolean;
}

const defaults = {
  dereference: false,
  errorOnExist: false,
  force: true,
  preserveTimestamps: false,
  recursive: false,
  verbatimSymlinks: false,
};

function toCpOptions(given: CpOptions | null | undefined): CpOptions & typeof defaults & { mode: number } {
  if (given === null || (given !== undefined && typeof given !== 'object'))
    throw invalidType('options', 'of type object', given);
  const options = { mode: 0, ...defaults, ...given };
  for (const name of Object.keys(defaults)) toBoolean(options[name as keyof typeof defaults], `options.${name}`);
  if (options.dereference && options.verbatimSymlinks)
    throw codedError(
      'ERR_INCOMPATIBLE_OPTION_PAIR',
      'Option "dereference" cannot be used in combination with option "verbatimSymlinks"',
      TypeError,
    );
  if (options.filter !== undefined && typeof options.filter !== 'function')
    throw invalidType('options.filter', 'of type function', options.filter);
  return options;
}

/** An error of cp's own; what is wrong with `path`. */
const refused = (code: string, what: string, name: ErrnoName, message: string, path: string): Error =>
  new FsError(code, what, { message, path, syscall: 'cp', code: name });

const invalid = (message: string, path: string): Error =>
  refused('ERR_FS_CP_EINVAL', 'Invalid src or dest', 'EINVAL', message, path);

const same = (a: Stat, b: Stat): boolean => a.ino === b.ino && a.dev === b.dev;

/** cp (lib/internal/fs/cp): one copy. `workingDirectory` is the kernel's. */
export const copyingTrees = (workingDirectory: () => string) =>
  function* cp(src: PathLike, dest: PathLike, given?: CpOptions): FsOperation<undefined> {
    const copy = new TreeCopy(toCpOptions(given), workingDirectory);
    const from = toName(src, 'src');
    const to = toName(dest, 'dest');
    yield* copy.tree(from, to);
    return undefined;
  };

class TreeCopy {
  readonly #options: ReturnType<typeof toCpOptions>;
  readonly #workingDirectory: () => string;

  constructor(options: ReturnType<typeof toCpOptions>, workingDirectory: () => string) {
    this.#options = options;
    this.#workingDirectory = workingDirectory;
  }

  *tree(from: string, to: string): FsOperation<void> {
    if (!(yield* this.#wanted(from, to))) return;
    yield* this.#check(from, to);
    const parent = posix.dirname(to);
    if ((yield* statIfThere(parent, true, 'stat')) === undefined) yield* mkdir(parent, { recursive: true });
    yield* this.#copy(from, to);
  }

  *#wanted(from: string, to: string): FsOperation<boolean> {
    const { filter } = this.#options;
    return filter === undefined || Boolean(yield* waitFor(filter(from, to)));
  }

  *#source(path: string): FsOperation<Stat> {
    return this.#options.dereference
      ? yield* system({ op: 'statx', path, flags: 0, mask: 0xfff }, 'stat', path)
      : yield* lstatOf(path);
  }

  *#target(path: string): FsOperation<Stat | undefined> {
    const follow = this.#options.dereference;
    return yield* statIfThere(path, follow, follow ? 'stat' : 'lstat');
  }

  /** checkPaths: the stat of the target, where there is one that may be written over. */
  *#check(from: string, to: string): FsOperation<void> {
    const source = yield* this.#source(from);
    const target = yield* this.#target(to);
    if (target !== undefined) {
      if (same(source, target)) throw invalid('src and dest cannot be the same', to);
      if (isDirectory(source.mode) && !isDirectory(target.mode))
        throw refused(
          'ERR_FS_CP_DIR_TO_NON_DIR',
          'Cannot overwrite non-directory with directory',
          'EISDIR',
          `cannot overwrite non-directory ${to} with directory ${from}`,
          to,
        );
      if (!isDirectory(source.mode) && isDirectory(target.mode))
        throw refused(
          'ERR_FS_CP_NON_DIR_TO_DIR',
          'Cannot overwrite directory with non-directory',
          'ENOTDIR',
          `cannot overwrite directory ${to} with non-directory ${from}`,
          to,
        );
    }
    if (isDirectory(source.mode)) {
      const subdirectory = () => invalid(`cannot copy ${from} to a subdirectory of self ${to}`, to);
      if (this.#isWithin(from, to)) throw subdirectory();
      yield* this.#checkParents(from, source, to, subdirectory);
    }
  }

  /** checkParentPaths: no directory above the target is the source, by whatever name. */
  *#checkParents(from: string, source: Stat, to: string, subdirectory: () => Error): FsOperation<void> {
    const above = this.#resolve(posix.dirname(from));
    for (let at = this.#resolve(posix.dirname(to)); at !== above && at !== '/'; at = posix.dirname(at)) {
      const stat = yield* statIfThere(at, true, 'stat');
      if (stat !== undefined && same(stat, source)) throw subdirectory();
    }
  }

  #resolve(path: string): string {
    return posix.resolve(this.#workingDirectory(), path);
  }

  #isWithin(outer: string, inner: string): boolean {
    const above = this.#resolve(outer).split('/').filter(Boolean);
    const below = this.#resolve(inner).split('/').filter(Boolean);
    return above.every((name, i) => below[i] === name);
  }

  *#copy(from: string, to: string): FsOperation<void> {
    const source = yield* this.#source(from);
    const target = yield* this.#target(to);
    if (isDirectory(source.mode)) {
      const message = `${from} is a directory (not copied)`;
      if (!this.#options.recursive) throw refused('ERR_FS_EISDIR', 'Path is a directory', 'EISDIR', message, from);
      yield* this.#directory(from, source, to, target);
    } else if (isSymlink(source.mode)) yield* this.#link(from, to, target);
    else yield* this.#file(from, source, to, target);
  }

  *#directory(from: string, source: Stat, to: string, target: Stat | undefined): FsOperation<void> {
    if (target === undefined) yield* mkdir(to);
    for (const { name } of yield* scandir(from)) {
      const inner = posix.join(from, name);
      const outer = posix.join(to, name);
      if (!(yield* this.#wanted(inner, outer))) continue;
      yield* this.#check(inner, outer);
      yield* this.#copy(inner, outer);
    }
    if (target === undefined) yield* this.#setMode(to, source.mode);
  }

  *#setMode(path: string, mode: number): FsOperation<void> {
    yield* system({ op: 'chmod', path, mode: mode & 0o7777 }, 'chmod', path);
  }

  *#file(from: string, source: Stat, to: string, target: Stat | undefined): FsOperation<void> {
    const special = source.mode & S_IFMT;
    if (special === S_IFSOCK)
      throw refused('ERR_FS_CP_SOCKET', 'Cannot copy a socket file', 'EINVAL', `cannot copy a socket file: ${to}`, to);
    if (special === S_IFIFO)
      throw refused('ERR_FS_CP_FIFO_PIPE', 'Cannot copy a FIFO pipe', 'EINVAL', `cannot copy a FIFO pipe: ${to}`, to);
    const { errorOnExist, force, mode, preserveTimestamps } = this.#options;
    if (target !== undefined && !force) {
      if (!errorOnExist) return;
      throw refused('ERR_FS_CP_EEXIST', 'Target already exists', 'EEXIST', `${to} already exists`, to);
    }
    if (target !== undefined) yield* system({ op: 'unlink', path: to }, 'unlink', to);
    yield* copyFile(from, to, mode);
    if (preserveTimestamps) {
      const { atime, mtime } = yield* this.#source(from);
      yield* system({ op: 'utimensat', path: to, atime, mtime, flags: 0 }, 'utime', to);
    }
    yield* this.#setMode(to, source.mode);
  }

  *#link(from: string, to: string, target: Stat | undefined): FsOperation<void> {
    const absolute = (link: string, text: string): string =>
      text.startsWith('/') ? text : this.#resolve(posix.join(posix.dirname(link), text));
    const text = yield* readlinkOf(from);
    const source = this.#options.verbatimSymlinks ? text : absolute(from, text);
    const old = target === undefined ? undefined : yield* attempt({ op: 'readlink', path: to });
    if (typeof old === 'string') {
      const there = absolute(to, old);
      const isDir = function* (path: string): FsOperation<boolean> {
        const stat = yield* statIfThere(path, true, 'stat');
        return stat !== undefined && isDirectory(stat.mode);
      };
      const resolved = absolute(from, text);
      if ((yield* isDir(from)) && this.#isWithin(resolved, there))
        throw invalid(`cannot copy ${resolved} to a subdirectory of self ${there}`, to);
      if ((yield* isDir(to)) && this.#isWithin(there, resolved))
        throw refused(
          'ERR_FS_CP_SYMLINK_TO_SUBDIRECTORY',
          'Cannot overwrite symlink in subdirectory of self',
          'EINVAL',
          `cannot overwrite ${there} with ${resolved}`,
          to,
        );
      yield* system({ op: 'unlink', path: to }, 'unlink', to);
    }
    yield* system({ op: 'symlink', target: source, path: to }, 'symlink', source, to);
  }
}
