import {
  type AttributeChanges,
  errno,
  isDirectory,
  mayAccess,
  mayUseGroup,
  modeWithoutPrivileges,
  ownsOrRoot,
  S_IFMT,
  S_ISGID,
  S_ISUID,
  S_IXGRP,
  W_OK,
} from '../../../vfs/index.ts';
import type { SetAttributes } from '../../protocol/index.ts';
import type { Core } from '../core.ts';
import { type FileObject, requireFile } from '../files/locate.ts';
import { askIfThere, type Step } from '../step.ts';

/** Changes attributes where the caller may (nfsd_setattr, fs/nfsd/vfs.c; setattr_prepare, fs/attr.c). */
export function* changeAttributes(core: Core, object: FileObject, wanted: SetAttributes): Step<void> {
  const { volume, node, options, context } = object;
  if (options.access === 'ro') throw errno.EROFS;
  const changes = permitted(object, wanted);
  if (Object.values(changes).every((change) => change === undefined)) return;
  const { filesystem } = volume;
  yield* askIfThere(filesystem.setattr?.(node, changes, undefined, context), filesystem.setattr !== undefined);
  if (changes.size !== undefined) core.journal?.forget(volume, node);
}

function permitted(object: FileObject, wanted: SetAttributes): AttributeChanges {
  const { attributes, who } = object;
  const { uid, gid, atime, mtime } = wanted;
  const owner = ownsOrRoot(attributes, who);
  if (uid !== undefined && who.uid !== 0 && (uid !== attributes.uid || !owner)) throw errno.EPERM;
  if (gid !== undefined && (!owner || (gid !== attributes.gid && !mayUseGroup(gid, who)))) throw errno.EPERM;
  if (wanted.mode !== undefined && !owner) throw errno.EPERM;
  for (const time of [atime, mtime])
    if (time !== undefined && !owner) {
      if (time !== 'now') throw errno.EPERM;
      if (!mayAccess(attributes, who, W_OK)) throw errno.EACCES;
    }
  return { mode: modeAfter(object, wanted), uid, gid, size: sizeFor(object, wanted.size), atime, mtime };
}

/** Who owns a file may always change its size: its client has it open for writing (NFSD_MAY_OWNER_OVERRIDE). */
function sizeFor(object: FileObject, size: SetAttributes['size']): number | undefined {
  if (size === undefined) return undefined;
  requireFile(object);
  const { attributes, who } = object;
  if (who.uid !== attributes.uid && !mayAccess(attributes, who, W_OK)) throw errno.EACCES;
  if (typeof size !== 'number') throw errno.EFBIG;
  return size;
}

/** The mode that is asked for, and what a change of owner or content takes away from it. */
function modeAfter({ attributes, who }: FileObject, { mode, uid, gid, size }: SetAttributes): number | undefined {
  const { mode: before } = attributes;
  let after = mode === undefined ? before : (before & S_IFMT) | (mode & 0o7777);
  if (mode !== undefined && !mayUseGroup(gid ?? attributes.gid, who)) after &= ~S_ISGID;
  if ((uid !== undefined || gid !== undefined) && !isDirectory(before))
    after &= ~S_ISUID & ((after & S_IXGRP) !== 0 ? ~S_ISGID : ~0);
  if (size !== undefined) after = modeWithoutPrivileges({ ...attributes, mode: after }, who);
  return mode === undefined && after === before ? undefined : after;
}
