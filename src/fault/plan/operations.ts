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

export const operationNames = [...fuseOperations, ...diskOperations, ...networkOperations] as const;

export type OperationName = (typeof operationNames)[number];

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
