import type { Context, FileSystem, U64 } from '../../vfs/index.ts';
import type { FaultEvent } from '../match/event.ts';
import type { NodePaths } from '../match/node-paths.ts';
import type { FuseOperation } from '../plan/operations.ts';

/** Methods that faults can meet. */
export type Method = Exclude<keyof FileSystem, 'name' | 'mode' | 'wishes' | 'init' | 'destroy'>;

export type Arguments<M extends Method> = Parameters<NonNullable<FileSystem[M]>>;

/** A name in a directory. */
type NameIn = readonly [parent: number, name: string];

/** What a call is about. */
export interface Described {
  readonly operation: FuseOperation;
  readonly node: number;
  readonly fh?: U64;
  readonly offset?: number;
  readonly length?: number;
  readonly context?: Context;
  /** The names that it is about; where there are none, the node. */
  readonly names?: readonly NameIn[];
}

type Describe = { readonly [M in Method]: (...given: Arguments<M>) => Described };

/** Every method as an event: FUSE's name for it, and where its arguments are. */
export const describeCall: Describe = {
  lookup: (node, name, context) => ({ operation: 'LOOKUP', node, context, names: [[node, name]] }),
  forget: (node) => ({ operation: 'FORGET', node }),
  getattr: (node, fh, context) => ({ operation: 'GETATTR', node, fh, context }),
  setattr: (node, _, fh, context) => ({ operation: 'SETATTR', node, fh, context }),
  statx: (node, fh, _, __, context) => ({ operation: 'STATX', node, fh, context }),
  access: (node, _, context) => ({ operation: 'ACCESS', node, context }),
  readlink: (node, context) => ({ operation: 'READLINK', node, context }),
  mknod: (node, name, _, __, context) => ({ operation: 'MKNOD', node, context, names: [[node, name]] }),
  mkdir: (node, name, _, context) => ({ operation: 'MKDIR', node, context, names: [[node, name]] }),
  symlink: (node, name, _, context) => ({ operation: 'SYMLINK', node, context, names: [[node, name]] }),
  link: (node, parent, name, context) => ({ operation: 'LINK', node, context, names: [[parent, name]] }),
  unlink: (node, name, context) => ({ operation: 'UNLINK', node, context, names: [[node, name]] }),
  rmdir: (node, name, context) => ({ operation: 'RMDIR', node, context, names: [[node, name]] }),
  rename: (node, name, newParent, newName, _, context) => ({
    operation: 'RENAME',
    node,
    context,
    names: [
      [node, name],
      [newParent, newName],
    ],
  }),
  open: (node, _, context) => ({ operation: 'OPEN', node, context }),
  create: (node, name, _, __, context) => ({ operation: 'CREATE', node, context, names: [[node, name]] }),
  tmpfile: (node, _, __, context) => ({ operation: 'TMPFILE', node, context }),
  read: (node, fh, into, offset, context) => ({ operation: 'READ', node, fh, offset, length: into.length, context }),
  write: (node, fh, data, offset, context) => ({ operation: 'WRITE', node, fh, offset, length: data.length, context }),
  flush: (node, fh, _, context) => ({ operation: 'FLUSH', node, fh, context }),
  release: (node, fh, _, context) => ({ operation: 'RELEASE', node, fh, context }),
  fsync: (node, fh, _, context) => ({ operation: 'FSYNC', node, fh, context }),
  fallocate: (node, fh, _, offset, length, context) => ({ operation: 'FALLOCATE', node, fh, offset, length, context }),
  lseek: (node, fh, offset, _, context) => ({ operation: 'LSEEK', node, fh, offset, context }),
  copyFileRange: (node, fh, offset, _, __, ___, length, context) => ({
    operation: 'COPY_FILE_RANGE',
    node,
    fh,
    offset,
    length,
    context,
  }),
  ioctl: (node, fh, _, __, ___, ____, _____, context) => ({ operation: 'IOCTL', node, fh, context }),
  poll: (node, fh, _, __, context) => ({ operation: 'POLL', node, fh, context }),
  opendir: (node, _, context) => ({ operation: 'OPENDIR', node, context }),
  readdir: (node, fh, _, __, context) => ({ operation: 'READDIR', node, fh, context }),
  readdirplus: (node, fh, _, __, context) => ({ operation: 'READDIRPLUS', node, fh, context }),
  releasedir: (node, fh, context) => ({ operation: 'RELEASEDIR', node, fh, context }),
  fsyncdir: (node, fh, _, context) => ({ operation: 'FSYNCDIR', node, fh, context }),
  statfs: (node, context) => ({ operation: 'STATFS', node, context }),
  syncfs: (node, context) => ({ operation: 'SYNCFS', node, context }),
  setxattr: (node, _, __, ___, context) => ({ operation: 'SETXATTR', node, context }),
  getxattr: (node, _, context) => ({ operation: 'GETXATTR', node, context }),
  listxattr: (node, context) => ({ operation: 'LISTXATTR', node, context }),
  removexattr: (node, _, context) => ({ operation: 'REMOVEXATTR', node, context }),
  getlk: (node, fh, _, __, context) => ({ operation: 'GETLK', node, fh, context }),
  setlk: (node, fh, _, __, ___, context) => ({ operation: 'SETLK', node, fh, context }),
  flock: (node, fh, _, __, ___, context) => ({ operation: 'SETLK', node, fh, context }),
};

export const methods = Object.keys(describeCall) as readonly Method[];

/** The event that a call is; `unique` is the FUSE request for which it is made, where that is known. */
export function callEvent(
  described: Described,
  nodes: NodePaths,
  unique: U64 | undefined,
): FaultEvent & { readonly where: 'filesystem' } {
  const { operation, node, fh, offset, length, context, names } = described;
  let paths: readonly string[] | undefined;
  return {
    where: 'filesystem',
    operation,
    node,
    fh,
    offset,
    length,
    uid: context?.uid,
    pid: context?.pid,
    unique,
    paths: () => {
      paths ??= names === undefined ? nodes.of(node) : names.flatMap(([parent, name]) => nodes.ofName(parent, name));
      return paths;
    },
  };
}
