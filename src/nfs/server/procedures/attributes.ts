import { compareTimes, errno, isDirectory, isSymlink, mayAccess, R_OK, W_OK, X_OK } from '../../../vfs/index.ts';
import { ACCESS3, type nfs } from '../../protocol/index.ts';
import type { Handlers } from '../../rpc/index.ts';
import type { Core, Peer } from '../core.ts';
import { NfsFailure } from '../failure.ts';
import { fattrOf, toldTime } from '../files/attributes.ts';
import {
  answering,
  type FileObject,
  locate,
  running,
  withAttributes,
  withSameAttributes,
  withWcc,
} from '../files/locate.ts';
import { askIfThere, done } from '../step.ts';
import { changeAttributes } from './change-attributes.ts';

/** GETATTR, SETATTR, ACCESS and READLINK. */
export function attributeProcedures(
  core: Core,
): Pick<Handlers<typeof nfs, Peer>, 'GETATTR' | 'SETATTR' | 'ACCESS' | 'READLINK'> {
  return {
    GETATTR: running(core, ({ object: handle }, call) =>
      answering(
        function* () {
          const { attributes, volume } = yield* locate(core, handle, call);
          return { attributes: fattrOf(attributes, volume) };
        },
        () => done({}),
      ),
    ),

    SETATTR: running(core, ({ object: handle, newAttributes, guard }, call) =>
      withWcc(core, handle, call, function* (object) {
        const ctime = toldTime(object.attributes.ctime, object.volume.times);
        if (guard !== undefined && compareTimes(guard, ctime) !== 0) throw new NfsFailure('NOT_SYNC');
        yield* changeAttributes(core, object, newAttributes);
        return {};
      }),
    ),

    ACCESS: running(core, ({ object: handle, access }, call) =>
      withSameAttributes(core, handle, call, (object) => done({ access: access & allowed(object) })),
    ),

    READLINK: running(core, ({ symlink }, call) =>
      withAttributes(core, symlink, call, function* ({ volume: { filesystem }, node, attributes, context }) {
        if (!isSymlink(attributes.mode)) throw errno.EINVAL;
        const there = filesystem.readlink !== undefined;
        return { target: yield* askIfThere(filesystem.readlink?.(node, context), there) };
      }),
    ),
  };
}

/** nfs3_regaccess, nfs3_diraccess and nfs3_anyaccess (fs/nfsd/vfs.c). */
function allowed({ attributes, who, options }: FileObject): number {
  const may = (mask: number): boolean =>
    ((mask & W_OK) === 0 || options.access === 'rw') && mayAccess(attributes, who, mask);
  const directory = isDirectory(attributes.mode);
  const changes = directory ? W_OK | X_OK : W_OK;
  const executes = directory ? 0 : ACCESS3.EXECUTE;
  return (
    (may(R_OK) ? ACCESS3.READ : 0) |
    (may(X_OK) ? (directory ? ACCESS3.LOOKUP : executes) : 0) |
    (may(changes) ? ACCESS3.MODIFY | ACCESS3.EXTEND | (directory ? ACCESS3.DELETE : 0) : 0)
  );
}
