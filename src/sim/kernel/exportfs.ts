import { fuse_entry_out, opcodes, readU64 } from '../../fuse/protocol/index.ts';
import {
  AT_EMPTY_PATH,
  AT_SYMLINK_FOLLOW,
  type CallOf,
  errnoNumbers as E,
  isDirectory,
  isSymlink,
  O_PATH,
  type U64,
} from '../../vfs/index.ts';
import { type Dentry, dGet, dObtainAlias, dPut, isRoot } from './dcache.ts';
import { lookupSlow } from './dir.ts';
import { fput, installFile } from './file-table.ts';
import { getattr, needsGetattr } from './fuse-attr.ts';
import type { FuseConnection } from './fuse-connection.ts';
import { entryAttributeExpiry, fuseIget, invalidAttributes } from './fuse-inode.ts';
import { OUT } from './fuse-request.ts';
import { type Inode, iput } from './inode.ts';
import { inodeOf, pathLookup } from './namei.ts';
import { LOOKUP_EMPTY, LOOKUP_FOLLOW } from './nameidata.ts';
import { openDentry } from './open.ts';
import { type Operation, settled } from './operation.ts';
import { MAY_EXEC, permission } from './permission.ts';
import type { Process } from './process.ts';
import { readdir } from './readdir.ts';

/** What FUSE puts into a struct file_handle (fuse_encode_fh, fs/fuse/inode.c). */
export interface FileHandle {
  readonly nodeid: U64;
  readonly generation: U64;
}

const STATX_INO = 0x100;
const INT_MAX = 0x7fffffff;

/** name_to_handle_at(2). */
export function* nameToHandle(fc: FuseConnection, p: Process, call: CallOf<'name_to_handle_at'>): Operation<number> {
  const { flags, into } = call;
  if ((flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) !== 0) return -E.EINVAL;
  const lookup =
    ((flags & AT_SYMLINK_FOLLOW) !== 0 ? LOOKUP_FOLLOW : 0) | ((flags & AT_EMPTY_PATH) !== 0 ? LOOKUP_EMPTY : 0);
  const error = yield* settled(pathLookup(fc, p, p.nd, call.dirfd, call.path, lookup));
  if (error !== 0) return error;
  const { nodeid, generation } = inodeOf(p.nd);
  let slot = into;
  if (slot === undefined) {
    slot = 0;
    while (p.handles[slot] !== undefined) slot += 1;
  }
  p.handles[slot] = { nodeid, generation };
  return slot;
}

/** open_by_handle_at(2). */
export function* openByHandle(fc: FuseConnection, p: Process, call: CallOf<'open_by_handle_at'>): Operation<number> {
  const handle = p.handles[call.handle];
  if (handle === undefined) return -E.EBADF;
  if (!p.capable) return -E.EPERM;
  const dentry = yield* decodeHandle(fc, p, handle);
  if (typeof dentry === 'number') return dentry === -E.ENOMEM ? dentry : -E.ESTALE;
  if (isSymlink((dentry.inode as Inode).mode) && (call.flags & O_PATH) === 0) {
    dPut(fc, dentry);
    return -E.ELOOP;
  }
  const file = yield* openDentry(fc, p, dentry, call.flags);
  return typeof file === 'number' ? file : yield* settled(installFile(fc, p, file, call.into));
}

/** exportfs_decode_fh (fs/exportfs/expfs.c): a dentry, with a reference; a directory is connected to the root. */
function* decodeHandle(fc: FuseConnection, p: Process, handle: FileHandle): Operation<Dentry | number> {
  const dentry = yield* handleToDentry(fc, p, handle);
  if (typeof dentry === 'number' || !isDirectory((dentry.inode as Inode).mode)) return dentry;
  const error = yield* reconnectPath(fc, p, dentry);
  if (error === 0) return dentry;
  dPut(fc, dentry);
  return error;
}

/** fuse_get_dentry (fs/fuse/inode.c). */
function* handleToDentry(fc: FuseConnection, p: Process, handle: FileHandle): Operation<Dentry | number> {
  let inode: Inode | number | undefined = fc.inodes.get(handle.nodeid);
  if (inode !== undefined) inode.count += 1;
  else {
    if (!fc.exportSupport) return -E.ESTALE;
    inode = yield* lookupName(fc, p, handle.nodeid, '.');
    if (typeof inode === 'number') return inode === -E.ENOENT ? -E.ESTALE : inode;
    if (inode.nodeid !== handle.nodeid) {
      iput(fc, inode);
      return -E.EIO;
    }
  }
  if (inode.generation !== handle.generation) {
    iput(fc, inode);
    return -E.ESTALE;
  }
  const dentry = dObtainAlias(fc, inode);
  if (inode.nodeid !== 1) dentry.time = 0;
  return dentry;
}

