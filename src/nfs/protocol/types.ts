import type { Timespec } from '../../vfs/index.ts';
import {
  type Codec,
  enumeration,
  opaque,
  optional,
  struct,
  text,
  u32,
  u64,
  union,
  type ValueOf,
} from '../xdr/index.ts';

// The data types of RFC 1813, 2.3 and 2.5, under their names there.

/** Longest file handle, bytes (NFS3_FHSIZE). */
export const FHSIZE = 64;

export const nfs_fh3 = opaque(FHSIZE);
export const filename3 = text();
export const nfspath3 = text();
// Eight opaque bytes, as one value: so they compare with ===.
export const verifier3 = u64;

export const ftype3 = enumeration('ftype3', { REG: 1, DIR: 2, BLK: 3, CHR: 4, LNK: 5, SOCK: 6, FIFO: 7 });
export type FileType = ValueOf<typeof ftype3>;

/** Seconds since the epoch as unsigned 32 bits: a time before it comes back as one after 2038, as from Linux. */
export const nfstime3 = struct({ sec: u32, nsec: u32 });

/** Device numbers. */
export const specdata3 = struct({ major: u32, minor: u32 });

export const fattr3 = struct({
  type: ftype3,
  mode: u32,
  nlink: u32,
  uid: u32,
  gid: u32,
  size: u64,
  used: u64,
  rdev: specdata3,
  fsid: u64,
  fileid: u64,
  atime: nfstime3,
  mtime: nfstime3,
  ctime: nfstime3,
});
export type Fattr = ValueOf<typeof fattr3>;

export const post_op_attr = optional(fattr3);
export const post_op_fh3 = optional(nfs_fh3);

export const wcc_attr = struct({ size: u64, mtime: nfstime3, ctime: nfstime3 });
export type WccAttributes = ValueOf<typeof wcc_attr>;
/** Weak cache consistency: the attributes right before and after the operation, where both are known to be that. */
export const wcc_data = struct({ before: optional(wcc_attr), after: post_op_attr });
export type WccData = ValueOf<typeof wcc_data>;

const DONT_CHANGE = 0;
const SET_TO_SERVER_TIME = 1;
const SET_TO_CLIENT_TIME = 2;
const timeHow = enumeration('time_how', { DONT_CHANGE, SET_TO_SERVER_TIME, SET_TO_CLIENT_TIME });

/** set_atime and set_mtime: nothing, the server's time, or one from the client. */
const setTime: Codec<Timespec | 'now' | undefined> = {
  shape: { kind: 'other', name: 'set_time' },
  read(r) {
    const how = timeHow.read(r);
    return how === 'DONT_CHANGE' ? undefined : how === 'SET_TO_SERVER_TIME' ? 'now' : nfstime3.read(r);
  },
  write(w, value) {
    w.u32(value === undefined ? DONT_CHANGE : value === 'now' ? SET_TO_SERVER_TIME : SET_TO_CLIENT_TIME);
    if (typeof value === 'object') nfstime3.write(w, value);
  },
};

export const sattr3 = struct({
  mode: optional(u32),
  uid: optional(u32),
  gid: optional(u32),
  size: optional(u64),
  atime: setTime,
  mtime: setTime,
});
export type SetAttributes = ValueOf<typeof sattr3>;

/** A name in a directory. */
export const diropargs3 = struct({ dir: nfs_fh3, name: filename3 });
export type DirectoryName = ValueOf<typeof diropargs3>;

export const stable_how = enumeration('stable_how', { UNSTABLE: 0, DATA_SYNC: 1, FILE_SYNC: 2 });
export type Stability = ValueOf<typeof stable_how>;

export const createhow3 = union(
  'mode',
  enumeration('createmode3', { UNCHECKED: 0, GUARDED: 1, EXCLUSIVE: 2 }),
  { UNCHECKED: { attributes: sattr3 }, GUARDED: { attributes: sattr3 }, EXCLUSIVE: { verifier: verifier3 } },
  {},
);
export type CreateHow = ValueOf<typeof createhow3>;

const device = { attributes: sattr3, device: specdata3 };
export const mknoddata3 = union(
  'type',
  ftype3,
  { CHR: device, BLK: device, SOCK: { attributes: sattr3 }, FIFO: { attributes: sattr3 } },
  {},
);
export type MknodData = ValueOf<typeof mknoddata3>;

export const entry3 = struct({ fileid: u64, name: filename3, cookie: u64 });
export const entryplus3 = struct({
  fileid: u64,
  name: filename3,
  cookie: u64,
  attributes: post_op_attr,
  handle: post_op_fh3,
});
export type DirectoryEntry = ValueOf<typeof entry3>;
export type DirectoryEntryPlus = ValueOf<typeof entryplus3>;

/** ACCESS3_*: what a caller may do with an object. */
export const ACCESS3 = { READ: 1, LOOKUP: 2, MODIFY: 4, EXTEND: 8, DELETE: 16, EXECUTE: 32 } as const;

/** FSF3_*: what FSINFO says that a filesystem can. */
export const FSF3 = { LINK: 1, SYMLINK: 2, HOMOGENEOUS: 8, CANSETTIME: 16 } as const;
