/**
 * Names of what happens, as rules say it. On the link and at the filesystem they are FUSE's, with one name for what differs
 * only in size or version: RENAME is RENAME2 too, FORGET is BATCH_FORGET too.
 */
export const fuseOperations = [
  'LOOKUP',
  'FORGET',
  'GETATTR',
  'SETATTR',
  'STATX',
  'READLINK',
  'SYMLINK',
  'MKNOD',
  'MKDIR',
  'UNLINK',
  'RMDIR',
  'RENAME',
  'LINK',
  'OPEN',
  'READ',
  'WRITE',
  'STATFS',
  'RELEASE',
  'FSYNC',
  'SETXATTR',
  'GETXATTR',
  'LISTXATTR',
  'REMOVEXATTR',
  'FLUSH',
  'OPENDIR',
  'READDIR',
  'READDIRPLUS',
  'RELEASEDIR',
  'FSYNCDIR',
  'GETLK',
  'SETLK',
  'ACCESS',
  'CREATE',
  'TMPFILE',
  'IOCTL',
  'POLL',
  'FALLOCATE',
  'LSEEK',
  'COPY_FILE_RANGE',
  'SYNCFS',
  'INTERRUPT',
  'DESTROY',
] as const;

export type FuseOperation = (typeof fuseOperations)[number];

/** What happens at a disk, and on the network. */
export const diskOperations = ['disk-read', 'disk-write', 'disk-flush'] as const;
export const networkOperations = ['connect', 'send'] as const;

/** Procedures of NFSv3, and of MOUNT; what FUSE has too goes by one name. */
export const nfsOperations = [
  'NULL',
  'GETATTR',
  'SETATTR',
  'LOOKUP',
  'ACCESS',
  'READLINK',
  'READ',
  'WRITE',
  'CREATE',
  'MKDIR',
  'SYMLINK',
  'MKNOD',
  'REMOVE',
  'RMDIR',
  'RENAME',
  'LINK',
  'READDIR',
  'READDIRPLUS',
  'FSSTAT',
  'FSINFO',
  'PATHCONF',
  'COMMIT',
] as const;
export const mountOperations = ['NULL', 'MNT', 'DUMP', 'UMNT', 'UMNTALL', 'EXPORT'] as const;

/** Each word once, as a list that has a first one. */
const once = <Word extends string>(...words: readonly Word[]): readonly [Word, ...Word[]] => {
  const [first, ...others] = new Set(words);
  return [first, ...others];
};

export const rpcOperations = once<RpcOperation>(...nfsOperations, ...mountOperations);

export type NfsOperation = (typeof nfsOperations)[number];
export type RpcOperation = NfsOperation | (typeof mountOperations)[number];

export const operationNames = once<OperationName>(
  ...fuseOperations,
  ...diskOperations,
  ...networkOperations,
  ...rpcOperations,
);

export type OperationName =
  | FuseOperation
  | (typeof diskOperations)[number]
  | (typeof networkOperations)[number]
  | RpcOperation;

/** Opcodes that go by another's name. */
const variants: Readonly<Record<string, FuseOperation>> = {
  RENAME2: 'RENAME',
  BATCH_FORGET: 'FORGET',
  SETLKW: 'SETLK',
  COPY_FILE_RANGE_64: 'COPY_FILE_RANGE',
};

const known: ReadonlySet<string> = new Set(fuseOperations);

/** The operation of an opcode's name; undefined for what no rule can mean (INIT, NOTIFY_REPLY, ...). */
export function operationOfOpcode(opcode: string): FuseOperation | undefined {
  const name = variants[opcode] ?? opcode;
  return known.has(name) ? (name as FuseOperation) : undefined;
}
