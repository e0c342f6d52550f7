import { errno, isDirectory, mayRemove, ROOT_NODE, W_OK, X_OK } from '../../../vfs/index.ts';
import type { DirectoryName, NfsResult, nfs } from '../../protocol/index.ts';
import type { Handlers, ServedCall } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import {
  answering,
  attributesNow,
  type FileObject,
  locate,
  postOp,
  require,
  requireDirectory,
  running,
  wccNow,
  withDirWcc,
} from '../files/locate.ts';
import { checkName, find, isDots, within } from '../files/names.ts';
import { askIfThere, errnoThrown, type Step } from '../step.ts';

/** REMOVE, RMDIR, RENAME and LINK. */
export function removeProcedures(core: Core): Pick<Handlers<typeof nfs, Peer>, 'REMOVE' | 'RMDIR' | 'RENAME' | 'LINK'> {
  return {
    REMOVE: running(core, ({ object }, call) => removing(core, object, call, false)),
    RMDIR: running(core, ({ object }, call) => removing(core, object, call, true)),

    RENAME: running(core, function* (args, call): Step<NfsResult<'RENAME'>> {
      const turn = core.turns;
      let from: FileObject | undefined;
      let to: FileObject | undefined;
      return yield* answering(
        function* () {
          from = yield* locate(core, args.from.dir, call);
          to = yield* locate(core, args.to.dir, call);
          yield* rename(core, from, args.from.name, to, args.to.name);
          return {};
        },
        function* () {
          return { fromDirWcc: yield* wccNow(core, from, turn), toDirWcc: yield* wccNow(core, to, turn) };
        },
      );
    }),

    LINK: running(core, function* ({ file, link }, call): Step<NfsResult<'LINK'>> {
      const turn = core.turns;
      let object: FileObject | undefined;
      let directory: FileObject | undefined;
      return yield* answering(
        function* () {
          object = yield* locate(core, file, call);
          directory = yield* locate(core, link.dir, call);
          yield* makeLink(object, directory, link.name);
          return {};
        },
        function* () {
          return {
            attributes: object === undefined ? undefined : yield* postOp(object),
            linkDirWcc: yield* wccNow(core, directory, turn),
          };
        },
      );
    }),
  };
}

const removing = (
  core: Core,
  { dir, name }: DirectoryName,
  call: ServedCall<Peer>,
  wantsDirectory: boolean,
): Step<NfsResult<'REMOVE'>> =>
  withDirWcc(core, dir, call, function* (directory) {
    const child = yield* removable(directory, name);
    if (isDirectory(child.attributes.mode) !== wantsDirectory) throw wantsDirectory ? errno.ENOTDIR : errno.EISDIR;
    const { volume, node, context } = directory;
    const { filesystem } = volume;
    yield* wantsDirectory
      ? askIfThere(filesystem.rmdir?.(node, name, context), filesystem.rmdir !== undefined)
      : askIfThere(filesystem.unlink?.(node, name, context), filesystem.unlink !== undefined);
    core.journal?.forgetName(volume, node, name);
    yield* letGo(core, child);
    return {};
  });

/** What a name stands for, where the caller may take the name away (may_delete, fs/namei.c). */
function* removable(directory: FileObject, name: string): Step<FileObject> {
  requireDirectory(directory);
  checkName(name);
  if (isDots(name)) throw errno.EACCES;
  require(directory, X_OK);
  const entry = yield* find(directory, name);
  if (entry === undefined) throw errno.ENOENT;
  require(directory, W_OK | X_OK);
  if (!mayRemove(directory.attributes, entry.attributes, directory.who)) throw errno.EPERM;
  if (directory.volume.covered.has(entry.node)) throw errno.EBUSY;
  return within(directory, entry);
}

/** A file that lost its last name goes, and its handles are stale: v3 has no open files that would keep it. */
function* letGo(core: Core, object: FileObject): Step<void> {
  let names = 0;
  try {
    const { nlink, mode } = yield* attributesNow(object);
    names = isDirectory(mode) ? 0 : nlink;
  } catch (error) {
    errnoThrown(error);
  }
  if (names > 0) return;
  object.volume.nodes.drop(object.node);
  core.journal?.forget(object.volume, object.node);
}

/** vfs_rename (fs/namei.c), as far as a filesystem leaves it to the kernel. */
function* rename(core: Core, from: FileObject, name: string, to: FileObject, newName: string): Step<void> {
  if (from.volume !== to.volume) throw errno.EXDEV;
  for (const directory of [from, to]) requireDirectory(directory);
  for (const each of [name, newName]) {
    checkName(each);
    if (isDots(each)) throw errno.EPERM;
  }
  const source = yield* removable(from, name);
  require(to, X_OK);
  const existing = yield* find(to, newName);
  if (existing?.node === source.node) return;
  require(to, W_OK | X_OK);
  const directory = isDirectory(source.attributes.mode);
  if (existing !== undefined) {
    const target = yield* removable(to, newName);
    if (isDirectory(target.attributes.mode) !== directory) throw directory ? errno.ENOTDIR : errno.EISDIR;
  }
  if (directory && from.node !== to.node) {
    require(source, W_OK);
    yield* requireOutside(source, to);
  }
  const { filesystem, nodes } = from.volume;
  const renamed = filesystem.rename?.(from.node, name, to.node, newName, 0, from.context);
  yield* askIfThere(renamed, filesystem.rename !== undefined);
  nodes.moved(source.node, to.node, newName);
  core.journal?.forgetName(from.volume, from.node, name);
  core.journal?.forgetName(to.volume, to.node, newName);
  if (existing !== undefined) yield* letGo(core, within(to, existing));
}

/** @throws EINVAL where a directory is to go below itself */
function* requireOutside(source: FileObject, to: FileObject): Step<void> {
  for (let at = to.node; at !== ROOT_NODE; at = yield* to.volume.nodes.parent(at, to.context))
    if (at === source.node) throw errno.EINVAL;
}

function* makeLink(object: FileObject, directory: FileObject, name: string): Step<void> {
  if (object.volume !== directory.volume) throw errno.EXDEV;
  requireDirectory(directory);
  checkName(name);
  if (isDots(name)) throw errno.EPERM;
  require(directory, X_OK);
  if ((yield* find(directory, name)) !== undefined) throw errno.EEXIST;
  require(directory, W_OK | X_OK);
  if (isDirectory(object.attributes.mode)) throw errno.EPERM;
  const { filesystem, nodes } = directory.volume;
  const linked = filesystem.link?.(object.node, directory.node, name, directory.context);
  nodes.remember(yield* askIfThere(linked, filesystem.link !== undefined), directory.node, name);
}
