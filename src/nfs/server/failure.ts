import { Errno, type ErrnoName, errnoFrom } from '../../vfs/index.ts';
import type { NfsError } from '../protocol/index.ts';

/** A status that no errno stands for. */
export class NfsFailure extends Error {
  readonly status: NfsError;

  constructor(status: NfsError) {
    super(status);
    this.status = status;
  }
}

/** nfserrno (fs/nfsd/vfs.c); what is not here is IO. */
const statuses: Readonly<Partial<Record<ErrnoName, NfsError>>> = {
  EPERM: 'PERM',
  ENOENT: 'NOENT',
  ENXIO: 'NXIO',
  EACCES: 'ACCES',
  EEXIST: 'EXIST',
  EXDEV: 'XDEV',
  ENODEV: 'NODEV',
  ENOTDIR: 'NOTDIR',
  EISDIR: 'ISDIR',
  EINVAL: 'INVAL',
  EFBIG: 'FBIG',
  ENOSPC: 'NOSPC',
  EROFS: 'ROFS',
  EMLINK: 'MLINK',
  ENAMETOOLONG: 'NAMETOOLONG',
  ENOTEMPTY: 'NOTEMPTY',
  EDQUOT: 'DQUOT',
  ESTALE: 'STALE',
  EBADF: 'STALE',
  EBUSY: 'ACCES',
  ETXTBSY: 'ACCES',
  ELOOP: 'INVAL',
  EAGAIN: 'JUKEBOX',
  ENOMEM: 'JUKEBOX',
  ETIMEDOUT: 'JUKEBOX',
  ENOSYS: 'NOTSUPP',
  EOPNOTSUPP: 'NOTSUPP',
};

/** The status of what was thrown; undefined where it is a bug. */
export function statusOf(error: unknown): NfsError | undefined {
  if (error instanceof NfsFailure) return error.status;
  const known = error instanceof Errno ? error : errnoFrom(error);
  return known === undefined ? undefined : (statuses[known.code] ?? 'IO');
}
