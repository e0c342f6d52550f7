import { errnoNumbers as E, O_CREAT, RENAME_NOREPLACE, type Stat } from '../vfs/index.ts';
import type { ActedOn, Action } from './action.ts';
import type { OpenFile } from './descriptors.ts';
import { type History, type Moment, NEVER, type Operation } from './history.ts';
import { isNameCall, type NameCall, NameSpecification, type Names, parentOf } from './names.ts';

/** Errors that say something of names; after any other a call may have had its effect or not. */
const telling: ReadonlySet<number> = new Set([E.ENOENT, E.EEXIST, E.ENOTDIR, E.EISDIR, E.ENOTEMPTY, E.EPERM, E.ESTALE]);

const looking: ReadonlySet<string> = new Set(['stat', 'lstat']);

const pathsOf = (call: NameCall): readonly string[] => ('newPath' in call ? [call.path, call.newPath] : [call.path]);

/** The entry as a listing shows it: caches of listings are apart from those of names. */
const listed = (path: string): string => `${path} listed`;

const changedParts = (call: NameCall): readonly string[] => pathsOf(call).flatMap((path) => [path, listed(path)]);

/** A rename of a name to itself changes nothing; it sees that there is something. */
const isToItself = (call: NameCall): boolean => call.op === 'rename' && call.path === call.newPath;

/** An action with the paths on whose states it depends. */
interface Touching {
  readonly touched: readonly string[];
  readonly action: Action<Names>;
}

/** A whole listing of a directory: from its open to the getdents that gave nothing more. */
interface Listing {
  readonly operation: Operation;
  readonly from: Moment;
  readonly directory: string;
  readonly names: Set<string>;
}

/** Sets of paths that something touched together. */
class Groups {
  readonly #above = new Map<string, string>();

  of(path: string): string {
    const above = this.#above.get(path);
    if (above === undefined) return path;
    const top = this.of(above);
    this.#above.set(path, top);
    return top;
  }

  join(a: string, b: string): void {
    const [topA, topB] = [this.of(a), this.of(b)];
    if (topA !== topB) this.#above.set(topB, topA);
  }
}

/**
 * The names of a history as objects: paths that no call touches together are apart (Herlihy and Wing: linearizability is
 * local). A rename or link joins its two paths; an rmdir that found the directory empty, or not, joins it with its entries.
 * Unless judged strictly, a rename may have done nothing where there are several clients: each decides by what it remembers
 * that both names are of one file (vfs_rename, fs/namei.c).
 *
 * @throws Error where a directory was moved or names were exchanged: paths would not be places of entries any more
 */
export function nameObjects(
  history: History,
  files: ReadonlyMap<Operation, OpenFile>,
  strict: boolean,
): readonly ActedOn<Names>[] {
  const named = history.operations.filter(({ call }) => isNameCall(call));
  const paths = new Set(named.flatMap(({ call }) => pathsOf(call as NameCall)));
  paths.delete('/');
  refuseMovedDirectories(named);
  const listings = completeListings(history, files);
  for (const { directory, names } of listings) for (const name of names) paths.add(entryPath(directory, name));
  const parents = new Set([...paths].map(parentOf));
  parents.delete('/');
  const watched = new Set([...parents].filter((directory) => !isThereThroughout(directory, named)));
  const specification = new NameSpecification(watched);
  const makers = possibleMakers(named);
  const remembered = !strict && new Set(named.map(({ client }) => client)).size > 1;
  const touching = [
    ...named.flatMap((operation) =>
      operation.call.op === 'link' && !isLinkAtOnce(operation, named)
        ? linkActions(operation, specification, watched)
        : nameAction(operation, specification, watched, paths, makers, remembered),
    ),
    ...listings.flatMap((listing) => listingActions(listing, specification, watched, paths)),
  ];
  const groups = new Groups();
  for (const { touched } of touching) for (const path of touched) groups.join(touched[0], path);
  const byGroup = new Map<string, Touching[]>();
  for (const one of touching) {
    const group = groups.of(one.touched[0]);
    const members = byGroup.get(group);
    if (members === undefined) byGroup.set(group, [one]);
    else members.push(one);
  }
  return [...byGroup].map(([group, members]) => ({
    name: `names ${[...paths]
      .filter((path) => groups.of(path) === group)
      .sort()
      .join(' ')}`,
    initial: new Map(),
    key: (names: Names) =>
      [...names]
        .map(([path, value]) => `${path}=${value}`)
        .sort()
        .join(),
    actions: members.map(({ action }) => action),
  }));
}

