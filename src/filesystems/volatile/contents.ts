import {
  type Context,
  Errno,
  errno,
  type FileSystem,
  isDirectory,
  isRegular,
  isSymlink,
  type NodeId,
  nameFromBytes,
  O_DIRECTORY,
  O_RDONLY,
  O_RDWR,
  type PackedDirents,
  ROOT_NODE,
  type U64,
  type WriteOptions,
} from '../../vfs/index.ts';
import type { VolatileMedium } from './medium.ts';
import { type Content, PAGE, type StoredInode } from './stored-inode.ts';

const { signal } = new AbortController();
const context: Context = { uid: 0, gid: 0, pid: 0, umask: 0, signal };
const writing: WriteOptions = { flags: O_RDWR, fromCache: false, killPrivileges: false, lockOwner: undefined };
/** `struct fuse_dirent` before the name. */
const DIRENT_HEADER = 24;

/** An answer that must be there, and no errno. @throws Error that names the method */
function must<T>(method: string, answer: T | Errno | Promise<T | Errno> | undefined): T {
  if (answer instanceof Promise)
    throw new TypeError(`volatile: ${method}: expected a filesystem whose mode is 'sync', given a promise`);
  if (answer instanceof Errno) throw new Error(`volatile: ${method} of the filesystem below gave ${answer.code}`);
  return answer as T;
}

function namesOf(filesystem: FileSystem, node: NodeId): string[] {
  const names: string[] = [];
  const fh = filesystem.opendir === undefined ? 0 : must('opendir', filesystem.opendir(node, O_DIRECTORY, context)).fh;
  let offset: U64 = 0;
  for (let before = -1; names.length > before; ) {
    before = names.length;
    const add = (name: string, _ino: U64, _type: number, next: U64): boolean => {
      names.push(name);
      offset = next;
      return true;
    };
    const addPacked = (packed: PackedDirents): void => {
      for (let i = 0, at = 0; i < packed.count; at = packed.ends[i], i++) {
        const length = new DataView(packed.bytes.buffer, packed.bytes.byteOffset + at).getUint32(16, true);
        const name = packed.bytes.subarray(at + DIRENT_HEADER, at + DIRENT_HEADER + length);
        if (packed.offsets[i] > Number(offset)) add(nameFromBytes(name), 0, 0, packed.offsets[i]);
      }
    };
    must('readdir', filesystem.readdir?.(node, fh, offset, { add, addPacked }, context));
  }
  must('releasedir', filesystem.releasedir?.(node, fh, context));
  return names.filter((name) => name !== '.' && name !== '..');
}

/** Takes what a filesystem holds already as stored for good. */
export function adopt(filesystem: FileSystem, medium: VolatileMedium): void {
  const seen = new Map<NodeId, StoredInode>();
  const fill = (inode: StoredInode, node: NodeId): void => {
    const { mode, uid, gid, size, atime, mtime } = must('getattr', filesystem.getattr(node, undefined, context));
    for (const state of [inode.live, inode.durable]) Object.assign(state, { mode, uid, gid, atime, mtime });
    if (isDirectory(mode)) {
      for (const name of namesOf(filesystem, node)) {
        const entry = must('lookup', filesystem.lookup(node, name, context));
        const known = seen.get(entry.node);
        const target = isSymlink(entry.attributes.mode)
          ? must('readlink', filesystem.readlink?.(entry.node, context))
          : undefined;
        const child = known ?? medium.make({ ...entry.attributes, target });
        for (const state of [inode.live, inode.durable]) state.entries.set(name, child);
        if (known === undefined) {
          seen.set(entry.node, child);
          fill(child, entry.node);
        }
        filesystem.forget?.(entry.node, 1);
      }
    } else if (isRegular(mode)) readInto(filesystem, node, inode, size);
    for (const name of must('listxattr', filesystem.listxattr?.(node, context)) ?? []) {
      const value = must('getxattr', filesystem.getxattr?.(node, name, context) ?? errno.ENOSYS);
      for (const state of [inode.live, inode.durable]) state.xattrs.set(name, value);
    }
  };
  fill(medium.root, ROOT_NODE);
}

