import {
  type Context,
  type Entry,
  errno,
  type FileSystem,
  isRegular,
  modeToCreate,
  type NodeId,
  O_EXCL,
  O_WRONLY,
  S_IFBLK,
  S_IFCHR,
  S_IFIFO,
  S_IFREG,
  S_IFSOCK,
  type U64,
  W_OK,
  X_OK,
} from '../../../vfs/index.ts';
import type { CreateHow, DirectoryName, MknodData, NfsResult, nfs, SetAttributes } from '../../protocol/index.ts';
import type { Handlers, ServedCall } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import { NfsFailure } from '../failure.ts';
import { deviceNumber } from '../files/attributes.ts';
import { attributesNow, type FileObject, require, requireDirectory, running, withDirWcc } from '../files/locate.ts';
import { checkName, described, find, isDots, within } from '../files/names.ts';
import { ask, askIfThere, type Step } from '../step.ts';
import { changeAttributes } from './change-attributes.ts';

/** CREATE, MKDIR, SYMLINK and MKNOD. */
export function createProcedures(
  core: Core,
): Pick<Handlers<typeof nfs, Peer>, 'CREATE' | 'MKDIR' | 'SYMLINK' | 'MKNOD'> {
  return {
    CREATE: running(core, ({ where, how }, call) =>
      making(core, where, call, function* (directory) {
        const { name } = where;
        const existing = yield* find(directory, name);
        return existing === undefined
          ? yield* createFile(core, directory, name, how)
          : yield* openExisting(core, within(directory, existing), how);
      }),
    ),

    MKDIR: running(core, ({ where, attributes }, call) =>
      making(core, where, call, function* (directory) {
        yield* requireNew(directory, where.name);
        const { filesystem } = directory.volume;
        const mode = (attributes.mode ?? 0) & 0o1777;
        const made = filesystem.mkdir?.(directory.node, where.name, mode, directory.context);
        const entry = yield* askIfThere(made, filesystem.mkdir !== undefined);
        return yield* finishMaking(core, directory, where.name, entry, attributes);
      }),
    ),

    SYMLINK: running(core, ({ where, attributes, target }, call) =>
      making(core, where, call, function* (directory) {
        yield* requireNew(directory, where.name);
        if (target === '' || target.includes('\0')) throw errno.EINVAL;
        const { filesystem } = directory.volume;
        const made = filesystem.symlink?.(directory.node, where.name, target, directory.context);
        const entry = yield* askIfThere(made, filesystem.symlink !== undefined);
        return yield* finishMaking(core, directory, where.name, entry, attributes);
      }),
    ),

    MKNOD: running(core, ({ where, what }, call) =>
      making(core, where, call, function* (directory) {
        yield* requireNew(directory, where.name);
        const { type, rdev, attributes } = special(what, directory);
        const mode = type | modeToCreate(directory.attributes, (attributes.mode ?? 0) & 0o7777, directory.who);
        const { node, context } = directory;
        const entry = yield* makeNode(directory.volume.filesystem, node, where.name, mode, rdev, context);
        return yield* finishMaking(core, directory, where.name, entry, attributes);
      }),
    ),
  };
}

/** What the four have in common: the directory, the name, and a reply with the new object. */
const making = (
  core: Core,
  { dir, name }: DirectoryName,
  call: ServedCall<Peer>,
  make: (directory: FileObject) => Step<FileObject>,
): Step<NfsResult<'CREATE'>> =>
  withDirWcc(core, dir, call, function* (directory) {
    requireDirectory(directory);
    checkName(name);
    if (isDots(name)) throw errno.EEXIST;
    require(directory, X_OK);
    return described(core, yield* make(directory), directory.node);
  });

function* requireNew(directory: FileObject, name: string): Step<void> {
  if ((yield* find(directory, name)) !== undefined) throw errno.EEXIST;
  require(directory, W_OK | X_OK);
}

