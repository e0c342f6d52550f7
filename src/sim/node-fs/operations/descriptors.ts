import type { Mode, OpenMode, PathLike } from 'node:fs';
import { type FsOperation, system } from '../operation.ts';
import { toName } from '../path.ts';
import { toFd, toInteger, toMode, toOpenFlags } from '../validate.ts';

// Opening, closing and flushing.

export function* open(path: PathLike, flags: OpenMode | null = 'r', mode?: Mode | null): FsOperation<number> {
  const name = toName(path);
  const call = { op: 'open', path: name, flags: toOpenFlags(flags), mode: toMode(mode, 'mode', 0o666) } as const;
  return yield* system(call, 'open', name);
}

export function* close(fd: number): FsOperation<undefined> {
  yield* system({ op: 'close', fd: toFd(fd) }, 'close');
  return undefined;
}

/** Runs `use` on a descriptor and closes it, whatever happened. */
export function* withDescriptor<T>(fd: number, use: (fd: number) => FsOperation<T>): FsOperation<T> {
  let failed = true;
  try {
    const result = yield* use(fd);
    failed = false;
    return result;
  } finally {
    // The first error is the one that counts.
    if (failed) yield { op: 'close', fd };
    else yield* close(fd);
  }
}

export function* fsync(fd: number): FsOperation<undefined> {
  yield* system({ op: 'fsync', fd: toFd(fd) }, 'fsync');
  return undefined;
}

export function* fdatasync(fd: number): FsOperation<undefined> {
  yield* system({ op: 'fdatasync', fd: toFd(fd) }, 'fdatasync');
  return undefined;
}

export function* ftruncate(fd: number, length: number | null = 0): FsOperation<undefined> {
  const size = toInteger(length ?? 0, 'len');
  yield* system({ op: 'ftruncate', fd: toFd(fd), size: Math.max(0, size) }, 'ftruncate');
  return undefined;
}

export function* truncate(path: PathLike, length: number | null = 0): FsOperation<undefined> {
  const size = toInteger(length ?? 0, 'len');
  const fd = yield* open(path, 'r+');
  return yield* withDescriptor(fd, () => ftruncate(fd, size));
}
