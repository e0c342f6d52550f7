import { type ArgsOf, type ProcedureName, program, type ResultOf } from '../rpc/program.ts';
import { array, list, struct, text, u32, union } from '../xdr/index.ts';
import { mountstat3 } from './status.ts';
import { nfs_fh3 } from './types.ts';

/** Longest path and host name, bytes (MNTPATHLEN, MNTNAMLEN). */
const dirpath = text(1024);
const name = text(255);

const nothing = struct({});
const path = struct({ path: dirpath });

/** MOUNT version 3 (RFC 1813, 5). */
export const mount = program('MOUNT', 100005, 3, {
  NULL: { number: 0, idempotent: true, args: nothing, result: nothing },
  MNT: {
    number: 1,
    idempotent: true,
    args: path,
    result: union('status', mountstat3, { OK: { handle: nfs_fh3, flavors: array(u32, 64) } }, {}),
  },
  DUMP: {
    number: 2,
    idempotent: true,
    args: nothing,
    result: struct({ mounts: list(struct({ hostname: name, directory: dirpath })) }),
  },
  UMNT: { number: 3, idempotent: true, args: path, result: nothing },
  UMNTALL: { number: 4, idempotent: true, args: nothing, result: nothing },
  EXPORT: {
    number: 5,
    idempotent: true,
    args: nothing,
    result: struct({ exports: list(struct({ directory: dirpath, groups: list(name) })) }),
  },
});

export type MountProcedure = ProcedureName<typeof mount>;
export type MountArgs<Name extends MountProcedure> = ArgsOf<typeof mount, Name>;
export type MountResult<Name extends MountProcedure> = ResultOf<typeof mount, Name>;
