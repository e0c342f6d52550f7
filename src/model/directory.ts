import { type CallOf, type DirectoryEntry, direntType, nameLength, SEEK_CUR, SEEK_SET } from '../vfs/index.ts';
import { identityVerdict } from './attributes.ts';
import type { Inode } from './inode.ts';
import type { OpenFile } from './process.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';

/**
 * A listing in progress. POSIX readdir: a name that stays in the directory throughout is returned exactly once; one that
 * is added, removed or replaced after the start may be returned or not.
 */
export class DirectoryStream {
  readonly listed = new Set<string>();
  /** Names that were added or removed since the start. */
  readonly changed = new Set<string>();
  /** False after a seek to a place in the middle: what was listed and what will be is not known. */
  known = true;

  rewind(): void {
    this.listed.clear();
    this.changed.clear();
    this.known = true;
  }
}

/** Stands for the position in a listing, which is the filesystem's own matter. */
const UNKNOWN_OFFSET = 1;

/** A name of the directory changed its meaning: listings in progress may show it or not. */
export function streamsForget(dir: Inode, name: string): void {
  if (dir.streams !== undefined) for (const file of dir.streams) file.stream?.changed.add(name);
}

/** lseek(2) on a directory: only a rewind has a meaning that POSIX fixes. */
export function seekDirectory(s: State, file: OpenFile, offset: number, whence: number): Verdict {
  if (whence === SEEK_SET && offset === 0) {
    if (s.failed) return s.succeeds();
    file.stream?.rewind();
    file.offset = 0;
    return s.result === 0 ? undefined : wrongValue('offset', 'wrong', 0, String(s.result));
  }
  if (whence === SEEK_SET && offset < 0) return s.fails(E.EINVAL);
  if (s.failed) return whence === SEEK_CUR && offset === 0 ? s.succeeds() : undefined;
  if (file.stream !== undefined && !(whence === SEEK_CUR && offset === 0)) file.stream.known = false;
  file.offset = UNKNOWN_OFFSET;
  return undefined;
}

/** Bytes of a `struct linux_dirent64`. */
const recordLength = (name: string): number => (19 + nameLength(name) + 1 + 7) & ~7;

export function getdents(s: State, call: CallOf<'getdents'>): Verdict {
  const file = s.file(call.fd);
  if (file === undefined) return s.fails(E.EBADF);
  const { inode: dir, stream } = file;
  if (!dir.isDirectory || stream === undefined) return s.fails(E.ENOTDIR);
  if (dir.isDead) return s.fails(E.ENOENT);
  s.accessed(dir);
  file.offset = UNKNOWN_OFFSET;
  if (s.isError(E.EINVAL)) return tooSmall(dir, stream, call.size) ? undefined : s.succeeds();
  if (s.failed) return s.succeeds();
  const { result } = s;
  if (!Array.isArray(result)) return wrongValue('result', 'malformed', 'entries', typeof result);
  const entries: readonly DirectoryEntry[] = result;
  if (entries.length === 0) return ended(dir, stream);
  let size = 0;
  for (const entry of entries) {
    size += recordLength(entry.name);
    const verdict = judgeEntry(s, dir, stream, entry);
    if (verdict !== undefined) return verdict;
  }
  return size <= call.size ? undefined : wrongValue('entries', 'larger than the buffer', `${call.size} bytes`, size);
}

/** EINVAL: the buffer does not take the next entry. */
function tooSmall(dir: Inode, stream: DirectoryStream, size: number): boolean {
  for (const name of [...(dir.entries as Map<string, Inode>).keys(), ...stream.changed, '..'])
    if (recordLength(name) > size) return true;
  return false;
}

function ended(dir: Inode, stream: DirectoryStream): Verdict {
  if (!stream.known) return undefined;
  for (const name of ['.', '..'])
    if (!stream.listed.has(name)) return wrongValue('entries', `without ${name}`, name, 'the end');
  for (const name of (dir.entries as Map<string, Inode>).keys())
    if (!stream.listed.has(name) && !stream.changed.has(name))
      return wrongValue('entries', 'lack a name', JSON.stringify(name), 'the end');
  return undefined;
}

function judgeEntry(s: State, dir: Inode, stream: DirectoryStream, entry: DirectoryEntry): Verdict {
  const { name } = entry;
  if (stream.changed.has(name)) return undefined;
  const inode = name === '.' ? dir : name === '..' ? (dir.parent as Inode) : dir.entries?.get(name);
  if (inode === undefined) return wrongValue('entries', 'with a name that is not there', 'none', JSON.stringify(name));
  if (stream.listed.has(name) && stream.known)
    return wrongValue('entries', 'with a name twice', 'once', JSON.stringify(name));
  stream.listed.add(name);
  if (entry.type !== 0 && entry.type !== direntType(inode.mode))
    return wrongValue('entry type', 'wrong', direntType(inode.mode), `${entry.type} of ${JSON.stringify(name)}`);
  // The root's `..` lies outside where the root is a directory of the host.
  if (entry.ino === 0 || (name === '..' && dir === s.root)) return undefined;
  return identityVerdict(s, inode, entry.ino);
}
