import type { PathLike } from 'node:fs';
import { errnoNumbers as E, isDirectory, O_CREAT, O_EXCL, O_RDONLY, O_WRONLY } from '../../../vfs/index.ts';
import { type FsOperation, system } from '../operation.ts';
import { toName } from '../path.ts';
import { isSystemError, SystemError } from '../system-error.ts';
import { toSmallMode } from '../validate.ts';
import { fstatOf } from './attributes.ts';
import { withDescriptor } from './descriptors.ts';

const COPYFILE_EXCL = 1;
const COPYFILE_FICLONE_FORCE = 4;
/** Bytes of one copy_file_range(2). */
const PIECE = 2 ** 30;

/** uv__fs_copyfile (src/unix/fs.c of libuv): a file that was made goes again where the copy fails. */
export function* copyFile(src: PathLike, dest: PathLike, mode?: number | null): FsOperation<undefined> {
  const from = toName(src, 'src');
  const to = toName(dest, 'dest');
  const flags = toSmallMode(mode);
  const failed = (errno: number) => new SystemError(errno, 'copyfile', from, to);
  const source = yield* system({ op: 'open', path: from, flags: O_RDONLY, mode: 0 }, 'copyfile', from, to);
  return yield* withDescriptor(source, function* copy() {
    const stat = yield* fstatOf(source);
    if (isDirectory(stat.mode)) throw failed(E.EISDIR);
    const how = O_WRONLY | O_CREAT | ((flags & COPYFILE_EXCL) !== 0 ? O_EXCL : 0);
    const target = yield* system({ op: 'open', path: to, flags: how, mode: stat.mode & 0o7777 }, 'copyfile', from, to);
    try {
      yield* withDescriptor(target, function* fill() {
        const there = yield* fstatOf(target);
        if (there.ino === stat.ino && there.dev === stat.dev) return;
        yield* system({ op: 'ftruncate', fd: target, size: 0 }, 'copyfile', from, to);
        yield* system({ op: 'fchmod', fd: target, mode: stat.mode & 0o7777 }, 'copyfile', from, to);
        // FUSE has no FICLONE.
        if ((flags & COPYFILE_FICLONE_FORCE) !== 0) throw failed(E.EOPNOTSUPP);
        for (let at = 0, count = 1; count > 0; at += count)
          count = yield* system(
            { op: 'copy_file_range', fd: source, fdOut: target, size: PIECE, offset: at, offsetOut: at },
            'copyfile',
            from,
            to,
          );
      });
    } catch (error) {
      if (isSystemError(error)) yield { op: 'unlink', path: to };
      throw error;
    }
    return undefined;
  });
}