function readInto(filesystem: FileSystem, node: NodeId, inode: StoredInode, size: number): void {
  const fh = filesystem.open === undefined ? 0 : must('open', filesystem.open(node, O_RDONLY, context)).fh;
  for (let index = 0; index * PAGE < size; index++) {
    const page = new Uint8Array(PAGE);
    must('read', filesystem.read?.(node, fh, page, index * PAGE, context));
    for (const state of [inode.live, inode.durable]) state.pages.set(index, page);
  }
  for (const state of [inode.live, inode.durable]) state.size = size;
  must('release', filesystem.release?.(node, fh, O_RDONLY, context, undefined));
}

/** Takes everything out of a filesystem. */
export function clear(filesystem: FileSystem, node: NodeId = ROOT_NODE): void {
  for (const name of namesOf(filesystem, node)) {
    const entry = must('lookup', filesystem.lookup(node, name, context));
    if (isDirectory(entry.attributes.mode)) {
      clear(filesystem, entry.node);
      must('rmdir', filesystem.rmdir?.(node, name, context));
    } else must('unlink', filesystem.unlink?.(node, name, context));
    filesystem.forget?.(entry.node, 1);
  }
}

/** Puts what a medium stores into an empty filesystem. @throws Error where that cannot hold it */
export function populate(filesystem: FileSystem, root: StoredInode): void {
  const nodes = new Map<StoredInode, NodeId>();
  const make = (parent: NodeId, name: string, inode: StoredInode): NodeId => {
    const { mode } = inode.live;
    if (isDirectory(mode)) return must('mkdir', filesystem.mkdir?.(parent, name, mode, context) ?? errno.ENOSYS).node;
    if (isSymlink(mode))
      return must('symlink', filesystem.symlink?.(parent, name, inode.target ?? '', context) ?? errno.ENOSYS).node;
    if (!isRegular(mode))
      return must('mknod', filesystem.mknod?.(parent, name, mode, inode.rdev, context) ?? errno.ENOSYS).node;
    return makeFile(filesystem, parent, name, inode);
  };
  const fill = (directory: StoredInode, node: NodeId): void => {
    for (const [name, inode] of directory.live.entries) {
      const known = nodes.get(inode);
      if (known !== undefined) {
        const linked = must('link', filesystem.link?.(known, node, name, context) ?? errno.ENOSYS).node;
        filesystem.forget?.(linked, 1);
        continue;
      }
      const made = make(node, name, inode);
      nodes.set(inode, made);
      if (inode.isDirectory) fill(inode, made);
      restoreAttributes(filesystem, made, inode.live);
    }
  };
  fill(root, ROOT_NODE);
  restoreAttributes(filesystem, ROOT_NODE, root.live);
  for (const node of nodes.values()) filesystem.forget?.(node, 1);
}

function makeFile(filesystem: FileSystem, parent: NodeId, name: string, { live }: StoredInode): NodeId {
  const { mode, size, pages } = live;
  const created = filesystem.create && must('create', filesystem.create(parent, name, mode, O_RDWR, context));
  const node =
    created?.entry.node ?? must('mknod', filesystem.mknod?.(parent, name, mode, 0, context) ?? errno.ENOSYS).node;
  const fh = created?.opened.fh ?? must('open', filesystem.open?.(node, O_RDWR, context) ?? { fh: 0 }).fh;
  for (const [index, bytes] of pages) {
    const offset = index * PAGE;
    if (offset < size)
      must('write', filesystem.write?.(node, fh, bytes.subarray(0, size - offset), offset, context, writing));
  }
  const { size: written } = must('getattr', filesystem.getattr(node, fh, context));
  if (written < size) must('setattr', filesystem.setattr?.(node, { size }, fh, context));
  must('release', filesystem.release?.(node, fh, O_RDWR, context, undefined));
  return node;
}

function restoreAttributes(
  filesystem: FileSystem,
  node: NodeId,
  { mode, uid, gid, atime, mtime, xattrs }: Content,
): void {
  if (isSymlink(mode)) must('setattr', filesystem.setattr?.(node, { uid, gid, atime, mtime }, undefined, context));
  else must('setattr', filesystem.setattr?.(node, { mode: mode & 0o7777, uid, gid, atime, mtime }, undefined, context));
  for (const [name, value] of xattrs) must('setxattr', filesystem.setxattr?.(node, name, value, 0, context));
}