function refuseMovedDirectories(named: readonly Operation[]): void {
  const directories = new Set(named.flatMap(({ call }) => (call.op === 'mkdir' ? [call.path] : [])));
  for (const { call, result } of named) {
    if (call.op !== 'rename') continue;
    if ((call.flags & ~RENAME_NOREPLACE) !== 0 || (result === 0 && directories.has(call.path)))
      throw new Error(
        `history: expected renames of files without exchange, given rename("${call.path}", "${call.newPath}")`,
      );
  }
}

/**
 * Opens with O_CREAT that may have made what they opened: those that were called before any open of the node had returned.
 * The others only found it.
 */
function possibleMakers(named: readonly Operation[]): ReadonlySet<Operation> {
  const makers = new Set<Operation>();
  const known = new Map<string, number>();
  for (const { call, node, returned } of named)
    if (call.op === 'open' && node !== undefined)
      known.set(node, Math.min(known.get(node) ?? Number.POSITIVE_INFINITY, (returned ?? NEVER).event));
  for (const operation of named) {
    const { call, node, invoked } = operation;
    if (call.op !== 'open' || (call.flags & O_CREAT) === 0) continue;
    if (node === undefined || invoked.event < (known.get(node) as number)) makers.add(operation);
  }
  return makers;
}

/** Whether a directory was made before anybody used its entries, and was never removed. */
function isThereThroughout(directory: string, named: readonly Operation[]): boolean {
  const made = named.find(({ call, result }) => call.op === 'mkdir' && call.path === directory && result === 0);
  if (made?.returned === undefined) return false;
  for (const { call, result, invoked } of named) {
    if (call.op === 'rmdir' && call.path === directory && (result === 0 || result === undefined)) return false;
    const inside = pathsOf(call as NameCall).some((path) => parentOf(path) === directory);
    if (inside && invoked.event < made.returned.event) return false;
  }
  return true;
}

/** The paths whose states decide what a walk to `path` finds. */
const walked = (path: string, watched: ReadonlySet<string>): readonly string[] =>
  watched.has(parentOf(path)) ? [path, parentOf(path)] : [path];

function nameAction(
  operation: Operation,
  specification: NameSpecification,
  watched: ReadonlySet<string>,
  all: ReadonlySet<string>,
  makers: ReadonlySet<Operation>,
  remembered: boolean,
): readonly Touching[] {
  const { result, returned, node } = operation;
  const call = operation.call as NameCall;
  const error = typeof result === 'number' && result < 0 ? -result : 0;
  const changes = call.op === 'open' ? makers.has(operation) : !looking.has(call.op) && !isToItself(call);
  const unknown = result === undefined || (error !== 0 && !telling.has(error));
  if (call.path === '/' || (unknown && !changes)) return [];
  const optional = changes && (unknown || (remembered && call.op === 'rename' && result === 0));
  const modifies = changes && (error === 0 || optional);
  const touched = pathsOf(call).flatMap((path) => walked(path, watched));
  if (call.op === 'rmdir' && (error === 0 || error === E.ENOTEMPTY))
    touched.push(...[...all].filter((path) => parentOf(path) === call.path));
  // What the server refused is as it is there: the caches need not have heard of it.
  const sees =
    looking.has(call.op) || isToItself(call) || (call.op === 'open' && (error === 0 || (call.flags & O_CREAT) === 0));
  const stat = typeof result === 'object' ? (result as Stat) : undefined;
  const action: Action<Names> = {
    operation,
    parts: modifies ? changedParts(call) : sees ? [call.path] : [],
    from: operation.invoked,
    to: returned ?? NEVER,
    modifies,
    optional,
    opens: call.op === 'open',
    step: (names) => {
      const after = specification.step(names, call, optional ? 0 : error, { node, stat });
      return modifies || after === names ? after : undefined;
    },
  };
  return [{ touched, action }];
}

