import {
  type Call,
  errnoNumbers as E,
  isDirectory,
  O_ACCMODE,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_RDONLY,
  RENAME_NOREPLACE,
  type Stat,
} from '../vfs/index.ts';

/**
 * The sequential specification of names: what each path leads to, 'dir', a file's node or 'file', and under `+node` that the node was
 * made. A path is the place of an entry, because directories keep their paths: they are made and removed, never moved.
 */
export type Names = ReadonlyMap<string, string>;

export type NameCall = Extract<
  Call,
  { op: 'open' | 'mkdir' | 'rmdir' | 'unlink' | 'rename' | 'link' | 'stat' | 'lstat' }
>;

const judged: ReadonlySet<string> = new Set(['open', 'mkdir', 'rmdir', 'unlink', 'rename', 'link', 'stat', 'lstat']);

export const isNameCall = (call: Call): call is NameCall => judged.has(call.op);

const DIRECTORY = 'dir';
/** A file that was made by a call of which nobody knows what it gave. */
const SOME_FILE = 'file';

export const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf('/')));

/** The number that stat shows of a node `ino.generation`. */
export const inodeOf = (node: string): string => node.slice(0, node.lastIndexOf('.'));

const bornKey = (node: string): string => `+${node}`;

/** Whether a path is of an entry of the directory. */
const isIn = (path: string, directory: string): boolean => path.startsWith(`${directory}/`);

/** The errors that a call may give in a state, several where Linux finds one or the other first; none: it succeeds. */
class Errors {
  readonly #numbers = new Set<number>();

  add(wrong: boolean, number: number): void {
    if (wrong) this.#numbers.add(number);
  }

  get none(): boolean {
    return this.#numbers.size === 0;
  }

  /** ESTALE is ENOENT of a client that had found the name. */
  allow(number: number): boolean {
    return this.#numbers.has(number === E.ESTALE ? E.ENOENT : number);
  }
}

/** What a call that names something does; `watched` directories may be missing, all others are there throughout. */
export class NameSpecification {
  readonly #watched: ReadonlySet<string>;

  constructor(watched: ReadonlySet<string>) {
    this.#watched = watched;
  }

  /** The state after a call that gave the errno number `error` (0: success) and, where it is an open, `node`. */
  step(names: Names, call: NameCall, error: number, given: { node?: string; stat?: Stat }): Names | undefined {
    const errors = this.#errorsOf(names, call);
    if (error !== 0) return errors.allow(error) ? names : undefined;
    return errors.none ? effect(names, call, given) : undefined;
  }

  /** Whether a path may have led to a node. */
  leadsTo(names: Names, path: string, node: string): boolean {
    const found = names.get(path);
    return found === node || found === SOME_FILE;
  }

  /** The state after a node got a further name. */
  linked(names: Names, path: string, node = SOME_FILE): Names | undefined {
    const errors = new Errors();
    this.#walk(names, path, errors);
    return errors.none && !names.has(path) ? changed(names, [path, node]) : undefined;
  }

  /** Whether something, or nothing, is there, as a listing shows or leaves out an entry. */
  listed(names: Names, path: string, shown: boolean): boolean {
    return names.has(path) === shown;
  }

  #walk(names: Names, path: string, errors: Errors): void {
    const parent = parentOf(path);
    if (!this.#watched.has(parent)) return;
    const found = names.get(parent);
    errors.add(found === undefined, E.ENOENT);
    errors.add(found !== undefined && found !== DIRECTORY, E.ENOTDIR);
  }

  #errorsOf(names: Names, call: NameCall): Errors {
    const errors = new Errors();
    this.#walk(names, call.path, errors);
    const found = names.get(call.path);
    const isDir = found === DIRECTORY;
    const isFile = found !== undefined && !isDir;
    switch (call.op) {
      case 'open': {
        const creates = (call.flags & O_CREAT) !== 0;
        const exclusive = creates && (call.flags & O_EXCL) !== 0;
        errors.add(found === undefined && !creates, E.ENOENT);
        errors.add(found !== undefined && exclusive, E.EEXIST);
        errors.add(isDir && (creates || (call.flags & O_ACCMODE) !== O_RDONLY), E.EISDIR);
        errors.add(isFile && (call.flags & O_DIRECTORY) !== 0, E.ENOTDIR);
        break;
      }
      case 'mkdir':
        errors.add(found !== undefined, E.EEXIST);
        break;
      case 'rmdir':
        errors.add(found === undefined, E.ENOENT);
        errors.add(isFile, E.ENOTDIR);
        errors.add(isDir && [...names.keys()].some((path) => isIn(path, call.path)), E.ENOTEMPTY);
        break;
      case 'unlink':
        errors.add(found === undefined, E.ENOENT);
        errors.add(isDir, E.EISDIR);
        break;
      case 'rename':
      case 'link': {
        const target = names.get(call.newPath);
        this.#walk(names, call.newPath, errors);
        errors.add(found === undefined, E.ENOENT);
        const keeps = call.op === 'link' || (call.flags & RENAME_NOREPLACE) !== 0;
        errors.add(target !== undefined && keeps, E.EEXIST);
        errors.add(isFile && target === DIRECTORY, E.EISDIR);
        errors.add(isDir && call.op === 'link', E.EPERM);
        errors.add(isDir && target !== undefined && target !== DIRECTORY, E.ENOTDIR);
        break;
      }
      case 'stat':
      case 'lstat':
        errors.add(found === undefined, E.ENOENT);
        break;
    }
    return errors;
  }
}

const changed = (names: Names, ...changes: readonly (readonly [string, string | undefined])[]): Names => {
  const after = new Map(names);
  for (const [path, value] of changes)
    if (value === undefined) after.delete(path);
    else after.set(path, value);
  return after;
};

/** The state after a call that succeeds; undefined where it cannot have shown what it showed. */
function effect(
  names: Names,
  call: NameCall,
  { node = SOME_FILE, stat }: { node?: string; stat?: Stat },
): Names | undefined {
  const found = names.get(call.path);
  switch (call.op) {
    case 'open':
      if (found === DIRECTORY || found === node) return names;
      // A node is made once.
      if ((found !== undefined && found !== SOME_FILE) || names.has(bornKey(node))) return undefined;
      if (node === SOME_FILE) return changed(names, [call.path, node]);
      return changed(names, [call.path, node], [bornKey(node), 'made']);
    case 'mkdir':
      return changed(names, [call.path, DIRECTORY]);
    case 'rmdir':
    case 'unlink':
      return changed(names, [call.path, undefined]);
    case 'rename':
      // Two names of one file: nothing happens.
      if (found === names.get(call.newPath)) return names;
      return changed(names, [call.path, undefined], [call.newPath, found]);
    case 'link':
      // The two steps of a link that succeeds are judged by themselves.
      return undefined;
    case 'stat':
    case 'lstat': {
      if (stat === undefined || found === undefined) return undefined;
      if (found === DIRECTORY) return isDirectory(stat.mode) ? names : undefined;
      const same = found === SOME_FILE ? !isDirectory(stat.mode) : inodeOf(found) === String(stat.ino);
      return same ? names : undefined;
    }
  }
}
