import { type ArgsOf, type ProcedureName, program, type ResultOf } from '../rpc/program.ts';
import { bool, list, opaque, optional, struct, u32, u64, union } from '../xdr/index.ts';
import { nfsstat3 } from './status.ts';
import * as t from './types.ts';

type Fields = Parameters<typeof struct>[0];

/** A result that is a union over nfsstat3: what there is with OK, and with anything else. */
const result = <const Ok extends Fields, const Failed extends Fields>(ok: Ok, failed: Failed) =>
  union('status', nfsstat3, { OK: ok }, failed);

const object = struct({ object: t.nfs_fh3 });
const attributes = { attributes: t.post_op_attr };
const wcc = { wcc: t.wcc_data };
const dirWcc = { dirWcc: t.wcc_data };
const made = result({ object: t.post_op_fh3, ...attributes, ...dirWcc }, dirWcc);
const removed = result(dirWcc, dirWcc);
const renamed = { fromDirWcc: t.wcc_data, toDirWcc: t.wcc_data };
const linked = { ...attributes, linkDirWcc: t.wcc_data };
const dirAttributes = { dirAttributes: t.post_op_attr };
const nothing = struct({});
const position = { dir: t.nfs_fh3, cookie: u64, cookieVerifier: t.verifier3 };

/** NFS version 3: all procedures (RFC 1813, 3). */
export const nfs = program('NFS', 100003, 3, {
  NULL: { number: 0, idempotent: true, args: nothing, result: nothing },
  GETATTR: { number: 1, idempotent: true, args: object, result: result({ attributes: t.fattr3 }, {}) },
  SETATTR: {
    number: 2,
    idempotent: false,
    args: struct({ object: t.nfs_fh3, newAttributes: t.sattr3, guard: optional(t.nfstime3) }),
    result: result(wcc, wcc),
  },
  LOOKUP: {
    number: 3,
    idempotent: true,
    args: struct({ what: t.diropargs3 }),
    result: result({ object: t.nfs_fh3, ...attributes, ...dirAttributes }, dirAttributes),
  },
  ACCESS: {
    number: 4,
    idempotent: true,
    args: struct({ object: t.nfs_fh3, access: u32 }),
    result: result({ ...attributes, access: u32 }, attributes),
  },
  READLINK: {
    number: 5,
    idempotent: true,
    args: struct({ symlink: t.nfs_fh3 }),
    result: result({ ...attributes, target: t.nfspath3 }, attributes),
  },
  READ: {
    number: 6,
    idempotent: true,
    args: struct({ file: t.nfs_fh3, offset: u64, count: u32 }),
    result: result({ ...attributes, count: u32, eof: bool, data: opaque() }, attributes),
  },
  WRITE: {
    number: 7,
    idempotent: false,
    args: struct({ file: t.nfs_fh3, offset: u64, count: u32, stable: t.stable_how, data: opaque() }),
    result: result({ ...wcc, count: u32, committed: t.stable_how, verifier: t.verifier3 }, wcc),
  },
  CREATE: {
    number: 8,
    idempotent: false,
    args: struct({ where: t.diropargs3, how: t.createhow3 }),
    result: made,
  },
  MKDIR: {
    number: 9,
    idempotent: false,
    args: struct({ where: t.diropargs3, attributes: t.sattr3 }),
    result: made,
  },
  SYMLINK: {
    number: 10,
    idempotent: false,
    args: struct({ where: t.diropargs3, attributes: t.sattr3, target: t.nfspath3 }),
    result: made,
  },
  MKNOD: {
    number: 11,
    idempotent: false,
    args: struct({ where: t.diropargs3, what: t.mknoddata3 }),
    result: made,
  },
  REMOVE: { number: 12, idempotent: false, args: struct({ object: t.diropargs3 }), result: removed },
  RMDIR: { number: 13, idempotent: false, args: struct({ object: t.diropargs3 }), result: removed },
  RENAME: {
    number: 14,
    idempotent: false,
    args: struct({ from: t.diropargs3, to: t.diropargs3 }),
    result: result(renamed, renamed),
  },
  LINK: {
    number: 15,
    idempotent: false,
    args: struct({ file: t.nfs_fh3, link: t.diropargs3 }),
    result: result(linked, linked),
  },
  READDIR: {
    number: 16,
    idempotent: true,
    args: struct({ ...position, count: u32 }),
    result: result(
      { ...dirAttributes, cookieVerifier: t.verifier3, entries: list(t.entry3), eof: bool },
      dirAttributes,
    ),
  },
  READDIRPLUS: {
    number: 17,
    idempotent: true,
    args: struct({ ...position, dircount: u32, maxcount: u32 }),
    result: result(
      { ...dirAttributes, cookieVerifier: t.verifier3, entries: list(t.entryplus3), eof: bool },
      dirAttributes,
    ),
  },
  FSSTAT: {
    number: 18,
    idempotent: true,
    args: object,
    result: result(
      {
        ...attributes,
        totalBytes: u64,
        freeBytes: u64,
        availableBytes: u64,
        totalFiles: u64,
        freeFiles: u64,
        availableFiles: u64,
        /** Seconds for which the numbers are not expected to change. */
        invarsec: u32,
      },
      attributes,
    ),
  },
  FSINFO: {
    number: 19,
    idempotent: true,
    args: object,
    result: result(
      {
        ...attributes,
        rtmax: u32,
        rtpref: u32,
        rtmult: u32,
        wtmax: u32,
        wtpref: u32,
        wtmult: u32,
        dtpref: u32,
        maxfilesize: u64,
        timeDelta: t.nfstime3,
        properties: u32,
      },
      attributes,
    ),
  },
  PATHCONF: {
    number: 20,
    idempotent: true,
    args: object,
    result: result(
      {
        ...attributes,
        linkmax: u32,
        nameMax: u32,
        noTrunc: bool,
        chownRestricted: bool,
        caseInsensitive: bool,
        casePreserving: bool,
      },
      attributes,
    ),
  },
  COMMIT: {
    number: 21,
    idempotent: true,
    args: struct({ file: t.nfs_fh3, offset: u64, count: u32 }),
    result: result({ ...wcc, verifier: t.verifier3 }, wcc),
  },
});

export type NfsProcedure = ProcedureName<typeof nfs>;
export type NfsArgs<Name extends NfsProcedure> = ArgsOf<typeof nfs, Name>;
export type NfsResult<Name extends NfsProcedure> = ResultOf<typeof nfs, Name>;