/**
 * Whether a link failed for a reason that one instant explains. It finds the node by its first path, and gives it the other
 * name later: when it has lost all of its names meanwhile, that is ENOENT (vfs_link, fs/namei.c).
 */
function isLinkAtOnce({ call, result, invoked, returned = NEVER }: Operation, named: readonly Operation[]): boolean {
  if (call.op !== 'link' || typeof result !== 'number' || result === 0 || result === -E.EEXIST) return false;
  return !named.some(
    (other) =>
      (other.call.op === 'unlink' || other.call.op === 'rename') &&
      pathsOf(other.call).includes(call.path) &&
      other.invoked.event < returned.event &&
      (other.returned ?? NEVER).event > invoked.event,
  );
}

function linkActions(
  operation: Operation,
  specification: NameSpecification,
  watched: ReadonlySet<string>,
): readonly Touching[] {
  const { call, result, node, invoked, returned } = operation;
  if (call.op !== 'link') return [];
  const plain = { operation, from: invoked, to: returned ?? NEVER, modifies: false, optional: false, opens: false };
  const at = (path: string, action: Pick<Action<Names>, 'step'>, modifies = false): Touching => ({
    touched: walked(path, watched),
    action: {
      ...plain,
      parts: modifies ? [path, listed(path)] : [path],
      modifies,
      optional: modifies && result !== 0,
      ...action,
    },
  });
  const sees = (condition: (names: Names) => boolean): Action<Names>['step'] => {
    return (names) => (condition(names) ? names : undefined);
  };
  if (result === -E.EEXIST) return [at(call.newPath, { step: sees((names) => names.has(call.newPath)) })];
  if (typeof result === 'number' && telling.has(-result)) return [];
  const links = at(call.newPath, { step: (names) => specification.linked(names, call.newPath, node) }, true);
  if (node === undefined) return [links];
  return [at(call.path, { step: sees((names) => specification.leadsTo(names, call.path, node)) }), links];
}

const entryPath = (directory: string, name: string): string => `${directory === '/' ? '' : directory}/${name}`;

/** Listings that were read from the first entry to the last. */
function completeListings(history: History, files: ReadonlyMap<Operation, OpenFile>): readonly Listing[] {
  const complete: Listing[] = [];
  const begun = new Map<OpenFile, Set<string>>();
  for (const operation of history.operations) {
    const { call, result } = operation;
    const file = files.get(operation);
    if (call.op !== 'getdents' || file === undefined || !Array.isArray(result)) continue;
    const names = begun.get(file) ?? new Set<string>();
    begun.set(file, names);
    for (const { name } of result as readonly { name: string }[]) if (name !== '.' && name !== '..') names.add(name);
    if (result.length > 0) continue;
    complete.push({ operation, from: file.opening.invoked, directory: file.path, names });
  }
  return complete;
}

/** readdir(3): an entry that is there throughout is listed, one that is not there at all is not; each is judged by itself. */
function listingActions(
  { operation, from, directory, names }: Listing,
  specification: NameSpecification,
  watched: ReadonlySet<string>,
  all: ReadonlySet<string>,
): readonly Touching[] {
  const entries = [...all].filter((path) => path !== '/' && parentOf(path) === directory);
  return entries.map((path) => {
    const shown = names.has(path.slice(path.lastIndexOf('/') + 1));
    const action: Action<Names> = {
      operation,
      parts: [listed(path)],
      from,
      to: operation.returned ?? NEVER,
      modifies: false,
      optional: false,
      opens: false,
      step: (state) => (specification.listed(state, path, shown) ? state : undefined),
    };
    return { touched: walked(path, watched), action };
  });
}