/** The new object, with what only a change of attributes can give it (nfsd_create_setattr). */
function* finishMaking(
  core: Core,
  directory: FileObject,
  name: string,
  entry: Entry,
  wanted: SetAttributes,
): Step<FileObject> {
  const { volume, node, who } = directory;
  volume.nodes.remember(entry, node, name);
  if (core.habits.crashLoses === 'unsynced-and-names') core.journal?.made(volume, node, name);
  const object = within(directory, entry);
  const { uid, gid, size, atime, mtime } = wanted;
  const owner = who.uid === 0 ? { uid, gid } : {};
  const rest = { ...owner, size: size === 0 ? undefined : size, atime, mtime };
  if (Object.values(rest).every((change) => change === undefined)) return object;
  yield* changeAttributes(core, object, rest);
  return { ...object, attributes: yield* attributesNow(object) };
}

function* createFile(core: Core, directory: FileObject, name: string, how: CreateHow): Step<FileObject> {
  require(directory, W_OK | X_OK);
  if (how.mode === 'EXCLUSIVE' && core.habits.exclusive === 'unsupported') throw errno.EOPNOTSUPP;
  const wanted: SetAttributes = how.mode === 'EXCLUSIVE' ? {} : how.attributes;
  const { volume, node, context, who } = directory;
  const mode = S_IFREG | modeToCreate(directory.attributes, (wanted.mode ?? 0) & 0o7777, who);
  const entry = yield* makeNode(volume.filesystem, node, name, mode, 0, context);
  const stores = how.mode === 'EXCLUSIVE' && core.habits.exclusive === 'stored';
  return yield* finishMaking(core, directory, name, entry, stores ? verifierTimes(how.verifier) : wanted);
}

/** A file that is there already (nfsd3_create_file, fs/nfsd/nfs3proc.c). */
function* openExisting(core: Core, object: FileObject, how: CreateHow): Step<FileObject> {
  switch (how.mode) {
    case 'GUARDED':
      throw errno.EEXIST;
    case 'UNCHECKED': {
      const { size } = how.attributes;
      if (size === undefined || !isRegular(object.attributes.mode)) return object;
      yield* changeAttributes(core, object, { size });
      return { ...object, attributes: yield* attributesNow(object) };
    }
    case 'EXCLUSIVE': {
      if (core.habits.exclusive === 'unsupported') throw errno.EOPNOTSUPP;
      const { atime, mtime, size } = object.attributes;
      const times = verifierTimes(how.verifier);
      const same = atime.sec === times.atime.sec && mtime.sec === times.mtime.sec && size === 0;
      if (core.habits.exclusive === 'stored' && same) return object;
      throw errno.EEXIST;
    }
  }
}

/** Where Linux keeps the verifier of an exclusive create: its halves, without their sign, as seconds of mtime and atime. */
function verifierTimes(verifier: U64): {
  readonly atime: { sec: number; nsec: 0 };
  readonly mtime: { sec: number; nsec: 0 };
} {
  const bits = BigInt(verifier);
  const half = (value: bigint): { sec: number; nsec: 0 } => ({ sec: Number(value & 0x7fffffffn), nsec: 0 });
  return { mtime: half(bits >> 32n), atime: half(bits) };
}

const types = { CHR: S_IFCHR, BLK: S_IFBLK, SOCK: S_IFSOCK, FIFO: S_IFIFO } as const;

function special(
  what: MknodData,
  { who }: FileObject,
): { readonly type: number; readonly rdev: number; readonly attributes: SetAttributes } {
  switch (what.type) {
    case 'CHR':
    case 'BLK':
      if (who.uid !== 0) throw errno.EPERM;
      return {
        type: types[what.type],
        rdev: deviceNumber(what.device.major, what.device.minor),
        attributes: what.attributes,
      };
    case 'SOCK':
    case 'FIFO':
      return { type: types[what.type], rdev: 0, attributes: what.attributes };
    default:
      throw new NfsFailure('BADTYPE');
  }
}

/** mknod, or what a filesystem has in its place for regular files. */
function* makeNode(
  filesystem: FileSystem,
  parent: NodeId,
  name: string,
  mode: number,
  rdev: number,
  context: Context,
): Step<Entry> {
  if (filesystem.mknod !== undefined) return yield* ask(filesystem.mknod(parent, name, mode, rdev, context));
  if (filesystem.create === undefined || !isRegular(mode)) throw errno.EOPNOTSUPP;
  const flags = O_WRONLY | O_EXCL;
  const { entry, opened } = yield* ask(filesystem.create(parent, name, mode, flags, context));
  if (filesystem.release !== undefined)
    yield* ask(filesystem.release(entry.node, opened.fh, flags, context, undefined));
  return entry;
}
