import type { PathLike } from 'node:fs';
import { posix } from 'node:path';
import { direntType, isDirectory, nameToBytes, O_DIRECTORY, O_NONBLOCK, O_RDONLY } from '../../../vfs/index.ts';
import { Dirent } from '../dirent.ts';
import { attempt, type FsOperation, system } from '../operation.ts';
import { encoded, shown, toName } from '../path.ts';
import { type OptionsArgument, toBoolean, toOptions } from '../validate.ts';
import { lstatOf } from './attributes.ts';
import { withDescriptor } from './descriptors.ts';

interface ReaddirOptions {
  readonly encoding?: string | null;
  readonly withFileTypes?: boolean;
  readonly recursive?: boolean;
}

/** An entry by its kernel name and DT_* type. */
export interface Entry {
  readonly name: string;
  readonly type: number;
}

/** Bytes of the buffer of getdents64(2), as glibc's. */
const BUFFER = 32768;

export function* openDirectory(name: string, syscall: string): FsOperation<number> {
  return yield* system({ op: 'open', path: name, flags: O_RDONLY | O_NONBLOCK | O_DIRECTORY, mode: 0 }, syscall, name);
}

/** The next entries of an open directory; none at the end. `.` and `..` are left out. */
export function* nextEntries(fd: number, syscall: string, path: string): FsOperation<readonly Entry[]> {
  for (;;) {
    const entries = yield* system({ op: 'getdents', fd, size: BUFFER }, syscall, path);
    const named = entries.filter(({ name }) => name !== '.' && name !== '..');
    if (named.length > 0 || entries.length === 0) return named;
  }
}

function compareBytes(a: Entry, b: Entry): number {
  return Buffer.compare(nameToBytes(a.name), nameToBytes(b.name));
}

/** scandir(3) as libuv calls it: the whole directory, sorted by bytes. */
export function* scandir(path: string): FsOperation<readonly Entry[]> {
  const fd = yield* openDirectory(path, 'scandir');
  const all: Entry[] = [];
  yield* withDescriptor(fd, function* list() {
    for (;;) {
      const entries = yield* nextEntries(fd, 'scandir', path);
      if (entries.length === 0) return;
      all.push(...entries);
    }
  });
  return all.sort(compareBytes);
}

/** The type of an entry whose directory does not tell it. */
export function* typeOf(directory: string, { name, type }: Entry): FsOperation<number> {
  return type !== 0 ? type : direntType((yield* lstatOf(posix.join(directory, name))).mode);
}

export type Listing = (string | Buffer)[] | Dirent<string | Buffer>[];

/** With `recursive` breadth first; without types links to directories are followed, as Node does. */
export function* readdir(path: PathLike, given?: OptionsArgument<ReaddirOptions>): FsOperation<Listing> {
  const { encoding, withFileTypes = false, recursive } = toOptions<ReaddirOptions>(given, {});
  const base = toName(path);
  if (recursive !== undefined && recursive !== null) toBoolean(recursive, 'options.recursive');
  const directories = [base];
  const names: (string | Buffer)[] = [];
  const dirents: Dirent<string | Buffer>[] = [];
  for (const directory of directories) {
    for (const entry of yield* scandir(directory)) {
      const inner = posix.join(directory, entry.name);
      if (withFileTypes) {
        const dirent = new Dirent(encoded(entry.name, encoding), yield* typeOf(directory, entry), shown(directory));
        dirents.push(dirent);
        if (recursive && dirent.isDirectory()) directories.push(inner);
      } else {
        names.push(encoded(recursive ? posix.relative(base, inner) : entry.name, encoding));
        if (recursive && (yield* leadsToDirectory(inner))) directories.push(inner);
      }
    }
  }
  return withFileTypes ? dirents : names;
}

function* leadsToDirectory(path: string): FsOperation<boolean> {
  const stat = yield* attempt({ op: 'stat', path });
  return typeof stat !== 'number' && isDirectory(stat.mode);
}
