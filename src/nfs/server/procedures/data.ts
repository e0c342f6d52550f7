import {
  errno,
  type Handle,
  isRegular,
  mayAccess,
  modeWithoutPrivileges,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  R_OK,
  W_OK,
  X_OK,
} from '../../../vfs/index.ts';
import type { nfs, Stability } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import { type Core, freshVerifier, type Peer } from '../core.ts';
import { plainWrite } from '../files/journal.ts';
import { type FileObject, requireFile, running, withAttributes, withWcc } from '../files/locate.ts';
import { ask, askIfThere, errnoThrown, type Step } from '../step.ts';

/** Most bytes of one READ or WRITE. */
export const TRANSFER_MOST = 1 << 20;

const noBytes = new Uint8Array(0);

/** READ, WRITE and COMMIT. */
export function dataProcedures(core: Core): Pick<Handlers<typeof nfs, Peer>, 'READ' | 'WRITE' | 'COMMIT'> {
  return {
    READ: running(core, ({ file, offset, count }, call) =>
      withAttributes(core, file, call, function* (object) {
        requireFile(object);
        // Who owns a file has it open, and to execute it is to read it (NFSD_MAY_OWNER_OVERRIDE, NFSD_MAY_READ_IF_EXEC).
        const { attributes, who } = object;
        const allowed = who.uid === attributes.uid || [R_OK, X_OK].some((mask) => mayAccess(attributes, who, mask));
        if (!allowed) throw errno.EACCES;
        const { size } = attributes;
        if (typeof offset !== 'number') return { count: 0, eof: true, data: noBytes };
        const into = new Uint8Array(Math.min(count, TRANSFER_MOST));
        const read = yield* opened(object, O_RDONLY, (fh) => readInto(object, fh, into, offset));
        return { count: read, eof: offset + read >= size, data: into.subarray(0, read) };
      }),
    ),

    WRITE: running(core, ({ file, offset, count, stable, data }, call) =>
      withWcc(core, file, call, function* (object) {
        requireFile(object);
        const { attributes, who, options } = object;
        if (options.access === 'ro') throw errno.EROFS;
        if (who.uid !== attributes.uid && !mayAccess(attributes, who, W_OK)) throw errno.EACCES;
        if (count > data.length) throw errno.EINVAL;
        if (typeof offset !== 'number' || !Number.isSafeInteger(offset + count)) throw errno.EFBIG;
        const wanted = data.subarray(0, Math.min(count, TRANSFER_MOST));
        const flags = core.journal === undefined ? O_WRONLY : O_RDWR;
        const written = yield* opened(object, flags, (fh) => write(core, object, fh, wanted, offset, stable));
        return { count: written, committed: stable, verifier: core.writeVerifier };
      }),
    ),

    COMMIT: running(core, ({ file }, call) =>
      withWcc(core, file, call, function* (object) {
        requireFile(object);
        if (object.options.access === 'ro') throw errno.EROFS;
        yield* opened(object, O_WRONLY, (fh) => synchronize(core, object, fh, false));
        const { writeVerifier } = core;
        return { verifier: core.habits.writeVerifier === 'one' ? writeVerifier : Number(writeVerifier) + 1 };
      }),
    ),
  };
}

/** Does something with a file that is open for it. */
function* opened<T>({ volume, node, context }: FileObject, flags: number, use: (fh: Handle) => Step<T>): Step<T> {
  const { filesystem } = volume;
  const { fh } = filesystem.open === undefined ? { fh: 0 } : yield* ask(filesystem.open(node, flags, context));
  try {
    return yield* use(fh);
  } finally {
    if (filesystem.release !== undefined) yield* ask(filesystem.release(node, fh, flags, context, undefined));
  }
}

function* readInto(
  { volume: { filesystem }, node, context }: FileObject,
  fh: Handle,
  into: Uint8Array,
  offset: number,
): Step<number> {
  if (into.length === 0) return 0;
  return yield* askIfThere(filesystem.read?.(node, fh, into, offset, context), filesystem.read !== undefined);
}

function* write(
  core: Core,
  object: FileObject,
  fh: Handle,
  data: Uint8Array,
  offset: number,
  stable: Stability,
): Step<number> {
  const { volume, node, context, attributes, who } = object;
  const { filesystem } = volume;
  if (filesystem.write === undefined) throw errno.ENOSYS;
  if (data.length === 0) return 0;
  const { journal } = core;
  if (journal !== undefined)
    yield* journal.beforeWrite(volume, node, fh, offset, data.length, attributes.size, context);
  const written = yield* ask(filesystem.write(node, fh, data, offset, context, plainWrite));
  const mode = modeWithoutPrivileges(attributes, who);
  if (mode !== attributes.mode && isRegular(mode) && filesystem.setattr !== undefined)
    yield* ask(filesystem.setattr(node, { mode }, fh, context));
  if (stable !== 'UNSTABLE') yield* synchronize(core, object, fh, stable === 'DATA_SYNC');
  return written;
}

/** Brings a file to the disk, or does as if. Where that fails what was written before may be lost, and clients must hear of it. */
function* synchronize(core: Core, object: FileObject, fh: Handle, dataOnly: boolean): Step<void> {
  const { sync } = core.habits;
  if (sync === 'async') return;
  const { volume, node, context } = object;
  const { filesystem } = volume;
  try {
    if (filesystem.fsync !== undefined) yield* ask(filesystem.fsync(node, fh, dataOnly, context));
  } catch (error) {
    const { code } = errnoThrown(error);
    // Who cannot fsync has nothing to lose (fuse_fsync takes it so).
    if (code !== 'ENOSYS') {
      if (sync === 'lies') return;
      core.writeVerifier = freshVerifier(core.environment);
      throw error;
    }
  }
  core.journal?.forget(volume, node);
}
