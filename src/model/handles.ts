import { AT_EMPTY_PATH, AT_SYMLINK_FOLLOW, AT_SYMLINK_NOFOLLOW, type CallOf } from '../vfs/index.ts';
import { walkOrDescriptor } from './attributes.ts';
import { descriptorRefused } from './descriptors.ts';
import type { Inode } from './inode.ts';
import { openInode } from './open.ts';
import { E, type State } from './state.ts';
import { type Verdict, wrongValue } from './verdict.ts';

/** AT_HANDLE_FID, AT_HANDLE_MNT_ID_UNIQUE and AT_HANDLE_CONNECTABLE: newer kernels have them. */
const NEWER_FLAGS = 0x200 | 1 | 2;

/** fs/fhandle.c. Whether there are handles is the filesystem's choice. */
export function nameToHandle(s: State, call: CallOf<'name_to_handle_at'>): Verdict {
  const { flags } = call;
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH | NEWER_FLAGS)) !== 0) return s.fails(E.EINVAL);
  if ((flags & NEWER_FLAGS) !== 0 && s.isError(E.EINVAL)) return undefined;
  const follow = (flags & AT_SYMLINK_FOLLOW) !== 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  const error = walkOrDescriptor(s, call.dirfd, call.path, (flags & AT_EMPTY_PATH) | follow);
  if (error !== 0) return s.fails(error);
  if (s.isError(E.EOPNOTSUPP)) return undefined;
  if (s.failed) return s.succeeds();
  const { handles } = s.process;
  let number = call.into ?? 0;
  if (call.into === undefined) while (handles.has(number)) number++;
  if (s.result !== number) return wrongValue('handle', 'wrong', number, String(s.result));
  handles.set(number, s.found as Inode);
  return undefined;
}

/**
 * Whether something but a name may hold an inode. A directory is held by whatever was opened in it too (d_parent), which
 * files that is nobody knows here.
 */
function mayLive(s: State, inode: Inode): boolean {
  if (inode.opens > 0) return true;
  if (!inode.isDirectory) return false;
  for (const { alive, cwd, files, mappings } of s.processes.values())
    if (alive && (cwd.isDead || mappings.size > 0 || files.some((file) => file !== undefined))) return true;
  return false;
}

/** A number that stands for no handle is as bad as a descriptor. */
export function openByHandle(s: State, call: CallOf<'open_by_handle_at'>): Verdict {
  if (descriptorRefused(call.into)) return s.fails(E.EBADF);
  const inode = s.process.handles.get(call.handle);
  if (inode === undefined) return s.fails(E.EBADF);
  if (s.process.uid !== 0) return s.fails(E.EPERM);
  if (inode.nlink === 0) {
    if (!mayLive(s, inode)) return s.fails(E.ESTALE);
    if (s.isError(E.ESTALE)) return undefined;
  }
  return openInode(s, inode, call.flags, call.into);
}
