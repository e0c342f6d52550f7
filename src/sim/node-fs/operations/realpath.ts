import type { PathLike } from 'node:fs';
import { posix } from 'node:path';
import { errnoNumbers as E, isSymlink, MAXSYMLINKS } from '../../../vfs/index.ts';
import { attempt, type FsOperation, system } from '../operation.ts';
import { encoded, toName } from '../path.ts';
import { SystemError } from '../system-error.ts';
import { type OptionsArgument, toOptions } from '../validate.ts';
import { lstatOf, stat } from './attributes.ts';
import { readlinkOf } from './names.ts';

interface EncodingOptions {
  readonly encoding?: string | null;
}

/** Resolves the links of an absolute path; `look` says whether there is a link at one, and to what. */
function* resolveLinks(
  path: string,
  look: (path: string) => FsOperation<string | undefined>,
  tooMany: () => Error,
): FsOperation<string> {
  let rest = path.split('/').filter((part) => part !== '' && part !== '.');
  let done = '';
  let links = 0;
  for (let part = rest.shift(); part !== undefined; part = rest.shift()) {
    if (part === '..') {
      done = done.slice(0, Math.max(0, done.lastIndexOf('/')));
      continue;
    }
    const at = `${done}/${part}`;
    const target = yield* look(at);
    if (target === undefined) {
      done = at;
      continue;
    }
    links += 1;
    if (links > MAXSYMLINKS) throw tooMany();
    if (target.startsWith('/')) done = '';
    rest = [...target.split('/').filter((name) => name !== '' && name !== '.'), ...rest];
  }
  return done === '' ? '/' : done;
}

function* linkTarget(path: string): FsOperation<string | undefined> {
  if (!isSymlink((yield* lstatOf(path)).mode)) return undefined;
  yield* stat(path);
  return yield* readlinkOf(path);
}

/** The two forms of realpath; `workingDirectory` is the kernel's, for relative paths. */
export function realpathOperations(workingDirectory: () => string) {
  function* realpath(path: PathLike, given?: OptionsArgument<EncodingOptions>): FsOperation<string | Buffer> {
    const { encoding } = toOptions<EncodingOptions>(given, {});
    const name = posix.resolve(workingDirectory(), toName(path instanceof URL ? path : `${path}`));
    return encoded(yield* resolveLinks(name, linkTarget, () => new SystemError(E.ELOOP, 'stat', name)), encoding);
  }

  /** realpath(3), which the promise form calls too. */
  function* native(path: PathLike, given?: OptionsArgument<EncodingOptions>): FsOperation<string | Buffer> {
    const { encoding } = toOptions<EncodingOptions>(given, {});
    const name = toName(path);
    const failed = (errno: number) => new SystemError(errno, 'realpath', name);
    if (name === '') throw failed(E.ENOENT);
    // The whole of it must be there, and a directory where a slash or `..` says so.
    yield* system({ op: 'statx', path: name, flags: 0, mask: 0xfff }, 'realpath', name);
    const whole = name.startsWith('/') ? name : `${workingDirectory()}/${name}`;
    const resolved = yield* resolveLinks(
      whole,
      function* look(at) {
        const target = yield* attempt({ op: 'readlink', path: at });
        if (typeof target === 'string') return target;
        if (target === -E.EINVAL) return undefined;
        throw failed(-target);
      },
      () => failed(E.ELOOP),
    );
    return encoded(resolved, encoding);
  }

  return { realpath, native };
}
