import type { Inode } from '../model/index.ts';
import { type Call, nameLength, O_DIRECTORY, O_RDONLY, PATH_MAX, type SysResult } from '../vfs/index.ts';
import type { Oracle } from './oracle.ts';
import type { Without } from './profile.ts';
import { OBSERVER, type ProgramStep } from './program.ts';

/** A descriptor number that programs do not use. */
const FD = 60;
const BUFFER = 4096;
/** Listings that do not come to an end are cut off here. */
const LISTINGS = 1000;
const READ = 1 << 20;

/** What a look at the tree yields: calls of the observer, or of a process that has a file open. */
type Look = Generator<ProgramStep, void, SysResult>;
type Calls = Generator<Call, void, SysResult>;

/**
 * The calls that look at the whole tree, as the model believes it to be: listings, attributes, contents, targets,
 * extended attributes; and files that are open and have no name any more, mapped memory, and listings that were begun.
 * Judging their results compares the trees.
 */
export function* sweep(model: Oracle, without: Without): Look {
  yield* sweepOpen(model);
  for (const { pid, map, length } of [...model.mappings()])
    yield { pid, call: { op: 'load', map, offset: 0, size: Math.min(length, READ) } };
  yield* by(OBSERVER.pid, sweepInode(model.root, '/', without, new Set()));
}

function* by(pid: number, calls: Calls): Look {
  for (let next = calls.next(); !next.done; ) next = calls.next(yield { pid, call: next.value });
}

function* sweepOpen(model: Oracle): Look {
  const seen = new Set<Inode>();
  for (const { pid, fd, inode, readable, listing } of [...model.descriptors()]) {
    if (listing) yield* by(pid, sweepRest(fd));
    if (!inode.isRegular || inode.nlink > 0 || seen.has(inode)) continue;
    seen.add(inode);
    yield { pid, call: { op: 'fstat', fd } };
    if (readable && inode.size < READ) yield { pid, call: { op: 'pread', fd, size: inode.size + 1, offset: 0 } };
  }
}

function* sweepInode(inode: Inode, path: string, without: Without, seen: Set<Inode>): Calls {
  yield { op: 'lstat', path };
  if (seen.has(inode)) return;
  seen.add(inode);
  if (inode.isSymlink && !without.has('symlinks')) yield { op: 'readlink', path };
  if (inode.isRegular && inode.size > 0) yield* sweepContent(inode, path);
  if (inode.xattrs !== undefined && !without.has('xattrs')) yield* sweepXattrs(inode, path);
  if (inode.entries === undefined) return;
  yield* sweepListing(path);
  const prefix = path === '/' ? '/' : `${path}/`;
  for (const [name, child] of [...inode.entries]) {
    const childPath = prefix + name;
    if (childPath.length < PATH_MAX / 3 || nameLength(childPath) < PATH_MAX)
      yield* sweepInode(child, childPath, without, seen);
  }
}

function* sweepListing(path: string): Calls {
  const fd = yield { op: 'open', path, flags: O_RDONLY | O_DIRECTORY, mode: 0, into: FD };
  if (fd !== FD) return;
  yield* sweepRest(FD);
  yield { op: 'close', fd: FD };
}

function* sweepRest(fd: number): Calls {
  for (let i = 0; i < LISTINGS; i++) {
    const entries = yield { op: 'getdents', fd, size: BUFFER };
    if (!Array.isArray(entries) || entries.length === 0) break;
  }
}

/** All of a small file; of a large one what was written, what lies around it, and the end. */
function* sweepContent(inode: Inode, path: string): Calls {
  const fd = yield { op: 'open', path, flags: O_RDONLY, mode: 0, into: FD };
  if (fd !== FD) return;
  if (inode.size < READ) yield { op: 'pread', fd: FD, size: inode.size + 1, offset: 0 };
  else {
    for (const { start, end } of [...(inode.content?.ranges() ?? [])]) {
      const from = Math.max(0, start - 4096);
      for (let at = from; at < end; at += READ)
        yield { op: 'pread', fd: FD, size: Math.min(READ, end + 4096 - at), offset: at };
    }
    yield { op: 'pread', fd: FD, size: 4097, offset: inode.size - 4096 };
  }
  yield { op: 'close', fd: FD };
}

function* sweepXattrs(inode: Inode, path: string): Calls {
  yield { op: 'llistxattr', path, size: 65536 };
  for (const name of [...(inode.xattrs?.keys() ?? [])]) yield { op: 'lgetxattr', path, name, size: 65536 };
}
