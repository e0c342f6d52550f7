import { type Errno, errno } from '../../vfs/index.ts';
import type { NfsError } from '../protocol/index.ts';

/** nfs_errtbl (fs/nfs_common/common.c), and EIO for what has no errno. */
const errnos: Readonly<Record<NfsError, Errno>> = {
  PERM: errno.EPERM,
  NOENT: errno.ENOENT,
  IO: errno.EIO,
  NXIO: errno.ENXIO,
  ACCES: errno.EACCES,
  EXIST: errno.EEXIST,
  XDEV: errno.EXDEV,
  NODEV: errno.ENODEV,
  NOTDIR: errno.ENOTDIR,
  ISDIR: errno.EISDIR,
  INVAL: errno.EINVAL,
  FBIG: errno.EFBIG,
  NOSPC: errno.ENOSPC,
  ROFS: errno.EROFS,
  MLINK: errno.EMLINK,
  NAMETOOLONG: errno.ENAMETOOLONG,
  NOTEMPTY: errno.ENOTEMPTY,
  DQUOT: errno.EDQUOT,
  STALE: errno.ESTALE,
  REMOTE: errno.EIO,
  BADHANDLE: errno.ESTALE,
  NOT_SYNC: errno.EIO,
  BAD_COOKIE: errno.EIO,
  NOTSUPP: errno.EOPNOTSUPP,
  TOOSMALL: errno.EIO,
  SERVERFAULT: errno.EIO,
  BADTYPE: errno.EIO,
  JUKEBOX: errno.EIO,
};

/** The errno that a caller of the client sees. */
export const errnoOfStatus = (status: NfsError): Errno => errnos[status];