/** fuse_lookup_name: the inode, with a reference. */
function* lookupName(fc: FuseConnection, p: Process, nodeid: U64, name: string): Operation<Inode | number> {
  const version = fc.attrVersion;
  const { request } = p;
  request.begin(opcodes.LOOKUP.code, nodeid, 0);
  request.name(name);
  request.expected = fuse_entry_out.size;
  if (!fc.device.send(p)) yield;
  if (request.error !== 0) return request.error;
  const { words } = request.reply;
  if (readU64(words, OUT) === 0) return -E.ENOENT;
  if (invalidAttributes(words, OUT + 10)) return -E.EIO;
  return fuseIget(fc, words, OUT, entryAttributeExpiry(fc, words), version);
}

/** reconnect_path: up to the root, each directory gets its name. */
function* reconnectPath(fc: FuseConnection, p: Process, target: Dentry): Operation<number> {
  let dentry = dGet(target);
  while (isRoot(dentry) && dentry !== fc.root) {
    const parent = yield* reconnectOne(fc, p, dentry);
    dPut(fc, dentry);
    if (typeof parent === 'number') return parent;
    if (parent === undefined) return 0;
    dentry = parent;
    while (!isRoot(dentry)) {
      const above = dGet(dentry.parent);
      dPut(fc, dentry);
      dentry = above;
    }
  }
  dPut(fc, dentry);
  return 0;
}

/** reconnect_one: asks for the directory above, and for the name there. Undefined: somebody else has connected it. */
function* reconnectOne(fc: FuseConnection, p: Process, dentry: Dentry): Operation<Dentry | undefined | number> {
  const inode = dentry.inode as Inode;
  if (!fc.exportSupport) return -E.ESTALE;
  const above = yield* lookupName(fc, p, inode.nodeid, '..');
  if (typeof above === 'number') return above === -E.ENOENT ? -E.ESTALE : above;
  const parent = dObtainAlias(fc, above);
  if (above.nodeid !== 1) parent.time = 0;
  const name = yield* getName(fc, p, parent, inode);
  let error = typeof name === 'number' ? name : 0;
  if (typeof name === 'string') {
    const found = yield* lookupOneUnlocked(fc, p, parent, name);
    if (typeof found === 'number') error = found;
    else {
      const same = found === dentry;
      dPut(fc, found);
      if (same && !isRoot(dentry)) return parent;
      error = same ? -E.ESTALE : -E.ENOENT;
    }
  }
  dPut(fc, parent);
  if (error !== -E.ENOENT) return error;
  return isRoot(dentry) ? -E.ESTALE : undefined;
}

/** lookup_one_unlocked (fs/namei.c). */
function* lookupOneUnlocked(fc: FuseConnection, p: Process, parent: Dentry, name: string): Operation<Dentry | number> {
  const directory = parent.inode as Inode;
  const error = yield* settled(permission(fc, p, directory, MAY_EXEC));
  if (error !== 0) return error;
  const { rwsem } = directory;
  if (!rwsem.tryDown(!fc.parallelDirops)) yield* rwsem.wait(p, !fc.parallelDirops, 'a directory');
  const found = yield* settled(lookupSlow(fc, p, parent, name, 0));
  rwsem.up(!fc.parallelDirops);
  return found;
}

/** get_name: the directory is listed until the inode's number comes up. */
function* getName(fc: FuseConnection, p: Process, parent: Dentry, child: Inode): Operation<string | number> {
  if (needsGetattr(fc, child, STATX_INO)) {
    const error = yield* settled(getattr(fc, p, child));
    if (error !== 0) return error;
  }
  const file = yield* openDentry(fc, p, dGet(parent), 0, false);
  if (typeof file === 'number') return file;
  let name: string | number = -E.ENOENT;
  for (;;) {
    const entries = yield* settled(readdir(fc, p, file, INT_MAX, (entry) => entry.ino !== child.ino));
    if (typeof entries === 'number') {
      name = entries;
      break;
    }
    const found = entries.find(({ ino, name: text }) => ino === child.ino && text !== '.' && text !== '..');
    if (found !== undefined) name = found.name;
    if (found !== undefined || entries.length === 0) break;
  }
  fput(fc, file);
  return name;
}
