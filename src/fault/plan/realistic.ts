import type { ErrnoName } from '../../vfs/index.ts';
import type { OperationName } from './operations.ts';

// What Linux filesystems answer, by the pages of section 2 of the manual (read(2), open(2), rename(2), ...) and, for storage
// and networks below them, by what ext4, XFS, NFS and CIFS pass on.

/** Whatever is asked: the medium, the network, memory, a handle that is stale, a signal. */
const anywhere: readonly ErrnoName[] = ['EIO', 'ESTALE', 'ENOMEM', 'EINTR', 'ETIMEDOUT', 'EAGAIN'];
const broken: readonly ErrnoName[] = [
  'EUCLEAN',
  'ENXIO',
  'ENODEV',
  'EHOSTDOWN',
  'EHOSTUNREACH',
  'ECONNRESET',
  'ENOTCONN',
  'EPROTO',
];
const denied: readonly ErrnoName[] = ['EACCES', 'EPERM'];
const full: readonly ErrnoName[] = ['ENOSPC', 'EDQUOT', 'EROFS'];
const walking: readonly ErrnoName[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG', 'EOVERFLOW', ...denied];
const opening: readonly ErrnoName[] = ['EMFILE', 'ENFILE', 'EBUSY', 'ETXTBSY', 'EISDIR', 'EROFS', ...walking];
const making: readonly ErrnoName[] = ['EEXIST', 'EMLINK', 'EBUSY', ...full, ...walking];
const removing: readonly ErrnoName[] = ['EBUSY', 'EROFS', 'EDQUOT', 'ENOSPC', 'EISDIR', ...walking];
const writing: readonly ErrnoName[] = ['EFBIG', 'EBADF', 'EINVAL', 'EPIPE', 'ENOLCK', 'EPERM', ...full];
const reading: readonly ErrnoName[] = ['EBADF', 'EISDIR', 'EINVAL', 'EBADMSG', 'EOVERFLOW', 'EACCES'];
const attributes: readonly ErrnoName[] = ['EOPNOTSUPP', 'ENODATA', 'ERANGE', 'E2BIG', ...denied, ...full];
const locking: readonly ErrnoName[] = ['ENOLCK', 'EDEADLK', 'EACCES', 'EBADF', 'EINVAL', 'EOPNOTSUPP'];

const own: Readonly<Partial<Record<OperationName, readonly ErrnoName[]>>> = {
  LOOKUP: walking,
  GETATTR: ['ENOENT', 'EACCES', 'EOVERFLOW'],
  STATX: ['ENOENT', 'EACCES', 'EOVERFLOW'],
  SETATTR: ['EFBIG', 'ETXTBSY', 'EINVAL', 'ENOENT', ...denied, ...full],
  READLINK: ['EINVAL', 'ENOENT', 'EACCES'],
  SYMLINK: making,
  MKNOD: making,
  MKDIR: making,
  LINK: ['EXDEV', ...making],
  UNLINK: removing,
  RMDIR: ['ENOTEMPTY', 'EEXIST', 'EINVAL', ...removing],
  RENAME: ['EXDEV', 'ENOTEMPTY', 'EINVAL', 'EISDIR', ...making],
  OPEN: ['EFBIG', 'ENOSPC', 'EDQUOT', ...opening],
  OPENDIR: opening,
  CREATE: [...opening, ...making],
  TMPFILE: ['EOPNOTSUPP', ...opening, ...making],
  READ: reading,
  WRITE: writing,
  FALLOCATE: ['EOPNOTSUPP', 'ESPIPE', ...writing],
  COPY_FILE_RANGE: ['EXDEV', 'EOPNOTSUPP', 'EISDIR', ...writing],
  FSYNC: ['EBADF', 'EINVAL', ...full],
  FSYNCDIR: ['EBADF', 'EINVAL', ...full],
  SYNCFS: full,
  FLUSH: ['EBADF', ...full],
  RELEASE: [],
  RELEASEDIR: [],
  READDIR: ['EBADF', 'ENOENT', 'ENOTDIR', 'EINVAL', 'EACCES'],
  READDIRPLUS: ['EBADF', 'ENOENT', 'ENOTDIR', 'EINVAL', 'EACCES'],
  STATFS: ['EACCES', 'ENOENT', 'EOVERFLOW'],
  ACCESS: ['EROFS', 'ENOENT', ...denied],
  LSEEK: ['ENXIO', 'EINVAL', 'EBADF', 'EOVERFLOW'],
  SETXATTR: ['EEXIST', ...attributes],
  GETXATTR: attributes,
  LISTXATTR: attributes,
  REMOVEXATTR: attributes,
  GETLK: locking,
  SETLK: locking,
  IOCTL: ['ENOTTY', 'EINVAL', 'EFAULT', 'EBADF', ...denied],
  POLL: ['EBADF', 'EINVAL'],
  REMOVE: removing,
  COMMIT: ['EINVAL', ...full],
  FSSTAT: ['EACCES'],
  FSINFO: ['EACCES'],
  PATHCONF: ['EACCES'],
  'disk-read': ['EBADMSG', 'ENODATA'],
  'disk-write': ['ENOSPC', 'EROFS'],
  'disk-flush': ['ENOSPC', 'EROFS'],
};

/** The errnos that callers of an operation must be ready for. */
export function realisticErrnos(operation: OperationName): readonly ErrnoName[] {
  return [...new Set([...anywhere, ...broken, ...(own[operation] ?? [])])];
}

/** Whether an operation may answer with an errno. */
export function isRealistic(operation: OperationName, errno: ErrnoName): boolean {
  return anywhere.includes(errno) || broken.includes(errno) || own[operation]?.includes(errno) === true;
}
