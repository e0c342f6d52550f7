import { type Attributes, errno, isDirectory, isRegular, mayAccess, W_OK } from '../../../vfs/index.ts';
import type { Fattr, NfsError, WccData } from '../../protocol/index.ts';
import type { ServedCall } from '../../rpc/index.ts';
import { type Core, contextOf, type Located, ownContext, type Peer } from '../core.ts';
import { identityOf } from '../exports/table.ts';
import { statusOf } from '../failure.ts';
import { answerNow, ask, run, type Step } from '../step.ts';
import { fattrOf, wccOf } from './attributes.ts';

/** An object that a call names, with its attributes from before. */
export interface FileObject extends Located {
  readonly attributes: Attributes;
}

/** fh_verify (fs/nfsd/nfsfh.c): what a handle leads to, whether the caller is served there, and as whom. */
export function* locate(core: Core, handle: Uint8Array, { header, peer }: ServedCall<Peer>): Step<FileObject> {
  const target = core.handles.decodeNow(handle) ?? (yield* core.handles.decode(handle, ownContext));
  const { volume, node, exported } = target;
  const options = core.exports.options(exported, peer.host);
  if (options === undefined) throw errno.ESTALE;
  if (options.secure && peer.port >= 1024) throw errno.EPERM;
  const who = identityOf(header.credential, options);
  const context = contextOf(who);
  const answer = volume.filesystem.getattr(node, undefined, context);
  const attributes = answerNow(answer) ?? (yield* ask(answer));
  return { volume, node, exported, options, who, context, attributes };
}

/** The attributes of an object as they are now. */
export function* attributesNow({ volume, node, context }: Located): Step<Attributes> {
  return yield* ask(volume.filesystem.getattr(node, undefined, context));
}

/** For a reply: attributes as they are now, or none where that fails. */
export function* postOp(object: Located): Step<Fattr | undefined> {
  try {
    const { volume, node, context } = object;
    const answer = volume.filesystem.getattr(node, undefined, context);
    return fattrOf(answerNow(answer) ?? (yield* ask(answer)), volume);
  } catch (error) {
    if (statusOf(error) === undefined) throw error;
    return undefined;
  }
}

/** @throws EACCES, or EROFS where nothing may be changed */
export function require(object: FileObject, mask: number): void {
  if ((mask & W_OK) !== 0 && object.options.access === 'ro') throw errno.EROFS;
  if (!mayAccess(object.attributes, object.who, mask)) throw errno.EACCES;
}

export function requireDirectory({ attributes }: FileObject): void {
  if (!isDirectory(attributes.mode)) throw errno.ENOTDIR;
}

export function requireFile({ attributes: { mode } }: FileObject): void {
  if (!isRegular(mode)) throw isDirectory(mode) ? errno.EISDIR : errno.EINVAL;
}

type WithStatus<Ok, Extra> = ({ readonly status: 'OK' } & Ok & Extra) | ({ readonly status: NfsError } & Extra);

/** What a procedure does, and what its reply carries whether that worked or not. */
export function* answering<Ok, Extra extends object>(
  work: () => Step<Ok>,
  extra: () => Step<Extra>,
): Step<WithStatus<Ok, Extra>> {
  try {
    const ok = yield* work();
    return { status: 'OK', ...ok, ...(yield* extra()) };
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    return { status, ...(yield* extra()) };
  }
}

/** The same for what works on one object: `tell` makes the extra of what is known of it in the end. */
function* replying<Ok, Known, Extra extends object>(
  core: Core,
  handle: Uint8Array,
  call: ServedCall<Peer>,
  work: (object: FileObject) => Step<Ok>,
  know: (core: Core, object: FileObject | undefined, turn: number) => Step<Known>,
  tell: (known: Known) => Extra,
): Step<WithStatus<Ok, Extra>> {
  const turn = core.turns;
  let object: FileObject | undefined;
  let ok: Ok;
  try {
    object = yield* locate(core, handle, call);
    ok = yield* work(object);
  } catch (error) {
    const status = statusOf(error);
    if (status === undefined) throw error;
    return { status, ...tell(yield* know(core, object, turn)) };
  }
  return { status: 'OK', ...ok, ...tell(yield* know(core, object, turn)) };
}

function* attributesAfter(_core: Core, object: FileObject | undefined): Step<Fattr | undefined> {
  return object === undefined ? undefined : yield* postOp(object);
}

/** For what leaves even the access time alone: the attributes from before are those from after, unless it had to wait. */
function* attributesStill(core: Core, object: FileObject | undefined, turn: number): Step<Fattr | undefined> {
  if (object === undefined) return undefined;
  return core.turns === turn ? fattrOf(object.attributes, object.volume) : yield* postOp(object);
}

type Replying<Extra> = <Ok>(
  core: Core,
  handle: Uint8Array,
  call: ServedCall<Peer>,
  work: (object: FileObject) => Step<Ok>,
) => Step<WithStatus<Ok, Extra>>;

const asAttributes = (attributes: Fattr | undefined) => ({ attributes });
const asDirAttributes = (dirAttributes: Fattr | undefined) => ({ dirAttributes });

/** A procedure whose reply carries the object's attributes as `attributes`. */
export const withAttributes: Replying<{ readonly attributes?: Fattr }> = (core, handle, call, work) =>
  replying(core, handle, call, work, attributesAfter, asAttributes);

/** The same for one that only looks at attributes. */
export const withSameAttributes: Replying<{ readonly attributes?: Fattr }> = (core, handle, call, work) =>
  replying(core, handle, call, work, attributesStill, asAttributes);

/** A procedure whose reply carries a directory's attributes as `dirAttributes`. */
export const withDirAttributes: Replying<{ readonly dirAttributes?: Fattr }> = (core, handle, call, work) =>
  replying(core, handle, call, work, attributesAfter, asDirAttributes);

/** The same for one that only looks names up. */
export const withSameDirAttributes: Replying<{ readonly dirAttributes?: Fattr }> = (core, handle, call, work) =>
  replying(core, handle, call, work, attributesStill, asDirAttributes);

/** A procedure that changes an object and tells how, as `wcc`. */
export const withWcc: Replying<{ readonly wcc: WccData }> = (core, handle, call, work) =>
  replying(core, handle, call, work, wccNow, (wcc) => ({ wcc }));

/** A procedure that changes a directory and tells how, as `dirWcc`. */
export const withDirWcc: Replying<{ readonly dirWcc: WccData }> = (core, handle, call, work) =>
  replying(core, handle, call, work, wccNow, (dirWcc) => ({ dirWcc }));

/** What changed; from before only where nothing else can have come in between. */
export function* wccNow(core: Core, object: FileObject | undefined, turn: number): Step<WccData> {
  if (object === undefined) return {};
  const after = yield* postOp(object);
  return { before: core.turns === turn ? wccOf(object.attributes, object.volume) : undefined, after };
}

/** Makes a procedure's function of a step. */
export const running =
  <Args, Result>(core: Core, body: (args: Args, call: ServedCall<Peer>) => Step<Result>) =>
  (args: Args, call: ServedCall<Peer>): Result | Promise<Result> =>
    run(body(args, call), () => {
      core.turns++;
    });
